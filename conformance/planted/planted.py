#!/usr/bin/python3
"""Shows that every scenario can fail: runs them all under each of the planted edits.

    tools/planted                 builds, runs what is new since the last time, writes proofs.tsv; exit 1 where an edit
                                  is noticed by nobody or no edit makes a scenario fail
    tools/planted --edit TEXT     only the edits whose titles contain TEXT; every scenario that fails, nothing written
    tools/planted --check         without a build: do the edits fit the code, and proofs.tsv the scenarios?

docs/conformance.md says what the edits are for; edits.py, how one is written.
"""

import argparse
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict

import edits as planted_edits
from edits import HERE, PROJECT

sys.path.insert(0, os.path.join(PROJECT, "conformance/requirements"))
import tables  # noqa: E402

PROOFS = os.path.join(HERE, "proofs.tsv")
HEADING = "scenario\tedits that make it fail\tthe one that fewest other scenarios notice\n"
BUILD = os.path.join(PROJECT, "build/planted")
WOVEN = ("lib", "sim", "tools/cmake", "tools/bench", "conformance/planted", "conformance/oracle")
NOTICED = ("failed", "crashed", "hung")


def die(text):
    sys.exit(f"planted: {text}")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def digest(*parts):
    return hashlib.sha256(b"\0".join(part if isinstance(part, bytes) else part.encode() for part in parts)).hexdigest()[:16]


def scenarios():
    """Paths of the scenarios that serve as proofs, relative to the project."""
    paths = (os.path.relpath(path, PROJECT) for path in tables.scenario_files())
    return [path for path in paths if any(tables.covers(os.path.join(PROJECT, path)))]


# ---- the build that has all edits in it


def sources():
    """What the planted build is made of, relative to the project."""
    found = ["CMakeLists.txt", "conformance/flow_files.cpp", "conformance/flow_files.h"]
    for top in WOVEN:
        for folder, _, names in os.walk(os.path.join(PROJECT, top)):
            found += [os.path.relpath(os.path.join(folder, name), PROJECT) for name in names
                      if name.endswith((".cpp", ".h", ".txt", ".cmake"))]
    return sorted(found)


def write_if_changed(path, text):
    if os.path.exists(path) and read(path) == text:
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(text)


def weave_tree(edits):
    tree = os.path.join(BUILD, "tree")
    files = planted_edits.by_file(edits)
    wanted = set()
    for path in sources():
        text = read(os.path.join(PROJECT, path))
        if path in files:
            text = planted_edits.weave(text.decode(), files[path]).encode()
        wanted.add(os.path.join(tree, path))
        write_if_changed(os.path.join(tree, path), text)
    for folder, _, names in os.walk(tree):
        for name in names:
            if os.path.join(folder, name) not in wanted:
                os.remove(os.path.join(folder, name))
    return tree


def build(edits, jobs, target="run_planted"):
    tree, out = weave_tree(edits), os.path.join(BUILD, "out")
    header = os.path.join(tree, "conformance/planted/planted.h")
    flags = f"-w -include {header}"
    run_quietly(["cmake", "-G", "Ninja", "-S", tree, "-B", out, "-DCMAKE_CXX_COMPILER=clang++-19",
                 "-DCMAKE_C_COMPILER=clang-19", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O1",
                 f"-DCMAKE_CXX_FLAGS={flags}", "-DINTERMEDIARY_BUILD_TESTS=OFF", "-DINTERMEDIARY_BUILD_RUNTIME=OFF",
                 "-DINTERMEDIARY_BUILD_PLANTED=ON"])
    run_quietly(["cmake", "--build", out, "-j", str(jobs), "--target", target, "--", "-k", "0"])
    return os.path.join(out, "bin", target)


def run_quietly(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        kept = [line for line in done.stdout.split("\n") if not re.match(r"\[\d+/\d+\]|/usr/bin/ccache", line)]
        sys.stderr.write("\n".join(kept[-200:]) + "\n")
        die(f"{' '.join(command[:2])} failed (above): does the code of an edit compile?")


class Runner:
    """A run_planted that waits for orders."""

    def __init__(self, program, listing):
        self._process = subprocess.Popen([program, listing], cwd=PROJECT, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        self._answer()

    def order(self, text):
        """The words of each line of its answer."""
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self):
        lines = []
        for line in self._process.stdout:
            if line == "done\n":
                return lines
            lines.append(line.split())
        die(f"run_planted ended by itself ({self._process.wait()})")

    def end(self):
        self._process.stdin.close()
        self._process.wait()


# ---- outcomes, kept from run to run


class Outcomes:
    """edit, scenario -> outcome. What was found before counts as long as the code, the edit and the scenario are the
    same; everything else is forgotten."""

    def __init__(self, edits, paths):
        self._lock = threading.Lock()
        self._table = {}
        self._edit_keys = {edit.number: digest(edit.text) for edit in edits}
        self._scenario_keys = {path: digest(read(os.path.join(PROJECT, path))) for path in paths}
        code = digest(*(part for path in sources() for part in (path, read(os.path.join(PROJECT, path)))))
        self._path = os.path.join(BUILD, f"outcomes-{code}.tsv")
        os.makedirs(BUILD, exist_ok=True)
        for name in os.listdir(BUILD):
            if name.startswith("outcomes-") and not self._path.endswith(name):
                os.remove(os.path.join(BUILD, name))
        self._load()

    def _load(self):
        if not os.path.exists(self._path):
            return
        with open(self._path, encoding="utf-8") as file:
            for line in file:
                cells = line.rstrip("\n").split("\t")
                if len(cells) == 3:  # not what an interruption left of a line
                    self._table[cells[0], cells[1]] = cells[2]

    def _key(self, edit, path):
        return self._edit_keys[edit.number], self._scenario_keys[path]

    def get(self, edit, path):
        return self._table.get(self._key(edit, path))

    def keep(self, edit, found):
        with self._lock, open(self._path, "a", encoding="utf-8") as file:
            for path, outcome in found.items():
                key = self._key(edit, path)
                self._table[key] = outcome
                file.write("\t".join([*key, outcome]) + "\n")


def run_base(runner, paths):
    """Nothing is proved by scenarios that fail anyway."""
    order = "run 0 " + " ".join(str(index) for index in range(len(paths)))
    failing = [paths[int(index)] for _, index, outcome in runner.order(order) if outcome != "ok"]
    if failing:
        die("with nothing planted, these do not pass: " + ", ".join(failing))


def reached(runner, paths):
    """scenario -> numbers of the edits whose code it runs."""
    answers = runner.order("reach " + " ".join(str(index) for index in range(len(paths))))
    return {paths[int(index)]: {int(site) for site in sites} for index, *sites in answers}


def run_edits(program, listing, edits, paths, outcomes, jobs):
    first = Runner(program, listing)
    run_base(first, paths)
    reach = reached(first, paths)
    spare, lock = [first], threading.Lock()
    index_of = {path: index for index, path in enumerate(paths)}
    progress = Progress(len(edits))

    def run_one(edit):
        wanted = [path for path in paths if edit.number in reach[path] and outcomes.get(edit, path) is None]
        if wanted:
            with lock:
                runner = spare.pop() if spare else None
            runner = runner or Runner(program, listing)
            answers = runner.order(f"run {edit.number} " + " ".join(str(index_of[path]) for path in wanted))
            outcomes.keep(edit, {paths[int(index)]: outcome for _, index, outcome in answers})
            with lock:
                spare.append(runner)
        progress.step()

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for future in [pool.submit(run_one, edit) for edit in edits]:
            future.result()
    for runner in spare:
        runner.end()
    progress.end()


class Progress:
    """A line that counts, where somebody looks."""

    def __init__(self, total):
        self._total, self._done, self._lock = total, 0, threading.Lock()

    def step(self):
        with self._lock:
            self._done += 1
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{self._done} of {self._total} edits")

    def end(self):
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")


# ---- what it shows


def killers(edits, paths, outcomes):
    """scenario -> edits that make it fail, and edit -> scenarios that fail."""
    of_scenario, of_edit = {path: [] for path in paths}, {edit: [] for edit in edits}
    for edit in edits:
        for path in paths:
            if outcomes.get(edit, path) in NOTICED:
                of_scenario[path].append(edit)
                of_edit[edit].append(path)
    return of_scenario, of_edit


def proofs_text(of_scenario, of_edit):
    lines = [HEADING]
    for path, those in of_scenario.items():
        if those:
            keenest = min(those, key=lambda edit: (len(of_edit[edit]), edit.title))
            lines.append(f"{path}\t{len(those)}\t{keenest.title}\n")
    return "".join(lines)


def report(edits, paths, of_scenario, of_edit, reach_all):
    survivors = [edit for edit in edits if not of_edit[edit]]
    unproved = [path for path in paths if not of_scenario[path]]
    for edit in survivors:
        print(f"{edit.where}: nobody notices: {edit.title} ({edit.file})")
    if reach_all:
        for path in unproved:
            print(f"{path}: no edit makes it fail")
    print(f"{len(edits)} edits, {len(survivors)} noticed by nobody; {len(paths)} scenarios, "
          f"{len(unproved)} that no edit makes fail")
    return not survivors and not (reach_all and unproved)


def contradictions(edits, paths):
    """Where edits, code, scenarios and proofs.tsv do not fit together, a line each."""
    yield from planted_edits.misplaced(edits)
    titles = {edit.title for edit in edits}
    proved = {}
    if not os.path.exists(PROOFS):
        yield "conformance/planted/proofs.tsv is not there: tools/planted writes it"
        return
    with open(PROOFS, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            cells = line.rstrip("\n").split("\t")
            if number == 1:
                continue
            if len(cells) != 3 or not cells[1].isdigit():
                yield f"proofs.tsv:{number}: not a scenario, a number and an edit"
                continue
            proved[cells[0]] = cells[2]
    for path in paths:
        if path not in proved:
            yield f"{path}: no planted edit is known to make it fail: run tools/planted"
        elif proved[path] not in titles:
            yield f"{path}: '{proved[path]}', which made it fail, is no edit any more: run tools/planted"
    for path in sorted(set(proved) - set(paths)):
        yield f"proofs.tsv: {path} is no scenario that covers anything: run tools/planted"


def check(edits, paths):
    found = list(contradictions(edits, paths))
    for line in found:
        print(line)
    print(f"planted: {len(found)} wrong" if found else f"planted: {len(edits)} edits fit {len(paths)} scenarios")
    return not found


def run(edits, paths, arguments):
    began = time.monotonic()
    wrong = list(planted_edits.misplaced(edits))
    if wrong:
        die("\n".join(["these edits have no place:", *wrong]))
    outcomes = Outcomes(edits, paths)  # of the sources as they are now, whatever happens to them meanwhile
    program = build(edits, arguments.jobs)
    listing = os.path.join(BUILD, "scenarios.txt")
    with open(listing, "w", encoding="utf-8") as file:
        file.write("".join(path + "\n" for path in paths))
    chosen = [edit for edit in edits if arguments.edit.lower() in edit.title.lower()]
    built = time.monotonic()
    run_edits(program, listing, chosen, paths, outcomes, arguments.jobs)
    of_scenario, of_edit = killers(chosen, paths, outcomes)
    if arguments.edit:
        for edit in chosen:
            print(f"{edit.title}: {len(of_edit[edit])}")
            for path in of_edit[edit]:
                print(f"    {outcomes.get(edit, path):<8} {path}")
    else:
        write_if_changed(PROOFS, proofs_text(of_scenario, of_edit).encode())
        with open(os.path.join(BUILD, "edits.tsv"), "w", encoding="utf-8") as file:
            for edit, failing in of_edit.items():
                file.write(f"{len(failing)}\t{edit.title}\t{' '.join(failing[:3])}\n")
    fine = report(chosen, paths, of_scenario, of_edit, not arguments.edit)
    print(f"built in {built - began:.0f} s, run in {time.monotonic() - built:.0f} s")
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare the files with each other")
    parser.add_argument("--edit", default="", metavar="TEXT", help="only edits with this in their titles")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="how many at once")
    arguments = parser.parse_args()
    try:
        edits = planted_edits.read()
        paths = scenarios()
        fine = check(edits, paths) if arguments.check else run(edits, paths, arguments)
    except ValueError as error:
        die(str(error))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
