#!/usr/bin/python3
"""The flight recorder under load: calls over UDP, over TCP and to a name of the DNS, registrations with a password, all
recorded; the server is killed in the midst of it (SIGKILL), and the replay makes every output again.

    conformance/wire/recorded_calls.py PROGRAM [--segments] [SECONDS [CALLS_PER_SECOND]]
"""

import contextlib
import csv
import json
import os
import shutil
import stat
import subprocess
import sys
import time

from peers import HOST, Failure, Intermediary, Program, free_ports, run, wait_until
from sipp_digest import DOMAIN, REGISTERS, must_end, sipp

OVER_TCP = "127.0.0.2"  # hosts that only our rules know: calls there leave over TCP, and to a name
BY_NAME = "127.0.0.3"
SERVER = "sip.example.test"
SECRETS = ("hunter2",)
KEPT = 3
ENTRY_HEAD = 8  # bytes: its length and its checksum (docs/records.md)


def config(ports):
    return f"""
listen  = [{{ name = "udp", on = "udp:{HOST}:{ports.us}" }}, {{ name = "tcp", on = "tcp:{HOST}:{ports.us}" }}]
domains = ["{DOMAIN}"]
[dns]
servers = ["{HOST}:{ports.dns}"]
max_ttl = "1s"
[auth.users]
realm = "{DOMAIN}"
algorithms = ["MD5"]
users = {{ bob = "${{PASSWORD_OF_BOB}}" }}
[[rule]]
name = "registrations"
when = {{ method = "REGISTER", ruri_domain = "local" }}
do   = {{ challenge = "users", register = "location" }}
[[rule]]
name = "over-tcp"
when = {{ source = ["{HOST}"], ruri_domain = "{OVER_TCP}" }}
do   = {{ relay = "sip:{HOST}:{ports.tcp_callee};transport=tcp" }}
[[rule]]
name = "by-name"
when = {{ source = ["{HOST}"], ruri_domain = "{BY_NAME}" }}
do   = {{ relay = "sip:{SERVER}" }}
[[rule]]
name = "as-the-request-says"
when = {{ source = ["{HOST}"], ruri_domain = "{HOST}" }}
do   = {{ relay = "request-uri" }}
"""


class Ports:
    def __init__(self):
        (self.us, self.dns, self.bob, self.udp_callee, self.tcp_callee, self.udp_caller, self.tcp_caller,
         self.name_caller, *self.media) = free_ports(13)


def name_server(folder, ports):
    return Program("dnsmasq", ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                               "--bind-interfaces", f"--listen-address={HOST}", f"--port={ports.dns}", "--local=/test/",
                               "--pid-file", "--user=root", f"--srv-host=_sip._udp.{SERVER},a.{SERVER},{ports.udp_callee},1,1",
                               f"--host-record=a.{SERVER},{HOST},1"], folder)


def callee(name, folder, transport, port, media):
    return Program(name, ["sipp", "-sn", "uas", "-t", transport, "-i", HOST, "-p", str(port), "-mp", str(media), "-nostdin"],
                   folder)


def caller(name, folder, ports, transport, own, media, host, rate):
    return Program(name, ["sipp", "-sn", "uac", "-t", transport, "-i", HOST, "-p", str(own), "-mp", str(media), "-rsa",
                          f"{HOST}:{ports.us}", f"{host}:{ports.udp_callee}", "-r", str(rate), "-nostdin", "-trace_stat",
                          "-stf", f"{name}.csv", "-fd", "1"], folder)


def calls_that_went_well(folder):
    """As the callers have counted until now, each second."""
    total = 0
    for name in ("udp", "tcp", "name"):
        path = os.path.join(folder, name + ".csv")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                rows = list(csv.DictReader(file, delimiter=";"))
            total += int(rows[-1]["SuccessfulCall(C)"] or 0) if rows else 0
    return total


def replayed(program, *arguments, code=0):
    done = subprocess.run([program, "replay", *arguments, "--json"], capture_output=True, text=True, check=False)
    if done.returncode != code:
        raise Failure(f"replay ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def require(truth, what):
    if not truth:
        raise Failure(what)


def load(folder, program, ports, seconds, rate, record):
    """The calls that ended well, as their callers counted, when the server was killed."""
    running = []
    with contextlib.ExitStack() as programs:
        def start(each):
            running.append(programs.enter_context(each))

        start(callee("udp-uas", folder, "u1", ports.udp_callee, ports.media[0]))
        start(callee("tcp-uas", folder, "t1", ports.tcp_callee, ports.media[1]))
        start(name_server(folder, ports))
        intermediary = Intermediary(program, folder, ports.us, config(ports), ["--log", "warning", *record],
                                    {"PASSWORD_OF_BOB": SECRETS[0]})
        start(intermediary)
        intermediary.wait_ready()
        with sipp("bob-registers", folder, REGISTERS, DOMAIN, ports.us, ports.bob, "bob", SECRETS[0], "u1") as bob:
            must_end(bob, folder)
        start(caller("udp", folder, ports, "u1", ports.udp_caller, ports.media[2], HOST, rate - 2 * (rate // 4)))
        start(caller("tcp", folder, ports, "t1", ports.tcp_caller, ports.media[3], OVER_TCP, rate // 4))
        start(caller("name", folder, ports, "u1", ports.name_caller, ports.media[4], BY_NAME, rate // 4))
        time.sleep(seconds)
        wait_until(lambda: calls_that_went_well(folder) >= seconds * rate / 10, 60, "a tenth of the calls")
        for each in running:
            each.must_run()
        intermediary.process.kill()
        intermediary.process.wait()
        return calls_that_went_well(folder)


def one_file(folder, program, seconds, rate):
    ports = Ports()
    record = os.path.join(folder, "calls.record")
    calls = load(folder, program, ports, seconds, rate, ["--record", record])
    status = os.stat(record)
    require(stat.S_IMODE(status.st_mode) == 0o600, f"its mode is {oct(status.st_mode)}")
    report = replayed(program, record)
    print(f"{calls} calls went well; replayed: {report['calls']} calls, {report['inputs']} inputs, "
          f"{report['outputs']} outputs in {report['virtual_us'] / 1e6:.1f} s, {report['end_byte']} bytes")
    require(report["equal"] and not report["whole"], f"not as it was: {report}")
    require(report["calls"] >= calls, f"{calls} calls went well, and {report['calls']} are in the record")
    is_read_by_wireshark(folder, program, ports, record)
    refuses_to_overwrite(folder, program, ports, record)
    tells_of_damage(program, record, report)


def tshark(folder, capture, ports, shown, *fields):
    """A line for each frame that the filter shows: its fields."""
    options = [f"{each}.check_checksum:TRUE" for each in ("ip", "udp", "tcp")]
    sip = [f"{transport}.port=={port},sip" for transport in ("udp", "tcp") for port in ports]
    command = ["tshark", "-n", "-r", capture, "-Y", shown, "-T", "fields"]
    for flag, values in (("-o", options), ("-d", sip), ("-e", fields or ["frame.number"])):
        command += [word for value in values for word in (flag, value)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HOME": folder}, check=False)
    require(done.returncode == 0, f"tshark: {done.stderr}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def is_read_by_wireshark(folder, program, ports, record):
    """The masked capture: every frame is whole, every message SIP, and every length what it says."""
    if not shutil.which("tshark"):
        return print("there is no tshark: nobody reads the capture")
    capture = os.path.join(folder, "calls.pcap")
    replayed(program, record, "--pcap", capture)
    known = [each for each in vars(ports).values() if isinstance(each, int)]
    wrong = tshark(folder, capture, known, "_ws.malformed || _ws.expert.severity == error || tcp.analysis.flags || "
                   "ip.checksum.status == Bad || udp.checksum.status == Bad || tcp.checksum.status == Bad",
                   "frame.number", "_ws.expert.message", "_ws.col.Info")
    require(not wrong, f"Wireshark objects to {wrong}")
    require(not tshark(folder, capture, known, "(udp || tcp.len > 0) && !sip"), "not everything is SIP to Wireshark")
    messages = 0
    for payload, length in tshark(folder, capture, known, "sip", "udp.payload", "sip.Content-Length") + \
            tshark(folder, capture, known, "tcp && sip", "tcp.payload", "sip.Content-Length"):
        if payload:
            body = bytes.fromhex(payload).partition(b"\r\n\r\n")[2]
            require(int(length or 0) == len(body), f"Content-Length {length} of {bytes.fromhex(payload)}")
            messages += 1
    masked = tshark(folder, capture, known, "sip.auth.digest.response", "sip.auth.digest.response")
    require(masked and all(set(each) <= set('x"') for (each,) in masked), f"credentials: {masked}")
    require(tshark(folder, capture, known, "udp && sdp.media") and tshark(folder, capture, known, "tcp && sdp.media"), "no SDP")
    print(f"Wireshark reads {messages} messages")


def refuses_to_overwrite(folder, program, ports, record):
    size = os.stat(record).st_size
    again = Intermediary(program, folder, ports.us, config(ports), ["--record", record], {"PASSWORD_OF_BOB": SECRETS[0]})
    with again:
        require(again.wait(10) == 1, "it started over a record that was there")
        require("is there already, and records are not overwritten" in again.log(), again.tail())
    require(os.stat(record).st_size == size, "the record was touched")


def tells_of_damage(program, record, report):
    """A record that is cut anywhere is a shorter one, and damage in the midst of an entry ends the replay before it."""
    with open(record, "rb") as file:
        content = bytearray(file.read())[:report["end_byte"]]
    with open(record, "wb") as file:
        file.write(content[:len(content) // 3])
    shorter = replayed(program, record)
    require(0 < shorter["inputs"] < report["inputs"] and shorter["equal"], f"of a third: {shorter}")
    contents = shorter["end_byte"] + ENTRY_HEAD
    content[contents:contents + 32] = bytes(each ^ 4 for each in content[contents:contents + 32])
    with open(record, "wb") as file:
        file.write(content)
    damaged = replayed(program, record, code=1)
    require("damaged" in damaged["end"] and damaged["differing"] == 0, f"damaged: {damaged}")


def in_segments(folder, program, seconds, rate):
    """Old ones go, each that is left is replayed by itself, and all of them after each other."""
    record = os.path.join(folder, "calls.record")
    load(folder, program, Ports(), seconds, rate, ["--record", record, "--record-segment", "128K", "--record-keep", str(KEPT)])
    left = sorted(name for name in os.listdir(folder) if name.startswith("calls.record."))
    require(2 <= len(left) <= KEPT + 1, f"left are {left}")
    require(left[0] != "calls.record.000001", "the first segment is still there")
    inputs = 0
    for name in left:
        report = replayed(program, os.path.join(folder, name))
        require(report["equal"] and report["whole"] == (name != left[-1]), f"{name}: {report}")
        inputs += report["inputs"]
    report = replayed(program, record)
    require(report["equal"] and report["inputs"] == inputs and report["segments"] == len(left), f"together: {report}")
    print(f"{left[0]} to {left[-1]}: {inputs} inputs, {report['calls']} calls, each segment by itself and all together")


def test(folder, program, segments, seconds, rate):
    (in_segments if segments else one_file)(folder, program, seconds, rate)


if __name__ == "__main__":
    ARGUMENTS = [each for each in sys.argv[2:] if each != "--segments"]
    SECONDS = int(ARGUMENTS[0]) if ARGUMENTS else 5
    RATE = int(ARGUMENTS[1]) if len(ARGUMENTS) > 1 else 100
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]), "--segments" in sys.argv, SECONDS, RATE)))
