#!/usr/bin/python3
"""Shows that count.py and check.py find what they are there to find: a small matrix, and one planted mistake at a time."""

import os
import tempfile
import unittest
from unittest import mock

import check
import count
import rfc_text
import tables

ROWS = """[[row]]
id = "RFC9999#4.1a"
level = "must"
binds = ["proxy"]
says = "Foxes are greeted."

[[row]]
id = "RFC9999#4.2.1"
level = "should"
binds = ["registrar", "proxy"]
says = "Geese are counted."
tests = ["GooseTest.CountsThem"]

[[row]]
id = "RFC9999#5"
level = "must"
binds = ["transport"]
says = "Owls are heard."
gap = "later: owls"
"""
STATEMENTS = """rfc\tsection\tordinal\tkeyword\trow\twhy
9999\t4.1\t1\tMUST\tRFC9999#4.1a
9999\t4.1\t2\tMUST NOT\t-\tbinds foxes
9999\t4.2.1\t1\tSHOULD\tRFC9999#4.2.1
9999\t5\t1\tREQUIRED\tRFC9999#5
"""
CLEAN = {
    "conformance/requirements/rfc9999.toml": ROWS,
    "conformance/requirements/statements.tsv": STATEMENTS,
    "conformance/scenarios/foxes/greeting.flow":
        "scenario greeting\ncovers   RFC9999#4.1a RFC3665#3.2 RFC9999#6.1\n----\ncovers no\n",
    "docs/scenarios.md": "covers   RFC9999#4.1a\n---- \ncovers   RFC9999#5\n",
    "lib/goose_test.cpp": "TEST_F(GooseTest, CountsThem) {\n",
}

# Where (file), what is replaced by what, and the words in which it must be found.
PLANTED = [
    ("toml", 'id = "RFC9999#4.1a"', 'id = "RFC9999#4.1-a"', "an id is"),
    ("toml", 'id = "RFC9999#4.2.1"', 'id = "RFC9999#4.1a"', "2 rows have this id"),
    ("toml", '"must"', '"may"', "level is must or should"),
    ("toml", '"must"', '"should"', "make its level must"),
    ("toml", '["proxy"]', '["foxes"]', "binds one or several of"),
    ("toml", 'says = "Foxes are greeted."', 'says = ""', "says nothing"),
    ("toml", 'gap = "later: owls"', 'gap = "some day"', "a gap begins with"),
    ("toml", 'gap = "later: owls"', 'applies = "perhaps"', "applies, where it is there"),
    ("toml", 'gap = "later: owls"', "", "nothing proves it"),
    ("toml", "GooseTest.CountsThem", "GooseTest.LosesThem", "no test is called"),
    ("toml", 'tests = ["GooseTest', 'gap = "later: geese"\ntests = ["GooseTest', "has a proof"),
    ("tsv", "5\t1\tREQUIRED\tRFC9999#5", "5\t1\tREQUIRED\tRFC9999#6", "no row has the id RFC9999#6"),
    ("tsv", "-\tbinds foxes", "-", "neither a row nor a reason"),
    ("tsv", "SHOULD\tRFC9999#4.2.1", "SHOULD\tRFC9999#4.2.1\tfor fun", "a row and a reason"),
    ("tsv", "9999\t5\t1\tREQUIRED\tRFC9999#5\n", "", "no statement leads here"),
    ("flow", "RFC9999#4.1a", "RFC9999#4.1b", "covers RFC9999#4.1b, which is no row"),
    ("flow", "RFC9999#4.1a", "RFC9999#4.1", "covers RFC9999#4.1, which is no row"),
    ("md", "RFC9999#5", "RFC9999#5.1", "docs/scenarios.md: covers RFC9999#5.1, which is no row"),
    ("flow", "RFC9999#6.1", "RFC9999#6.1a", "covers RFC9999#6.1a, which is no row"),
    ("flow", "RFC9999#6.1", "RFC9999#4", "covers RFC9999#4, which is no row"),
    ("flow", "RFC9999#6.1", "RFC9999#4.2", "covers RFC9999#4.2, which is no row"),
    ("flow", "RFC3665#3.2", "RFC3665", "which is no section of an RFC"),
    ("flow", "RFC3665#3.2", "RFC9999#4.1a", "covers RFC9999#4.1a 2 times"),
]

TEXT = """Network Working Group

   1.  Introduction ....... 1

   This MUST NOT be counted: it stands above the first section.

1.  Introduction

   The key words "MUST", "MUST NOT", "REQUIRED" in this document are to be read as usual.

4.1.  Foxes

   A fox MUST be greeted by everybody that it meets.  It MUST



Author                      Standards Track                     [Page 1]
\f
RFC 9999                        Animals                     January 2030


   NOT be fed.

4.2.1.  Geese

   Geese SHOULD be counted, which is NOT RECOMMENDED at night.  A MUSTER is no flock.

5.  Owls

   An owl is
   REQUIRED.

6.  References

   Foxes MUST be cited.
"""


class Tree:
    """A project in a temporary folder."""

    def __init__(self, files):
        self._folder = tempfile.TemporaryDirectory()
        self.root = self._folder.name
        for path, text in files.items():
            full = os.path.join(self.root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)

    def matrix(self):
        return check.Matrix(os.path.join(self.root, "conformance/requirements"), self.root)

    def close(self):
        self._folder.cleanup()


class CheckTest(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.dict(rfc_text.COUNTED, {9999: ("4.1", "4.2", "5")})
        patch.start()
        self.addCleanup(patch.stop)

    def wrong(self, files):
        tree = Tree(files)
        self.addCleanup(tree.close)
        return list(check.wrong(tree.matrix()))

    def test_nothing_is_wrong_with_a_clean_matrix(self):
        self.assertEqual(self.wrong(CLEAN), [])

    def test_what_is_planted_is_found(self):
        for ending, old, new, words in PLANTED:
            with self.subTest(words):
                path = next(path for path in CLEAN if path.endswith(ending))
                self.assertIn(old, CLEAN[path])
                found = self.wrong({**CLEAN, path: CLEAN[path].replace(old, new, 1)})
                self.assertTrue(any(words in line for line in found), found)

    def test_an_unknown_key_of_a_row_is_named(self):
        path = "conformance/requirements/rfc9999.toml"
        with self.assertRaisesRegex(ValueError, "rfc9999.toml: RFC9999#4.1a: .*color"):
            self.wrong({**CLEAN, path: ROWS.replace('level = "must"', 'level = "must"\ncolor = "red"', 1)})

    def test_a_statement_that_stands_twice_is_named(self):
        path = "conformance/requirements/statements.tsv"
        with self.assertRaisesRegex(ValueError, "statements.tsv:6: the same statement"):
            self.wrong({**CLEAN, path: STATEMENTS + "9999\t5\t1\tREQUIRED\tRFC9999#5\n"})

    def test_figures(self):
        tree = Tree(CLEAN)
        self.addCleanup(tree.close)
        figures = check.figures(tree.matrix())
        self.assertEqual(list(figures), ["RFC9999 4", "RFC9999 5"])
        self.assertEqual((figures["RFC9999 4"]["statements"], figures["RFC9999 4"]["bind nobody"]), (3, 1))
        self.assertEqual((figures["RFC9999 4"]["rows"], figures["RFC9999 4"]["proved"]), (2, 2))
        self.assertEqual(figures["RFC9999 5"]["gap"], 1)


class CountTest(unittest.TestCase):
    def setUp(self):
        tree = Tree({"rfc/rfc9999.txt": TEXT})
        self.addCleanup(tree.close)
        for patch in (mock.patch.dict(os.environ, INTERMEDIARY_SHARED_DIR=tree.root),
                      mock.patch.dict(rfc_text.COUNTED, {9999: None}, clear=True)):
            patch.start()
            self.addCleanup(patch.stop)

    def test_counts_the_six_words_in_their_sections(self):
        self.assertEqual(count.counted(), {
            (9999, "4.1", 1): "MUST", (9999, "4.1", 2): "MUST NOT", (9999, "4.2.1", 1): "SHOULD",
            (9999, "5", 1): "REQUIRED"})

    def test_a_page_break_does_not_cut_a_sentence(self):
        sentences = [statement.sentence for statement in rfc_text.statements(9999)]
        self.assertEqual(sentences[:2], ["A fox MUST be greeted by everybody that it meets.", "It MUST NOT be fed."])

    def test_counts_named_sections_and_those_below_them(self):
        with mock.patch.dict(rfc_text.COUNTED, {9999: ("4.2",)}):
            self.assertEqual(list(count.counted()), [(9999, "4.2.1", 1)])

    def test_nothing_is_left_out_of_a_whole_body(self):
        self.assertFalse(rfc_text.is_left_out(9999, "6"))

    def test_every_difference_is_named(self):
        texts = {(9999, "4.1", 1): "MUST", (9999, "4.1", 2): "MUST NOT"}
        table = {(9999, "4.1", 1): "SHOULD", (9999, "7", 1): "MUST"}
        self.assertEqual(list(count.differences(texts, table)), [
            "RFC 9999 section 4.1, statement 1: the text has MUST, statements.tsv has SHOULD",
            "RFC 9999 section 4.1, statement 2: MUST NOT stands in the text and not in statements.tsv",
            "RFC 9999 section 7, statement 1: MUST stands in statements.tsv and not in the text"])

    def test_texts_that_are_not_there_are_named(self):
        with mock.patch.dict(rfc_text.COUNTED, {9998: None}):
            self.assertEqual(count.missing_texts(), [9998])


class TablesTest(unittest.TestCase):
    def test_the_section_of_an_id(self):
        for identity, section in [("RFC3261#16.7.5b", "RFC3261 16"), ("RFC3261#18b", "RFC3261 18"),
                                  ("RFC4320#4.1", "RFC4320 4")]:
            self.assertEqual(tables.section_of(identity), section)


if __name__ == "__main__":
    unittest.main()
