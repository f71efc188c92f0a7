#!/usr/bin/python3
"""Holds the editor's grammar to the language: reads every scenario with it, as an editor would.

    tools/editor/grammar_test.py

Nothing in a scenario may be invalid or without a scope, white space apart; what a wrong line begins with is invalid; and
the words of the grammar are those of sim/words.h. Patterns keep to what Oniguruma and Python's `re` have in common.
"""

import glob
import json
import os
import re
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))


def read(path):
    with open(os.path.join(PROJECT, path), encoding="utf-8") as file:
        return file.read()


class Grammar:
    """As much of TextMate's as this grammar uses: match, begin and end, captures, include."""

    def __init__(self, text):
        self.rules = json.loads(text)
        self.compiled = {}

    def regex(self, pattern):
        if pattern not in self.compiled:
            self.compiled[pattern] = re.compile(pattern)
        return self.compiled[pattern]

    def flat(self, patterns):
        for rule in patterns:
            if "include" in rule:
                named = self.rules["repository"][rule["include"][1:]]
                yield from self.flat(named["patterns"] if set(named) == {"patterns"} else [named])
            else:
                yield rule

    def scopes(self, lines):
        """For each line a list of scopes, one a character; None where none fits."""
        open_rules = []
        for line in lines:
            scopes = [None] * len(line)
            at = 0
            while at <= len(line):
                best = None
                if open_rules:
                    end = self.regex(open_rules[-1]["end"]).search(line, at)
                    best = (end.start(), -1, end, None) if end else None
                    patterns = open_rules[-1].get("patterns", [])
                else:
                    patterns = self.rules["patterns"]
                for order, rule in enumerate(self.flat(patterns)):
                    found = self.regex(rule.get("match") or rule["begin"]).search(line, at)
                    if found and (best is None or (found.start(), order) < best[:2]):
                        best = (found.start(), order, found, rule)
                inside = open_rules[-1]["name"] if open_rules else None
                for i in range(at, best[0] if best else len(line)):
                    scopes[i] = inside
                if not best:
                    break
                _, _, found, rule = best
                name = (rule or open_rules[-1]).get("name", "meta.flow")
                for i in range(*found.span()):
                    scopes[i] = name
                if rule is None:
                    open_rules.pop()
                elif "begin" in rule:
                    open_rules.append(rule)
                for number, capture in (rule or {}).get("captures", {}).items():
                    for i in range(*found.span(int(number))):
                        scopes[i] = capture["name"]
                at = found.end() if found.end() > at else at + 1
            yield scopes


def words_of_the_language():
    """"source_words" -> {"include", …}."""
    lists = re.findall(r"auto (\w+) =\s*std::to_array<std::string_view>\(\s*\{(.*?)\}\)", read("sim/words.h"), re.S)
    return {name: set(re.findall(r'"([^"]+)"', body)) for name, body in lists}


class GrammarTest(unittest.TestCase):
    def setUp(self):
        self.grammar = Grammar(read("tools/editor/flow.tmLanguage.json"))

    def scopes_of(self, *lines):
        return list(self.grammar.scopes(lines))

    def test_every_scenario_is_read_without_a_gap(self):
        files = sorted(glob.glob(os.path.join(PROJECT, "conformance/scenarios/**/*.flow"), recursive=True))
        texts = [(path, read(path)) for path in files]
        self.assertGreater(len(texts), 100)
        examples = re.findall(r"```flow\n(.*?)```", read("docs/scenarios.md"), re.S)
        texts += [(f"docs/scenarios.md, example {number}", text) for number, text in enumerate(examples, 1)]
        for path, text in texts:
            lines = text.split("\n")
            for number, (line, scopes) in enumerate(zip(lines, self.grammar.scopes(lines)), 1):
                for character, scope in zip(line, scopes):
                    if character not in " \t":
                        self.assertIsNotNone(scope, f"{path}:{number}: {line}")
                        self.assertNotIn("invalid", scope, f"{path}:{number}: {line}")

    def test_a_wrong_beginning_is_invalid(self):
        for line in ("prty alice 192.0.2.1", "-> p1 INVITE", "nodes p1"):
            self.assertEqual(self.scopes_of(line)[0][0], "invalid.illegal.beginning.flow", line)

    def test_the_words_are_the_parsers(self):
        words = words_of_the_language()
        for name in ("source-words", "declaration-words", "other-words", "line-subjects", "line-verbs",
                     "condition-words"):
            pattern = self.grammar.rules["repository"][name]["match"]
            listed = next(group for group in re.findall(r"\(((?:[a-z!>-]+\|)+[a-z!>-]+)\)", pattern))
            self.assertEqual(set(listed.split("|")), words[name.replace("-", "_")], name)

    def test_parts_of_a_line_have_their_scopes(self):
        line = '0.010   p1    -x bob    INVITE sip:{row}@x   Via: *;branch=$b  count Route 2  # why'
        scopes = self.scopes_of(line)[0]
        for part, scope in {
            "0.010": "constant.numeric.time", "p1": "entity.name.type", "-x": "keyword.operator.verb",
            "INVITE": "support.function.method", "{row}": "variable.language.placeholder",
            "Via": "entity.name.tag.header", "*": "keyword.operator.wildcard", "branch": "variable.parameter.option",
            "$b": "variable.other", "count": "keyword.other.condition", "# why": "comment.line",
        }.items():
            self.assertTrue(scopes[line.index(part)].startswith(scope), (part, scopes[line.index(part)]))

    def test_blocks_and_ladders_last_until_their_ends(self):
        scopes = self.scopes_of('0  a -> p1  raw """', "node \\x41 {x}", '  """', "seed 1", "----", "node", "seed")
        self.assertEqual(scopes[1][0], "string.quoted.triple.flow")
        self.assertEqual(scopes[1][5], "constant.character.escape.flow")
        self.assertEqual(scopes[3][0], "storage.modifier.flow")
        self.assertEqual({scopes[5][0], scopes[6][0]}, {"markup.raw.ladder.flow"})


if __name__ == "__main__":
    unittest.main()
