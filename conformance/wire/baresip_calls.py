#!/usr/bin/python3
"""Two baresip user agents register with us by name and password, call each other by address of record, both ways, and
hang up.

    conformance/wire/baresip_calls.py PROGRAM
"""

import json
import os
import re
import socket
import subprocess
import sys
import time

from peers import HOST, Failure, Intermediary, Program, free_ports, run, wait_until

DOMAIN = "example.test"
MODULES = "/usr/lib/baresip/modules"


def config(port):
    return f"""
listen  = [{{ name = "udp", on = "udp:{HOST}:{port}" }}, {{ name = "tcp", on = "tcp:{HOST}:{port}" }}]
domains = ["{DOMAIN}"]
[auth.users]
realm = "{DOMAIN}"
algorithms = ["MD5"]  # a second challenge for the same realm is to baresip a refusal of its password
users = {{ alice = "secret-of-alice", bob = "secret-of-bob" }}
[proxy]
record_route = true
[[rule]]
name = "registrations"
when = {{ method = ["REGISTER"], ruri_domain = "local" }}
do   = {{ challenge = "users", register = "location" }}
[[rule]]
name = "to-users"
when = {{ ruri_domain = "local" }}
do   = {{ challenge = "users", lookup = "location", fork = "parallel" }}
[[rule]]
name = "within-calls"
when = {{ source = ["{HOST}"] }}
do   = {{ relay = "request-uri" }}
"""


class UserAgent(Program):
    """A baresip without devices, driven over its control port (netstrings of JSON)."""

    def __init__(self, name, transport, proxy_port, folder):
        sip, self.control_port, rtp = free_ports(3)
        home = os.path.join(folder, name)
        os.mkdir(home)
        self._write(home, "accounts", f'<sip:{name}@{DOMAIN}>;outbound="sip:{HOST}:{proxy_port};transport={transport}";'
                                      f"auth_pass=secret-of-{name};regint=600;audio_codecs=pcmu\n")
        self._write(home, "contacts", "")
        modules = "".join(f"{kind} {name}.so\n" for kind, name in [
            ("module", "g711"), ("module", "aubridge"), ("module_tmp", "account"), ("module_app", "menu"),
            ("module_app", "ctrl_tcp")])
        self._write(home, "config", f"""
module_path {MODULES}
{modules}
ctrl_tcp_listen {HOST}:{self.control_port}
sip_listen {HOST}:{sip}
net_interface {HOST}
rtp_ports {rtp}-{rtp + 1}
audio_player aubridge,{name}
audio_source aubridge,{name}
audio_alert aubridge,{name}
""")
        super().__init__(name, ["baresip", "-f", home, "-p", home], folder, stdin=subprocess.DEVNULL)
        self.control, self.unread, self.events = None, b"", []

    @staticmethod
    def _write(home, name, text):
        with open(os.path.join(home, name), "w", encoding="utf-8") as file:
            file.write(text)

    def connect(self):
        def attempt():
            self.must_run()
            try:
                return socket.create_connection((HOST, self.control_port), timeout=1)
            except OSError:
                return None
        self.control = wait_until(attempt, 15, f"{self.name}'s control port")
        self.control.settimeout(0.05)

    def wait_registered(self):
        wait_until(lambda: re.search(r"200 OK \(.*\) \[1 binding", self.log()), 10, f"{self.name}: registered")
        print(f"{self.name} registered")

    def command(self, command, params=""):
        text = json.dumps({"command": command, "params": params, "token": command})
        self.control.sendall(f"{len(text)}:{text},".encode())

    def _read(self):
        try:
            piece = self.control.recv(65536)
            if not piece:
                raise Failure(f"{self.name} closed its control port:\n{self.tail()}")
            self.unread += piece
        except TimeoutError:
            pass
        while b":" in self.unread:
            size, rest = self.unread.split(b":", 1)
            if len(rest) <= int(size):
                return
            message = json.loads(rest[:int(size)])
            self.unread = rest[int(size) + 1:]
            if message.get("event"):
                self.events.append((message["type"], message.get("param", "")))

    def expect(self, kind, seconds=10):
        """Waits for an event of that type that was not waited for before."""
        def seen():
            self._read()
            return kind in [name for name, _ in self.events]
        try:
            wait_until(seen, seconds, f"{self.name}: {kind}")
        except Failure as failure:
            raise Failure(f"{failure}; events so far: {self.events}\n{self.tail()}") from None
        index = [name for name, _ in self.events].index(kind)
        del self.events[:index + 1]

    def __exit__(self, *details):
        if self.control:
            self.control.close()
        super().__exit__(*details)


def call(caller, callee):
    caller.command("dial", f"sip:{callee.name}@{DOMAIN}")
    callee.expect("CALL_INCOMING")
    caller.expect("CALL_RINGING")
    callee.command("accept")
    callee.expect("CALL_ESTABLISHED")
    caller.expect("CALL_ESTABLISHED")
    time.sleep(0.5)
    caller.command("hangup")
    callee.expect("CALL_CLOSED")
    print(f"{caller.name} called {callee.name} by address of record, and hung up")


def test(folder, program):
    port, = free_ports(1)
    with Intermediary(program, folder, port, config(port)) as intermediary:
        intermediary.wait_ready()
        try:
            with UserAgent("alice", "udp", port, folder) as alice, UserAgent("bob", "tcp", port, folder) as bob:
                for agent in (alice, bob):
                    agent.connect()
                    agent.wait_registered()
                call(alice, bob)
                call(bob, alice)
        except Failure as failure:
            raise Failure(f"{failure}\n{intermediary.tail()}") from None
        intermediary.stop()


if __name__ == "__main__":
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]))))
