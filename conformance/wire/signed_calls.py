#!/usr/bin/python3
"""Signed calls between two processes of ours (RFC 8224): one signs, the other fetches the certificate over HTTPS from
where the signature says, once for all calls, and says so with the caller's number. What was changed on the way is
refused; and where only the public Internet may be asked, a certificate of this machine is not.

    conformance/wire/signed_calls.py PROGRAM
"""

import asyncio
import base64
import functools
import http.server
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading

from certificates import make_authority, make_certificate
from peers import HOST, Failure, Intermediary, free_ports, run, wait_until
from sip_client import Callee, Connection

CALLS = 5
NUMBER = "+12155551212"
CALLEE = "sip:callee@example.com"
# One number in a TN authorization list (RFC 8226 §9).
NUMBER_LIST = "30:0F:A2:0D:16:0B:" + ":".join(f"{byte:02X}" for byte in NUMBER[1:].encode())


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True)


def make_signer(folder):
    with open(os.path.join(folder, "calls.ext"), "w", encoding="utf-8") as text:
        text.write(f"1.3.6.1.5.5.7.1.26=DER:{NUMBER_LIST}\n")
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Calls",
            "-keyout", "calls.key", "-out", "calls.csr")
    openssl(folder, "x509", "-req", "-in", "calls.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
            "30", "-extfile", "calls.ext", "-out", "calls.pem")


class Files(http.server.SimpleHTTPRequestHandler):
    asked = []

    def log_message(self, *arguments):
        self.asked.append(self.path)

    def end_headers(self):
        self.send_header("Cache-Control", "max-age=600")
        super().end_headers()


def serve(folder, port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "web.pem"), os.path.join(folder, "web.key"))
    server = http.server.ThreadingHTTPServer((HOST, port), functools.partial(Files, directory=folder))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def signing(port, udp, verifier, url):
    return f"""
listen = [{{ name = "tcp", on = "tcp:{HOST}:{port}" }}, {{ name = "udp", on = "udp:{HOST}:{udp}" }}]
[certificate.calls]
chain = "calls.pem"
key = "calls.key"
[signer.acme]
certificate = "calls"
url = "{url}"
[[rule]]
name = "out"
when = {{ source = "{HOST}" }}
do   = {{ sign = "acme", attest = "A", relay = "sip:{HOST}:{verifier};transport=tcp" }}
"""


def verifying(port, udp, callee, web, inside):
    return f"""
listen = [{{ name = "tcp", on = "tcp:{HOST}:{port}" }}, {{ name = "udp", on = "udp:{HOST}:{udp}" }}]
[tls]
authorities = "ca.pem"
[verifier]
authorities = "ca.pem"
hosts = "{HOST}:{web}"
inside = {inside}
[[rule]]
name = "in"
when = {{ source = "{HOST}" }}
do   = {{ verify = "require", relay = "sip:{HOST}:{callee}" }}
"""


class Seen(Callee):
    invites = []

    def datagram_received(self, data, sender):
        if data.startswith(b"INVITE"):
            self.invites.append(data.decode())
        super().datagram_received(data, sender)


async def invite(connection, call_id, more=()):
    """The final answer."""
    connection.listen(call_id)
    connection.send("\r\n".join([
        f"INVITE {CALLEE} SIP/2.0", f"Via: SIP/2.0/TCP {connection.local};branch=z9hG4bK{call_id}", "Max-Forwards: 70",
        f"From: <sip:{NUMBER}@example.com>;tag={call_id}", f"To: <{CALLEE}>", f"Call-ID: {call_id}", "CSeq: 1 INVITE",
        f"Contact: <sip:caller@{connection.local};transport=tcp>", *more, "Content-Length: 0", "", ""]))
    return await connection.final(call_id, "INVITE")


def field(name, text):
    return re.search(rf"^{name}: (.*)\r$", text, re.MULTILINE).group(1)


def with_algorithm(identity, name):
    """The field with a PASSporT whose header names another algorithm."""
    head, rest = identity.removeprefix("Identity: ").split(".", 1)
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    changed = json.dumps(header | {"alg": name}, separators=(",", ":"), sort_keys=True).encode()
    return "Identity: " + base64.urlsafe_b64encode(changed).decode().rstrip("=") + "." + rest


async def calls(ports, verifier, rewrite):
    await Seen.listen(ports["callee"])
    connection = await Connection.open(ports["signer"])
    for number in range(CALLS):
        answer = await invite(connection, f"call{number}")
        if answer.status != 200:
            raise Failure(f"a signed call got {answer.start}:\n{verifier.tail()}")
    arrived = Seen.invites[-1]
    if f"<sip:{NUMBER};verstat=TN-Validation-Passed@example.com>" not in arrived:
        raise Failure(f"it does not say that its caller is proved:\n{arrived}")
    if len(Files.asked) != 1:
        raise Failure(f"the certificate was fetched {len(Files.asked)} times")
    direct = await Connection.open(ports["verifier"])
    same = [f"Identity: {field('Identity', arrived)}", f"Date: {field('Date', arrived)}"]
    changed = [same[0].replace(".", ".x", 1), same[1]]
    weak = {name: [with_algorithm(same[0], name), same[1]] for name in ("none", "HS256")}
    stale = [same[0], "Date: Thu, 01 Jan 2026 00:00:00 GMT"]
    for call_id, more, wanted in [("replayed", same, 438), ("changed", changed, 438), ("unsigned", [], 428),
                                  ("none", weak["none"], 438), ("HS256", weak["HS256"], 438), ("stale", stale, 403)]:
        answer = await invite(direct, call_id, more)
        if answer.status != wanted:
            raise Failure(f"{call_id}: {answer.start}, not {wanted}")
    rewrite()
    Files.asked.clear()
    answer = await invite(connection, "public")
    if answer.status != 436 or Files.asked:
        raise Failure(f"a certificate of this machine was asked for: {answer.start}")
    await connection.close()
    await direct.close()


def test(folder):
    names = ["signer", "signer_udp", "verifier", "verifier_udp", "callee", "web", "other_web"]
    ports = dict(zip(names, free_ports(len(names))))
    make_authority(folder)
    make_signer(folder)
    make_certificate(folder, "web", [f"IP:{HOST}"])
    servers = [serve(folder, ports[name]) for name in ("web", "other_web")]
    url = f"https://{HOST}:{ports['web']}/calls.pem"
    folders = {}
    for name in ("signer", "verifier"):
        folders[name] = os.path.join(folder, name)
        os.mkdir(folders[name])
        for file in ("ca.pem", "calls.pem", "calls.key"):
            os.link(os.path.join(folder, file), os.path.join(folders[name], file))
    signer = Intermediary(sys.argv[1], folders["signer"], ports["signer_udp"],
                          signing(ports["signer"], ports["signer_udp"], ports["verifier"], url))
    verifier = Intermediary(sys.argv[1], folders["verifier"], ports["verifier_udp"],
                            verifying(ports["verifier"], ports["verifier_udp"], ports["callee"], ports["web"], "true"))

    def rewrite():
        text = verifying(ports["verifier"], ports["verifier_udp"], ports["callee"], ports["other_web"], "false")
        with open(os.path.join(folders["verifier"], "intermediary.toml"), "w", encoding="utf-8") as file:
            file.write(text)
        verifier.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "configuration-reloaded" in verifier.log(), 20, "the other configuration")
        moved = signing(ports["signer"], ports["signer_udp"], ports["verifier"],
                        f"https://{HOST}:{ports['other_web']}/calls.pem")
        with open(os.path.join(folders["signer"], "intermediary.toml"), "w", encoding="utf-8") as file:
            file.write(moved)
        signer.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "configuration-reloaded" in signer.log(), 20, "the other configuration")

    with signer, verifier:
        signer.wait_ready()
        verifier.wait_ready()
        asyncio.run(calls(ports, verifier, rewrite))
        figures = verifier.stop()
        if figures["identities_passed"] != CALLS or figures["certificates_fetched"] != 1:
            raise Failure(f"it counted otherwise: {figures}")
        if signer.stop()["identities_signed"] != CALLS + 1:
            raise Failure("the signer counted otherwise")
    for server in servers:
        server.shutdown()


if __name__ == "__main__":
    sys.exit(run(test))
