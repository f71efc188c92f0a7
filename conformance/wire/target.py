#!/usr/bin/python3
"""`conformance --target`: our own server is not accused of anything; a server that does wrong is; and what is no server
at all is named before anything is played.

    conformance/wire/target.py PROGRAM
"""

import json
import os
import re
import socket
import subprocess
import sys
import threading

from peers import HOST, Failure, Intermediary, free_ports, run

FORWARDED = ["validation/max-forwards-one", "validation/max-forwards-zero", "validation/unknown-method-forwarded"]
HAVE = "domain=example.com,registrar,record-route,relay"


def config(port):
    return f"""
listen  = [{{ name = "udp", on = "udp:{HOST}:{port}" }}, {{ name = "tcp", on = "tcp:{HOST}:{port}" }}]
domains = ["example.com"]
[proxy]
record_route = true
[[rule]]
name = "registrations"
when = {{ method = "REGISTER", ruri_domain = "local" }}
do   = {{ register = "location" }}
[[rule]]
name = "to-users"
when = {{ ruri_domain = "local" }}
do   = {{ lookup = "location", fork = "parallel" }}
[[rule]]
name = "on"
when = {{ source = ["127.0.0.0/8"] }}
do   = {{ relay = "request-uri" }}
"""


class Careless(threading.Thread):
    """A "proxy" over UDP that takes REGISTERs and passes everything on: it never looks at Max-Forwards, and lowers it
    never; answers go back by the Via below its own."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, port))
        self.socket.settimeout(0.2)
        self.port = port
        self.bindings = {}
        self.over = False

    def run(self):
        while not self.over:
            try:
                data, source = self.socket.recvfrom(65535)
                self.handle(data.decode("utf-8", "replace"), source)
            except OSError:
                continue

    def stop(self):
        self.over = True
        self.join()
        self.socket.close()

    def handle(self, text, source):
        if text.startswith("SIP/2.0 "):
            without = re.sub(r"^Via:.*\r\n", "", text, count=1, flags=re.M)
            address = re.search(r"^Via: SIP/2.0/UDP ([\d.]+):(\d+)", without, re.M)
            if address:
                self.socket.sendto(without.encode(), (address[1], int(address[2])))
            return
        method, uri = text.split(" ")[:2]
        if method in ("REGISTER", "OPTIONS") and "@" not in uri:
            user = re.search(r"^To: <sip:([^>]*)>", text, re.M)
            contact = re.search(r"^Contact: <sip:([^>]*)>", text, re.M)
            if method == "REGISTER" and user and contact:
                self.bindings[user[1]] = contact[1]
            kept = [line for line in text.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", line)]
            answer = "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])
            self.socket.sendto(answer.encode(), source)
            return
        contact = self.bindings.get(uri.removeprefix("sip:"))
        if not contact:
            return
        start, rest = text.split("\r\n", 1)
        branch = re.search(r"branch=z9hG4bK([^\s;]*)", rest)
        via = f"Via: SIP/2.0/UDP {HOST}:{self.port};branch=z9hG4bKcareless{branch[1] if branch else ''}"
        host, port = contact.split("@")[1].split(":")
        self.socket.sendto(f"{method} sip:{contact} SIP/2.0\r\n{via}\r\n{rest}".encode(), (host, int(port)))


def conformance(program, *arguments):
    command = [program, "conformance", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    return done.returncode, done.stdout, done.stderr


def must_be(is_so, what, *seen):
    if not is_so:
        raise Failure("\n".join([what, *(str(each) for each in seen)]))


def our_own(folder, program):
    (port,) = free_ports(1)
    with Intermediary(program, folder, port, config(port)) as server:
        server.wait_ready()
        code, out, err = conformance(program, "--target", f"{HOST}:{port}", "--transport", "udp,tcp", "--have", HAVE,
                                     "--fast", "--report", "json", "--tolerance", "1s")
        must_be(out, "no report", err)
        report = json.loads(out)
        total = report["total"]
        violating = [each for each in report["scenarios"] if each["standing"] == "violated"]
        must_be(code == 0 and not violating and total["violated"] == 0, "we are accused", *violating, err)
        differing = [each for each in report["scenarios"] if each["standing"] == "differs"]
        must_be(total["proved"] >= 150, f"only {total['proved']} rows are proved", *(
            f"{each['name']}: {each['reason']}" for each in differing))
        print(f"our own: {total}, {len(differing)} scenarios differ")
        server.stop()


def careless(program):
    (port,) = free_ports(1)
    server = Careless(port)
    server.start()
    try:
        code, out, err = conformance(program, "--target", f"{HOST}:{port}", "--have", "domain=example.com,registrar,record-route",
                                     "--fast", *FORWARDED)
        must_be(code == 1, f"a careless server ends with {code}", out, err)
        for expected in ("VIOLATED  conformance/scenarios/validation/max-forwards-one.flow", "RFC 3261 §16.6.3 (RFC3261#16.6.3a)",
                         "VIOLATED  conformance/scenarios/validation/max-forwards-zero.flow", "--INVITE--"):
            must_be(expected in out, f"'{expected}' is missing", out)
        must_be("unknown-method-forwarded" not in out.split("Differs")[0], "it is accused of what it does right", out)
    finally:
        server.stop()


def nobody(program):
    (port,) = free_ports(1)
    code, out, err = conformance(program, "--target", f"{HOST}:{port}", "--have", "domain=example.com")
    must_be(code == 1 and f"nothing answers OPTIONS at {HOST}:{port}: nobody listens there for UDP" in err, "nobody", out, err)
    code, out, err = conformance(program, "--target", f"{HOST}:{port}", "--transport", "tcp")
    must_be(code == 1 and "nobody listens there for TCP" in err, "nobody over TCP", out, err)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((HOST, port))
        code, out, err = conformance(program, "--target", f"{HOST}:{port}")
        must_be(code == 1 and "no answer over UDP within 4 s" in err, "silence", out, err)
    for wrong, what in (("nowhere.invalid:5060", "'nowhere.invalid' has no IPv4 address"), ("127.0.0.1:0", "is not HOST:PORT")):
        code, out, err = conformance(program, "--target", wrong)
        must_be(code == 2 and what in err, wrong, out, err)
    code, out, err = conformance(program, "--requirements", "--have", HAVE, "forking")
    must_be(code == 0 and "forking/fork-cancel-loser: UDP, domain, record-route, registrar" in out, "requirements", out, err)


def test(folder, program):
    our_own(folder, program)
    careless(program)
    nobody(program)


if __name__ == "__main__":
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]))))
