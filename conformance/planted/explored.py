#!/usr/bin/python3
"""Shows that random worlds find faults: looks for each of the faults of explored/ with no scenario written for it, and
shrinks what it finds.

    tools/explore planted             builds, explores each fault for 5 minutes at most, writes docs/planted-faults.tsv;
                                      exit 1 where one is found by no world, or the code as it is breaks a promise
    tools/explore planted --fault TEXT   only those with TEXT in their titles; nothing written
    tools/explore planted --all          every planted edit of tools/planted as well, a short while each; nothing written

docs/exploring.md says what random worlds are; edits.py, how a fault is written.
"""

import argparse
import concurrent.futures
import os
import subprocess
import sys
import time

import edits as planted_edits
import planted
from edits import HERE, PROJECT

FAULTS = os.path.join(HERE, "explored")
TABLE = os.path.join(PROJECT, "docs/planted-faults.tsv")
FOLDER = os.path.join(PROJECT, "build/explored/found")
HEADING = "fault\tpromise that it breaks\tworlds\tseconds\tlines\truns to shrink\n"
MOST_LINES = 25


class Found:
    """What exploring one fault came to."""

    def __init__(self, edit, output):
        words, _, self.world = output.partition("\n")
        words = words.split()
        self.edit = edit
        self.found = words[:1] == ["found"]
        self.seed, self.worlds, self.seconds = words[1], int(words[2]), int(words[3]) / 1000
        self.lines, self.runs, self.promise = (int(words[4]), int(words[5]), words[6]) if self.found else (0, 0, "")

    @property
    def small(self):
        return self.found and self.lines < MOST_LINES

    def row(self):
        return f"{self.edit.title}\t{self.promise}\t{self.worlds}\t{self.seconds:.1f}\t{self.lines}\t{self.runs}\n"


def explore(program, edit, seconds, seed):
    number = edit.number if edit else 0
    done = subprocess.run([program, str(number), str(seconds), str(seed)], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout:
        planted.die(f"explore_planted failed on '{edit.title if edit else 'the code as it is'}'")
    return Found(edit, done.stdout)


def keep(found):
    os.makedirs(FOLDER, exist_ok=True)
    name = "".join(c if c.isalnum() else "-" for c in found.edit.title.lower())
    with open(os.path.join(FOLDER, name + ".flow"), "w", encoding="utf-8") as file:
        file.write(found.world)


def run(arguments):
    faults = planted_edits.read(FAULTS)
    others = planted_edits.read() if arguments.all else []
    wrong = list(planted_edits.misplaced(faults + others))
    if wrong:
        planted.die("\n".join(["these have no place:", *wrong]))
    planted.BUILD = os.path.join(PROJECT, "build/explored")
    program = planted.build(faults + others, arguments.jobs, "explore_planted")
    chosen = [edit for edit in faults + others if arguments.fault.lower() in edit.title.lower()]
    began = time.monotonic()
    sound = explore(program, None, arguments.sound, arguments.seed)
    print(f"the code as it is: {sound.worlds} worlds, {'breaks ' + sound.promise if sound.found else 'no promise broken'}",
          flush=True)
    rows, good = [], not sound.found
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for found in pool.map(lambda edit: explore(program, edit, arguments.seconds, arguments.seed), chosen):
            rows.append(found.row())
            good = good and found.small
            print(f"{'found  ' if found.found else 'MISSED '} {found.seconds:6.1f} s {found.worlds:6} worlds "
                  f"{found.lines:3} lines  {found.edit.title}: {found.promise}", flush=True)
            if found.found:
                keep(found)
    if not arguments.fault and not arguments.all:
        planted.write_if_changed(TABLE, (HEADING + "".join(rows)).encode())
    print(f"{len(chosen)} faults, {sum(1 for row in rows if row.split(chr(9))[1])} found, in {time.monotonic() - began:.0f} s")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fault", default="", metavar="TEXT", help="only faults with this in their titles")
    parser.add_argument("--all", action="store_true", help="the edits of tools/planted as well")
    parser.add_argument("--seconds", type=int, default=300, help="how long to look for each")
    parser.add_argument("--sound", type=int, default=60, help="how long to look at the code as it is")
    parser.add_argument("--seed", type=int, default=1, help="of the first world")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="how many at once")
    parser.add_argument("--check", action="store_true", help="only: do the faults fit the code?")
    arguments = parser.parse_args()
    try:
        if arguments.check:
            wrong = list(planted_edits.misplaced(planted_edits.read(FAULTS)))
            print("\n".join(wrong) if wrong else "explored: all faults fit")
            return 1 if wrong else 0
        return 0 if run(arguments) else 1
    except ValueError as error:
        planted.die(str(error))


if __name__ == "__main__":
    sys.exit(main())
