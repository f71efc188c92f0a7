"""The files of the matrix that scripts read: statements.tsv, and what the scenarios cover."""

import glob
import os
import re
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.normpath(os.path.join(HERE, "../.."))


@dataclass(frozen=True)
class Assigned:
    """A line of statements.tsv."""

    keyword: str
    row: str  # "-" where the statement binds nobody here
    reason: str


def statements(folder=HERE):
    """(rfc, section, ordinal) -> Assigned, in the order of the file."""
    table = {}
    with open(os.path.join(folder, "statements.tsv"), encoding="utf-8") as file:
        next(file)
        for number, line in enumerate(file, 2):
            cells = line.rstrip("\n").split("\t")
            if not 5 <= len(cells) <= 6:
                raise ValueError(f"statements.tsv:{number}: {len(cells)} cells where 5 or 6 belong")
            key = (int(cells[0]), cells[1], int(cells[2]))
            if key in table:
                raise ValueError(f"statements.tsv:{number}: the same statement as above")
            table[key] = Assigned(cells[3], cells[4], cells[5] if len(cells) == 6 else "")
    return table


def scenario_files(project=PROJECT):
    return sorted(glob.glob(os.path.join(project, "conformance/scenarios/**/*.flow"), recursive=True))


def covers(path):
    """The ids of a scenario's covers lines, or of those of all examples in a document."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("----") and path.endswith(".flow"):
                return
            if re.match(r"covers\s", line):
                yield from line.split()[1:]
