#!/usr/bin/python3
"""Calls through us and Kamailio, in both orders, over UDP, TCP and TLS between the two: each with a re-INVITE from both
sides and a BYE through both route sets, and others that are cancelled while they ring.

    conformance/wire/kamailio_chain.py PROGRAM udp|tcp|tls [CALLS]

The parties are sipp, which knows no TLS: with tls, they speak TCP with the first proxy and with the last one.
"""

import os
import re
import shutil
import sys
import time
from dataclasses import dataclass

from certificates import make_authority, make_certificate
from peers import HOST, Failure, Intermediary, Program, answers_options, free_ports, run, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
DOMAIN = "localhost"  # what both proxies' certificates name
MODULES = ["tm", "sl", "rr", "maxfwd", "pv", "textops", "siputils", "kex"]


@dataclass
class Ports:
    first: int = 0  # the proxy that the caller knows
    last: int = 0
    caller: int = 0
    callee: int = 0
    caller_media: int = 0
    callee_media: int = 0


def kamailio_config(folder, port, transport, tls_port, relay_to):
    """A proxy that stays in the path: requests outside a dialog go to `relay_to`."""
    modules = MODULES + (["tls"] if transport == "tls" else [])
    load = "\n".join(f'loadmodule "{name}.so"' for name in modules)
    tls = ""
    if transport == "tls":
        make_certificate(folder, "kamailio", [f"DNS:{DOMAIN}"])
        tls_file = os.path.join(folder, "kamailio-tls.cfg")
        with open(tls_file, "w", encoding="utf-8") as file:
            for section in ("server:default", "client:default"):
                file.write(f"[{section}]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\n"
                           f"private_key = {folder}/kamailio.key\ncertificate = {folder}/kamailio.pem\n"
                           f"ca_list = {folder}/ca.pem\n")
        tls = f"enable_tls=yes\nlisten=tls:{HOST}:{tls_port}\n"
        load += f'\nmodparam("tls", "config", "{tls_file}")'
    return f"""
children=2
log_stderror=yes
debug=1
auto_aliases=no
use_dns_cache=off
disable_tcp=no
listen=udp:{HOST}:{port}
listen=tcp:{HOST}:{port}
{tls}{load}
request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("OPTIONS") && uri == myself) {{ sl_send_reply("200", "OK"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (has_totag()) {{
        if (!loose_route()) {{
            if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
            sl_send_reply("404", "Not here"); exit;
        }}
        t_relay(); exit;
    }}
    t_check_trans();
    if (is_method("INVITE")) record_route();
    $du = "{relay_to}";
    if (!t_relay()) sl_reply_error();
}}
"""


class Kamailio(Program):
    def __init__(self, folder, port, config):
        path = os.path.join(folder, "kamailio.cfg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config)
        super().__init__("kamailio", ["kamailio", "-f", path, "-DD", "-E", "-m", "64", "-M", "8", "-Y", folder, "-P",
                                      os.path.join(folder, "kamailio.pid")], folder)
        self.port = port

    def __exit__(self, *arguments):
        if self.process.poll() is None:
            self.process.terminate()  # the parent ends its children
            try:
                self.process.wait(10)
            except Exception:
                pass
        super().__exit__(*arguments)

    def wait_ready(self):
        def ready():
            self.must_run()
            return answers_options(self.port, f"kamailio{time.monotonic_ns()}") == 200

        wait_until(ready, 20, "Kamailio's answer to OPTIONS")


def our_config(folder, port, transport, tls_port, relay_to):
    listen = [f'{{ name = "{kind}", on = "{kind}:{HOST}:{port}" }}' for kind in ("udp", "tcp")]
    tls = ""
    if transport == "tls":
        make_certificate(folder, "intermediary", [f"DNS:{DOMAIN}"])
        listen.append(f'{{ name = "tls", on = "tls:{HOST}:{tls_port}", advertise = "{DOMAIN}", cert = "own", '
                      f'client_certificate = "require" }}')
        tls = '[certificate.own]\nchain = "intermediary.pem"\nkey = "intermediary.key"\n[tls]\nauthorities = "ca.pem"\n'
    joined = ",\n  ".join(listen)
    return f"""
listen = [
  {joined}]
{tls}
[proxy]
record_route = true
[[rule]]
name = "on"
when = {{ source = ["{HOST}"] }}
do   = {{ relay = "{relay_to}" }}
"""


def uri(port, tls_port, transport):
    if transport == "tls":
        return f"sip:{DOMAIN}:{tls_port};transport=tls"
    return f"sip:{HOST}:{port};transport={transport}"


def sipp(name, scenario, transport, folder, port, media, arguments):
    return Program(name, ["sipp", "-sf", os.path.join(HERE, "interop", scenario), "-t", transport, "-i", HOST, "-p", str(port),
                          "-mp", str(media), "-nostdin", "-trace_err", "-error_file", f"{name}.err", "-trace_msg",
                          "-message_file", f"{name}.msg", *arguments], folder)


def errors_of(folder, name):
    path = os.path.join(folder, f"{name}.err")
    return open(path, encoding="utf-8", errors="replace").read()[:2500] if os.path.exists(path) else ""


def calls(name, caller, callee, transport, folder, ports, count):
    """`count` calls of one kind; a Failure shows what sipp said."""
    over = "u1" if transport == "udp" else "t1"
    limits = ["-m", str(count), "-timeout", "40s", "-timeout_error"]
    with sipp(f"{name}-callee", callee, over, folder, ports.callee, ports.callee_media, limits) as answering:
        time.sleep(0.7)  # until it listens
        answering.must_run()
        target = f"{HOST}:{ports.callee}"
        with sipp(f"{name}-caller", caller, over, folder, ports.caller, ports.caller_media,
                  ["-rsa", f"{HOST}:{ports.first}", target, "-r", "20", *limits]) as calling:
            for party in (calling, answering):
                code = party.wait(70)
                if code != 0:
                    raise Failure(f"{party.name} ended with {code}\n{errors_of(folder, party.name)}")
    return f"{name}: {count} calls"


def chain(folder, program, transport, count, we_are_first):
    *numbers, our_tls, their_tls = free_ports(8)
    ports = Ports(*numbers)
    ours, theirs = (ports.first, ports.last) if we_are_first else (ports.last, ports.first)
    if transport == "tls":
        make_authority(folder)
    to_us, to_them = uri(ours, our_tls, transport), uri(theirs, their_tls, transport)
    to_callee = f"sip:{HOST}:{ports.callee};transport={'udp' if transport == 'udp' else 'tcp'}"
    their_config = kamailio_config(folder, theirs, transport, their_tls, to_callee if we_are_first else to_us)
    config = our_config(folder, ours, transport, our_tls, to_them if we_are_first else to_callee)
    order = "us-kamailio" if we_are_first else "kamailio-us"
    with Kamailio(folder, theirs, their_config) as kamailio, Intermediary(program, folder, ours, config) as intermediary:
        kamailio.wait_ready()
        intermediary.wait_ready()
        try:
            print(order, calls("call", "caller.xml", "callee.xml", transport, folder, ports, count))
            print(order, calls("cancel", "canceller.xml", "cancelled.xml", transport, folder, ports, count))
            judge_path(folder, transport)
        except Failure as failure:
            raise Failure(f"{order}: {failure}\n{intermediary.tail()}\n{kamailio.tail()}") from None
        figures = intermediary.stop()
    for name in ("waiting", "queries", "send_failures", "rejected"):
        if figures[name] != 0:
            raise Failure(f"{order}: {name}: {figures[name]} in the end")


def judge_path(folder, transport):
    """The BYE that the callee got came through both proxies, and over the transport that is meant between them."""
    with open(os.path.join(folder, "call-callee.msg"), encoding="utf-8", errors="replace") as file:
        byes = re.findall(r"\nBYE .*?\r?\n\r?\n", file.read(), re.S)
    if not byes:
        raise Failure("the callee saw no BYE")
    for bye in byes:
        vias = re.findall(r"^Via: SIP/2.0/(\w+)", bye, re.M)
        if len(vias) != 3:
            raise Failure(f"a BYE came by {len(vias)} Vias, not by three:\n{bye}")
        if vias[1] != transport.upper():
            raise Failure(f"between the proxies it was {vias[1]}, not {transport}:\n{bye}")


def test(folder, program, transport, count):
    for we_are_first in (True, False):
        scratch = os.path.join(folder, "first" if we_are_first else "second")
        os.mkdir(scratch)
        chain(scratch, program, transport, count, we_are_first)


if __name__ == "__main__":
    if not shutil.which("kamailio"):
        print("left out: there is no kamailio")
        sys.exit(77)
    COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]), sys.argv[2], COUNT)))
