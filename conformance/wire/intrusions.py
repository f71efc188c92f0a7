#!/usr/bin/python3
"""Who is not let in, on real sockets: raw datagrams of the attacks of docs/security.md that try to be somebody else, to get
somewhere else, or to be taken for something else where they are kept.

    conformance/wire/intrusions.py PROGRAM
"""

import contextlib
import csv
import hashlib
import json
import os
import re
import socket
import sqlite3
import sys
import threading
import time

from peers import HOST, Failure, Intermediary, free_ports, run, wait_until

DOMAIN = "example.com"
STRANGER, SCANNER = "127.0.9.1", "127.0.9.66"
ANSWER_SECONDS, SILENCE_SECONDS = 3, 0.3


def config(port, callee, folder):
    return f"""
listen = [{{ name = "udp", on = "udp:{HOST}:{port}" }}]
domains = ["{DOMAIN}"]
[proxy]
mode = "call-stateful"
[registrar]
max_contacts = 3
[auth.users]
realm = "{DOMAIN}"
algorithms = ["SHA-256"]
users = {{ alice = "secret", mallory = "evil" }}
[trust]
peers = ["127.0.9.99"]
[cdr]
json = "{folder}/calls.jsonl"
csv = "{folder}/calls.csv"
sqlite = "{folder}/calls.db"
[[rule]]
name = "scanners"
when = {{ source = ["{SCANNER}"] }}
do   = {{ drop = true }}
[[rule]]
name = "registrations"
when = {{ method = "REGISTER", ruri_domain = "local" }}
do   = {{ challenge = "users", register = "location" }}
[[rule]]
name = "calls"
when = {{ ruri_domain = "local" }}
do   = {{ relay = "sip:{HOST}:{callee}" }}
"""


class Answer:
    def __init__(self, data):
        head = data.decode().split("\r\n\r\n")[0]
        self.start, *lines = head.split("\r\n")
        self.fields = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        found = re.match(r"SIP/2\.0 (\d{3})", self.start)
        self.status = int(found.group(1)) if found else None

    def get(self, name):
        return next((value for each, value in self.fields if each == name.lower()), None)


def digest(challenge, user, password, method, uri, count=1, **changed):
    """An Authorization by RFC 7616 §3.4 with SHA-256; `changed` are parameters that say something else."""
    values = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))

    def hashed(text):
        return hashlib.sha256(text.encode()).hexdigest()

    nc, cnonce = f"{count:08x}", "c0"
    secret = hashed(f"{user}:{values['realm']}:{password}")
    response = hashed(f"{secret}:{values['nonce']}:{nc}:{cnonce}:auth:{hashed(f'{method}:{uri}')}")
    shown = {"username": user, "realm": values["realm"], "nonce": values["nonce"], "uri": uri, "response": response,
             "cnonce": cnonce, "nc": nc, "qop": "auth", "algorithm": "SHA-256"} | changed
    plain = {"nc", "qop", "algorithm"}
    return "Authorization: Digest " + ", ".join(f"{key}={value}" if key in plain else f'{key}="{value}"'
                                                for key, value in shown.items() if value is not None)


class Intruder:
    def __init__(self, server, callee, source):
        self.server, self.callee, self.number = server, callee, 0
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((source, 0))
        self.source = "%s:%d" % self.sock.getsockname()

    def must(self, condition, what):
        if not condition:
            raise Failure(f"{what}\n{self.server.tail()}")

    def text(self, method, uri, fields=(), to=None, sender=None, branch=None):
        self.number += 1
        name = branch or f"i{self.number}"
        return "\r\n".join([
            f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/UDP {self.source};branch=z9hG4bK{name};rport", "Max-Forwards: 70",
            f"From: {sender or '<sip:mallory@example.com>'};tag=m{name}", f"To: {to or f'<{uri}>'}",
            f"Call-ID: {name}@{self.source}", f"CSeq: {self.number} {method}", *fields, "Content-Length: 0", "", ""])

    def send(self, text):
        self.sock.sendto(text.encode() if isinstance(text, str) else text, (HOST, self.server.port))

    def answer(self, seconds=ANSWER_SECONDS):
        """The next answer that is final, or None."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                answer = Answer(self.sock.recv(65535))
            except OSError:
                return None
            if answer.status and answer.status >= 200:
                return answer
        return None

    def ask(self, method, uri, fields=(), **more):
        self.send(self.text(method, uri, fields, **more))
        answer = self.answer()
        self.must(answer is not None, f"no answer to {method} {uri} {fields}")
        return answer

    def challenge(self):
        answer = self.ask("REGISTER", f"sip:{DOMAIN}", to=f"<sip:alice@{DOMAIN}>")
        self.must(answer.status == 401, f"a REGISTER without credentials got {answer.start}")
        return answer.get("WWW-Authenticate")

    def register(self, credentials, fields=("Contact: <sip:me@127.0.9.1:5099>",), user="alice"):
        return self.ask("REGISTER", f"sip:{DOMAIN}", [credentials, *fields], to=f"<sip:{user}@{DOMAIN}>").status

    def reached(self):
        """What the callee has got since it was asked last."""
        found = []
        self.callee.settimeout(SILENCE_SECONDS)
        try:
            while True:
                found.append(self.callee.recv(65535))
        except TimeoutError:
            return found

    # ---- the attacks

    def another_user(self):
        challenge = self.challenge()
        status = self.register(digest(challenge, "mallory", "evil", "REGISTER", f"sip:{DOMAIN}"))
        self.must(status == 403, f"mallory registers alice: {status}")

    def replays(self):
        """A used nonce count, a jump back, and credentials for another URI and another method."""
        challenge, uri = self.challenge(), f"sip:{DOMAIN}"
        first = digest(challenge, "alice", "secret", "REGISTER", uri, count=5)
        self.must(self.register(first) == 200, "good credentials are refused")
        self.must(self.register(first) == 401, "the same credentials are taken twice")
        self.must(self.register(digest(challenge, "alice", "secret", "REGISTER", uri, count=5, cnonce="c1")) == 401,
                  "a used count is taken with another cnonce")
        elsewhere = digest(self.challenge(), "alice", "secret", "REGISTER", "sip:example.net")
        self.must(self.register(elsewhere) in (400, 401), "credentials for another URI are taken")
        of_invite = digest(self.challenge(), "alice", "secret", "INVITE", uri)
        self.must(self.register(of_invite) == 401, "credentials for another method are taken")

    def downgrades(self):
        uri = f"sip:{DOMAIN}"
        for changed in ({"algorithm": "MD5"}, {"algorithm": None}, {"qop": None, "nc": None, "cnonce": None}, {"realm": "example.net"},
                        {"nonce": "0" * 40}, {"response": "0" * 64}, {"username": "nobody"}):
            status = self.register(digest(self.challenge(), "alice", "secret", "REGISTER", uri, **changed))
            self.must(status in (400, 401), f"credentials with {changed} got {status}")

    def contacts(self):
        uri = f"sip:{DOMAIN}"
        many = [f"Contact: <sip:a{each}@127.0.9.1:5099>" for each in range(20)]
        status = self.register(digest(self.challenge(), "alice", "secret", "REGISTER", uri), many)
        self.must(status in (403, 500, 503), f"twenty contacts got {status}")
        star = ["Contact: *", "Expires: 60"]
        status = self.register(digest(self.challenge(), "alice", "secret", "REGISTER", uri), star)
        self.must(status == 400, f"'*' with Expires 60 got {status}")
        # All or nothing: what was registered by good credentials is what there is.
        answer = self.ask("REGISTER", uri, [digest(self.challenge(), "alice", "secret", "REGISTER", uri)],
                          to=f"<sip:alice@{DOMAIN}>")
        listed = [value for name, value in answer.fields if name == "contact"]
        self.must(answer.status == 200 and len(listed) == 1 and "me@127.0.9.1" in listed[0], f"there is now {listed}")

    def known_and_unknown(self):
        """But for nonce and tag, what a wrong password gets is the same for a user who is not there."""
        answers = []
        for user in ("alice", "nobody1"):
            credentials = digest(self.challenge(), user, "wrong", "REGISTER", f"sip:{DOMAIN}")
            answer = self.ask("REGISTER", f"sip:{DOMAIN}", [credentials], to=f"<sip:alice@{DOMAIN}>")
            changing = ("via", "from", "to", "call-id", "cseq")
            fields = [(name, re.sub(r'nonce="[^"]*"', "", value)) for name, value in answer.fields if name not in changing]
            answers.append((answer.start, fields))
        self.must(answers[0] == answers[1], f"a known user gets {answers[0]}, an unknown one {answers[1]}")

    def elsewhere(self):
        """An open relay would send these on: to a foreign domain, by a foreign Route, by a maddr, past a faked mark."""
        self.reached()
        port = self.callee.getsockname()[1]
        us = f"{HOST}:{self.server.port}"
        for uri, fields in [(f"sip:x@{HOST}:{port}", []), (f"sip:x@{DOMAIN}", [f"Route: <sip:{HOST}:{port};lr>"]),
                            (f"sip:x@{DOMAIN};maddr={HOST}:{port}", []), (f"sip:x@{DOMAIN};maddr={HOST}", []),
                            (f"sip:x@{HOST}:{port}", [f"Route: <sip:{us};lr>"]),
                            (f"sip:x@{HOST}:{port}", [f"Route: <sip:{us};lr;im=0000000000000000>"])]:
            answer = self.ask("MESSAGE", uri, fields)
            self.must(400 <= answer.status < 500, f"MESSAGE {uri} {fields} got {answer.start}")
        found = self.reached()
        self.must(not found, f"it was sent on: {found}")

    def within_calls(self):
        """A CANCEL, a BYE, a re-INVITE and answers of no call of ours."""
        for method in ("CANCEL", "BYE", "INVITE", "UPDATE"):
            answer = self.ask(method, f"sip:x@{HOST}:1", to=f"<sip:x@{DOMAIN}>;tag=t")
            self.must(answer.status in (404, 481), f"{method} of no call got {answer.start}")
        self.send(self.text("INVITE", "x").replace("INVITE x SIP/2.0", "SIP/2.0 200 OK"))
        self.must(self.answer(SILENCE_SECONDS) is None, "an answer was answered")

    def scanners(self):
        with_rule = Intruder(self.server, self.callee, SCANNER)
        for method in ("OPTIONS", "REGISTER", "INVITE"):
            with_rule.send(with_rule.text(method, f"sip:100@{HOST}:{self.server.port}"))
        self.must(with_rule.answer(SILENCE_SECONDS) is None, "a scanner that a rule drops has got an answer")
        with_rule.sock.close()

    def asserted(self):
        """A stranger asserts who he is; so does an X-header, which is nobody's business and passes."""
        self.reached()
        self.send(self.text("MESSAGE", f"sip:x@{DOMAIN}", [f"P-Asserted-Identity: <sip:ceo@{DOMAIN}>", "X-Asserted: ceo"]))
        found = self.reached()
        self.must(len(found) == 1 and b"X-Asserted: ceo" in found[0] and b"P-Asserted" not in found[0],
                  f"what a stranger asserts arrives as {found}")

    def written_down(self):
        """What a call says of itself stays one value where it is kept: in a line of JSON, of CSV, in a database, in the
        log. Control characters do not get that far."""
        names = ["%0d%0aevil", "'); DROP TABLE calls; --", "=1+1", "a,b", "\\u0000"]
        users = [name.replace(" ", "%20").replace("\\", "%5C") for name in names]
        for user, begin in zip(users, ("=cmd|'/C'!A0", "+1", "-1", "@SUM(1)", '",1')):
            text = self.text("INVITE", f"sip:{user}@{DOMAIN}", sender=f'"x" <sip:{user}@{DOMAIN}>')
            self.send(text.replace("Call-ID: ", f"Call-ID: {begin}"))
            self.must(self.answer() is not None, f"no answer to a call with {begin} in its Call-ID")
        for bad in ("\0", "\x1b[31m", "\x07"):
            answer = self.ask("INVITE", f"sip:fine@{DOMAIN}", sender=f'"{bad}" <sip:x@{DOMAIN}>')
            self.must(answer.status == 400, f"a control character got {answer.start}")
        return len(users)


def serve(callee, stop):
    """The callee of calls: 486 to each."""
    while not stop:
        try:
            data, source = callee.recvfrom(65535)
        except OSError:
            continue
        lines = data.split(b"\r\n")
        if lines[0].startswith(b"INVITE"):
            kept = [line for line in lines if re.match(rb"(?i)(via|from|to|call-id|cseq):", line)]
            kept = [line + b";tag=c" if line.startswith(b"To:") else line for line in kept]
            callee.sendto(b"\r\n".join([b"SIP/2.0 486 Busy Here", *kept, b"Content-Length: 0", b"", b""]), source)


def check_records(folder, calls, server):
    def stored():
        with contextlib.closing(sqlite3.connect(f"{folder}/calls.db")) as database:
            return database.execute("SELECT call_id, caller FROM calls").fetchall()

    wait_until(lambda: len(stored()) >= calls, 10, "the records of the calls")  # the last of the three that are written
    with open(f"{folder}/calls.jsonl", encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    with open(f"{folder}/calls.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not len(records) == len(rows) == len(stored()) == calls:
        raise Failure(f"{calls} calls, {len(records)} lines of JSON, {len(rows)} of CSV, {len(stored())} rows")
    by_json = sorted((record["call_id"], record["caller"]) for record in records)
    if by_json != sorted(stored()):
        raise Failure(f"JSON has {by_json}, SQLite {sorted(stored())}")
    for row in rows:
        for value in row.values():
            if value and value[0] in "=+-@":
                raise Failure(f"a spreadsheet would take {value!r} for a formula")
    log = server.log()
    if re.search(r"^evil", log, re.MULTILINE) or "\x1b[31m" in log:
        raise Failure("the log has a line that a caller wrote")


def test(folder, program):
    port, callee_port = free_ports(2)
    callee = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    callee.bind((HOST, callee_port))
    with Intermediary(program, folder, port, config(port, callee_port, folder), ["--log", "debug"]) as server:
        server.wait_ready()
        intruder = Intruder(server, callee, STRANGER)
        for attack in (intruder.another_user, intruder.replays, intruder.downgrades, intruder.contacts,
                       intruder.known_and_unknown, intruder.elsewhere, intruder.within_calls, intruder.scanners,
                       intruder.asserted):
            attack()
            server.must_run()
            print(f"{attack.__name__}: not let in")
        stop = []
        callee.settimeout(0.2)
        thread = threading.Thread(target=serve, args=(callee, stop))
        thread.start()
        try:
            calls = intruder.written_down()
            check_records(folder, calls, server)
        finally:
            stop.append(True)
            thread.join()
        print("written_down: one value each")
    callee.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__)
        sys.exit(2)
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]))))
