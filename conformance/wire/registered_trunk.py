#!/usr/bin/python3
"""A trunk that registers with Kamailio: challenged by SHA-256, shown by ctl and metrics, called at its Contact by whoever
Kamailio looks up, kept over a reload, and gone from Kamailio when the server drains. With a wrong password it fails
once, and is not sent again.

    conformance/wire/registered_trunk.py PROGRAM
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request

from kamailio_chain import Kamailio
from peers import HOST, Failure, Intermediary, free_ports, run, wait_until

NUMBER = "490301234"
PASSWORD = "correct horse"
MODULES = ["tm", "sl", "rr", "maxfwd", "pv", "textops", "siputils", "kex", "usrloc", "registrar", "auth"]


def registrar_config(port):
    load = "\n".join(f'loadmodule "{name}.so"' for name in MODULES)
    return f"""
children=2
log_stderror=yes
debug=1
auto_aliases=no
listen=udp:{HOST}:{port}
{load}
modparam("auth", "algorithm", "SHA-256")
modparam("usrloc", "db_mode", 0)
request_route {{
    if (is_method("OPTIONS") && uri == myself) {{ sl_send_reply("200", "OK"); exit; }}
    if (is_method("REGISTER")) {{
        xlog("L_ALERT", "REGISTER expires=$hdr(Expires) cseq=$cs\\n");
        if (!pv_www_authenticate("acme", "{PASSWORD}", "0")) {{ www_challenge("acme", "1"); exit; }}
        save("location");
        exit;
    }}
    if (!lookup("location")) {{ sl_send_reply("404", "Not registered"); exit; }}
    if (!t_relay()) sl_reply_error();
}}
""".replace('loadmodule "kex.so"', 'loadmodule "kex.so"\nloadmodule "xlog.so"')


def our_config(port, registrar, folder, metrics, password):
    """Nothing comes from the trunk but what is sent to its Contact: `accept_from` is somewhere else."""
    return f"""
listen = [{{ name = "udp", on = "udp:{HOST}:{port}" }}]
[proxy]
key = "a key that stays"
[control]
socket = "{folder}/ctl.sock"
[metrics]
on = "{HOST}:{metrics}"
[trunk.kamailio]
peer = "sip:{HOST}:{registrar}"
accept_from = ["198.51.100.1"]
register = {{ user = "{NUMBER}", password = "{password}", expires = "120s" }}
[[rule]]
name = "from-kamailio"
when = {{ trunk = "kamailio" }}
do   = {{ reject = 486 }}
"""


def status_of_message(port, number):
    """The final answer to a MESSAGE to that number at that port, None when there is none in time."""
    call = os.urandom(6).hex()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as party:
        party.bind((HOST, 0))
        party.settimeout(2)
        here = "%s:%d" % party.getsockname()
        party.sendto("\r\n".join([
            f"MESSAGE sip:{number}@{HOST}:{port} SIP/2.0", f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{call};rport",
            "Max-Forwards: 70", f"From: <sip:caller@{HOST}>;tag={call}", f"To: <sip:{number}@{HOST}>",
            f"Call-ID: {call}", "CSeq: 1 MESSAGE", "Content-Length: 0", "", ""]).encode(), (HOST, port))
        try:
            while True:
                status = int(re.match(rb"SIP/2\.0 (\d{3})", party.recv(65535)).group(1))
                if status >= 200:
                    return status
        except OSError:
            return None


def ctl(program, folder, *words):
    done = subprocess.run([program, "ctl", "--socket", f"{folder}/ctl.sock", "--json", *words], capture_output=True,
                          text=True, timeout=20, check=False)
    if done.returncode != 0:
        raise Failure(f"ctl {' '.join(words)}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def registration(program, folder):
    return next(row for row in ctl(program, folder, "trunks") if "aor" in row)


def figure(program, folder, name):
    return next(row["value"] for row in ctl(program, folder, "figures") if row["figure"] == name)


def must_be(what, value, wanted):
    if value != wanted:
        raise Failure(f"{what}: {value!r}, not {wanted!r}")


def is_registered(folder, program, kamailio_port):
    port, metrics = free_ports(2)
    with Intermediary(program, folder, port, our_config(port, kamailio_port, folder, metrics, PASSWORD)) as server:
        server.wait_ready()
        row = wait_until(lambda: (row := registration(program, folder))["state"] == "registered" and row, 10,
                         "a registration")
        must_be("the address of record", row["aor"], f"sip:{NUMBER}@{HOST}")
        must_be("the registrar", row["registrar"], f"udp:{HOST}:{kamailio_port}")
        if not 100 < row["expires_in"] <= 120:
            raise Failure(f"it expires in {row['expires_in']} s")
        must_be("REGISTERs that were sent", figure(program, folder, "trunk_registers"), 2)
        with urllib.request.urlopen(f"http://{HOST}:{metrics}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        if not re.search(r'(?m)^intermediary_trunk_registered\{.*trunk="kamailio".*\} 1$', text):
            raise Failure(f"the metric is not there:\n{text[:2000]}")
        must_be("a call by way of Kamailio", status_of_message(kamailio_port, NUMBER), 486)
        must_be("a call past Kamailio", status_of_message(port, NUMBER), 404)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: figure(program, folder, "reloads") == 1, 10, "a reload")
        must_be("REGISTERs after a reload", figure(program, folder, "trunk_registers"), 2)
        server.stop()
        if PASSWORD in server.log():
            raise Failure("the log has the password")
    must_be("a call for who has gone", status_of_message(kamailio_port, NUMBER), 404)


def is_refused(folder, program, kamailio_port):
    port, metrics = free_ports(2)
    with Intermediary(program, folder, port, our_config(port, kamailio_port, folder, metrics, "wrong")) as server:
        server.wait_ready()
        row = wait_until(lambda: (row := registration(program, folder))["state"] == "failed" and row, 10, "a refusal")
        must_be("failures", row["failures"], 1)
        must_be("REGISTERs that were sent", figure(program, folder, "trunk_registers"), 2)
        must_be("a call", status_of_message(kamailio_port, NUMBER), 404)
        server.stop()


def test(folder, program):
    kamailio_port, = free_ports(1)
    with Kamailio(folder, kamailio_port, registrar_config(kamailio_port)) as kamailio:
        kamailio.wait_ready()
        try:
            is_registered(folder, program, kamailio_port)
            is_refused(folder, program, kamailio_port)
        except Failure as failure:
            raise Failure(f"{failure}\n{kamailio.tail()}") from None


if __name__ == "__main__":
    if not shutil.which("kamailio"):
        print("left out: there is no kamailio")
        sys.exit(77)
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]))))
