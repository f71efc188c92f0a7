#!/usr/bin/python3
"""sipp with a user's name and password: registers, refreshes with the next count, calls another user, and is refused with a
wrong password. Digest by MD5, as sipp knows it, over UDP and TCP.

    conformance/wire/sipp_digest.py PROGRAM
"""

import os
import sys

from peers import HOST, Failure, Intermediary, Program, free_ports, run

DOMAIN = "example.test"


def config(port):
    return f"""
listen  = [{{ name = "udp", on = "udp:{HOST}:{port}" }}, {{ name = "tcp", on = "tcp:{HOST}:{port}" }}]
domains = ["{DOMAIN}"]
[auth.users]
realm = "{DOMAIN}"
algorithms = ["MD5"]
users = {{ alice = "secret", bob = "hunter2" }}
[[rule]]
name = "registrations"
when = {{ method = "REGISTER", ruri_domain = "local" }}
do   = {{ challenge = "users", register = "location" }}
[[rule]]
name = "to-users"
when = {{ ruri_domain = "local" }}
do   = {{ challenge = "users", lookup = "location" }}
[[rule]]
name = "within-calls"
when = {{ method = ["INVITE", "BYE"], source = ["{HOST}"] }}
do   = {{ relay = "request-uri" }}
"""


def request(method, uri, cseq, extra="", body=""):
    sdp = """v=0
      o=- 1 1 IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[media_ip_type] [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0""" if body else ""
    lines = [f"{method} {uri} SIP/2.0", "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
             "Max-Forwards: 70", f"From: <sip:[service]@{DOMAIN}>;tag=[call_number]",
             f"To: <{'sip:[service]@' + DOMAIN if method == 'REGISTER' else CALLEE}>[peer_tag_param]", "Call-ID: [call_id]",
             f"CSeq: {cseq} {method}", "Contact: <sip:[service]@[local_ip]:[local_port];transport=[transport]>"]
    if extra:
        lines.append(extra)
    if body:
        lines.append("Content-Type: application/sdp")
    lines += ["Content-Length: [len]", "", sdp]
    return "\n      ".join(lines)


def send(text, *attributes):
    return f"<send {' '.join(attributes)}><![CDATA[\n      {text}\n    ]]></send>"


def scenario(steps):
    return '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="digest">\n  ' + "\n  ".join(steps) + "\n</scenario>\n"


REGISTER = f"sip:{DOMAIN}"
CALLEE = f"sip:bob@{DOMAIN}"
REGISTERS = scenario([
    send(request("REGISTER", REGISTER, 1).replace("[peer_tag_param]", ""), 'retrans="500"'),
    '<recv response="401" auth="true"/>',
    send(request("REGISTER", REGISTER, 2, "[authentication]").replace("[peer_tag_param]", ""), 'retrans="500"'),
    '<recv response="200"/>',
    send(request("REGISTER", REGISTER, 3, "[authentication]").replace("[peer_tag_param]", ""), 'retrans="500"'),
    '<recv response="200"/>'])
REFUSED = scenario([
    send(request("REGISTER", REGISTER, 1).replace("[peer_tag_param]", ""), 'retrans="500"'),
    '<recv response="401" auth="true"/>',
    send(request("REGISTER", REGISTER, 2, "[authentication]").replace("[peer_tag_param]", ""), 'retrans="500"'),
    '<recv response="401"/>'])
ACK = request("ACK", CALLEE, 1).replace("Contact: <sip:[service]@[local_ip]:[local_port];transport=[transport]>\n      ", "")
CALLS = scenario([
    send(request("INVITE", CALLEE, 1, body="sdp").replace("[peer_tag_param]", ""), 'retrans="500"'),
    '<recv response="407" auth="true"/>',
    send(ACK),
    send(request("INVITE", CALLEE, 2, "[authentication]", body="sdp").replace("[peer_tag_param]", ""), 'retrans="500"'),
    '<recv response="100" optional="true"/>', '<recv response="180" optional="true"/>', '<recv response="200" rrs="true"/>',
    send(request("ACK", "[next_url]", 2)),
    send(request("BYE", "[next_url]", 3), 'retrans="500"'),
    '<recv response="200"/>'])


def sipp(name, folder, xml, uri, port, own, user, password, transport):
    path = os.path.join(folder, name + ".xml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(xml)
    return Program(name, ["sipp", "-sf", path, "-s", user, "-auth_uri", uri, "-au", user, "-ap", password, "-t", transport, "-i", HOST, "-p",
                          str(own), "-mp", str(own + 1000), "-m", "1", "-nostdin", "-timeout", "20s", "-timeout_error",
                          "-trace_err", "-error_file", name + ".err", f"{HOST}:{port}"], folder)


def must_end(program, folder):
    code = program.wait(30)
    if code != 0:
        errors = os.path.join(folder, program.name + ".err")
        said = open(errors, encoding="utf-8", errors="replace").read()[:3000] if os.path.exists(errors) else ""
        raise Failure(f"{program.name} ended with {code}\n{said}")
    print(f"{program.name}: done")


def test(folder, program):
    port, bob, alice = free_ports(3)
    with Intermediary(program, folder, port, config(port)) as intermediary:
        intermediary.wait_ready()
        try:
            for name, xml, user, password, transport, own in [
                    ("bob-registers", REGISTERS, "bob", "hunter2", "u1", bob),
                    ("alice-registers-over-tcp", REGISTERS, "alice", "secret", "t1", alice),
                    ("wrong-password", REFUSED, "bob", "hunter3", "u1", bob),
                    ("unknown-user", REFUSED, "nobody", "hunter2", "u1", bob)]:
                with sipp(name, folder, xml, DOMAIN, port, own, user, password, transport) as each:
                    must_end(each, folder)
            callee = Program("bob-answers", ["sipp", "-sn", "uas", "-i", HOST, "-p", str(bob), "-mp", str(bob + 1000), "-m", "1",
                                             "-nostdin", "-timeout", "30s"], folder)
            with callee, sipp("alice-calls", folder, CALLS, CALLEE.removeprefix("sip:"), port, alice, "alice", "secret", "u1") as caller:
                must_end(caller, folder)
                must_end(callee, folder)
        except Failure as failure:
            raise Failure(f"{failure}\n{intermediary.tail()}") from None
        figures = intermediary.stop()
    # That of alice ended with her connection.
    if figures["bindings"] != 1:
        raise Failure(f"{figures['bindings']} bindings, not that of bob alone")


if __name__ == "__main__":
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]))))
