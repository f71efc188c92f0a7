#!/usr/bin/python3
"""A server as its operator sees it: ctl, metrics and health while sipp calls through it; records of calls in three kinds of
files, exactly one for each call, over a kill -9 and a disk that is full.

    conformance/wire/operating.py PROGRAM
"""

import contextlib
import csv
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request

from peers import HOST, Failure, Intermediary, Program, free_ports, run, wait_until


def config(port, callee, metrics, folder, more=""):
    return f"""
listen = [{{ name = "in", on = "udp:{HOST}:{port}" }}, {{ on = "tcp:{HOST}:{port}" }}]
[proxy]
mode = "call-stateful"
key = "a key that stays"
[pool.app]
peers = [{{ name = "one", uri = "sip:{HOST}:{callee}" }}]
[control]
socket = "{folder}/ctl.sock"
[metrics]
on = "{HOST}:{metrics}"
[cdr]
json = "{folder}/disk/calls.jsonl"
csv = "{folder}/calls.csv"
sqlite = "{folder}/calls.db"
spool = "{folder}/calls.spool"
rotate_bytes = 65536
keep = 50
{more}
[[rule]]
name = "calls"
when = {{ ruri_user = "service" }}
do   = {{ relay = "pool:app" }}
"""


class Place:
    """A server with its files, and a callee."""

    def __init__(self, program, folder, more=""):
        self.program, self.folder = program, folder
        self.port, self.callee, self.caller, self.metrics = free_ports(4)
        os.makedirs(os.path.join(folder, "disk"), exist_ok=True)
        self.config = config(self.port, self.callee, self.metrics, folder, more)

    def server(self):
        return Intermediary(self.program, self.folder, self.port, self.config)

    def ctl(self, *words, fine=True):
        done = subprocess.run([self.program, "ctl", "--socket", f"{self.folder}/ctl.sock", *words], capture_output=True,
                              text=True, timeout=20, check=False)
        if (done.returncode == 0) != fine:
            raise Failure(f"ctl {' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout if fine else done.stderr

    def get(self, path):
        """Status and body."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.metrics}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def exchange(self, requests):
        """What comes back for these bytes."""
        with socket.create_connection((HOST, self.metrics), timeout=10) as connection:
            connection.sendall(requests)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def callee_program(self):
        return Program("callee", ["sipp", "-sn", "uas", "-i", HOST, "-p", str(self.callee), "-nostdin"], self.folder)

    def calls(self, count, rate=50, duration_ms=0, name="caller"):
        return Program(name, ["sipp", "-sn", "uac", "-i", HOST, "-p", str(self.caller), "-m", str(count), "-r", str(rate), "-d",
                              str(duration_ms), "-s", "service", "-nostdin", f"{HOST}:{self.port}"], self.folder)

    def json_records(self):
        records = []
        folder = os.path.join(self.folder, "disk")
        for name in os.listdir(folder):
            if name.startswith("calls.jsonl"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    records += [json.loads(line) for line in file]
        return records

    def csv_records(self):
        records = []
        for name in os.listdir(self.folder):
            if re.fullmatch(r"calls\.csv(\.\d+)?", name):
                with open(os.path.join(self.folder, name), encoding="utf-8", newline="") as file:
                    records += list(csv.DictReader(file))
        return records

    def sqlite_records(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/calls.db?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute("SELECT * FROM calls")]

    def each_once(self, expected, seconds=10):
        """The records, once all three kinds of files have as many; each call once in each."""
        def are_there():
            kinds = [self.json_records(), self.csv_records(), self.sqlite_records()]
            return kinds if all(len(kind) >= expected for kind in kinds) else None

        kinds = wait_until(are_there, seconds, f"{expected} records in each file")
        for kind in kinds:
            ids = [record["id"] for record in kind]
            if len(set(ids)) != len(ids) or len(ids) != expected:
                raise Failure(f"{len(ids)} records of {len(set(ids))} calls, and there were {expected}")
        return kinds[0]


def must_end(caller, seconds=60):
    if (code := caller.wait(seconds)) != 0:
        raise Failure(f"sipp ended with {code}:\n{caller.tail()}")


def metric(text, name):
    found = re.search(rf"(?m)^{re.escape(name)} ([0-9.e+]+)$", text)
    if not found:
        raise Failure(f"there is no metric {name}:\n{text[:2000]}")
    return float(found.group(1))


def looking_in(place):
    with place.server() as server, place.callee_program():
        server.wait_ready()
        with place.calls(5, duration_ms=3000) as caller:
            def all_there():
                lines = place.ctl("calls").splitlines()
                return lines if len(lines) == 5 and all("answered=true" in line for line in lines) else None

            lines = wait_until(all_there, 10, "five calls in ctl calls")
            if "peer=pool:app/one" not in lines[0] or "rule=calls" not in lines[0]:
                raise Failure(f"ctl calls says {lines[0]}")
            if len(json.loads(place.ctl("--json", "calls", "--most", "3"))) != 3:
                raise Failure("ctl calls --most 3 is not three calls")
            if "state=up calls=5" not in place.ctl("pools"):
                raise Failure("ctl pools says " + place.ctl("pools"))
            call_id = re.search(r"call_id=(\S+)", lines[0]).group(1)
            place.ctl("log", call_id, "--seconds", "60")
            must_end(caller)
        seen = server.log()
        for word in ("message-received", "message-sent"):
            if not re.search(rf"critical {word} .*{re.escape(call_id)}", seen):
                raise Failure(f"the log has no {word} of {call_id}:\n{server.tail()}")
        if "hits=10" not in place.ctl("rules"):
            raise Failure("ctl rules says " + place.ctl("rules"))
        text = place.get("/metrics")[1]
        for name, value in (("intermediary_rule_hits_total{rule=\"calls\"}", 10),
                            ("intermediary_answers_total{class=\"2xx\"}", 10), ("intermediary_dialogs", 0),
                            ("intermediary_peer_up{group=\"pool:app\",peer=\"one\"}", 1),
                            ("intermediary_events_total{event=\"call-recorded\"}", 5)):
            if metric(text, name) != value:
                raise Failure(f"{name} is {metric(text, name)} and not {value}")
        head = place.exchange(b"HEAD /health HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        if head.count(b"Content-Length: 22") != 2 or head.count(b'"serving"') != 1:
            raise Failure(f"HEAD and GET of /health give {head}")
        if place.get("/health") != (200, '{"status": "serving"}\n'):
            raise Failure(f"/health says {place.get('/health')}")
        if place.get("/calls")[0] != 404 or "there is /metrics" not in place.get("/calls")[1]:
            raise Failure("the port shows more than it should")
        place.ctl("drain", "pool:app/one")
        refused = place.calls(1, name="refused")
        with refused:
            if refused.wait(30) == 0:
                raise Failure("a call went through to a drained pool")
        place.ctl("resume", "pool:app/one")
        place.ctl("drain")
        if place.get("/health")[0] != 503:
            raise Failure("it is drained, and /health does not say so")
        place.ctl("resume")
        for words, said in ((["drain", "pool:nobody"], "there is no peer 'pool:nobody'"), (["log", "x", "--seconds", "0"], "seconds")):
            if said not in place.ctl(*words, fine=False):
                raise Failure(f"ctl {words} does not say {said}")
        with place.calls(20, name="after") as caller:
            must_end(caller)
        records = place.each_once(25)
        for record in records:
            if record["end"] != "bye" or record["ended_by"] != "caller" or record["status"] != 200:
                raise Failure(f"a call that went well has the record {record}")
        long = [record for record in records if record["talked_ms"] >= 2900]
        if len(long) != 5 or not all(record["peer"] == "pool:app/one" for record in long):
            raise Failure(f"{len(long)} calls of three seconds: {records}")
        server.stop()
    if os.path.exists(f"{place.folder}/ctl.sock"):
        raise Failure("the control socket outlives its server")


def killed(place):
    """kill -9 while calls talk and calls end: afterwards each has one record."""
    with place.callee_program():
        with place.server() as server:
            server.wait_ready()
            with place.calls(400, rate=100, duration_ms=500):
                wait_until(lambda: len(place.json_records()) > 100, 20, "a hundred records")
                begun = int(re.search(r"figure=requests_in value=(\d+)", place.ctl("figures")).group(1))
                server.process.send_signal(signal.SIGKILL)
                server.wait(5)
        with place.server() as server:
            server.wait_ready()
            wait_until(lambda: any(record["end"] == "lost" for record in place.sqlite_records()), 10, "records of lost calls")
            time.sleep(1)
            server.stop()
    kinds = [place.json_records(), place.csv_records(), place.sqlite_records()]
    ids = [sorted(record["id"] for record in kind) for kind in kinds]
    if ids[0] != ids[1] or ids[0] != ids[2] or len(set(ids[0])) != len(ids[0]):
        raise Failure(f"the files differ: {[len(each) for each in ids]} records, {[len(set(each)) for each in ids]} calls")
    numbers = sorted(int(each.rsplit("-", 1)[1]) for each in ids[0])
    if numbers != list(range(1, len(numbers) + 1)):
        raise Failure(f"calls are missing: {len(numbers)} records up to number {numbers[-1]}")
    lost = sum(record["end"] == "lost" for record in kinds[0])
    print(f"{len(numbers)} calls of one run, {lost} of them lost with the process ({begun} requests before)")


def full_disk(place):
    """The disk of one kind of file is full: records wait, then calls are refused; with room again nothing is missing."""
    disk = os.path.join(place.folder, "disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False).returncode != 0:
        print("left out: a full disk, for here no file system can be mounted")
        return
    try:
        with place.server() as server, place.callee_program():
            server.wait_ready()
            with open(os.path.join(disk, "filler"), "wb") as filler, contextlib.suppress(OSError):
                filler.write(b"x" * 65536)
            with place.calls(60, rate=20) as caller:
                caller.wait(60)
            log = server.log()
            if "call-records-wait" not in log or "No space left" not in log or "calls-refused" not in log:
                raise Failure(f"a full disk, and the log does not say so:\n{server.tail()}")
            if len(place.sqlite_records()) < 20:
                raise Failure("the full disk of one file held up the others")
            os.unlink(os.path.join(disk, "filler"))
            wait_until(lambda: "calls-taken" in server.log(), 15, "calls are taken again")
            with place.calls(5, name="again") as caller:
                must_end(caller)
            server.stop()
        kinds = [place.json_records(), place.csv_records(), place.sqlite_records()]
        ids = [sorted(record["id"] for record in kind) for kind in kinds]
        if ids[0] != ids[1] or ids[0] != ids[2] or len(set(ids[0])) != len(ids[0]) or len(ids[0]) < 25:
            raise Failure(f"the files differ: {[len(each) for each in ids]}")
        print(f"a full disk: {len(ids[0])} calls, each with one record in each file")
    finally:
        subprocess.run(["umount", disk], check=False)


def given_up(place):
    """Nobody is refused for want of a record: what does not fit is counted, and told."""
    disk = os.path.join(place.folder, "disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False).returncode != 0:
        return
    try:
        with place.server() as server, place.callee_program():
            server.wait_ready()
            with open(os.path.join(disk, "filler"), "wb") as filler, contextlib.suppress(OSError):
                filler.write(b"x" * 65536)
            with place.calls(40, rate=20) as caller:
                must_end(caller)
            unrecorded = int(re.search(r"figure=calls_unrecorded value=(\d+)", place.ctl("figures")).group(1))
            waiting = int(re.search(r"figure=call_records_waiting value=(\d+)", place.ctl("figures")).group(1))
            if unrecorded != server.log().count("call-not-recorded") or waiting != 5 or unrecorded + waiting > 40:
                raise Failure(f"{unrecorded} calls went unrecorded, {waiting} records wait:\n{server.tail()}")
            os.unlink(os.path.join(disk, "filler"))
            wait_until(lambda: "call-records-written" in server.log(), 15, "the records that waited")
            server.stop()
        kinds = [place.json_records(), place.csv_records(), place.sqlite_records()]
        if any(len(kind) != 40 - unrecorded for kind in kinds):
            raise Failure(f"{[len(kind) for kind in kinds]} records, and {unrecorded} of 40 calls went unrecorded")
    finally:
        subprocess.run(["umount", disk], check=False)


def mistakes(place):
    """What keeps the server from starting is named."""
    with place.server() as server:
        server.wait_ready()
        other = os.path.join(place.folder, "other")
        os.makedirs(other, exist_ok=True)
        port = free_ports(1)[0]
        again = place.config.replace(f":{place.port}\"", f":{port}\"")
        for name, text, said in (("spool", again.replace("ctl.sock", "ctl2.sock").replace(f":{place.metrics}", f":{free_ports(1)[0]}"), "in use by another process"),
                                 ("folder", again.replace(f"{place.folder}/calls.csv", "/nowhere/calls.csv").replace("calls.spool", "other.spool"), "/nowhere/calls.csv"),
                                 ("socket", re.sub(r"(?s)\[cdr\].*?(?=\[\[rule)", "", again), "another process listens")):
            path = os.path.join(other, name + ".toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            done = subprocess.run([place.program, "run", "--config", path], capture_output=True, text=True, timeout=20, check=False)
            if done.returncode != 1 or said not in done.stderr:
                raise Failure(f"{name}: ended with {done.returncode}, and does not say '{said}':\n{done.stderr}")
        server.stop()


def test(folder):
    program = os.path.abspath(sys.argv[1])
    for name, part, more in (("looking", looking_in, ""), ("killed", killed, ""), ("full", full_disk, "backlog = 20"),
                             ("given-up", given_up, 'backlog = 5\nwhen_full = "go-on"'),
                             ("mistakes", mistakes, "")):
        inner = os.path.join(folder, name)
        os.makedirs(inner)
        part(Place(program, inner, more))


if __name__ == "__main__":
    sys.exit(run(test))
