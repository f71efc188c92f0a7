"""What the tests over real sockets share: free ports of loopback, programs that are started and surely ended, and our
own program with its configuration and log."""

import fcntl
import os
import random
import re
import signal
import socket
import subprocess
import tempfile
import time

HOST = "127.0.0.1"
# All requests have their answers when a test is over: nothing is to be waited for.
GRACE_SECONDS = 10
BLOCK = 128  # ports that one test takes at once
LOCKS = []  # open while this process lives


class Failure(Exception):
    """What a test says when it fails."""


def free_ports(count):
    """Ports that nobody holds, for UDP and TCP alike, below those that the system gives to clients, and kept from other
    tests that run now until this one ends. Each is the first of four: its odd neighbour is for RTCP, and sipp takes the
    next two for video."""
    ports = []
    while len(ports) < count:
        for port in _block_of_our_own():
            if len(ports) < count and all(_is_free(port + each) for each in range(4)):
                ports.append(port)
    return ports


def _block_of_our_own():
    """Ports that no other test takes while this process lives: it holds a lock on a file."""
    while True:
        first = random.randrange(10000, 32000 - BLOCK, BLOCK)
        lock = open(os.path.join(tempfile.gettempdir(), f"intermediary-ports-{first}.lock"), "w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        LOCKS.append(lock)
        return range(first, first + BLOCK, 4)


def _is_free(port):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                return False
    return True


def wait_until(condition, seconds, what):
    """The condition's first true value; a Failure that says `what` did not come."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.05)


class Program:
    """A child process whose output goes to a file; ended at the end of its `with` block, whatever happens."""

    def __init__(self, name, command, folder, stdin=subprocess.DEVNULL, environment=None):
        self.name = name
        self.log_path = os.path.join(folder, name + ".log")
        self.log_file = open(self.log_path, "wb")
        self.process = subprocess.Popen(command, cwd=folder, stdin=stdin, stdout=self.log_file, stderr=subprocess.STDOUT,
                                        env={**os.environ, **(environment or {})})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log_file.close()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def tail(self, lines=25):
        return "\n".join(f"    {self.name}| {line}" for line in self.log().split("\n")[-lines:])

    def must_run(self):
        if self.process.poll() is not None:
            raise Failure(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")

    def wait(self, seconds):
        """Its exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {seconds} s:\n{self.tail()}") from None

    def terminate(self, seconds=10):
        self.process.send_signal(signal.SIGTERM)
        return self.wait(seconds)


def options(target_host, call_id):
    """An OPTIONS request without a Via port: answers come back to where it came from (RFC 3581)."""
    return "\r\n".join([
        f"OPTIONS sip:{target_host} SIP/2.0", f"Via: SIP/2.0/UDP {HOST};branch=z9hG4bK{call_id};rport",
        "Max-Forwards: 70", f"From: <sip:probe@{HOST}>;tag={call_id}", f"To: <sip:{target_host}>",
        f"Call-ID: {call_id}", "CSeq: 1 OPTIONS", "Content-Length: 0", "", ""]).encode()


def answers_options(port, call_id):
    """The status of the answer to an OPTIONS over UDP, None when none comes within half a second."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.5)
        probe.connect((HOST, port))
        try:
            probe.send(options(f"{HOST}:{port}", call_id))
            answer = re.match(rb"SIP/2\.0 (\d{3})", probe.recv(65535))
        except OSError:
            return None
        return int(answer.group(1)) if answer else None


class Intermediary(Program):
    """Our program with a configuration file; ready when it answers OPTIONS on `port`."""

    def __init__(self, program, folder, port, config, options=(), environment=None):
        path = os.path.join(folder, "intermediary.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config)
        super().__init__("intermediary", [program, "run", "--config", path, "--grace", f"{GRACE_SECONDS}s", *options], folder,
                         environment=environment)
        self.port = port
        self.probes = 0

    def wait_ready(self):
        def ready():
            self.must_run()
            self.probes += 1
            return answers_options(self.port, f"ready{self.probes}") == 200

        wait_until(ready, 20, "an answer to OPTIONS")

    def stop(self):
        """SIGTERM; it must end by itself, with nothing that waits, before its grace is over. The figures it leaves."""
        code = self.terminate(GRACE_SECONDS + 5)
        last = [line for line in self.log().split("\n") if " stopped " in line]
        if code != 0 or not last or 'reason="at rest"' not in last[0]:
            raise Failure(f"ended with {code} after SIGTERM:\n{self.tail()}")
        return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)\b", last[0])}


def run(test):
    """Runs `test(folder)` in a scratch folder; exit code 0, or 1 with what it says."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wire-") as folder:
        try:
            test(folder)
        except Failure as failure:
            print(f"FAILED: {failure}")
            return 1
    print(f"passed in {time.monotonic() - started:.1f} s")
    return 0
