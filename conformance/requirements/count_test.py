#!/usr/bin/python3
"""Shows that count.py finds what it is there to find: a small text, and one planted difference at a time."""

import os
import tempfile
import unittest
from unittest import mock

import count
import rfc_text

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

    def close(self):
        self._folder.cleanup()


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


if __name__ == "__main__":
    unittest.main()
