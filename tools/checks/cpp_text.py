"""C++ as text: what of a file is code, and what it includes."""

import re

TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n]*(?:\\\n[^\n]*)*|/\*.*?\*/)
  | (?P<raw>\bu?8?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<character>(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+')
    """,
    re.VERBOSE | re.DOTALL,
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def _blank(match):
    kept = "".join(c if c == "\n" else " " for c in match.group(0))
    return kept if match.lastgroup == "comment" else '"' + kept[2:] + '"' if "\n" not in kept else kept


def code_only(text):
    """The text with comments and the contents of literals blanked; every line keeps its number."""
    return TOKEN.sub(_blank, text)


def includes(text):
    """(line, name, quoted) of each #include that is not commented out."""
    hidden = [match.span() for match in TOKEN.finditer(text) if match.lastgroup in ("comment", "raw")]
    for match in INCLUDE.finditer(text):
        if not any(begin <= match.start() < end for begin, end in hidden):
            line = text.count("\n", 0, match.start()) + 1
            yield line, match.group(1) or match.group(2), match.group(1) is not None
