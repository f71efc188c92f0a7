#!/usr/bin/python3
"""Failover between the servers of a name, with dnsmasq for a name server: the first server of example.test is silent,
the second answers 503, the third answers the call; then the first one's late 200 arrives as well.

    conformance/wire/dns_failover.py PROGRAM
"""

import os
import re
import shutil
import socket
import sys
import time

from peers import HOST, Failure, Intermediary, Program, free_ports, run, wait_until

DOMAIN = "example.test"
FAILOVER_SECONDS = 1.0
# The round trips to a server on this machine, and this machine's other tests.
SLACK_SECONDS = 0.8


class Party:
    """A user agent of one UDP socket that does what the test says, and takes repetitions for what they are."""

    def __init__(self, port):
        self.port = port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, port))
        self.seen = []  # (seconds, text) of what is no repetition

    def take(self):
        self.socket.setblocking(False)
        while True:
            try:
                text = self.socket.recv(65535).decode()
            except BlockingIOError:
                return
            if text not in [other for _, other in self.seen]:
                self.seen.append((time.monotonic(), text))

    def wait_for(self, start, seconds, what):
        """(seconds, text) of the first message whose start line begins so, oldest first; each is given once."""

        def found():
            self.take()
            for entry in self.seen:
                if entry[1].startswith(start):
                    self.seen.remove(entry)
                    self.seen.insert(0, (entry[0], "taken " + entry[1]))
                    return entry
            return None

        return wait_until(found, seconds, what)

    def send(self, port, text):
        self.socket.sendto(text.encode(), (HOST, port))


def header(text, name):
    return re.findall(rf"^{name}: (.*?)\r$", text, re.MULTILINE)


def answer(request, status, port, tag):
    lines = [f"SIP/2.0 {status}", *(f"Via: {via}" for via in header(request, "Via")),
             *(f"Record-Route: {route}" for route in header(request, "Record-Route")), f"From: {header(request, 'From')[0]}",
             f"To: {header(request, 'To')[0]};tag={tag}", f"Call-ID: {header(request, 'Call-ID')[0]}",
             f"CSeq: {header(request, 'CSeq')[0]}", f"Contact: <sip:bob@{HOST}:{port}>", "Content-Length: 0", "", ""]
    return "\r\n".join(lines)


def invite(port):
    return "\r\n".join([
        f"INVITE sip:bob@{DOMAIN} SIP/2.0", f"Via: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bKcall", "Max-Forwards: 70",
        f"From: <sip:alice@{HOST}:{port}>;tag=a", f"To: <sip:bob@{DOMAIN}>", "Call-ID: call", "CSeq: 1 INVITE",
        f"Contact: <sip:alice@{HOST}:{port}>", "Content-Length: 0", "", ""])


def ack_of(request, tag):
    return "\r\n".join([
        f"ACK {request.split()[1]} SIP/2.0", f"Via: {header(request, 'Via')[0]}", f"From: {header(request, 'From')[0]}",
        f"To: {header(request, 'To')[0]};tag={tag}", "Call-ID: call", "CSeq: 1 ACK", "Content-Length: 0", "", ""])


def name_server(folder, port, parties):
    records = [f"--naptr-record={DOMAIN},10,50,s,SIP+D2U,,_sip._udp.{DOMAIN}"]
    for number, party in enumerate(parties, 1):
        records.append(f"--srv-host=_sip._udp.{DOMAIN},sip{number}.{DOMAIN},{party.port},{10 * number},1")
        records.append(f"--host-record=sip{number}.{DOMAIN},{HOST},60")
    return Program("dnsmasq", ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces",
                               f"--listen-address={HOST}", f"--port={port}", f"--local=/{DOMAIN}/", "--pid-file", "--user=root",
                               *records], folder)


def config(port, dns_port):
    return f"""
listen = [{{ name = "udp", on = "udp:{HOST}:{port}" }}]
[dns]
servers = ["{HOST}:{dns_port}"]
[proxy]
failover_after = "{round(1000 * FAILOVER_SECONDS)}ms"
[[rule]]
name = "on"
when = {{ source = ["{HOST}"] }}
do   = {{ relay = "request-uri" }}
"""


def require(truth, what):
    if not truth:
        raise Failure(what)


def call(alice, silent, busy, third, port):
    began = time.monotonic()
    alice.send(port, invite(alice.port))
    _, to_first = silent.wait_for("INVITE", 5, "the INVITE at the first server")
    at_second, to_second = busy.wait_for("INVITE", 5, "the INVITE at the second server")
    waited = at_second - began
    require(FAILOVER_SECONDS - 0.1 <= waited <= FAILOVER_SECONDS + SLACK_SECONDS,
            f"the second server got it after {waited:.3f} s, not after {FAILOVER_SECONDS} s")
    busy.send(port, answer(to_second, "503 Service Unavailable", busy.port, "second"))
    busy.wait_for("ACK", 2, "the ACK of the 503")
    at_third, to_third = third.wait_for("INVITE", 2, "the INVITE at the third server")
    require(at_third - at_second <= SLACK_SECONDS, f"the third server got it {at_third - at_second:.3f} s after the 503")
    branches = {header(each, "Via")[0] for each in (to_first, to_second, to_third)}
    require(len(branches) == 3, "each server gets a branch of its own")
    third.send(port, answer(to_third, "200 OK", third.port, "third"))
    at_caller, ok = alice.wait_for("SIP/2.0 200", 2, "the 200 of the third server")
    require("tag=third" in ok, "the 200 is the third server's")
    print(f"answered after {at_caller - began:.3f} s: second server after {waited:.3f} s, third {at_third - at_second:.3f} s later")
    # RFC 3261 §16.7 step 5: every 2xx goes up, however late.
    silent.send(port, answer(to_first, "200 OK", silent.port, "first"))
    _, late = alice.wait_for("SIP/2.0 200", 2, "the late 200 of the first server")
    require("tag=first" in late, "the late 200 is the first server's")


def test(folder, program):
    port, dns_port, *rest = free_ports(6)
    alice, silent, busy, third = (Party(each) for each in rest)
    with name_server(folder, dns_port, [silent, busy, third]) as dnsmasq:
        with Intermediary(program, folder, port, config(port, dns_port)) as intermediary:
            intermediary.wait_ready()
            dnsmasq.must_run()
            try:
                call(alice, silent, busy, third, port)
                # Every server of a name that does not exist: an answer at once, which says why.
                alice.send(port, invite(alice.port).replace(f"sip:bob@{DOMAIN}", f"sip:bob@no.{DOMAIN}").replace("call", "none"))
                _, refusal = alice.wait_for("SIP/2.0 5", 2, "the answer for a name that does not exist")
                require(f"no.{DOMAIN}" in refusal, f"the answer does not name the host:\n{refusal}")
            except Failure as failure:
                raise Failure(f"{failure}\n{intermediary.tail()}\n{dnsmasq.tail()}") from None


if __name__ == "__main__":
    if not shutil.which("dnsmasq"):
        print("left out: there is no dnsmasq")
        sys.exit(77)
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]))))
