#!/usr/bin/python3
"""More calls than [overload] lets in, by sipp on loopback: as many get through as may, every BYE is answered, and the
server's memory stays as it is.

    conformance/wire/overload.py PROGRAM [CAPACITY [CALLS_PER_SECOND [SECONDS]]] [--json]     50 of 100 for 5 s
"""

import csv
import glob
import json
import os
import sys
import time

from peers import HOST, Failure, Intermediary, Program, free_ports, run

LEAST = 0.9  # of the capacity
HOLD_MILLISECONDS = 1000

HEAD = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:caller@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>{tag}
Call-ID: [call_id]
CSeq: {cseq}
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
{more}Content-Length: 0
"""


def message(start, cseq, tag="", more=""):
    return "<![CDATA[\n" + start + " SIP/2.0\n" + HEAD.format(cseq=cseq, tag=tag, more=more) + "\n]]>"


# A caller who gives up on a 503.
CALLER = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
  <send retrans="500">{message("INVITE sip:[service]@[remote_ip]:[remote_port]", "1 INVITE")}</send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="503" optional="true" next="refused"/>
  <recv response="200" rrs="true"/>
  <send>{message("ACK [next_url]", "1 ACK", "[peer_tag_param]", "[routes]" + chr(10))}</send>
  <pause milliseconds="{HOLD_MILLISECONDS}"/>
  <send retrans="500">{message("BYE [next_url]", "2 BYE", "[peer_tag_param]", "[routes]" + chr(10))}</send>
  <recv response="200" next="end"/>
  <label id="refused"/>
  <send>{message("ACK sip:[service]@[remote_ip]:[remote_port]", "1 ACK", "[peer_tag_param]")}</send>
  <label id="end"/>
</scenario>
"""


def config(port, capacity):
    return f"""
listen = [{{ name = "udp", on = "udp:{HOST}:{port}" }}]
[proxy]
record_route = true
mode = "call-stateful"
[overload]
calls_per_second = {capacity}
[[rule]]
name = "as-the-request-says"
when = {{ source = ["{HOST}"] }}
do   = {{ relay = "request-uri" }}
"""


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def counts(folder):
    """sipp's count of each message, from the last line of its table: [("1_INVITE_Sent", 5), …]."""
    path, = glob.glob(os.path.join(folder, "*_counts.csv"))
    with open(path, encoding="utf-8") as file:
        rows = [row for row in csv.reader(file, delimiter=";") if row]
    return list(zip(rows[0], rows[-1]))


def count_of(table, *words):
    return [int(value) for name, value in table if all(word in name for word in words)]


def flood(folder, server, ports, rate, seconds):
    """The server's memory in the middle and at the end, and what sipp counted."""
    callee, caller, media, callee_media = ports
    with open(os.path.join(folder, "caller.xml"), "w", encoding="utf-8") as file:
        file.write(CALLER)
    with Program("uas", ["sipp", "-sn", "uas", "-i", HOST, "-p", str(callee), "-mp", str(callee_media), "-nostdin"], folder):
        time.sleep(1)
        with Program("uac", ["sipp", "-sf", "caller.xml", "-i", HOST, "-p", str(caller), "-mp", str(media), "-rsa",
                             f"{HOST}:{server.port}", f"{HOST}:{callee}", "-m", str(rate * seconds), "-r", str(rate), "-l",
                             str(rate * (seconds + 10)), "-nostdin", "-timeout", f"{seconds + 60}s", "-trace_counts",
                             "-fd", "1"], folder) as calls:
            begin = time.monotonic()
            time.sleep(seconds / 2)
            middle = resident_kib(server.process.pid)
            calls.wait(seconds + 90)
            took = time.monotonic() - begin - HOLD_MILLISECONDS / 1000
            return middle, resident_kib(server.process.pid), took, counts(folder)


def test(folder, program, capacity, rate, seconds, as_json):
    port, *ports = free_ports(5)
    with Intermediary(program, folder, port, config(port, capacity), ["--log", "warning"]) as server:
        server.wait_ready()
        at_first = resident_kib(server.process.pid)
        middle, at_end, took, table = flood(folder, server, ports, rate, seconds)
        answered, byes_answered = count_of(table, "_200_Recv")
        result = {
            "capacity": capacity, "offered": round(sum(count_of(table, "_INVITE_Sent")) / took, 1),
            "seconds": round(took, 1), "goodput": round(answered / took, 1), "answered": answered,
            "refused": sum(count_of(table, "_503_Recv")), "repeated_invites": sum(count_of(table, "_INVITE_Retrans")),
            "byes": sum(count_of(table, "_BYE_Sent")), "byes_answered": byes_answered,
            "resident_kib": {"before": at_first, "in_the_middle": middle, "at_the_end": at_end},
            "load_of_the_machine": os.getloadavg()[0]}
        server.must_run()
    print(json.dumps(result) if as_json else "\n".join(f"{name} {value}" for name, value in result.items()))
    if answered < LEAST * capacity * seconds:
        raise Failure(f"{answered} calls in {seconds} s, of {capacity} a second that may be")
    if result["byes"] != answered or byes_answered != answered:
        raise Failure(f"{result['byes']} BYEs, {byes_answered} of them answered, of {answered} calls")


if __name__ == "__main__":
    WORDS = [word for word in sys.argv[1:] if not word.startswith("-")]
    if not WORDS or "--help" in sys.argv:
        print(__doc__)
        sys.exit(0 if "--help" in sys.argv else 2)
    NUMBERS = [int(word) for word in WORDS[1:]] + [50, 100, 5][len(WORDS) - 1:]
    sys.exit(run(lambda folder: test(folder, os.path.abspath(WORDS[0]), *NUMBERS, "--json" in sys.argv)))
