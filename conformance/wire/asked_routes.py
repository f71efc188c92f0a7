#!/usr/bin/python3
"""Whoever else says where a request goes, on real sockets: an HTTP server and an HTTPS server that is asked by a query
of JSON, slow, wrong, gone and back; and a number that dnsmasq knows by NAPTR records (ENUM). What was recorded meanwhile
is replayed without any of them.

    conformance/wire/asked_routes.py PROGRAM
"""

import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

from certificates import make_authority, make_certificate
from dns_failover import Party, answer, require
from peers import HOST, Failure, Intermediary, Program, free_ports, run, wait_until

NUMBER = "+31201234567"
DOMAIN = "7.6.5.4.3.2.1.0.2.1.3.enum.test"


class RouteServer:
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self, port, context=None):
        self.asked = []
        self.connections = set()
        self.sockets = []
        self.says = (200, "application/json", b'{"continue": true}')
        self.delay = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.connections.add(self.client_address)
                outer.sockets.append(self.connection)
                outer.asked.append((self.path, self.headers.get("Authorization"), json.loads(body)))
                time.sleep(outer.delay)
                try:
                    self.answer()
                except OSError:
                    self.close_connection = True  # whoever asked has gone

            def answer(self):
                status, kind, text = outer.says
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((HOST, port), Handler)
        self.server.daemon_threads = True
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tell(self, value, status=200, kind="application/json"):
        self.says = (status, kind, json.dumps(value).encode())

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        for each in self.sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def message(port, uri, call_id):
    return "\r\n".join([
        f"MESSAGE {uri} SIP/2.0", f"Via: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bK{call_id}", "Max-Forwards: 70",
        f"From: <sip:alice@{HOST}:{port}>;tag=a", f"To: <{uri}>", f"Call-ID: {call_id}", "CSeq: 1 MESSAGE",
        "X-Tenant: blue", "Content-Length: 0", "", ""])


def config(port, plain, secure, dns_port, fallback):
    return f"""
listen = [{{ name = "udp", on = "udp:{HOST}:{port}" }}]
[tls]
authorities = "ca.pem"
[dns]
servers = ["{HOST}:{dns_port}"]
[route_query.plain]
url          = "http://localhost:{plain}/v1/route"
timeout      = "500ms"
headers      = ["X-Tenant"]
http_headers = {{ Authorization = "Bearer token" }}
failures     = 2
rest         = "1s"
on_failure   = {{ relay = "sip:{HOST}:{fallback}" }}
[route_query.secure]
url        = "https://localhost:{secure}/v1/route"
on_failure = {{ reject = 500, reason = "Nobody Knows" }}
[enum.numbers]
suffixes = ["enum.test"]
[[rule]]
name = "numbers"
when = {{ ruri_user = '^\\+', source = "{HOST}" }}
do   = {{ ask = "enum:numbers" }}
[[rule]]
name = "secured"
when = {{ ruri_user = "^secure$", source = "{HOST}" }}
do   = {{ ask = "route_query:secure" }}
[[rule]]
name = "plain"
when = {{ source = "{HOST}" }}
do   = {{ ask = "route_query:plain" }}
"""


def name_server(folder, port, target):
    records = [f"--naptr-record={DOMAIN},10,10,u,E2U+sip,!^\\+31(.*)$!sip:\\1@{HOST}:{target.port}!,.",
               f"--naptr-record={DOMAIN},10,5,u,E2U+email:mailto,!^.*$!mailto:a@example.test!,."]
    return Program("dnsmasq", ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces",
                               f"--listen-address={HOST}", f"--port={port}", "--local=/enum.test/", "--pid-file", "--user=root",
                               *records], folder)


class Scene:
    def __init__(self, port, alice, bob, fallback):
        self.port, self.alice, self.bob, self.fallback = port, alice, bob, fallback
        self.count = 0

    def send(self, user):
        self.count += 1
        self.alice.send(self.port, message(self.alice.port, f"sip:{user}@example.test", f"call{self.count}"))

    def goes_to(self, user, party, what):
        """The request as it arrived there."""
        self.send(user)
        _, request = party.wait_for("MESSAGE", 5, what)
        party.send(self.port, answer(request, "200 OK", party.port, "b"))
        self.alice.wait_for("SIP/2.0 200", 5, "the 200 behind " + what)
        return request

    def refused(self, user, status, what):
        self.send(user)
        return self.alice.wait_for(f"SIP/2.0 {status}", 5, what)[1]


def ask_plain(scene, server):
    target = {"targets": [{"uri": f"sip:bob@{HOST}:{scene.bob.port}"}], "headers": {"X-Route": "7"}}
    server.tell(target)
    for _ in range(3):
        request = scene.goes_to("desk", scene.bob, "the request where the server says")
        require("\r\nX-Route: 7\r\n" in request, f"the header field of the answer is not there:\n{request}")
    path, credentials, question = server.asked[0]
    require(path == "/v1/route" and credentials == "Bearer token", f"asked at {path} with {credentials}")
    require(question["request_uri"] == "sip:desk@example.test" and question["headers"] == [["X-Tenant", "blue"]],
            f"asked with {question}")
    require(len(server.connections) == 1, f"three queries took {len(server.connections)} connections")
    server.tell({"reject": {"status": 603, "reason": "Not Today"}})
    scene.refused("desk", "603 Not Today", "the refusal of the server")


def fail_and_rest(scene, server):
    server.tell({"targets": []})
    scene.goes_to("desk", scene.fallback, "the request by the fallback of a wrong answer")
    server.delay = 2
    began = time.monotonic()
    scene.goes_to("desk", scene.fallback, "the request by the fallback of a slow server")
    waited = time.monotonic() - began
    require(0.4 <= waited <= 1.5, f"the deadline of 500 ms took {waited:.3f} s")
    asked = len(server.asked)
    scene.goes_to("desk", scene.fallback, "the request by the fallback of a server that rests")
    require(len(server.asked) == asked, "a server that rests is asked")
    server.delay = 0
    server.tell({"targets": [{"uri": f"sip:bob@{HOST}:{scene.bob.port}"}]})
    time.sleep(1.1)
    scene.goes_to("desk", scene.bob, "the request behind the rest")
    require(len(server.asked) == asked + 1, "a server that has rested is not asked")


def replay(program, record):
    done = subprocess.run([program, "replay", record], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise Failure(f"the replay ends with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def test(folder, program):
    port, plain, secure, dns_port, *rest = free_ports(7)
    alice, bob, fallback = (Party(each) for each in rest)
    make_authority(folder)
    make_certificate(folder, "localhost", ["DNS:localhost"], "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "server.pem"), os.path.join(folder, "server.key"))
    servers = [RouteServer(plain), RouteServer(secure, context)]
    scene = Scene(port, alice, bob, fallback)
    record = os.path.join(folder, "asked.rec")
    with name_server(folder, dns_port, bob) as dnsmasq:
        text = config(port, plain, secure, dns_port, fallback.port)
        with Intermediary(program, folder, port, text, ("--record", record)) as intermediary:
            intermediary.wait_ready()
            dnsmasq.must_run()
            try:
                ask_plain(scene, servers[0])
                fail_and_rest(scene, servers[0])
                servers[1].tell({"targets": [{"uri": f"sip:bob@{HOST}:{bob.port}"}]})
                scene.goes_to("secure", bob, "the request where the HTTPS server says")
                request = scene.goes_to(NUMBER, bob, "the request where the number's record says")
                require(request.startswith(f"MESSAGE sip:201234567@{HOST}:{bob.port} "), f"the number became {request.split()[1]}")
                scene.refused("+31999", "404", "the answer for a number that is nowhere")
                for server in servers:
                    server.close()
                scene.goes_to("desk", fallback, "the request by the fallback of a server that is gone")
            except Failure as failure:
                raise Failure(f"{failure}\n{intermediary.tail()}\n{dnsmasq.tail()}") from None
            wait_until(lambda: "state=up" in intermediary.log(), 2, "the event that the server is back")
            figures = intermediary.stop()
            require(figures["routes_failed"] == 3, f"failures: {figures}")
    replay(program, record)


if __name__ == "__main__":
    if not shutil.which("dnsmasq") or not shutil.which("openssl"):
        print("left out: there is no dnsmasq or no openssl")
        sys.exit(77)
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]))))
