#!/usr/bin/python3
"""Every torture message over UDP and over TCP to the running program: each gets its verdict, and after each of them an
OPTIONS gets its 200.

    conformance/wire/bad_input.py PROGRAM TABLE FOLDER EXTENSION

TABLE and its columns: conformance/torture/README.md. What is to be forwarded must arrive at a sink of ours.
"""

import csv
import os
import random
import re
import select
import socket
import sys
import time

from peers import HOST, Failure, Intermediary, answers_options, free_ports, run

# An address of loopback whose ports nobody holds: answers come to the port of the top Via.
SENDER = f"127.9.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
ANSWER_SECONDS = 2.0
SILENCE_SECONDS = 0.05


def config(port, sink):
    return f"""
listen = [{{ name = "udp", on = "udp:{HOST}:{port}" }}, {{ name = "tcp", on = "tcp:{HOST}:{port}" }}]
[proxy]
mode = "stateless"
tcp_for_large_requests = false
[[rule]]
name = "to-the-sink"
when = {{ source = ["{SENDER}"] }}
do   = {{ relay = "sip:{HOST}:{sink};transport=tcp" }}
"""


def via_port(message):
    """Where an answer over UDP goes to (RFC 3261 §18.2.2)."""
    via = re.search(rb"(?im)^(?:via|v)[ \t]*:[^,\r\n]*?[ \t]([^\s;,]+)[ \t]*(?:;|,|\r|$)", message)
    port = re.match(rb"(?:\[[^\]]*\]|[^:]*):(\d{1,5})$", via.group(1)) if via else None
    return int(port.group(1)) if port and 0 < int(port.group(1)) < 65536 else 5060


def receive(sock, seconds):
    """What comes within that time; None for nothing, b"" for the end of a connection."""
    sock.settimeout(seconds)
    try:
        return sock.recv(65535)
    except (TimeoutError, BlockingIOError):
        return None
    except ConnectionError:
        return b""


class Sink:
    """Takes connections and whatever comes on them. Over UDP, messages of connections would be repeated to it, for it never
    answers (RFC 3261 section 16.1)."""

    def __init__(self, port):
        self.listener = socket.create_server((HOST, port))
        self.connections = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in [self.listener, *self.connections]:
            each.close()

    def receive(self, seconds):
        """Whether anything comes within that time."""
        end = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self.listener, *self.connections], [], [], max(0, end - time.monotonic()))
            if not ready:
                return False
            for each in ready:
                if each is self.listener:
                    self.connections.append(self.listener.accept()[0])
                elif receive(each, 0):
                    return True
                else:
                    each.close()
                    self.connections.remove(each)


def answer_in(data):
    match = re.match(rb"SIP/2\.0 (\d{3})", data or b"")
    return match.group(1).decode() if match else "nothing" if data in (None, b"") else repr(data[:40])


class Judge:
    def __init__(self, port, sink):
        self.port, self.sink, self.probes, self.wrong = port, sink, 0, []

    def check(self, name, way, wanted, got):
        if got != wanted:
            self.wrong.append(f"{name} over {way}: {got} instead of {wanted}")

    def still_answers(self, name, way):
        self.probes += 1
        status = answers_options(self.port, f"after{self.probes}")
        if status != 200:
            raise Failure(f"after {name} over {way}, OPTIONS got {status}")

    def at_sink(self):
        return "forward" if self.sink.receive(ANSWER_SECONDS) else "nothing at the sink"

    def nothing_at_sink(self, name, way):
        if self.sink.receive(SILENCE_SECONDS):
            self.wrong.append(f"{name} over {way}: forwarded")

    def datagram(self, name, message, verdict):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind((SENDER, via_port(message)))
            sender.sendto(message, (HOST, self.port))
            if verdict == "forward":
                self.check(name, "UDP", verdict, self.at_sink())
            elif verdict == "drop":
                self.still_answers(name, "UDP")  # so that it has been looked at
                self.check(name, "UDP", "nothing", answer_in(receive(sender, SILENCE_SECONDS)))
                self.nothing_at_sink(name, "UDP")
            else:
                self.check(name, "UDP", verdict, answer_in(receive(sender, ANSWER_SECONDS)))
                self.nothing_at_sink(name, "UDP")
        self.still_answers(name, "UDP")

    def stream(self, name, message, verdict, closes):
        with socket.create_connection((HOST, self.port), source_address=(SENDER, 0)) as sender:
            sender.sendall(message)
            if verdict == "forward":
                self.check(name, "TCP", verdict, self.at_sink())
            elif verdict == "nothing" and not closes:
                self.check(name, "TCP", verdict, answer_in(receive(sender, 4 * SILENCE_SECONDS)))
            elif verdict != "nothing":
                self.check(name, "TCP", verdict, answer_in(receive(sender, ANSWER_SECONDS)))
            if closes and receive(sender, ANSWER_SECONDS) != b"":
                self.wrong.append(f"{name} over TCP: the connection stays open")
        self.still_answers(name, "TCP")
        while self.sink.receive(SILENCE_SECONDS):  # a second message of the same stream
            pass


def stream_verdict(row):
    """What the sender of a stream sees: forward, a status, or nothing; and whether the connection closes."""
    words = row["stream"].split()
    if words == ["-"]:
        return {"drop": "nothing"}.get(row["proxy"], row["proxy"]), False
    if words[0] == "accept":
        return ("forward" if row["datagram"] != "accept" else row["proxy"]), False
    return {"wait": "nothing", "silence": "nothing"}.get(words[0], words[0]), "close" in words


def test(folder, program, table, messages, extension):
    with open(table, encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    port, sink_port = free_ports(2)
    with Sink(sink_port) as sink:
        with Intermediary(program, folder, port, config(port, sink_port)) as intermediary:
            intermediary.wait_ready()
            judge = Judge(port, sink)
            for row in rows:
                with open(os.path.join(messages, row["name"] + extension), "rb") as file:
                    message = file.read()
                if row["proxy"] == "forward" and re.search(rb"(?im)^route[ \t]*:", message):
                    continue  # its own Route decides where it goes, and that is not the sink
                judge.datagram(row["name"], message, row["proxy"])
                judge.stream(row["name"], message, *stream_verdict(row))
            print(f"{len(rows)} messages, twice each; OPTIONS answered {judge.probes} times")
            if judge.wrong:
                raise Failure("\n".join([f"{len(judge.wrong)} verdicts missed", *judge.wrong, intermediary.tail(5)]))
            intermediary.stop()


if __name__ == "__main__":
    if not os.path.isdir(sys.argv[3]):
        print(f"skipped: no test data at {sys.argv[3]}")
        sys.exit(77)
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]), *sys.argv[2:5])))
