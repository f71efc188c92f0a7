"""The files of the matrix: statements.tsv, the rows, and the scenarios and tests that prove them."""

import glob
import os
import re
import tomllib
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.normpath(os.path.join(HERE, "../.."))


@dataclass(frozen=True)
class Assigned:
    """A line of statements.tsv."""

    keyword: str
    row: str  # "-" where the statement binds nobody here
    reason: str


@dataclass
class Row:
    id: str
    level: str = ""
    binds: list = field(default_factory=list)
    says: str = ""
    applies: str = ""
    gap: str = ""
    tests: list = field(default_factory=list)
    file: str = ""

    @property
    def section(self):
        """"RFC3261 16": where the figures of this row are counted."""
        return section_of(self.id)


def section_of(identity):
    rfc, _, section = identity.partition("#")
    return f"{rfc} {section.split('.')[0].rstrip('abcdefghijklmnopqrstuvwxyz')}"


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


def row_files(folder=HERE):
    return sorted(glob.glob(os.path.join(folder, "rfc*.toml")) + glob.glob(os.path.join(folder, "rfc*/*.toml")))


def rows(folder=HERE):
    """Every row in the order of the files; those with the same id, too. What is wrong with a key raises ValueError."""
    found = []
    for path in row_files(folder):
        short = os.path.relpath(path, folder)
        with open(path, "rb") as file:
            document = tomllib.load(file)
        if set(document) != {"row"}:
            raise ValueError(f"{short}: nothing but [[row]] belongs here")
        for entry in document["row"]:
            try:
                found.append(Row(**entry, file=short))
            except TypeError as error:
                raise ValueError(f"{short}: {entry.get('id', 'a row without an id')}: {error}") from error
    return found


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


_TEST = re.compile(r"^\s*(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)\(\s*(\w+),\s*(\w+)", re.MULTILINE)


def unit_tests(project=PROJECT):
    """The names of all tests, "Suite.Name", as the sources have them."""
    names = set()
    for path in glob.glob(os.path.join(project, "**/*_test.cpp"), recursive=True):
        with open(path, encoding="utf-8") as file:
            names.update(f"{suite}.{name}" for suite, name in _TEST.findall(file.read()))
    return names
