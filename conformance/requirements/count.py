#!/usr/bin/python3
"""Counts the requirement words of the RFCs: the denominator of the matrix, which nobody here chooses.

    count.py                     how many there are, per RFC and section
    count.py --check             fails where statements.tsv has one that the texts have not, or the other way round
    count.py --list RFC SECTION  each statement of a section and of those below it, with its sentence

The texts are rfc/rfcNNNN.txt below the directory that INTERMEDIARY_SHARED_DIR names, or else below ../shared beside
the project. Where they are not there, nothing is counted, and --check says so and succeeds.
"""

import argparse
import os
import sys
from collections import Counter

import rfc_text
import tables


def missing_texts():
    return [rfc for rfc in rfc_text.COUNTED if not os.path.exists(rfc_text.text_path(rfc))]


def counted():
    """(rfc, section, ordinal) -> keyword, as the texts have it."""
    return {statement.key: statement.keyword for rfc in rfc_text.COUNTED for statement in rfc_text.statements(rfc)}


def differences(texts, table):
    for key in texts:
        if key not in table:
            yield f"{name(key)}: {texts[key]} stands in the text and not in statements.tsv"
        elif texts[key] != table[key]:
            yield f"{name(key)}: the text has {texts[key]}, statements.tsv has {table[key]}"
    for key in table:
        if key not in texts:
            yield f"{name(key)}: {table[key]} stands in statements.tsv and not in the text"


def name(key):
    rfc, section, ordinal = key
    return f"RFC {rfc} section {section}, statement {ordinal}"


def check():
    table = {key: row.keyword for key, row in tables.statements().items()}
    texts = counted()
    wrong = list(differences(texts, table))
    for line in wrong:
        print(line)
    print(f"{len(wrong)} differences" if wrong else f"{len(texts)} statements, as in the texts")
    return 1 if wrong else 0


def show(rfc, section):
    table = tables.statements()
    for statement in rfc_text.statements(rfc):
        if statement.section != section and not statement.section.startswith(section + "."):
            continue
        row = table.get(statement.key)
        print(f"{statement.section} ({statement.ordinal}) {statement.keyword} -> {row.row if row else 'not in the table'}")
        print(f"    {statement.sentence}")


def totals():
    per_section = Counter((rfc, section.split(".")[0]) for rfc, section, _ in counted())
    for (rfc, section), number in per_section.items():
        print(f"RFC {rfc} section {section}: {number}")
    print(f"{sum(per_section.values())} statements")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with statements.tsv")
    parser.add_argument("--list", nargs=2, metavar=("RFC", "SECTION"), help="print statements with their sentences")
    arguments = parser.parse_args()
    missing = missing_texts()
    if missing:
        where = os.path.join(rfc_text.shared_directory(), "rfc")
        print(f"left out: no RFC texts ({', '.join(f'rfc{rfc}.txt' for rfc in missing)} below {where})")
        return 0
    if arguments.check:
        return check()
    if arguments.list:
        show(int(arguments.list[0]), arguments.list[1])
    else:
        totals()
    return 0


if __name__ == "__main__":
    sys.exit(main())
