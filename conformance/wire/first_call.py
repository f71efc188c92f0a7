#!/usr/bin/python3
"""The README's first call, on other ports: without a configuration file bob registers, is called by his address of
record, and a stranger's domain is not served.

    conformance/wire/first_call.py PROGRAM
"""

import os
import re
import socket
import sys
import time

from peers import HOST, Failure, Program, answers_options, free_ports, options, run, wait_until

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/examples")


def sipp(name, folder, *arguments):
    return Program(name, ["sipp", "-i", HOST, "-nostdin", "-timeout", "20s", "-timeout_error", *arguments], folder)


def must_succeed(program):
    with program:
        code = program.wait(30)
        if code != 0:
            raise Failure(f"{program.name} ended with {code}:\n{program.tail()}")


def refuses_foreign_domain(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(2)
        probe.connect((HOST, port))
        probe.send(options("other.example.net", "foreign"))
        answer = probe.recv(65535)
    status = re.match(rb"SIP/2\.0 (\d{3})", answer)
    if not status or int(status.group(1)) not in (403, 404):
        raise Failure(f"a request for a foreign domain got {answer[:60]!r}")


def test(folder, program):
    us, bob, alice, bob_media, alice_media = (str(port) for port in free_ports(5))
    command = [program, "run", "--listen", f"udp:{HOST}:{us}", "--listen", f"tcp:{HOST}:{us}"]
    with Program("intermediary", command, folder) as intermediary:
        def ready():
            intermediary.must_run()
            return answers_options(int(us), "ready") == 200
        wait_until(ready, 20, "an answer to OPTIONS")
        must_succeed(sipp("register", folder, "-sf", f"{EXAMPLES}/register.xml", "-s", "bob", "-p", bob, "-m", "1",
                          f"{HOST}:{us}"))
        with sipp("bob", folder, "-sn", "uas", "-p", bob, "-mp", bob_media):
            time.sleep(1)
            must_succeed(sipp("alice", folder, "-sn", "uac", "-s", "bob", "-p", alice, "-mp", alice_media, "-m", "1",
                              f"{HOST}:{us}"))
        refuses_foreign_domain(int(us))
        if intermediary.terminate() != 0:
            raise Failure("no clean end after SIGTERM:\n" + intermediary.tail())


if __name__ == "__main__":
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]))))
