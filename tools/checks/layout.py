#!/usr/bin/python3
"""The layout test: what a check can hold is not left to review.

    tools/checks/layout.py [--root DIR] [--compile-commands FILE]

Reads every tracked (or new, not ignored) file below DIR and prints one line, "path:line: what is wrong", for each
include in a wrong direction, call that the core may not make, dead file, stray top-level entry and file that outgrew
its reader. Exit 0 when there is none. The rules are the tables of rules.py; layout_test.py plants a violation of each.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import PurePosixPath as Path

import rules
from cpp_text import code_only, includes


class Tree:
    """The files of the project: relative path -> text."""

    def __init__(self, root):
        self.root = root
        self.paths = sorted(self._list())
        self.text = {path: self._read(path) for path in self.paths}

    def _list(self):
        command = ["git", "-C", self.root, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        try:
            listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
            return {path for path in listed if path and os.path.isfile(os.path.join(self.root, path))}
        except (OSError, subprocess.CalledProcessError):  # an unpacked archive
            return {path for path in self._walk() if path.split("/")[0] not in rules.IGNORED_WITHOUT_GIT}

    def _walk(self):
        for folder, _, names in os.walk(self.root):
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def _read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def cpp(self):
        return [path for path in self.paths if path.endswith((".cpp", ".h"))]


def room_of(path):
    """"message" for lib/message/x.h; "sim", "tools/cli", … outside lib."""
    parts = Path(path).parts
    if parts[0] in ("lib", "tools") and len(parts) > 2:
        return parts[1] if parts[0] == "lib" else "/".join(parts[:2])
    return parts[0]


def is_test(path):
    return path.endswith(("_test.cpp", "_test.h")) or Path(path).name.startswith("test_")


def resolve(tree, include):
    """The file that a quoted include means: from lib/ or from the root."""
    for candidate in ("lib/" + include, include):
        if candidate in tree.text:
            return candidate
    return None


def check_includes(tree):
    for path in tree.cpp():
        allowed = rules.may_include(room_of(path))
        if allowed is None:
            yield path, 1, f'no room "{room_of(path)}" in the table of rooms'
            continue
        for line, name, quoted in includes(tree.text[path]):
            if quoted:
                yield from check_own_include(tree, path, line, name, allowed)
            else:
                yield from check_outside_include(path, line, name)


def check_own_include(tree, path, line, name, allowed):
    target = resolve(tree, name)
    if target is None:
        yield path, line, f'"{name}" is no file of ours: write it from lib/ or from the root, others in <>'
        return
    room = room_of(target)
    if room != room_of(path) and room not in allowed:
        yield path, line, f"{room_of(path)} may not include {room}"
    owners = rules.PRIVATE_HEADERS.get(target)
    if owners and not path.startswith(owners):
        yield path, line, f"{target} belongs to {owners} alone"


def check_outside_include(path, line, name):
    for pattern, where, reason in rules.OUTSIDE_HEADERS:
        if re.fullmatch(pattern, name):
            if not any(re.fullmatch(place, path) for place in where):
                yield path, line, f"<{name}>: {reason}"
            return
    if "." not in name and "/" not in name:  # the standard library
        reason = rules.banned_header(name, is_test(path)) if rules.is_core(path) else None
        if reason:
            yield path, line, f"<{name}> in the core: {reason}"
        return
    yield path, line, f"<{name}> is in no table of tools/checks/rules.py"


def check_calls(tree):
    for path in tree.cpp():
        if not rules.is_core(path):
            continue
        code = code_only(tree.text[path])
        bans = [ban for ban in rules.CORE_BANNED_CALLS if ban.in_tests or not is_test(path)]
        for number, text in enumerate(code.split("\n"), 1):
            if text.lstrip().startswith("#include"):
                continue
            for ban in bans:
                if re.search(ban.pattern, text):
                    yield path, number, f"{ban.reason}: {text.strip()}"


UNORDERED = re.compile(r"\bunordered_(?:flat_|node_)?(?:multi)?(?:map|set)\s*<")


def unordered_names(code):
    """Names of variables and members that are unordered containers, as far as text shows them."""
    names = set()
    for match in UNORDERED.finditer(code):
        depth, position = 1, match.end()
        while depth and position < len(code):
            depth += {"<": 1, ">": -1}.get(code[position], 0)
            position += 1
        name = re.match(r"[\s&]*(\w+)\s*[;{=(,)]", code[position:])
        if name:
            names.add(name.group(1))
    return names


def check_unordered_iteration(tree):
    codes = {path: code_only(tree.text[path]) for path in tree.cpp() if rules.is_core(path)}
    for path, code in codes.items():
        header = re.sub(r"\.cpp$", ".h", path)
        names = unordered_names(code) | unordered_names(codes.get(header, ""))
        for name in sorted(names):
            walk = re.compile(rf"for\s*\([^;)]*:\s*(?:\w+(?:\.|->))*{name}\s*\)|\b{name}\s*(?:\.|->)\s*c?begin\s*\(")
            for match in walk.finditer(code):
                yield path, code.count("\n", 0, match.start()) + 1, f"walks {name}, whose order means nothing"


def check_headers(tree):
    included = {resolve(tree, name) for path in tree.cpp() for _, name, quoted in includes(tree.text[path]) if quoted}
    for path in tree.cpp():
        if not path.endswith(".h"):
            continue
        if "#pragma once" not in tree.text[path]:
            yield path, 1, "a header without #pragma once"
        if path not in included:
            yield path, 1, "dead: nothing includes it"


DEFINITION = re.compile(r"^(?:struct|class|enum(?: class)?) (\w+)(?: final)?(?: : [^;{]*)?\s*\{", re.MULTILINE)


def check_one_definition(tree):
    """All of the library is one namespace: two types of one name are one to the linker, which takes either's functions."""
    first = {}
    for path in tree.cpp():
        if not (path.startswith("lib/") and path.endswith(".h")):
            continue
        code = code_only(tree.text[path])
        for match in DEFINITION.finditer(code):
            other = first.setdefault(match.group(1), path)
            if other != path:
                yield path, code.count("\n", 0, match.start()) + 1, f"{match.group(1)} is defined in {other}, too"


def check_compiled(tree, compiled):
    for path in tree.cpp():
        stands_in = path.endswith("_absent.cpp") and path.replace("_absent.cpp", ".cpp") in compiled
        if path.endswith(".cpp") and path not in compiled and not stands_in:
            yield path, 1, "dead: no target compiles it"


def check_scenarios(tree):
    others = "\n".join(text for path, text in tree.text.items() if path.endswith((".cpp", ".h", ".py", ".txt", ".cmake")))
    for path in tree.paths:
        if path.endswith(".flow") and not path.startswith(rules.SCENARIO_FOLDERS) and Path(path).name not in others:
            yield path, 1, "dead: not below " + " or ".join(rules.SCENARIO_FOLDERS) + ", and no test names it"


LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def links(tree, path):
    """Relative links of a Markdown file: (line, target)."""
    for number, text in enumerate(tree.text[path].split("\n"), 1):
        for target in LINK.findall(text):
            if "://" not in target and not target.startswith("mailto:"):
                yield number, os.path.normpath(os.path.join(os.path.dirname(path), target))


def check_documents(tree):
    documents = [path for path in tree.paths if path.endswith(".md")]
    reached, todo = set(), [path for path in rules.DOCUMENT_ROOTS if path in tree.text]
    while todo:
        path = todo.pop()
        if path not in reached:
            reached.add(path)
            todo += [target for _, target in links(tree, path) if target in documents]
    for path in documents:
        if path not in reached:
            yield path, 1, "dead: no link leads here from " + " or ".join(rules.DOCUMENT_ROOTS)
        for number, target in links(tree, path):
            if not os.path.exists(os.path.join(tree.root, target)):
                yield path, number, f"a link to {target}, which is not there"
    for path in tree.cpp():
        for number, text in enumerate(tree.text[path].split("\n"), 1):
            for target in re.findall(r"\bdocs/[\w/.-]+\.md\b", text):
                if target not in tree.text:
                    yield path, number, f"speaks of {target}, which is not there"


def check_scripts(tree):
    others = {path: text for path, text in tree.text.items() if not path.endswith((".cpp", ".h"))}
    for path in tree.paths:
        name = Path(path).name
        if tree.text[path].startswith("#!") and not path.startswith(".ci/"):
            if not any(name in text for other, text in others.items() if other != path):
                yield path, 1, "dead: nothing speaks of this script"
            if not os.access(os.path.join(tree.root, path), os.X_OK):
                yield path, 1, "a script without its run bit"


def check_top_level(tree):
    for entry in sorted({Path(path).parts[0] for path in tree.paths}):
        if not entry.startswith(".") and entry not in rules.TOP_LEVEL:
            yield entry, 1, "a top-level entry that the README does not know"


def check_text(tree):
    for path in tree.paths:
        if not (path.endswith(rules.SOURCE_ENDINGS) or tree.text[path].startswith("#!")):
            continue
        lines = tree.text[path].split("\n")
        if len(lines) - 1 > rules.MOST_LINES:
            yield path, rules.MOST_LINES, f"{len(lines) - 1} lines: more than {rules.MOST_LINES}"
        for number, text in enumerate(lines, 1):
            if re.search(rules.UNFINISHED, text):
                yield path, number, "unfinished work: " + text.strip()


def compiled_files(path, root):
    """What a build compiles; where several files are compiled as one, each of them."""
    with open(path, encoding="utf-8") as file:
        entries = json.load(file)
    real = os.path.realpath(root)
    files = set()
    for entry in entries:
        name = os.path.realpath(os.path.join(entry["directory"], entry["file"]))
        files.update(united_files(name) if "/Unity/" in name else [name])
    return {os.path.relpath(os.path.realpath(each), real) for each in files}


def united_files(name):
    """The files that one of CMake's unity files includes; none, until CMake has made it."""
    if not os.path.exists(name):
        return []
    with open(name, encoding="utf-8") as file:
        return re.findall(r'^#include "(.+)"$', file.read(), re.M)


def violations(root, compiled=None):
    tree = Tree(root)
    checks = [check_includes, check_calls, check_unordered_iteration, check_headers, check_one_definition,
              check_scenarios, check_documents,
              check_scripts, check_top_level, check_text]
    for check in checks:
        yield from check(tree)
    if compiled is not None:
        yield from check_compiled(tree, compiled)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    parser.add_argument("--compile-commands", help="of a build of everything: a .cpp that is not there is dead")
    arguments = parser.parse_args()
    root = os.path.normpath(arguments.root)
    compiled = compiled_files(arguments.compile_commands, root) if arguments.compile_commands else None
    found = list(violations(root, compiled))
    for path, line, what in found:
        print(f"{path}:{line}: {what}")
    print(f"layout: {len(found)} wrong" if found else "layout: as designed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
