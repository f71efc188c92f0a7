#!/usr/bin/python3
"""1,000 calls of `sipp -sn uac`, through us, to `sipp -sn uas`, three ways at once: none fails, nothing is left.

    conformance/wire/sipp_calls.py PROGRAM [CALLS [CALLS_PER_SECOND]]
"""

import csv
import os
import sys
import time
from dataclasses import dataclass

from peers import HOST, Failure, Intermediary, Program, free_ports, run

T1_SECONDS = 0.2
# Timers J, L and M (RFC 3261 §17, RFC 6026), and a little more: then the last transaction has to be gone.
LINGER_SECONDS = 64 * T1_SECONDS + 1
OVER_TCP = "127.0.0.2"  # a host that only our rule knows: calls to it leave over TCP


@dataclass
class Way:
    name: str
    caller: str  # sipp's -t: u1, t1
    callee: str
    listener: int = 0
    caller_port: int = 0
    callee_port: int = 0
    caller_media: int = 0
    callee_media: int = 0


WAYS = [
    Way("udp-to-udp", "u1", "u1"),
    Way("tcp-to-udp", "t1", "u1"),  # sipp's Request-URI names no transport
    Way("tcp-to-tcp", "t1", "t1"),  # a rule relays to ;transport=tcp
]


def config(ways):
    """A listener of both transports for each way; the Request-URI's host says over which transport a call leaves."""
    listen = ",\n  ".join(f'{{ name = "{way.name}-{kind}", on = "{kind}:{HOST}:{way.listener}" }}'
                          for way in ways for kind in ("udp", "tcp"))
    over_tcp, = (way.callee_port for way in ways if way.callee == "t1")
    return f"""
listen = [
  {listen}]
[timings]
t1 = "{round(1000 * T1_SECONDS)}ms"
[[rule]]
name = "as-the-request-says"
when = {{ source = ["{HOST}"], ruri_domain = "{HOST}" }}
do   = {{ relay = "request-uri" }}
[[rule]]
name = "over-tcp"
when = {{ source = ["{HOST}"], ruri_domain = "{OVER_TCP}" }}
do   = {{ relay = "sip:{HOST}:{over_tcp};transport=tcp" }}
"""


def host_of(way):
    return OVER_TCP if way.callee == "t1" else HOST


def callee(way, folder):
    return Program(f"{way.name}-uas", [
        "sipp", "-sn", "uas", "-t", way.callee, "-i", HOST, "-p", str(way.callee_port), "-mp", str(way.callee_media),
        "-nostdin", "-trace_err", "-error_file", f"{way.name}-uas.err"], folder)


def caller(way, folder, calls, rate):
    return Program(f"{way.name}-uac", [
        "sipp", "-sn", "uac", "-t", way.caller, "-i", HOST, "-p", str(way.caller_port), "-mp", str(way.caller_media),
        "-rsa", f"{HOST}:{way.listener}", f"{host_of(way)}:{way.callee_port}", "-m", str(calls), "-r", str(rate),
        "-l", str(calls), "-nostdin", "-timeout", "120s", "-timeout_error", "-trace_stat", "-stf", f"{way.name}.csv",
        "-fd", "1", "-trace_err", "-error_file", f"{way.name}-uac.err"], folder)


def statistics(way, folder):
    """sipp's cumulative figures, from the last line of its table."""
    with open(os.path.join(folder, way.name + ".csv"), encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=";"))[-1]


def judge(way, folder, program, calls):
    exit_code = program.wait(150)
    row = statistics(way, folder)
    good, bad = int(row["SuccessfulCall(C)"]), int(row["FailedCall(C)"])
    again, astray = int(row["Retransmissions(C)"]), int(row["OutOfCallMsgs(C)"])
    print(f"{way.name}: {good} calls, {bad} failed, {again} retransmissions, {astray} messages out of a call")
    if (exit_code, good, bad, again) != (0, calls, 0, 0):
        errors = os.path.join(folder, f"{way.name}-uac.err")
        said = open(errors, encoding="utf-8", errors="replace").read()[:3000] if os.path.exists(errors) else ""
        raise Failure(f"{way.name}: sipp ended with {exit_code}, {good} of {calls} calls, {again} retransmissions\n{said}")


def test(folder, program, calls, rate):
    ports = free_ports(5 * len(WAYS))
    for way in WAYS:
        way.listener, way.caller_port, way.callee_port, way.caller_media, way.callee_media = ports[:5]
        del ports[:5]
    with Intermediary(program, folder, WAYS[0].listener, config(WAYS)) as intermediary:
        intermediary.wait_ready()
        callees = [callee(way, folder) for way in WAYS]
        time.sleep(1)  # until they listen
        callers = [caller(way, folder, calls, rate) for way in WAYS]
        try:
            for each in callees:
                each.must_run()
            for way, each in zip(WAYS, callers):
                judge(way, folder, each, calls)
        except Failure as failure:
            raise Failure(f"{failure}\n{intermediary.tail()}") from None
        finally:
            for each in callers + callees:
                each.__exit__()
        time.sleep(LINGER_SECONDS)
        figures = intermediary.stop()
    print(", ".join(f"{name} {value}" for name, value in figures.items()))
    for name in ("server_transactions", "client_transactions", "response_contexts", "queries", "strays", "send_failures"):
        if figures[name] != 0:
            raise Failure(f"{name}: {figures[name]} in the end")


if __name__ == "__main__":
    COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    RATE = int(sys.argv[3]) if len(sys.argv) > 3 else 80
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]), COUNT, RATE)))
