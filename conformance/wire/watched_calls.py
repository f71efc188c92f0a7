#!/usr/bin/python3
"""Calls of sipp through the call-stateful proxy, and a watcher of them: it subscribes to the dialogs of the proxy, is told
of every call from beginning to end in documents whose versions rise by one, and unsubscribes; nothing is left.

    conformance/wire/watched_calls.py PROGRAM [CALLS]
"""

import os
import re
import socket
import sys
import time
import xml.etree.ElementTree as xml

from peers import HOST, Failure, Intermediary, Program, free_ports, run

NAMESPACE = "{urn:ietf:params:xml:ns:dialog-info}"
CALL_SECONDS = 2
ORDER = ["trying", "early", "confirmed", "terminated"]


def config(port):
    return f"""
listen = [{{ on = "udp:{HOST}:{port}" }}]
[proxy]
mode = "call-stateful"
[[rule]]
name = "watching"
when = {{ method = "SUBSCRIBE", source = ["{HOST}"] }}
do   = {{ notify = "dialog" }}
[[rule]]
name = "calls"
when = {{ source = ["{HOST}"] }}
do   = {{ relay = "request-uri" }}
"""


class Watcher:
    """A subscriber over UDP: one dialog, whose NOTIFYs it answers and reads."""

    def __init__(self, proxy, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, port))
        self.socket.settimeout(0.2)
        self.proxy, self.port = proxy, port
        self.cseq = 0
        self.remote = f"<sip:{HOST}:{proxy}>"
        self.states = {}  # of each dialog's id, in order
        self.versions = []
        self.last = ""

    def subscribe(self, expires):
        self.cseq += 1
        request = [f"SUBSCRIBE sip:{HOST}:{self.proxy} SIP/2.0",
                   f"Via: SIP/2.0/UDP {HOST}:{self.port};branch=z9hG4bKwatch{self.cseq}", "Max-Forwards: 70",
                   f"From: <sip:watcher@{HOST}>;tag=watcher", f"To: {self.remote}", "Call-ID: watcher",
                   f"CSeq: {self.cseq} SUBSCRIBE", f"Contact: <sip:watcher@{HOST}:{self.port}>", "Event: dialog",
                   f"Expires: {expires}", "Content-Length: 0", "", ""]
        self.socket.sendto("\r\n".join(request).encode(), (HOST, self.proxy))

    def take(self):
        """One message, or none within a moment."""
        try:
            data, _ = self.socket.recvfrom(65535)
        except socket.timeout:
            return
        head, _, body = data.decode().partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines)
        if start.startswith("SIP/2.0"):
            if " 200 " not in start:
                raise Failure(f"SUBSCRIBE was answered with {start}")
            self.remote = fields["To"]
            return
        answer = ["SIP/2.0 200 OK"] + [line for line in lines if re.match("(Via|From|To|Call-ID|CSeq):", line)]
        self.socket.sendto("\r\n".join(answer + ["Content-Length: 0", "", ""]).encode(), (HOST, self.proxy))
        self.last = fields["Subscription-State"]
        document = xml.fromstring(body)
        self.versions.append(int(document.get("version")))
        for dialog in document.iter(NAMESPACE + "dialog"):
            states = self.states.setdefault(dialog.get("id"), [])
            state = dialog.find(NAMESPACE + "state").text
            if not states or states[-1] != state:
                states.append(state)

    def take_until(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise Failure(f"{what}: not within {seconds} s; versions {self.versions}, states {self.states}")
            self.take()


def judge(watcher, calls):
    if watcher.versions != list(range(len(watcher.versions))):
        raise Failure(f"versions do not rise by one: {watcher.versions}")
    for dialog, states in watcher.states.items():
        places = [ORDER.index(state) for state in states]
        if places != sorted(places) or "confirmed" not in states or states[-1] != "terminated":
            raise Failure(f"dialog {dialog} went through {states}")
    print(f"{len(watcher.states)} dialogs of {calls} calls in {len(watcher.versions)} notifications")


def test(folder, program, calls):
    proxy, watcher_port, callee_port, callee_media, caller_port, caller_media = free_ports(6)
    common = ["-i", HOST, "-nostdin"]
    with Intermediary(program, folder, proxy, config(proxy)) as intermediary:
        intermediary.wait_ready()
        callee = ["sipp", "-sn", "uas", "-p", str(callee_port), "-mp", str(callee_media)] + common
        caller = ["sipp", "-sn", "uac", "-p", str(caller_port), "-mp", str(caller_media), "-rsa", f"{HOST}:{proxy}",
                  f"{HOST}:{callee_port}", "-m", str(calls), "-r", "2", "-d", str(1000 * CALL_SECONDS)] + common
        watcher = Watcher(proxy, watcher_port)
        with Program("uas", callee, folder):
            watcher.subscribe(600)
            watcher.take_until(lambda: watcher.versions, 10, "the first document")
            with Program("uac", caller, folder) as uac:
                def all_over():
                    return len(watcher.states) >= calls and all(s[-1] == "terminated" for s in watcher.states.values())

                watcher.take_until(all_over, 60, f"{calls} dialogs with an end")
                if uac.wait(20) != 0:
                    raise Failure(f"sipp failed\n{uac.tail()}\n{intermediary.tail()}")
        watcher.subscribe(0)
        watcher.take_until(lambda: watcher.last == "terminated;reason=timeout", 10, "the last document")
        judge(watcher, calls)
        time.sleep(0.5)
        figures = intermediary.stop()
        log = intermediary.log()
    for name in ("dialogs", "subscriptions", "strays", "send_failures"):
        if figures[name] != 0:
            raise Failure(f"{name}: {figures[name]} in the end")
    for event, count in (("dialog-ended", calls), ("subscription-changed", 2)):
        if log.count(f" {event} ") != count:
            raise Failure(f"{log.count(event)} events {event} in the log, not {count}\n{intermediary.tail()}")


if __name__ == "__main__":
    COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]), COUNT)))
