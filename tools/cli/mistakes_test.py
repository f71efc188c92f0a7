#!/usr/bin/python3
"""mistakes_test.py PROGRAM: `PROGRAM check` finds what mistakes/mistakes.tsv says is wrong with the files beside it, at
its place and nothing else, and `PROGRAM run` refuses each that is in error in the same words before it listens."""

import csv
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

MISTAKES = pathlib.Path(__file__).parent / "mistakes"
SECONDS = 60  # for a machine that has much else to do; a server that starts would run for ever


def expectations():
    """By file: place, severity and message of each problem, in the order of `check`."""
    expected = {}
    with open(MISTAKES / "mistakes.tsv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            expected.setdefault(row["file"], []).append((row["place"], row["severity"], row["message"]))
    return expected


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True)


def make_certificate(folder, name, days):
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-signkey", f"{name}.key", "-days", str(days), "-out",
            f"{name}.pem")


def make_certificates(folder):
    """Good ones, and what can be wrong with one: another's key, a passphrase, bytes within its lines, its time."""
    for name, days in [("edge", 365), ("other", 365), ("soon", 20), ("expired", -1)]:
        make_certificate(folder, name, days)
    openssl(folder, "ec", "-in", "edge.key", "-aes128", "-passout", "pass:secret", "-out", "locked.key")
    lines = (folder / "edge.pem").read_text(encoding="ascii").splitlines()
    (folder / "broken.pem").write_text("\n".join([lines[0], "no base64 here", *lines[2:]]) + "\n", encoding="ascii")


def call(folder, *command):
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None


def place_of(problem, name):
    """In the file itself line and column alone."""
    place = f"{problem['line']}:{problem['column']}"
    return place if problem["file"] == name else f"{problem['file']}:{place}"


def in_full(place, name):
    return place if place.count(":") == 2 else f"{name}:{place}"


def complaint(program, folder, name, expected):
    """What is not as it should be with one file, or None."""
    done = call(folder, program, "check", "--json", name)
    told = json.loads(done.stdout) if done and done.stdout else {"problems": [], "valid": None}
    found = [(place_of(each, name), each["severity"], each["message"]) for each in told["problems"]]
    if sorted(found) != sorted(expected):
        return f"{name}: 'check' found {found}, and not {expected}"
    errors = [(place, message) for place, severity, message in expected if severity == "error"]
    if told["valid"] == bool(errors) or done.returncode != bool(errors):
        return f"{name}: 'check' says valid: {told['valid']}, exit {done.returncode}"
    if not errors:
        return None
    done = call(folder, program, "run", "--config", name)
    if done is None or done.returncode != 1 or "listening" in done.stderr:
        return f"{name}: 'run' did not refuse it: {done}"
    missing = [line for line in (f"{in_full(place, name)}: error: {message}" for place, message in errors)
               if line not in done.stderr.splitlines()]
    return f"{name}: 'run' does not say {missing}: {done.stderr}" if missing else None


def main():
    program, expected = pathlib.Path(sys.argv[1]).resolve(), expectations()
    files = {file.name for file in MISTAKES.glob("*.toml")}
    assert files == set(expected), f"without a row, or without a file: {files ^ set(expected)}"
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(8) as pool:
        folder = pathlib.Path(folder)
        shutil.copytree(MISTAKES, folder, dirs_exist_ok=True)
        make_certificates(folder)
        jobs = [pool.submit(complaint, program, folder, name, rows) for name, rows in expected.items()]
        complaints = [text for text in (job.result() for job in jobs) if text]
    if complaints:
        sys.exit("\n".join(complaints))
    in_error = sum(any(severity == "error" for _, severity, _ in rows) for rows in expected.values())
    print(f"{len(files)} mistakes, {in_error} of them errors that 'run' refuses")


if __name__ == "__main__":
    main()
