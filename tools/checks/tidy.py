#!/usr/bin/python3
"""Runs clang-tidy-19 over our sources (tests apart), as many at once as there are processors.

    tools/checks/tidy.py --build build/dev [FILE...]

A file that passed is not looked at again until it, a header of ours that it includes, its compile command or .clang-tidy
changes: build/tidy holds one empty file for each success, named by the hash of all that.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from cpp_text import includes

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
PASSED = os.path.join(ROOT, "build/tidy")
TIDY = "clang-tidy-19"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def with_headers(path, seen):
    """`path` and all headers of ours that it includes, in a fixed order."""
    if path in seen:
        return
    seen[path] = read(path)
    for _, name, quoted in includes(seen[path]):
        for candidate in (os.path.join(ROOT, "lib", name), os.path.join(ROOT, name)):
            if quoted and os.path.isfile(candidate):
                with_headers(candidate, seen)


def key_of(path, command, common):
    seen = {}
    with_headers(path, seen)
    digest = hashlib.sha256(common.encode())
    for part in [command, *(text for name in sorted(seen) for text in (os.path.relpath(name, ROOT), seen[name]))]:
        digest.update(str(len(part)).encode() + b":" + part.encode())
    return digest.hexdigest()


def passes(build, path, key):
    # The build's precompiled header is g++'s.
    command = [TIDY, "-p", build, "--quiet", "--extra-arg=-Wno-ignored-gch", path]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        open(os.path.join(PASSED, key), "w", encoding="utf-8").close()
        return True
    print(result.stdout.replace(ROOT + "/", ""), end="", flush=True)
    if "error" not in result.stdout:
        print(result.stderr, end="", flush=True)
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build/quick"), help="folder with compile_commands.json")
    parser.add_argument("files", nargs="*", help="all by default")
    arguments = parser.parse_args()
    wanted = {os.path.abspath(file) for file in arguments.files}
    common = read(os.path.join(ROOT, ".clang-tidy")) + subprocess.run([TIDY, "--version"], capture_output=True, text=True,
                                                                      check=True).stdout
    os.makedirs(PASSED, exist_ok=True)
    todo = {}
    for entry in json.loads(read(os.path.join(arguments.build, "compile_commands.json"))):
        path = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
        if path in wanted or not (wanted or path.endswith("_test.cpp")):
            key = key_of(path, entry["command"], common)
            if not os.path.exists(os.path.join(PASSED, key)):
                todo[path] = key
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        results = list(pool.map(lambda item: passes(arguments.build, *item), sorted(todo.items())))
    print(f"clang-tidy: {len(results)} files looked at, {results.count(False)} with findings")
    return 1 if False in results else 0


if __name__ == "__main__":
    sys.exit(main())
