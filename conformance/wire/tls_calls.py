#!/usr/bin/python3
"""Calls over TLS, through us, to a user agent over UDP: none fails, nothing is left. (The sipp of Debian has no TLS, and
its uas gives up calls on a busy machine: both ends are sip_client.py's.)

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
from peers import HOST, Failure, Intermediary, free_ports, run, wait_until
from sip_client import Call, Callee, Connection

CONNECTIONS = 8  # that share the calls, without --reload
CERTIFICATES = 8  # that follow each other, with --reload
HANDSHAKES = 16  # of ours at one time: where this process has to wait for its turn, the rate falls, and no deadline passes
T1_SECONDS = 2  # both ends are one process, which may have to wait for its turn


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
    """Replaces the certificate, again and again, and now and then by a broken one. All are made before the first call."""

    def __init__(self, folder, intermediary):
        self.folder, self.intermediary = folder, intermediary
        self.good = self.bad = 0
        self.seen = set()
        for number in range(CERTIFICATES):
            make_certificate(folder, f"edge{number}", ["DNS:edge.example.com", f"DNS:edge{number}.example.com"])

    def _lines(self, text):
        return self.intermediary.log().count(text)

    def _read_again(self, line):
        before = self._lines(line)
        self.intermediary.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self._lines(line) > before, 30, f"a line '{line}'")

    def _put(self, kind, content):
        scratch = os.path.join(self.folder, "scratch")
        with open(scratch, "wb") as file:
            file.write(content)
        os.replace(scratch, os.path.join(self.folder, f"edge.{kind}"))

    def once(self):
        if self.good % 4 == 3 and self.bad < self.good // 4 + 1:
            self.bad += 1
            self._put("pem", b"broken\n")
            self._read_again("reload-refused reason=")
        for kind in ("pem", "key"):
            with open(os.path.join(self.folder, f"edge{self.good % CERTIFICATES}.{kind}"), "rb") as file:
                self._put(kind, file.read())
        self.good += 1
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


async def call_of_its_own(context, tls, uri, reloads, handshakes):
    async with handshakes:
        connection = await Connection.open(tls, context, "edge.example.com")
    reloads.seen.update(connection.certificate())
    try:
        await Call(connection, uri, talk=1).run()  # its certificate is replaced meanwhile
    finally:
        await connection.close()


async def calls_under_reload(context, tls, uri, calls, rate, reloads):
    done = asyncio.get_running_loop().create_future()
    reloading = asyncio.create_task(reloads.go_on(done))
    handshakes = asyncio.Semaphore(HANDSHAKES)
    started = time.monotonic()
    tasks = []
    for number in range(calls):
        await asyncio.sleep(max(0, started + number / rate - time.monotonic()))
        while handshakes.locked():
            await asyncio.sleep(0.005)
        tasks.append(asyncio.create_task(call_of_its_own(context, tls, uri, reloads, handshakes)))
    begun = time.monotonic() - started
    results = await asyncio.gather(*tasks, return_exceptions=True)
    print(f"{calls} calls begun in {begun:.1f} s: {calls / begun:.0f} a second")
    done.set_result(None)
    await reloading
    return results


async def with_callee(port, calls):
    callee = await Callee.listen(port)
    try:
        return await calls
    finally:
        callee.close()


def judge(results):
    wrong = [result for result in results if result is not None]
    print(f"{len(results) - len(wrong)} calls, {len(wrong)} failed")
    if wrong:
        raise Failure(f"{len(wrong)} of {len(results)} calls failed: {wrong[:3]!r}")


def test(folder, program, calls, rate, reload):
    udp, tls, uas = free_ports(3)
    make_authority(folder)
    make_certificate(folder, "edge", ["DNS:edge.example.com"])
    context = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem"))
    uri = f"sip:service@{HOST}:{uas}"
    with Intermediary(program, folder, udp, config(udp, tls)) as intermediary:
        intermediary.wait_ready()
        try:
            if reload:
                reloads = Reloads(folder, intermediary)
                judge(asyncio.run(with_callee(uas, calls_under_reload(context, tls, uri, calls, rate, reloads))))
                print(f"{reloads.good} reloads and {reloads.bad} refused; {len(reloads.seen) - 1} certificates seen")
                if len(reloads.seen) < 3 or reloads.bad == 0:
                    raise Failure(f"too little was reloaded: {reloads.seen}, {reloads.bad} broken")
            else:
                judge(asyncio.run(with_callee(uas, shared_calls(context, tls, uri, calls, rate))))
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
