"""The planted edits: small wrong changes of the library, and the code that holds all of them at once.

An edit is a title, the code that it stands in, and what is wrong instead, in a file of edits/:

    file lib/transaction/invite_client.cpp

    Timer D runs for T4
        arm(t_, around_, &ClientTransaction::timeout, Timer::D, «around_.timings.timer_d => around_.timings.t4»);

What stands between the marks is replaced; what stands around it finds the place, which must be the only one of its
kind in the file. White space is as good as other white space. `« => statement;»` adds, `«statement; => ;»` takes away.

Woven, an edit is a switch: `(planted::on(17) ? (wrong) : (right))`, or the same with `if` for what ends like a
statement. So one program holds them all, and the code is as it was while none is switched on.
"""

import glob
import os
import re
import zlib
from collections import defaultdict
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.normpath(os.path.join(HERE, "../.."))
_MARKED = re.compile(r"(?P<before>[^«»]*)«(?P<right>[^«»]*?)\s*=>\s(?P<wrong>[^«»]*)»(?P<after>[^«»]*)", re.DOTALL)
_STATEMENT = re.compile(r".*;$|\{|(?:for|if|while)\b", re.DOTALL)


@dataclass(frozen=True)
class Edit:
    title: str
    file: str
    before: str
    right: str
    wrong: str
    after: str
    where: str = field(compare=False, default="")  # file:line of the edit itself

    @property
    def number(self):
        """The same in every build, whatever other edits there are; never 0."""
        return zlib.crc32(self.text.encode()) or 1

    @property
    def text(self):
        return "\n".join([self.title, self.file, self.before, self.right, self.wrong, self.after])

    @property
    def is_statement(self):
        return bool(_STATEMENT.match(self.right or self.wrong))


def read(folder=os.path.join(HERE, "edits")):
    """All edits, in order. What is wrong with a file raises ValueError."""
    found = []
    for path in sorted(glob.glob(os.path.join(folder, "*.edits"))):
        found += read_file(path)
    for key in ("title", "number"):
        seen = {}
        for edit in found:
            other = seen.setdefault(getattr(edit, key), edit)
            if other is not edit:
                raise ValueError(f"{edit.where}: the same {key} as {other.where}")
    return found


def read_file(path):
    short = os.path.basename(path)
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    source, title, start, site, found = "", "", 0, [], []
    for number, line in enumerate(lines + [""], 1):
        if line.startswith((" ", "\t")):
            if not title:
                raise ValueError(f"{short}:{number}: code without a title above it")
            site.append(line)
            continue
        if title:
            found.append(_edit(title, source, "\n".join(site), f"{short}:{start}"))
            title, site = "", []
        if line.startswith("file "):
            source = line[5:].strip()
        elif line and not line.startswith("#"):
            if not source:
                raise ValueError(f"{short}:{number}: an edit before any 'file' line")
            title, start = line.strip(), number
    return found


def _edit(title, source, site, where):
    marked = _MARKED.fullmatch(site)
    if not marked:
        raise ValueError(f"{where}: the code of '{title}' has not the form 'before «right => wrong» after'")
    parts = {name: text.strip() for name, text in marked.groupdict().items()}
    if parts["right"] == parts["wrong"]:
        raise ValueError(f"{where}: '{title}' changes nothing")
    return Edit(title, source, where=where, **parts)


def _pattern(text):
    return r"\s+".join(re.escape(word) for word in text.split())


def span(edit, text):
    """Where in the text of its file the edit's code begins and ends; ValueError unless it stands there once."""
    parts = [part for part in (_pattern(edit.before), f"(?P<right>{_pattern(edit.right)})", _pattern(edit.after)) if part]
    places = list(re.finditer(r"\s*".join(parts), text))
    if len(places) != 1:
        raise ValueError(f"{edit.where}: {edit.file} has the code of '{edit.title}' {len(places)} times, not once")
    return places[0].span("right")


def weave(text, edits):
    """The text of a file with all edits in it, each behind its switch."""
    spans = defaultdict(list)
    for edit in edits:
        spans[span(edit, text)].append(edit)
    ordered = sorted(spans, key=lambda place: (place[0], -place[1]))
    return _weave(text, 0, len(text), ordered, spans)


def _weave(text, begin, end, places, spans):
    """text[begin:end] with the switches of `places`, which lie in it, outer ones before what is within them."""
    woven, at = [], begin
    while places:
        first, last = places[0]
        within = [place for place in places[1:] if place[0] < last]
        for place in within:
            if place[1] > last:
                raise ValueError(f"{spans[place][0].where}: lies half within {spans[places[0]][0].where}")
        woven += [text[at:first], _switch(spans[(first, last)], _weave(text, first, last, within, spans))]
        at, places = last, places[1 + len(within):]
    return "".join(woven) + text[at:end]


def _switch(edits, right):
    if edits[0].is_statement:
        branches = "".join(f"if (::planted::on({edit.number}u)) {{ {edit.wrong} }} else " for edit in edits)
        return f"{{ {branches}{{ {right} }} }}"
    if any(edit.wrong in ("true", "false") for edit in edits):  # whatever is asked there, a std::optional for example
        right = f"static_cast<bool>({right})"
    return "(" + "".join(f"::planted::on({edit.number}u) ? ({edit.wrong}) : " for edit in edits) + f"({right}))"


def by_file(edits):
    files = defaultdict(list)
    for edit in edits:
        files[edit.file].append(edit)
    return files


def misplaced(edits, project=PROJECT):
    """What keeps edits from their places, a line each."""
    for path, those in by_file(edits).items():
        try:
            with open(os.path.join(project, path), encoding="utf-8") as file:
                text = file.read()
        except OSError as error:
            yield f"{those[0].where}: {path}: {error.strerror}"
            continue
        for edit in those:
            try:
                span(edit, text)
            except ValueError as error:
                yield str(error)
