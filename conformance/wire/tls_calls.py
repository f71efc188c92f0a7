#!/usr/bin/python3
"""Calls over TLS, through us, to `sipp -sn uas` over UDP: none fails, nothing is left. (The sipp of Debian has no TLS, so
the callers are sip_client.py's.)

    conformance/wire/tls_calls.py PROGRAM [CALLS [CALLS_PER_SECOND]]

With --reload, every call has a connection of its own, and all the while the certificate is replaced and read again by
SIGHUP, now and then with a broken file: no call is lost, old and new certificates are seen. Ten minutes of it:

    conformance/wire/tls_calls.py PROGRAM 60000 100 --reload
"""

import argparse
import asyncio
import os
import signal
import ssl
import sys
import time

from certificates import make_authority, make_certificate
from peers import HOST, Failure, Intermediary, Program, free_ports, run, wait_until
from sip_client import Call, Connection

CONNECTIONS = 8  # that share the calls, without --reload
T1_SECONDS = 2  # `sipp -sn uas` gives up a call whose INVITE comes twice, as it may on a busy machine


def config(udp, tls):
    return f"""
listen = [
  {{ name = "udp", on = "udp:{HOST}:{udp}" }},
  {{ name = "tls", on = "tls:{HOST}:{tls}", cert = "edge" }}]
[certificate.edge]
chain = "edge.pem"
key = "edge.key"
[timings]
t1 = "{T1_SECONDS}s"
t2 = "4s"
[proxy]
record_route = true
[[rule]]
name = "as-the-request-says"
when = {{ source = ["{HOST}"] }}
do   = {{ relay = "request-uri" }}
"""


class Reloads:
    """Replaces the certificate, again and again: edge0, edge1, … and a broken one for each fourth."""

    def __init__(self, folder, intermediary):
        self.folder, self.intermediary = folder, intermediary
        self.good = self.bad = 0
        self.seen = set()

    def _lines(self, text):
        return self.intermediary.log().count(text)

    def _read_again(self, line):
        before = self._lines(line)
        self.intermediary.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self._lines(line) > before, 10, f"a line '{line}'")

    def once(self):
        if self.good % 4 == 3 and self.bad < self.good // 4 + 1:
            self.bad += 1
            with open(os.path.join(self.folder, "edge.pem"), "w", encoding="utf-8") as file:
                file.write("broken\n")
            self._read_again("certificates-not-reloaded reason=\"certificate 'edge': '")
        self.good += 1
        make_certificate(self.folder, f"edge{self.good}", ["DNS:edge.example.com", f"DNS:edge{self.good}.example.com"],
                         file="edge")
        self._read_again("certificates-reloaded count=1")

    async def go_on(self, until):
        while not until.done():
            await asyncio.to_thread(self.once)
            await asyncio.sleep(0.3)


async def shared_calls(context, tls, uri, calls, rate):
    connections = [await Connection.open(tls, context, "edge.example.com") for _ in range(CONNECTIONS)]
    started = time.monotonic()
    tasks = []
    for number in range(calls):
        await asyncio.sleep(max(0, started + number / rate - time.monotonic()))
        tasks.append(asyncio.create_task(Call(connections[number % CONNECTIONS], uri, talk=0.1).run()))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for connection in connections:
        await connection.close()
    return results


async def call_of_its_own(context, tls, uri, reloads):
    connection = await Connection.open(tls, context, "edge.example.com")
    reloads.seen.update(connection.certificate())
    try:
        await Call(connection, uri, talk=1).run()  # its certificate is replaced meanwhile
    finally:
        await connection.close()


async def calls_under_reload(context, tls, uri, calls, rate, reloads):
    done = asyncio.get_running_loop().create_future()
    reloading = asyncio.create_task(reloads.go_on(done))
    started = time.monotonic()
    tasks = []
    for number in range(calls):
        await asyncio.sleep(max(0, started + number / rate - time.monotonic()))
        tasks.append(asyncio.create_task(call_of_its_own(context, tls, uri, reloads)))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    print(f"{calls} calls in {time.monotonic() - started:.1f} s")
    done.set_result(None)
    await reloading
    return results


def judge(results):
    wrong = [result for result in results if result is not None]
    print(f"{len(results) - len(wrong)} calls, {len(wrong)} failed")
    if wrong:
        raise Failure(f"{len(wrong)} of {len(results)} calls failed: {wrong[:3]!r}")


def test(folder, program, calls, rate, reload):
    udp, tls, uas, media = free_ports(4)
    make_authority(folder)
    make_certificate(folder, "edge", ["DNS:edge.example.com"])
    context = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem"))
    uri = f"sip:service@{HOST}:{uas}"
    with Intermediary(program, folder, udp, config(udp, tls)) as intermediary, Program("uas", [
            "sipp", "-sn", "uas", "-i", HOST, "-p", str(uas), "-mp", str(media), "-nostdin"], folder) as callee:
        intermediary.wait_ready()
        time.sleep(1)  # until sipp listens
        callee.must_run()
        try:
            if reload:
                reloads = Reloads(folder, intermediary)
                judge(asyncio.run(calls_under_reload(context, tls, uri, calls, rate, reloads)))
                print(f"{reloads.good} reloads and {reloads.bad} refused; {len(reloads.seen) - 1} certificates seen")
                if len(reloads.seen) < 3 or reloads.bad == 0:
                    raise Failure(f"too little was reloaded: {reloads.seen}, {reloads.bad} broken")
            else:
                judge(asyncio.run(shared_calls(context, tls, uri, calls, rate)))
        except Failure as failure:
            raise Failure(f"{failure}\n{intermediary.tail()}") from None
        figures = intermediary.stop()
    print(", ".join(f"{name} {value}" for name, value in figures.items()))
    for name in ("waiting", "flows", "strays", "send_failures", "handshakes", "handshakes_failed"):
        if figures[name] != 0:
            raise Failure(f"{name}: {figures[name]} in the end")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("calls", nargs="?", type=int, default=1000)
    parser.add_argument("rate", nargs="?", type=int, default=100)
    parser.add_argument("--reload", action="store_true")
    given = parser.parse_args()
    sys.exit(run(lambda folder: test(folder, os.path.abspath(given.program), given.calls, given.rate, given.reload)))
