#!/usr/bin/python3
"""Checks the requirement matrix and prints how far it is proved.

    check.py            the figures per section and in total; fails where the files contradict each other
    check.py --gaps     each gap with its reason as well
    check.py --rows     each row with what proves it as well

README.md beside this file says what the files are.
"""

import argparse
import os
import re
import sys
from collections import Counter, defaultdict

import rfc_text
import tables

ID = re.compile(r"RFC(\d+)#(?:\d+(?:\.\d+)*)[a-z]?")
SECTION_REFERENCE = re.compile(r"RFC(\d+)#(\d+(?:\.\d+)*)")
ROLES = {
    "proxy", "stateful-proxy", "stateless-proxy", "registrar", "redirect", "uas", "uac", "transport", "resolver",
    "client-transaction", "server-transaction", "edge-proxy",
}
GAPS = ("later: ", "declined: ", "untested: ", "wrong: ")


class Matrix:
    def __init__(self, folder=tables.HERE, project=tables.PROJECT):
        self.statements = tables.statements(folder)
        self.all_rows = tables.rows(folder)
        self.rows = {row.id: row for row in self.all_rows}
        self.rfcs = {row.id.partition("#")[0] for row in self.all_rows}
        self.scenarios = {os.path.relpath(path, project): list(tables.covers(path))
                          for path in tables.scenario_files(project)}
        self.unit_tests = tables.unit_tests(project)
        examples = os.path.join(project, "docs/scenarios.md")  # they are to be right, and prove nothing
        self.examples = list(tables.covers(examples)) if os.path.exists(examples) else []
        self.proofs = self._proofs()

    def _proofs(self):
        proofs = defaultdict(list)
        for path, ids in self.scenarios.items():
            for identity in ids:
                proofs[identity].append(path)
        for row in self.all_rows:
            proofs[row.id] += row.tests
        return proofs


def wrong_rows(matrix):
    for identity, number in Counter(row.id for row in matrix.all_rows).items():
        if number > 1:
            yield f"{identity}: {number} rows have this id"
    for row in matrix.all_rows:
        yield from (f"{row.file}: {row.id}: {what}" for what in wrong_row(row, matrix))


def wrong_row(row, matrix):
    if not ID.fullmatch(row.id):
        yield "an id is RFC3261#16.7.5b: RFC, section or step, and a letter where there are several"
    if row.level not in ("must", "should"):
        yield f"level is must or should, not '{row.level}'"
    if not row.binds or not set(row.binds) <= ROLES:
        yield f"binds one or several of {', '.join(sorted(ROLES))}"
    if not row.says:
        yield "says nothing"
    if row.applies and not row.applies.startswith("no: "):
        yield "applies, where it is there, is 'no: ' and a reason"
    if row.gap and not row.gap.startswith(GAPS):
        yield f"a gap begins with one of {', '.join(repr(kind.strip()) for kind in GAPS)}"
    if row.gap and row.applies:
        yield "does not apply, and is a gap"
    for test in row.tests:
        if test not in matrix.unit_tests:
            yield f"no test is called {test}"
    excuse = row.gap or row.applies
    proofs = matrix.proofs[row.id]
    if not proofs and not excuse:
        yield "nothing proves it, and no gap says why"
    if proofs and excuse:
        yield f"has a proof ({proofs[0]}), and says '{excuse}'"


def wrong_statements(matrix):
    used = set()
    levels = {}
    for (rfc, section, ordinal), assigned in matrix.statements.items():
        where = f"statements.tsv: RFC {rfc} section {section}, statement {ordinal}"
        if assigned.row == "-":
            if not assigned.reason:
                yield f"{where}: neither a row nor a reason"
            continue
        if assigned.reason:
            yield f"{where}: a row and a reason"
        if assigned.row not in matrix.rows:
            yield f"{where}: no row has the id {assigned.row}"
        used.add(assigned.row)
        if not assigned.keyword.startswith("SHOULD"):
            levels[assigned.row] = "must"
    for row in matrix.all_rows:
        if row.id not in used:
            yield f"{row.file}: {row.id}: no statement leads here"
        elif row.level != levels.get(row.id, "should"):
            yield f"{row.file}: {row.id}: its statements make its level {levels.get(row.id, 'should')}"


def wrong_scenarios(matrix):
    for path, ids in matrix.scenarios.items():
        for identity, number in Counter(ids).items():
            if number > 1:
                yield f"{path}: covers {identity} {number} times"
        yield from wrong_references(path, ids, matrix)
    yield from wrong_references("docs/scenarios.md", matrix.examples, matrix)


def wrong_references(path, ids, matrix):
    """What is neither a row, nor a section that has none: one of another RFC, or one that is not counted."""
    for identity in sorted(set(ids) - set(matrix.rows)):
        section = SECTION_REFERENCE.fullmatch(identity)
        if identity.partition("#")[0] in matrix.rfcs:
            if not section or not rfc_text.is_left_out(int(section[1]), section[2]):
                yield f"{path}: covers {identity}, which is no row"
        elif not section:
            yield f"{path}: covers {identity}, which is no section of an RFC"


def wrong(matrix):
    yield from wrong_rows(matrix)
    yield from wrong_statements(matrix)
    yield from wrong_scenarios(matrix)


def status(row, matrix):
    if row.applies:
        return "does not apply"
    if row.gap:
        return "gap"
    return "proved" if matrix.proofs[row.id] else "unproved"


def section_order(name):
    rfc, section = name.split()
    return int(rfc[3:]), int(section)


def figures(matrix):
    """section -> Counter of statements, rows and what they are."""
    table = defaultdict(Counter)
    for (rfc, section, _), assigned in matrix.statements.items():
        counts = table[tables.section_of(f"RFC{rfc}#{section}")]
        counts["statements"] += 1
        counts["bind nobody"] += assigned.row == "-"
    for row in matrix.all_rows:
        counts = table[row.section]
        counts["rows"] += 1
        counts[status(row, matrix)] += 1
    return {name: table[name] for name in sorted(table, key=section_order)}


COLUMNS = ["statements", "bind nobody", "rows", "does not apply", "proved", "gap", "unproved"]


def share(counts):
    applicable = counts["rows"] - counts["does not apply"]
    return f"{100 * counts['proved'] // applicable} %" if applicable else "-"


def print_figures(matrix):
    table = figures(matrix)
    total = sum(table.values(), Counter())
    print(f"{'section':<14}" + "".join(f"{column:>16}" for column in COLUMNS) + f"{'of applicable':>16}")
    for name, counts in [*table.items(), ("total", total)]:
        print(f"{name:<14}" + "".join(f"{counts[column]:>16}" for column in COLUMNS) + f"{share(counts):>16}")


def print_rows(matrix, wanted):
    for row in matrix.all_rows:
        if wanted(row):
            print(f"{row.id} [{row.level}] {row.says}")
            for line in [row.gap, row.applies, *matrix.proofs[row.id]]:
                if line:
                    print(f"    {line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gaps", action="store_true", help="print each gap with its reason")
    parser.add_argument("--rows", action="store_true", help="print each row with its proofs")
    arguments = parser.parse_args()
    try:
        matrix = Matrix()
    except ValueError as error:
        print(error)
        return 1
    found = list(wrong(matrix))
    if arguments.rows:
        print_rows(matrix, lambda row: True)
    elif arguments.gaps:
        print_rows(matrix, lambda row: status(row, matrix) == "gap")
    print_figures(matrix)
    for line in found:
        print(line)
    print(f"matrix: {len(found)} wrong" if found else "matrix: nothing contradicts")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
