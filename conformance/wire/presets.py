#!/usr/bin/python3
"""The configurations that `init` prints, as they are but for their ports, each serving calls of sipp: the registrar calls a
user who has registered, the balancer spreads calls and does without a server that is gone, the trunk and the gateway send
numbers out as the other network writes them, and the proxy lets calls out.

    conformance/wire/presets.py PROGRAM [KIND...]
"""

import os
import re
import subprocess
import sys
import time

from peers import HOST, Failure, Intermediary, Program, free_ports, run, wait_until

SDP = """v=0
      o=- 1 1 IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[media_ip_type] [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0"""


def scenario(*steps):
    return '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="preset">\n  ' + "\n  ".join(steps) + "\n</scenario>\n"


def send(lines, attributes="", body=""):
    lines = [*lines, "Content-Type: application/sdp"] if body else lines
    text = "\n      ".join([*lines, "Content-Length: [len]", "", body])
    return f"<send {attributes}><![CDATA[\n      {text}\n    ]]></send>"


def request(method, uri, to, cseq, *extra):
    return [f"{method} {uri} SIP/2.0", "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]", "Max-Forwards: 70",
            "From: <sip:alice@example.com>;tag=[call_number]", f"To: <{to}>[peer_tag_param]", "Call-ID: [call_id]",
            f"CSeq: {cseq} {method}", "Contact: <sip:alice@[local_ip]:[local_port]>", *extra]


def calls(uri):
    first = [line.replace("[peer_tag_param]", "") for line in request("INVITE", uri, uri, 1)]
    return scenario(
        send(first, 'retrans="500"', SDP),
        '<recv response="100" optional="true"/>', '<recv response="180" optional="true"/>', '<recv response="200" rrs="true"/>',
        send(request("ACK", "[next_url]", uri, 1, "[routes]")),
        send(request("BYE", "[next_url]", uri, 2, "[routes]"), 'retrans="500"'),
        '<recv response="200"/>')


def answer(status, *extra):
    return ["SIP/2.0 " + status, "[last_Via:]", "[last_Record-Route:]", "[last_From:]", "[last_To:];tag=[call_number]",
            "[last_Call-ID:]", "[last_CSeq:]", *extra]


# Answers OPTIONS, too: a call of one step to sipp.
ANSWERS = scenario(
    '<recv request="INVITE"/>',
    send(answer("180 Ringing", "Contact: <sip:[local_ip]:[local_port]>")),
    send(answer("200 OK", "Contact: <sip:[local_ip]:[local_port]>"), 'retrans="500"', SDP),
    '<recv request="ACK"/>', '<recv request="BYE"/>',
    send([line.replace(";tag=[call_number]", "").replace("[last_Record-Route:]\n      ", "") for line in answer("200 OK")]))

REGISTERS = scenario(
    send([line.replace("alice", "bob").replace("[peer_tag_param]", "") for line in
          request("REGISTER", "sip:example.com", "sip:bob@example.com", 1)], 'retrans="500"'),
    '<recv response="401" auth="true"/>',
    send([line.replace("alice", "bob").replace("[peer_tag_param]", "") for line in
          request("REGISTER", "sip:example.com", "sip:bob@example.com", 2, "[authentication]")],
         'retrans="500"'),
    '<recv response="200"/>')


class Sipp(Program):
    def __init__(self, name, folder, xml, port, *arguments, remote=""):
        path = os.path.join(folder, name + ".xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(xml)
        self.messages = os.path.join(folder, name + ".msg")
        media, = free_ports(1)
        super().__init__(name, ["sipp", "-sf", path, "-i", HOST, "-p", str(port), "-mp", str(media), "-nostdin", "-trace_msg",
                                "-message_file", self.messages, "-trace_err", "-error_file", os.path.join(folder, name + ".err"),
                                *arguments, *([remote] if remote else [])], folder)

    def must_end(self, seconds=60):
        code = self.wait(seconds)
        if code != 0:
            raise Failure(f"{self.name} ended with {code}\n{self.tail()}")

    def received(self):
        """The start lines of the INVITEs that it got."""
        if not os.path.exists(self.messages):
            return []
        with open(self.messages, encoding="utf-8", errors="replace") as file:
            parts = file.read().split("message received")
        return re.findall(r"^INVITE (\S+) SIP/2.0", "\n".join(parts[1:]), re.M)


class Preset:
    """A preset that serves on ports of its own."""

    def __init__(self, program, folder, kind):
        self.folder = os.path.join(folder, kind)
        os.makedirs(self.folder)
        text = subprocess.run([program, "init", kind], capture_output=True, text=True, check=True).stdout
        numbers = sorted(set(re.findall(r"(?<=127\.0\.0\.1:)50\d\d", text)))
        ports = free_ports(len(numbers) + 1)
        self.ports = dict(zip(numbers, ports))
        self.caller = ports[-1]
        for number, port in self.ports.items():
            text = text.replace(f"127.0.0.1:{number}", f"127.0.0.1:{port}")
        text = text.replace('["SHA-256", "MD5"]', '["MD5"]')  # sipp knows no other
        text = text.replace('source = "127.0.0.2"', f'source = "{HOST}"').replace('accept_from = ["127.0.0.1", ', 'accept_from = [')
        self.port = self.ports["5060"]
        self.server = Intermediary(program, self.folder, self.port, text)

    def __enter__(self):
        self.server.__enter__()
        self.server.wait_ready()
        return self

    def __exit__(self, *failure):
        self.server.__exit__(*failure)

    def callee(self, name, number):
        return Sipp(name, self.folder, ANSWERS, self.ports[number])

    def call(self, name, uri, count=10):
        with Sipp(name, self.folder, calls(uri), self.caller, "-m", str(count), "-r", "10", "-timeout", "40s", "-timeout_error",
                  remote=f"{HOST}:{self.port}") as caller:
            caller.must_end()


def expect(what, got, wanted):
    if got != wanted:
        raise Failure(f"{what}: {got}, not {wanted}")


def registrar(program, folder):
    with Preset(program, folder, "registrar") as preset:
        bob, = free_ports(1)
        with Sipp("bob-registers", preset.folder, REGISTERS, bob, "-auth_uri", "example.com", "-au", "bob", "-ap", "change-me", "-m", "1", "-timeout", "20s", "-timeout_error",
                  remote=f"{HOST}:{preset.port}") as agent:
            agent.must_end()
        with Sipp("bob", preset.folder, ANSWERS, bob) as callee:
            preset.call("alice", "sip:bob@example.com")
            expect("calls that reached bob", len(callee.received()), 10)
        preset.server.stop()


def balancer(program, folder):
    with Preset(program, folder, "balancer") as preset:
        with preset.callee("right", "5082") as right:
            with preset.callee("left", "5081") as left:
                time.sleep(1)
                preset.call("both", "sip:service@example.com")
                expect("calls to the left", len(left.received()), 5)
                expect("calls to the right", len(right.received()), 5)
            preset.call("one", "sip:service@example.com")
            expect("calls to the right, without the left", len(right.received()), 15)
            wait_until(lambda: "change=down group=pool:app peer=left" in preset.server.log(), 30, "that the left is down")
        preset.server.terminate(20)


def trunk(program, folder):
    with Preset(program, folder, "trunk") as preset:
        with preset.callee("acme", "5080") as acme:
            time.sleep(1)
            preset.call("inside", "sip:0201234567@example.com", 3)
            expect("what the carrier got", acme.received(), [f"sip:+31201234567@{HOST}:{preset.ports['5080']};user=phone"] * 3)
        preset.server.terminate(20)


def gateway(program, folder):
    with Preset(program, folder, "gateway") as preset:
        with preset.callee("acme", "5080") as acme, preset.callee("cheap", "5081") as cheap:
            time.sleep(1)
            preset.call("national", "sip:0301234567@example.com", 2)
            preset.call("mobile", "sip:0612345678@example.com", 2)
            expect("what the cheap trunk got", cheap.received(), [f"sip:88990301234567@{HOST}:{preset.ports['5081']};user=phone"] * 2)
            expect("what the other trunk got", acme.received(), [f"sip:31612345678@{HOST}:{preset.ports['5080']};user=phone"] * 2)
        preset.server.stop()


def proxy(program, folder):
    with Preset(program, folder, "proxy") as preset:
        outside, = free_ports(1)
        with Sipp("outside", preset.folder, ANSWERS, outside) as callee:
            time.sleep(1)
            preset.call("inside", f"sip:bob@{HOST}:{outside}")
            expect("calls that left", len(callee.received()), 10)
        preset.server.stop()


KINDS = {"registrar": registrar, "balancer": balancer, "trunk": trunk, "gateway": gateway, "proxy": proxy}


def test(folder, program, kinds):
    for kind in kinds:
        try:
            KINDS[kind](program, folder)
        except Failure as failure:
            raise Failure(f"{kind}: {failure}") from None
        print(f"{kind}: served")


if __name__ == "__main__":
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]), sys.argv[2:] or list(KINDS))))
