#!/usr/bin/python3
"""Shows that edits are read, find their places and are woven as edits.py says, and that planted.py finds what is wrong."""

import os
import tempfile
import unittest
from unittest import mock

import edits
import planted

CODE = """void f(int x) {
  if (x < 3) return g(x);
  h(x, 32);
  h(x,
    64);
}
"""


def edit(title, site, file="lib/a.cpp"):
    return edits._edit(title, file, site, "a.edits:1")


def woven(*sites):
    those = [edit(f"edit {number}", site) for number, site in enumerate(sites)]
    text = edits.weave(CODE, those)
    for number, each in enumerate(those):
        text = text.replace(f"::planted::on({each.number}u)", f"on({number})")
    return text


class WeaveTest(unittest.TestCase):
    def test_an_expression_becomes_a_choice(self):
        self.assertIn("if ((on(0) ? (x <= 3) : (x < 3))) return g(x);", woven("if («x < 3 => x <= 3»)"))

    def test_a_condition_that_is_only_asked_becomes_a_bool(self):
        self.assertIn("if ((on(0) ? (true) : (static_cast<bool>(x < 3))))", woven("if («x < 3 => true»)"))

    def test_a_statement_becomes_a_branch(self):
        self.assertIn("{ if (on(0)) { return; } else { return g(x); } }", woven("«return g(x); => return;»"))

    def test_a_statement_is_added_or_taken_away(self):
        self.assertIn("{ if (on(0)) { k(); } else {  } }\n  if (x < 3)", woven("« => k();» if (x < 3)"))
        self.assertIn("{ if (on(0)) { ; } else { h(x, 32); } }", woven("«h(x, 32); => ;»"))

    def test_white_space_is_as_good_as_other_white_space(self):
        self.assertIn("(on(0) ? (65) : (64))", woven("h(x, «64 => 65»);"))

    def test_edits_of_one_place_share_it(self):
        self.assertIn("(on(0) ? (1) : on(1) ? (2) : (32))", woven("«32 => 1»", "«32 => 2»"))

    def test_edits_lie_within_others(self):
        self.assertIn("{ if (on(0)) { ; } else { h(x, (on(1) ? (1) : (32))); } }", woven("«h(x, 32); => ;»", "«32 => 1»"))

    def test_edits_that_overlap_are_named(self):
        with self.assertRaisesRegex(ValueError, "lies half within"):
            woven("if (x «< 3) return => ;»", "«(x < 3) => (1)»")

    def test_a_place_is_the_only_one_of_its_kind(self):
        with self.assertRaisesRegex(ValueError, "2 times, not once"):
            woven("h(«x => 0»,")
        with self.assertRaisesRegex(ValueError, "0 times, not once"):
            woven("h(«y => 0»,")


class FilesTest(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "a.edits"), "w", encoding="utf-8") as file:
                file.write(text)
            return edits.read(folder)

    def test_titles_files_and_code(self):
        found = self.read("# about\nfile lib/a.cpp\n\nOne\n    «a =>\n    b»\nTwo\n    c «d; => ;»\nfile lib/b.cpp\nThree\n    «e => f»")
        self.assertEqual([(each.title, each.file, each.right, each.wrong) for each in found],
                         [("One", "lib/a.cpp", "a", "b"), ("Two", "lib/a.cpp", "d;", ";"), ("Three", "lib/b.cpp", "e", "f")])

    def test_a_number_does_not_depend_on_other_edits(self):
        one = self.read("file lib/a.cpp\nOne\n    «a => b»\n")
        two = self.read("file lib/a.cpp\nTwo\n    «a => c»\nOne\n    «a => b»\n")
        self.assertEqual(one[0].number, two[1].number)

    def test_what_is_wrong_is_named(self):
        for text, words in [("    «a => b»", "a.edits:1: code without a title"), ("One\n    «a => b»", "before any 'file'"),
                            ("file lib/a.cpp\nOne\n    a => b", "has not the form"),
                            ("file lib/a.cpp\nOne\n", "has not the form"),
                            ("file lib/a.cpp\nOne\n    «a => a»", "changes nothing"),
                            ("file lib/a.cpp\nOne\n    «a => b»\nOne\n    «a => c»", "the same title")]:
            with self.subTest(words), self.assertRaisesRegex(ValueError, words):
                self.read(text)

    def test_code_that_is_not_there_is_named(self):
        with tempfile.TemporaryDirectory() as project:
            self.assertEqual(list(edits.misplaced([edit("One", "«a => b»")], project)),
                             ["a.edits:1: lib/a.cpp: No such file or directory"])


class ProofsTest(unittest.TestCase):
    def contradictions(self, text, paths):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(edits, "misplaced", lambda those: []):
            path = os.path.join(folder, "proofs.tsv")
            if text is not None:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(planted.HEADING + text)
            with mock.patch.object(planted, "PROOFS", path):
                return list(planted.contradictions([edit("One", "«a => b»")], paths))

    def test_every_scenario_has_an_edit_that_there_is(self):
        self.assertEqual(self.contradictions("a.flow\t3\tOne\n", ["a.flow"]), [])

    def test_what_is_wrong_is_named(self):
        for text, paths, words in [("", ["a.flow"], "a.flow: no planted edit is known"),
                                   ("a.flow\t3\tTwo\n", ["a.flow"], "'Two', which made it fail, is no edit any more"),
                                   ("a.flow\t3\tOne\n", [], "a.flow is no scenario"), (None, ["a.flow"], "is not there"),
                                   ("a.flow\tOne\n", [], "proofs.tsv:2: not a scenario")]:
            with self.subTest(words):
                self.assertIn(words, "\n".join(self.contradictions(text, paths)))

    def test_the_keenest_edit_is_named(self):
        few, many = edit("Few", "«a => b»"), edit("Many", "«c => d»")
        text = planted.proofs_text({"a.flow": [many, few], "b.flow": [many], "c.flow": []},
                                   {few: ["a.flow"], many: ["a.flow", "b.flow"]})
        self.assertEqual(text, planted.HEADING + "a.flow\t2\tFew\nb.flow\t1\tMany\n")


if __name__ == "__main__":
    unittest.main()
