#!/usr/bin/python3
"""Calls of sipp go through us while the configuration is read again, by SIGHUP and by a watch on its files, now and then
with a mistake in it: no call fails, and what is told fits what was done.

    conformance/wire/reload.py PROGRAM [CALLS [CALLS_PER_SECOND]]
"""

import os
import re
import signal
import sys
import time

from peers import HOST, Failure, Intermediary, Program, free_ports, run, wait_until

RELOADS = 10
T1_SECONDS = 2  # sipp gives up a call when a request is repeated that it has been slow to answer
PREFIXES = 20_000  # a table that takes a while to read


def rates(number):
    """A table that differs each time."""
    lines = ["prefix,trunk,cost"] + [f"{31_000_000 + i},callee,0.{number:02}" for i in range(PREFIXES)]
    return "\n".join(lines) + "\n"


def has_mistake(number):
    return number % 3 == 2


def config(ports, number):
    return f"""listen = [{{ on = "udp:{HOST}:{ports.listener}" }}]
[reload]
watch = {"true" if number == 0 else "false"}
[timings]
t1 = "{round(1000 * T1_SECONDS)}ms"
[trunk.callee]
peer = "sip:{HOST}:{ports.callee}"
[rates.main]
table = "file:rates.csv"
[[rule]]
name = "calls-{number}"
when = {{ source = ["{HOST}"] }}
do   = {{ {"rellay" if has_mistake(number) else "relay"} = "trunk:callee" }}
"""


class Ports:
    def __init__(self):
        self.listener, self.caller, self.callee, self.caller_media, self.callee_media = free_ports(5)


def put(folder, name, text):
    scratch = os.path.join(folder, "scratch")
    with open(scratch, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(scratch, os.path.join(folder, name))


def read_again(folder, intermediary, ports, number):
    """One good configuration, or one with a mistake; then the line that tells of it."""
    line = "reload-refused reason=" if has_mistake(number) else "reloaded pause_us="
    before = intermediary.log().count(line)
    put(folder, "intermediary.toml", config(ports, number))
    if number != 1:  # that one is seen by the watch for which configuration 0 has asked
        intermediary.process.send_signal(signal.SIGHUP)
    wait_until(lambda: intermediary.log().count(line) > before, 30, f"a line '{line}'")
    if has_mistake(number) and "intermediary.toml:13:10: error: " not in intermediary.log():
        raise Failure(f"the mistake is not named with its place:\n{intermediary.tail()}")


def callers(folder, ports, calls, rate):
    return Program("uac", ["sipp", "-sn", "uac", "-i", HOST, "-p", str(ports.caller), "-mp", str(ports.caller_media),
                           "-rsa", f"{HOST}:{ports.listener}", f"{HOST}:{ports.callee}", "-m", calls, "-r", rate,
                           "-l", calls, "-d", "1000", "-nostdin", "-timeout", "120s", "-timeout_error"], folder)


def check_figures(figures):
    refused = len([number for number in range(1, RELOADS + 1) if has_mistake(number)])
    told = {"reloads": RELOADS - refused, "reloads_refused": refused}
    wrong = {name: figures.get(name) for name, value in told.items() if figures.get(name) != value}
    if wrong:
        raise Failure(f"the last figures are {wrong}, and not {told}")


def reload_under_load(program, calls, rate, folder):
    ports = Ports()
    put(folder, "rates.csv", rates(0))
    callee = Program("uas", ["sipp", "-sn", "uas", "-i", HOST, "-p", str(ports.callee), "-mp", str(ports.callee_media),
                             "-nostdin"], folder)
    with callee, Intermediary(program, folder, ports.listener, config(ports, 0)) as intermediary:
        intermediary.wait_ready()
        with callers(folder, ports, calls, rate) as caller:
            for number in range(1, RELOADS + 1):
                time.sleep(0.5)
                read_again(folder, intermediary, ports, number)
            code = caller.wait(120)
            if code != 0:
                raise Failure(f"sipp ends with {code}: a call has failed\n{caller.tail()}\n{intermediary.tail()}")
        check_figures(intermediary.stop())
        pauses = [int(pause) for pause in re.findall(r"pause_us=(\d+)", intermediary.log())]
    print(f"{calls} calls during {len(pauses)} reloads; the longest pause was {max(pauses)} us")


if __name__ == "__main__":
    program, calls, rate = (sys.argv[1:] + ["1000", "100"][len(sys.argv) - 2:])[:3]
    sys.exit(run(lambda folder: reload_under_load(program, calls, rate, folder)))
