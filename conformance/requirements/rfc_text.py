"""RFC texts as the matrix reads them: sections, paragraphs and the requirement words in them.

The denominator of the matrix is whatever this module finds, so it knows as little as possible: where a section begins,
what is page furniture, and six words.
"""

import os
import re
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))


def read_counted(path=os.path.join(HERE, "counted.tsv")):
    """RFC -> sections of which everything is counted; None is the whole body."""
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in list(file)[1:]]
    return {int(rfc): None if names == "all" else tuple(names.split(" ")) for rfc, names in rows}


COUNTED = read_counted()

KEYWORD = re.compile(r"\b(?:MUST(?:\s+NOT)?|SHALL(?:\s+NOT)?|SHOULD(?:\s+NOT)?|REQUIRED)\b")

_PAGE_BREAK = re.compile(r"\n*\n[^\n]*\[Page \d+\][ ]*\n\f\n?[^\n]*\n+")
_HEADING = re.compile(r"^(?:Appendix )?(\d+(?:\.\d+)*|[A-Z](?:\.\d+)*(?=\.))\.? +(\S.*)$")
_NO_BODY = re.compile(
    r"\bReferences|Acknowledge?ments?|Authors?' Address|Full Copyright|Intellectual Property", re.IGNORECASE)
_BOILERPLATE = re.compile(r'key\s+words\s+"MUST"')
_SENTENCE_END = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!etc)[.?!][\")]*\s+(?=[\"(]?[A-Z0-9])")


@dataclass(frozen=True)
class Statement:
    rfc: int
    section: str
    ordinal: int
    keyword: str
    sentence: str

    @property
    def key(self):
        return self.rfc, self.section, self.ordinal


def shared_directory():
    beside = os.path.join(HERE, "../../../shared")
    return os.environ.get("INTERMEDIARY_SHARED_DIR") or os.path.normpath(beside)


def text_path(rfc):
    return os.path.join(shared_directory(), "rfc", f"rfc{rfc}.txt")


def without_pages(text):
    """Joins pages: a paragraph that a page break cut in two is one again."""

    def join(match):
        before = text[: match.start()].rstrip()[-1:]
        after = text[match.end() : match.end() + 80].lstrip()[:1]
        return "\n" if before not in ".:?!" or after.islower() else "\n\n"

    return _PAGE_BREAK.sub(join, text)


def sections(text):
    """(number, title, body) in the order of the text. What stands above section 1 has no number and is left out."""
    found = []
    for line in without_pages(text).split("\n"):
        heading = _HEADING.match(line)
        if heading:
            found.append((heading.group(1), heading.group(2), []))
        elif found and re.match(r"[A-Z]", line):  # a heading without a number, or the footer of the document
            found.append(("", line, []))
        elif found:
            found[-1][2].append(line)
    return [(number, title, "\n".join(lines)) for number, title, lines in found]


def lies_in(number, section):
    return number == section or number.startswith(section + ".")


def is_left_out(rfc, number):
    """Whether nothing of a section is counted, neither itself nor what stands above or below it."""
    wanted = COUNTED.get(rfc)
    return wanted is not None and not any(lies_in(number, name) or lies_in(name, number) for name in wanted)


def is_counted(rfc, number, title, skipped):
    if not number or _NO_BODY.search(title):
        return False
    if any(number.startswith(parent + ".") for parent in skipped):
        return False
    wanted = COUNTED[rfc]
    return wanted is None or any(lies_in(number, name) for name in wanted)


def sentence_around(paragraph, position):
    begin = 0
    for end in _SENTENCE_END.finditer(paragraph):
        if end.end() > position:
            return paragraph[begin : end.end()].strip()
        begin = end.end()
    return paragraph[begin:].strip()


def statements(rfc):
    """Every requirement word of the counted sections, in the order of the text."""
    with open(text_path(rfc), encoding="utf-8", errors="replace") as file:
        text = file.read().replace("\r\n", "\n")
    skipped, ordinals = set(), {}
    for number, title, body in sections(text):
        if number and _NO_BODY.search(title):
            skipped.add(number)
        if not is_counted(rfc, number, title, skipped):
            continue
        for paragraph in re.split(r"\n\s*\n", body):
            flat = re.sub(r"\s+", " ", paragraph).strip()
            if _BOILERPLATE.search(flat):
                continue
            for match in KEYWORD.finditer(flat):
                ordinals[number] = ordinals.get(number, 0) + 1
                yield Statement(rfc, number, ordinals[number], match.group(), sentence_around(flat, match.start()))
