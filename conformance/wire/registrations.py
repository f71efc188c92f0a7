"""A user agent that registers many, over one UDP socket, and a Redis of the test's own."""

import re
import select
import socket
import time

from peers import HOST, Failure, Program, wait_until

DOMAIN = "example.test"
EXPIRES = 3600


def rules():
    return """
[[rule]]
name = "registrations"
when = { method = ["REGISTER"], ruri_domain = "local" }
do   = { register = "location" }
[[rule]]
name = "to-users"
when = { ruri_domain = "local" }
do   = { lookup = "location" }
"""


def config(port, location):
    return f"""
listen  = [{{ name = "udp", on = "udp:{HOST}:{port}" }}]
domains = ["{DOMAIN}"]
[proxy]
key = "the key of all nodes"
[location]
{location}
{rules()}"""


def field(text, name):
    return re.findall(rf"(?m)^{name}: (.*?)\r$", text)


class Registrant:
    """Sends requests from one socket and takes their answers, whatever their order."""

    def __init__(self, port):
        self.port = port  # of the registrar
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((HOST, 0))
        self.own = self.socket.getsockname()[1]
        self.number = 0
        self.answers = {}  # by Call-ID: (seconds, status, text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, method, user, contact=None, expires=EXPIRES, cseq=1):
        """Its Call-ID."""
        self.number += 1
        call_id = f"{user}-{self.own}-{self.number}"
        uri = f"sip:{DOMAIN}" if method == "REGISTER" else f"sip:{user}@{DOMAIN}"
        lines = [f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/UDP {HOST}:{self.own};branch=z9hG4bK{call_id}", "Max-Forwards: 70",
                 f"From: <sip:{user}@{DOMAIN}>;tag={self.number}", f"To: <sip:{user}@{DOMAIN}>", f"Call-ID: {call_id}",
                 f"CSeq: {cseq} {method}", *([f"Contact: <{contact}>", f"Expires: {expires}"] if contact else []),
                 "Content-Length: 0", "", ""]
        self.socket.sendto("\r\n".join(lines).encode(), (HOST, self.port))
        return call_id

    def take(self, seconds=0.0):
        """Whatever has come, or comes within that time."""
        while select.select([self.socket], [], [], seconds)[0]:
            seconds = 0.0
            received, sender = self.socket.recvfrom(65535)
            text = received.decode()
            if text.startswith("SIP/2.0 1"):
                continue
            if text.startswith("SIP/2.0 "):
                self.answers.setdefault(field(text, "Call-ID")[0], (time.monotonic(), int(text[8:11]), text))
            else:
                self.take_request(text, sender)

    def take_request(self, text, sender):
        """We are the contact, too."""
        lines = ["SIP/2.0 200 OK", *(f"Via: {via}" for via in field(text, "Via")), f"From: {field(text, 'From')[0]}",
                 f"To: {field(text, 'To')[0]};tag=contact", f"Call-ID: {field(text, 'Call-ID')[0]}",
                 f"CSeq: {field(text, 'CSeq')[0]}", "Content-Length: 0", "", ""]
        self.socket.sendto("\r\n".join(lines).encode(), sender)

    def answer_to(self, call_id, seconds=5.0):
        """(status, text)"""
        end = time.monotonic() + seconds
        while call_id not in self.answers:
            if time.monotonic() > end:
                raise Failure(f"no answer to {call_id} within {seconds} s")
            self.take(0.05)
        return self.answers[call_id][1:]

    def contact(self, user):
        return f"sip:{user}@{HOST}:{self.own}"

    def register(self, user, **more):
        return self.answer_to(self.send("REGISTER", user, more.pop("contact", None) or self.contact(user), **more))

    def contacts(self, user):
        """What the registrar says is bound."""
        status, text = self.answer_to(self.send("REGISTER", user))
        if status != 200:
            raise Failure(f"a query for {user} gets {status}:\n{text}")
        return [re.match(r"<([^>]*)>", each).group(1) for each in field(text, "Contact")]

    def call(self, user):
        """The status of an OPTIONS to that address of record."""
        return self.answer_to(self.send("OPTIONS", user))[0]


class Redis(Program):
    """A server of our own, which keeps what it has acknowledged."""

    def __init__(self, name, folder, port, password=None):
        options = ["--port", str(port), "--bind", HOST, "--dir", folder, "--save", "", "--appendonly", "yes",
                   "--appendfsync", "always", "--daemonize", "no"]
        super().__init__(name, ["redis-server", *options, *(["--requirepass", password] if password else [])], folder)
        self.port = port

    def wait_ready(self):
        def ready():
            self.must_run()
            try:
                with socket.create_connection((HOST, self.port), 0.5) as probe:
                    probe.sendall(b"PING\r\n")
                    return probe.recv(100)
            except OSError:
                return None

        wait_until(ready, 10, "an answer of Redis")
