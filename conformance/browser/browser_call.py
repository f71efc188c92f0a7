#!/usr/bin/python3
"""A JsSIP page in headless Chromium, whose web server gave it a session cookie, registers over WSS, calls a UDP user agent through us and hangs up; a UDP caller
reaches the page, which declines; the page vanishes, and a call to it is refused at once (RFC 7118 §5, RFC 5626 §5.3).

    conformance/browser/browser_call.py PROGRAM PACKAGES

PACKAGES is a folder with the node_modules of package.json, as tools/test installs them. Without them, node or Chromium
it is skipped (exit code 77).
"""

import os
import queue
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../wire"))

from certificates import make_authority, make_certificate  # noqa: E402
from peers import HOST, Failure, Intermediary, Program, free_ports, run, wait_until  # noqa: E402
from web_socket import session_cookie  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
EVENT_SECONDS = 60  # a browser on a busy machine takes its time
AT_ONCE_SECONDS = 1.0
USER = "sip:web@example.com"
COOKIE_KEY = "0123456789abcdef0123456789abcdef"


def config(udp, wss, page):
    return f"""
domains = ["example.com"]
[[listen]]
on = "udp:{HOST}:{udp}"
[[listen]]
on = "wss:{HOST}:{wss}"
cert = "edge"
origins = ["https://localhost:{page}"]
handshake_auth = "web"
[certificate.edge]
chain = "edge.pem"
key = "edge.key"
[handshake_auth.web]
cookie = "session"
cookie_key = "{COOKIE_KEY}"
[proxy]
record_route = true
tcp_for_large_requests = false
[[rule]]
name = "registrations"
when = {{ method = "REGISTER", ruri_domain = "local" }}
do   = {{ register = "location" }}
[[rule]]
name = "to-users"
when = {{ ruri_domain = "local" }}
do   = {{ lookup = "location" }}
[[rule]]
name = "from-here"
when = {{ source = ["{HOST}"] }}
do   = {{ relay = "request-uri" }}
"""


class Page(Program):
    """page.mjs: commands in, events out."""

    def __init__(self, folder, packages, port, wss):
        super().__init__("page", ["true"], folder)
        self.process.wait()
        cookie = session_cookie("session", COOKIE_KEY, "web", time.time() + 600)
        self.process = subprocess.Popen(
            ["node", os.path.join(HERE, "page.mjs"), packages, str(port), f"wss://localhost:{wss}", cookie, USER, CHROMIUM],
            cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log_file, text=True)
        self.events = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.events.put(line.strip())
        self.events.put("page.mjs ended")

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def expect(self, *events):
        """The next events are these, in this order; provisional ones may be missing."""
        for wanted in events:
            try:
                got = self.events.get(timeout=EVENT_SECONDS)
                while got == "ringing" and wanted != "ringing":
                    got = self.events.get(timeout=EVENT_SECONDS)
            except queue.Empty:
                raise Failure(f"the page: '{wanted}' did not come\n{self.tail()}") from None
            if got != wanted:
                raise Failure(f"the page: expected '{wanted}', got '{got}'\n{self.tail()}")

    def end(self):
        self.process.stdin.close()
        self.wait(EVENT_SECONDS)


def invite(port, call_id):
    """The final status of a call from a UDP user agent to the page, and how long it took."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.settimeout(EVENT_SECONDS)
        caller.bind((HOST, 0))
        me = "%s:%d" % caller.getsockname()
        body = f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"

        def send(method, to, more):
            caller.sendto("\r\n".join([
                f"{method} {USER} SIP/2.0", f"Via: SIP/2.0/UDP {me};branch=z9hG4bK{call_id};rport", "Max-Forwards: 70",
                f"From: <sip:alice@{me}>;tag={call_id}", f"To: {to}", f"Call-ID: {call_id}", f"CSeq: 1 {method}",
                *more]).encode(), (HOST, port))

        started = time.monotonic()
        send("INVITE", f"<{USER}>", [f"Contact: <sip:alice@{me}>", "Content-Type: application/sdp",
                                     f"Content-Length: {len(body)}", "", body])
        while True:
            try:
                answer = caller.recv(65535).decode()
            except socket.timeout:
                raise Failure(f"no final answer to the call {call_id}") from None
            status = int(answer.split(" ")[1])
            if status >= 200:
                send("ACK", re.search(r"(?im)^To: *([^\r]+)", answer).group(1), ["Content-Length: 0", "", ""])
                return status, time.monotonic() - started


def calls(page, server, uas, callee):
    page.expect("registered")
    page.tell(f"call sip:uas@{HOST}:{uas}")
    page.expect("confirmed")
    page.tell("hang-up")
    page.expect("ended Terminated")
    if callee.wait(20) != 0:
        raise Failure(f"the UDP user agent was not content:\n{callee.tail()}")
    status, _ = invite(server.port, "declined")
    page.expect("declined")
    if status != 486:
        raise Failure(f"a call that the page declines got {status}")
    page.tell("vanish")
    page.expect("gone")
    wait_until(lambda: "change=removed" in server.log(), 20, "the end of the connection of a page that is gone")
    status, took = invite(server.port, "stale")
    if status not in (430, 480) or took > AT_ONCE_SECONDS:
        raise Failure(f"a call to a page that is gone got {status} after {took:.1f} s")
    print(f"registered, called, hung up, was called and declined; a call to the vanished page: {status} in {took * 1000:.0f} ms")


def test(folder, program, packages):
    udp, wss, page_port, uas, media = free_ports(5)
    make_authority(folder)
    make_certificate(folder, "edge", ["DNS:localhost"])
    with Intermediary(program, folder, udp, config(udp, wss, page_port)) as intermediary:
        intermediary.wait_ready()
        with Program("uas", ["sipp", "-sf", os.path.join(HERE, "uas.xml"), "-i", HOST, "-p", str(uas), "-mp", str(media),
                             "-m", "1", "-nostdin", "-timeout", "120s", "-timeout_error", "-trace_err", "-error_file",
                             "uas.err"], folder) as callee, Page(folder, packages, page_port, wss) as page:
            try:
                calls(page, intermediary, uas, callee)
                page.end()
            except Failure as failure:
                raise Failure(f"{failure}\n{intermediary.tail()}\n{callee.tail(5)}") from None
        intermediary.terminate()


def what_is_missing(packages):
    if not shutil.which("node"):
        return "node is not installed"
    if not CHROMIUM:
        return "chromium is not installed"
    if not os.path.isdir(os.path.join(packages, "node_modules", "jssip")):
        return f"no jssip in {packages} (tools/test installs it)"
    return None


if __name__ == "__main__":
    PROGRAM, PACKAGES = (os.path.abspath(argument) for argument in sys.argv[1:3])
    MISSING = what_is_missing(PACKAGES)
    if MISSING:
        print(f"left out: {MISSING}")
        sys.exit(77)
    sys.exit(run(lambda folder: test(folder, PROGRAM, PACKAGES)))
