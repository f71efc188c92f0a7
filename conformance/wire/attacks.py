#!/usr/bin/python3
"""Floods on real sockets: while each of them goes on, somebody else is served, and nothing of it stays.

    conformance/wire/attacks.py PROGRAM
"""

import os
import re
import socket
import sys
import time

from peers import HOST, Failure, Intermediary, answers_options, free_ports, run, wait_until

TRUNK = "127.0.7.1"      # its calls have a rule
STRANGER = "127.0.8."    # whoever has none
FLOOD = 1500


def config(port, callee):
    return f"""
listen = [{{ name = "udp", on = "udp:{HOST}:{port}" }}, {{ name = "tcp", on = "tcp:{HOST}:{port}" }}]
domains = ["example.com"]
[limits]
connections_per_source = 8
transactions_per_source = 20
header_deadline = "1s"
idle_connection = "2s"
[overload]
calls_per_second = 20
requests_per_second = 20
[auth.users]
realm = "example.com"
users = {{ alice = "secret" }}
[[rule]]
name = "trunk"
when = {{ source = ["{TRUNK}"] }}
do   = {{ relay = "sip:{HOST}:{callee}" }}
[[rule]]
name = "registrations"
when = {{ method = ["REGISTER"], ruri_domain = "local" }}
do   = {{ register = "location", challenge = "users" }}
[[rule]]
name = "inbound"
when = {{ ruri_domain = "example.com" }}
do   = {{ relay = "sip:{HOST}:{callee}" }}
"""


def request(method, source, branch, uri="sip:bob@example.com", sent_by=None):
    return "\r\n".join([
        f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/UDP {sent_by or source};branch=z9hG4bK{branch};rport", "Max-Forwards: 70",
        f"From: <sip:x@{source}>;tag={branch}", f"To: <{uri}>", f"Call-ID: {branch}@{source}", f"CSeq: 1 {method}",
        f"Contact: <sip:x@{source}>", "Content-Length: 0", "", ""]).encode()


def bound(source):
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sender.bind((source, 0))
    return sender


def statuses(sender, seconds):
    """What comes within that time: the status of each answer, and how many bytes they were."""
    found, size, end = [], 0, time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        sender.settimeout(left)
        try:
            data = sender.recv(65535)
        except OSError:
            break
        size += len(data)
        found.append(int(re.match(rb"SIP/2\.0 (\d{3})", data).group(1)))
    return found, size


class Callee:
    """Answers whatever comes with 200, but for calls to `silent`."""

    def __init__(self, port):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((HOST, port))
        self.sock.setblocking(False)

    def serve(self):
        while True:
            try:
                data, source = self.sock.recvfrom(65535)
            except BlockingIOError:
                return
            lines = data.split(b"\r\n")
            if lines[0].startswith((b"ACK", b"INVITE sip:silent")):
                continue
            kept = [line for line in lines if re.match(rb"(?i)(via|from|to|call-id|cseq|record-route):", line)]
            kept = [line + b";tag=c" if line.startswith(b"To:") and b"tag=" not in line else line for line in kept]
            self.sock.sendto(b"\r\n".join([b"SIP/2.0 200 OK", *kept, b"Content-Length: 0", b"", b""]), source)


class Attacks:
    def __init__(self, server, callee):
        self.server, self.callee, self.number = server, callee, 0

    def must(self, condition, what):
        if not condition:
            raise Failure(f"{what}\n{self.server.tail()}")

    def serves_others(self, when):
        """OPTIONS, and a request of the trunk through us."""
        self.number += 1
        self.must(answers_options(self.server.port, f"probe{self.number}") == 200, f"no answer to OPTIONS {when}")
        with bound(TRUNK) as trunk:
            trunk.sendto(request("MESSAGE", TRUNK, f"trunk{self.number}"), (HOST, self.server.port))

            def answered():
                self.callee.serve()
                return 200 in statuses(trunk, 0.1)[0]

            wait_until(answered, 3, f"the trunk is not served {when}")

    def flood_of(self, method, uri, source):
        """Many requests, each of a dialog of its own; what they were answered with."""
        with bound(source) as sender:
            for each in range(FLOOD):
                self.number += 1
                sender.sendto(request(method, source, f"flood{self.number}", uri), (HOST, self.server.port))
                if each % 50 == 49:
                    self.callee.serve()
                    time.sleep(0.01)
            return statuses(sender, 1.0)

    def calls(self):
        answers, size = self.flood_of("INVITE", "sip:silent@example.com", STRANGER + "1")
        self.must(answers.count(503) > FLOOD / 2, f"a flood of INVITEs got {sorted(set(answers))}")
        self.must(size < 2.5 * FLOOD * 400, f"a flood of INVITEs brought {size} bytes of answers")
        time.sleep(1.1)  # then there is room again
        self.serves_others("behind a flood of INVITEs")

    def registrations(self):
        answers, _ = self.flood_of("REGISTER", "sip:example.com", STRANGER + "2")
        self.must(set(answers) == {401}, f"a flood of REGISTERs got {sorted(set(answers))}")
        self.serves_others("in a flood of REGISTERs")  # who is asked who he is takes nobody's room

    def unfinished(self):
        """Nobody holds more transactions than he may, and somebody else still gets some."""
        with bound(STRANGER + "3") as sender:
            for each in range(40):
                sender.sendto(request("INVITE", STRANGER + "3", f"open{each}", "sip:silent@example.com"),
                              (HOST, self.server.port))
                time.sleep(0.06)
            answers, _ = statuses(sender, 0.5)
        self.must(answers.count(100) >= 19 and 503 in answers, f"INVITEs that nobody finishes got {answers}")
        self.serves_others("beside transactions that are never finished")

    def spoofed(self):
        """The trunk's address, which anybody can write, does not shut the trunk."""
        with bound(TRUNK) as sender:
            for each in range(200):
                sender.sendto(b"nonsense" * each, (HOST, self.server.port))
                sender.sendto(request("BYE", TRUNK, f"bye{each}"), (HOST, self.server.port))
                self.callee.serve()
            statuses(sender, 0.5)
        self.serves_others("when its address is forged")

    def reflected(self):
        """A challenge goes once to whoever seems to ask, and is not much larger than what asked."""
        with bound(STRANGER + "4") as sender:
            asked = request("REGISTER", STRANGER + "4", "reflect", "sip:example.com")
            sender.sendto(asked, (HOST, self.server.port))
            answers, size = statuses(sender, 2.0)
        self.must(answers == [401] and size < 2.5 * len(asked), f"{len(asked)} bytes brought {answers} of {size} bytes")

    def connections(self):
        held = []
        try:
            for _ in range(40):
                held.append(socket.create_connection((HOST, self.server.port), source_address=(STRANGER + "5", 0)))
            closed = [each for each in held if self.is_closed(each, 0.05)]
            self.must(len(closed) >= 32, f"only {len(closed)} of 40 connections of one address were closed")
            with socket.create_connection((HOST, self.server.port), source_address=(STRANGER + "6", 0)) as other:
                other.sendall(request("OPTIONS", STRANGER + "6", "other", f"sip:{HOST}:{self.server.port}").replace(
                    b"/UDP", b"/TCP"))
                other.settimeout(2)
                self.must(other.recv(4096).startswith(b"SIP/2.0 200"), "another address has no room to connect")
        finally:
            for each in held:
                each.close()

    def slow(self):
        """A message byte by byte, and one that never begins."""
        slow = socket.create_connection((HOST, self.server.port), source_address=(STRANGER + "7", 0))
        mute = socket.create_connection((HOST, self.server.port), source_address=(STRANGER + "7", 0))
        begin = time.monotonic()
        with slow, mute:
            try:
                for each in request("OPTIONS", STRANGER + "7", "slow"):
                    slow.sendall(bytes([each]))
                    if self.is_closed(slow, 0.1):
                        break
            except OSError:
                pass
            self.must(time.monotonic() - begin < 3, "a message that comes byte by byte is waited for")
            self.serves_others("beside slow senders")
            self.must(self.is_closed(mute, 4), "a connection on which nothing comes stays open")

    @staticmethod
    def is_closed(sock, seconds):
        sock.settimeout(seconds)
        try:
            return sock.recv(4096) == b""
        except TimeoutError:
            return False
        except OSError:
            return True


def test(folder, program):
    port, callee_port = free_ports(2)
    with Intermediary(program, folder, port, config(port, callee_port), ["--log", "warning"]) as server:
        server.wait_ready()
        callee = Callee(callee_port)
        attacks = Attacks(server, callee)
        for attack in (attacks.reflected, attacks.registrations, attacks.calls, attacks.spoofed, attacks.connections,
                       attacks.slow, attacks.unfinished):
            begin = time.monotonic()
            attack()
            server.must_run()
            print(f"{attack.__name__}: withstood in {time.monotonic() - begin:.1f} s")
        callee.sock.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__)
        sys.exit(2)
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]))))
