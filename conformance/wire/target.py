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
import time
import xml.etree.ElementTree

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

    def answer(self, status, text, source):
        kept = [line for line in text.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", line)]
        answer = "\r\n".join([f"SIP/2.0 {status} Said", *kept, "Server: \x1b[31mcareless", "Content-Length: 0", "", ""])
        self.socket.sendto(answer.encode(), source)

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
            self.answer(200, text, source)
            return
        contact = self.bindings.get(uri.removeprefix("sip:"))
        if not contact:
            return
        start, rest = text.split("\r\n", 1)
        branch = re.search(r"branch=z9hG4bK([^\s;]*)", rest)
        via = f"Via: SIP/2.0/UDP {HOST}:{self.port};branch=z9hG4bKcareless{branch[1] if branch else ''}"
        host, port = contact.split("@")[1].split(":")
        self.pass_on(f"{method} sip:{contact} SIP/2.0\r\n{via}\r\n{rest}".encode(), (host, int(port)))

    def pass_on(self, request, address):
        self.socket.sendto(request, address)


class Distorting(Careless):
    """Passes on what a terminal would obey, and what is no text."""

    def pass_on(self, request, address):
        self.socket.sendto(re.sub(rb"\r\nMax-Forwards: \d+", b"\r\nMax-Forwards: \xff\xc2\x9b2J\x07", request), address)


class Forbidding(Careless):
    """Nobody may register."""

    def handle(self, text, source):
        if not text.startswith("SIP/2.0 "):
            self.answer(403 if text.startswith("REGISTER") else 200, text, source)


class Leaving(Careless):
    """Ends in the middle of the scenarios."""

    heard = 0

    def handle(self, text, source):
        super().handle(text, source)
        self.heard += not text.startswith("OPTIONS")
        self.over = self.heard == 60


class Babbling(Careless):
    """Requests of scenarios are answered with what is no message, and very often."""

    def handle(self, text, source):
        if text.startswith(("OPTIONS", "REGISTER")):
            return super().handle(text, source)
        for _ in range(50):
            self.socket.sendto(b"\xff\x1b[2J \x00<&\"> " * 20, source)
            self.socket.sendto(b"SIP/2.0 200 \xfe\xff\r\nCSeq: 1 INVITE\r\n\r\n", source)


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


def profiles(folder, program):
    """Each is asked what it can answer, and the rows of its own roles."""
    (port,) = free_ports(1)
    with Intermediary(program, folder, port, config(port)) as server:
        server.wait_ready()
        rows = {}
        for profile in ("proxy", "registrar", "redirect", "b2bua"):
            code, out, err = conformance(program, "--target", f"{HOST}:{port}", "--have", HAVE, "--fast", "--profile", profile,
                                         "--report", "json", "--tolerance", "1s", "rfc3665-2", "forking/fork-6xx")
            must_be(code == 0, profile, out, err)
            report = json.loads(out)
            rows[profile] = {row["id"] for section in report["sections"] for row in section["rows"]}
            (fork,) = [each for each in report["scenarios"] if each["name"] == "forking/fork-6xx"]
            asked = fork["standing"] == "proved"
            must_be(asked == (profile in ("proxy", "b2bua")), f"{profile}: forking is {fork}")
        must_be("RFC3261#16.7.6a" in rows["proxy"], "a proxy's rows", rows["proxy"])
        must_be("RFC3261#16.7.6a" not in rows["registrar"] and "RFC3261#10.3.8a" in rows["registrar"], "a registrar's rows",
                rows["registrar"])
        code, out, err = conformance(program, "--target", f"{HOST}:{port}", "--have", "domain=example.com", "rfc3665-3/one-proxy")
        must_be(code == 1 and "nothing was asked of the target; rfc3665-3/one-proxy: needs a target with record-route, registrar" in err,
                "nothing to ask", out, err)


def reports(program, port, paths):
    """Every format of one run, each read by its own reader."""
    arguments = ["--target", f"{HOST}:{port}", "--have", "domain=example.com,registrar,record-route", "--fast", *paths]
    code, out, err = conformance(program, *arguments, "--report", "junit")
    suites = xml.etree.ElementTree.fromstring(out)
    failing = [case.get("name") for case in suites.iter("testcase") if case.find("failure") is not None]
    must_be(code == 1 and any(name.startswith("RFC3261#16.6.3a ") for name in failing), "junit", failing, err)
    must_be(int(suites.get("failures")) == len(failing), "junit counts otherwise", out)
    must_be("--MESSAGE--" in "".join(each.text or "" for each in suites.iter("failure")), "junit has no ladder", out)
    code, out, err = conformance(program, *arguments, "--report", "json")
    (trial,) = [each for each in json.loads(out)["scenarios"] if each["name"] == "validation/max-forwards-one"]
    must_be(code == 1 and trial["standing"] == "violated" and "RFC3261#16.6.3a" in trial["violated"], "json", trial)
    code, out, err = conformance(program, *arguments, "--report", "html")
    must_be(code == 1 and "<h2>Violated</h2>" in out and "RFC 3261 §16.6.3 (RFC3261#16.6.3a)" in out, "html", out)
    must_be("http" not in out and "\x1b" not in out, "html needs the network, or holds an escape", out)


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
        must_be("\x1b" not in out, "an escape of the target's comes to the terminal", out)
        reports(program, port, FORWARDED)
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
        silent.settimeout(30)
        code, out, err = answered_by_garbage(program, silent, port)
        must_be(code == 1 and f"nothing answers OPTIONS at {HOST}:{port}: what answers there is not SIP" in err, "garbage", out, err)
    for reply, what in ((b"\xff\xfe HTTP\r\n\r\n", "what answers there is not SIP"), (b"220 mail", "what answers there is not SIP"),
                        (b"", "it closes the connection over TCP")):
        with socket.create_server((HOST, port)) as server:
            thread = threading.Thread(target=answer_one_connection, args=(server, reply))
            thread.start()
            code, out, err = conformance(program, "--target", f"{HOST}:{port}", "--transport", "tcp")
            thread.join()
            must_be(code == 1 and what in err, f"{reply} over TCP", out, err)
    for wrong, what in (("nowhere.invalid:5060", "'nowhere.invalid' has no IPv4 address"), ("127.0.0.1:0", "is not HOST:PORT")):
        code, out, err = conformance(program, "--target", wrong)
        must_be(code == 2 and what in err, wrong, out, err)
    for arguments, what in ((["--have", "registar,domain=example.com"], "--have 'registar': no scenario needs that"),
                            (["--have", "registrar"], "--have registrar: of which domain? Add domain=NAME"),
                            (["--have", "domain=<>"], "--have 'domain=<>': that is no name of a domain"),
                            (["--have", "domain=a,domain=b"], "--have: two domains"),
                            (["--have", "@/nowhere"], "--have: cannot read '/nowhere'"),
                            (["--local", "203.0.113.9"], "--local 203.0.113.9: "),
                            (["--tolerance", "soon"], "--tolerance 'soon' is no duration such as 250ms"),
                            (["--profile", "phone"], "--profile"), (["--transport", "tls"], "--transport"),
                            (["--parallel", "0"], "--parallel"), (["no-such"], "no scenario of that name")):
        code, out, err = conformance(program, "--target", f"{HOST}:{port}", *arguments)
        must_be(code == 2 and what in out + err, arguments, out, err)
    code, out, err = conformance(program, "--requirements", "--have", HAVE, "forking")
    must_be(code == 0 and "forking/fork-cancel-loser: UDP, domain, record-route, registrar" in out, "requirements", out, err)


def answered_by_garbage(program, server, port):
    def answer():
        try:
            while True:
                source = server.recvfrom(65535)[1]
                server.sendto(b"\xff\x00 what?", source)
        except OSError:
            return

    threading.Thread(target=answer, daemon=True).start()
    return conformance(program, "--target", f"{HOST}:{port}")


def answer_one_connection(server, reply):
    connection, _ = server.accept()
    with connection:
        connection.recv(65535)
        connection.sendall(reply)


def of_one_kind(kind):
    (port,) = free_ports(1)
    server = kind(port)
    server.start()
    return server, f"{HOST}:{port}"


def unhelpful(program):
    server, target = of_one_kind(Forbidding)
    try:
        code, out, err = conformance(program, "--target", target, "--have", HAVE)
        must_be(code == 1 and "is no registrar that takes any user of example.com without credentials" in err and "403 Said" in err,
                "a registrar that refuses", out, err)
    finally:
        server.stop()
    server, target = of_one_kind(Babbling)
    try:
        code, out, err = conformance(program, "--target", target, "--have", HAVE, "--fast", "--report", "json", *FORWARDED, "forking")
        report = json.loads(out)
        must_be(report["total"]["proved"] == 0 and not report["ended"], "garbage proves something", out, err)
        must_be(all(each.get("reason") for each in report["scenarios"]), "a scenario without a reason", out)
        code, out, err = conformance(program, "--target", target, "--have", HAVE, "--fast", *FORWARDED)
        must_be("\x1b" not in out, "an escape of the target's comes to the terminal", out)
    finally:
        server.stop()


def distorting(program):
    """Every report is text in UTF-8 (it is read as such here), and nothing in it is a command."""
    server, target = of_one_kind(Distorting)
    arguments = ["--target", target, "--have", HAVE, "--fast", *FORWARDED]
    try:
        code, out, err = conformance(program, *arguments)
        must_be(code == 1 and "got '\\xff\\xc2\\x9b2J\\x07'" in out, "what it sent is not shown", out, err)
        for kind in ("text", "json", "junit", "html"):
            code, out, err = conformance(program, *arguments, "--report", kind)
            must_be(code == 1 and not re.search("[\x00-\x08\x0b-\x1f\x7f]", out), f"{kind} holds a command", out, err)
            must_be(kind != "text" or not re.search("[\x80-\x9f]", out), "the text holds a command", out)
            must_be(kind != "json" or json.loads(out)["total"]["violated"] > 0, "json", out)
            must_be(kind != "junit" or xml.etree.ElementTree.fromstring(out).get("failures") != "0", "junit", out)
    finally:
        server.stop()


def goes_away(program):
    """Nobody is accused of what he could not answer any more; and it does not take long."""
    server, target = of_one_kind(Leaving)
    began = time.monotonic()
    code, out, err = conformance(program, "--target", target, "--have", HAVE, "--report", "junit", "timers", "cancel")
    took = time.monotonic() - began
    server.stop()
    must_be(server.heard == 60, "it was asked little", err)
    suites = xml.etree.ElementTree.fromstring(out)
    failing = [case.get("name") for case in suites.iter("testcase") if case.find("failure") is not None]
    must_be(code == 1 and "the target: it stopped answering " in err, "it went away", out, err)
    must_be("the target answers to the end" in failing, "junit does not fail", failing)
    must_be(took < 30, f"that took {took:.0f} s", err)
    must_be(len(failing) == 1 or "never came" not in out, "it is accused of what came after its end", failing, out)


def test(folder, program):
    for part in (nobody, careless, unhelpful, distorting, goes_away, lambda its: profiles(folder, its), lambda its: our_own(folder, its)):
        began = time.monotonic()
        part(program)
        print(f"{part.__name__}: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]))))
