#!/usr/bin/python3
"""Shows that the layout test finds what it is there to find: a small clean tree, and one planted violation at a time."""

import os
import tempfile
import unittest

import layout
from cpp_text import code_only, includes

CLEAN = {
    "README.md": "[docs](docs/index.md) tools/run\n",
    "docs/index.md": "# Documents\n",
    "lib/base/text.h": "#pragma once\n#include <string>\n",
    "lib/base/text.cpp": '#include "base/text.h"\n',
    "lib/message/message.h": '#pragma once\n#include "base/text.h"\n',
    "lib/message/message.cpp": '#include "message/message.h"\n',
    "lib/message/sofia.h": "#pragma once\n",
    "lib/message/sofia.cpp": '#include "message/sofia.h"\n#include <sofia-sip/url.h>\n',
    "lib/proxy/proxy.h": '#pragma once\n#include "message/message.h"\n',
    "lib/proxy/proxy.cpp": '#include "proxy/proxy.h"\n',
    "lib/runtime/run.cpp": "#include <boost/asio.hpp>\n#include <thread>\nstd::jthread worker;\n",
    "sim/world.cpp": '#include "proxy/proxy.h"\n',
    "conformance/scenarios/call.flow": "scenario call\n",
    "tools/run": "#!/bin/sh\n",
}

# What is planted (path -> text), and where it must be found with which words.
PLANTED = [
    # directions
    ({"lib/base/up.cpp": '#include "message/message.h"\n'}, "lib/base/up.cpp:1", "base may not include message"),
    ({"lib/ua/ua.cpp": '\n#include "proxy/proxy.h"\n'}, "lib/ua/ua.cpp:2", "ua may not include proxy"),
    ({"sim/up.cpp": '#include "runtime/up.h"\n', "lib/runtime/up.h": "#pragma once\n"}, "sim/up.cpp:1", "sim may not"),
    ({"lib/misc/misc.cpp": ""}, "lib/misc/misc.cpp:1", 'no room "misc"'),
    ({"lib/base/gone.cpp": '#include "gone.h"\n'}, "lib/base/gone.cpp:1", "no file of ours"),
    ({"lib/proxy/door.cpp": '#include "message/sofia.h"\n'}, "lib/proxy/door.cpp:1", "belongs to lib/message/"),
    # libraries and headers from outside
    ({"lib/proxy/via.cpp": "#include <sofia-sip/sip.h>\n"}, "lib/proxy/via.cpp:1", "one door"),
    ({"lib/ua/io.cpp": "#include <boost/asio/ip/tcp.hpp>\n"}, "lib/ua/io.cpp:1", "sockets belong"),
    ({"lib/ua/io.cpp": "#include <sys/socket.h>\n"}, "lib/ua/io.cpp:1", "operating system"),
    ({"lib/ua/io.cpp": "#include <unknown/thing.h>\n"}, "lib/ua/io.cpp:1", "in no table"),
    ({"lib/ua/io.cpp": "#include <fstream>\n"}, "lib/ua/io.cpp:1", "<fstream> in the core"),
    ({"lib/ua/io_test.cpp": "#include <thread>\n"}, "lib/ua/io_test.cpp:1", "<thread> in the core"),
    # calls
    *[({"lib/ua/a.cpp": f"int f() {{\n  {call}\n}}\n"}, "lib/ua/a.cpp:2", words) for call, words in [
        ("return std::chrono::steady_clock::now().count();", "a clock"), ("return time(nullptr);", "a clock"),
        ("gettimeofday(&t, nullptr);", "a clock"), ("return rand();", "randomness"), ("std::random_device d;", "randomness"),
        ("std::uniform_int_distribution<int> d;", "differs between"), ("std::hash<int> h;", "a hash"),
        ('getenv("HOME");', "environment"), ('std::ifstream in("x");', "a file"), ('fopen("x", "r");', "a file"),
        ("socket(AF_INET, SOCK_DGRAM, 0);", "a socket"), ("std::mutex m;", "a thread"), ("std::thread t;", "a thread"),
        ('setlocale(LC_ALL, "");', "a locale"), ("return std::tolower(c);", "locale"), ("return std::stoi(s);", "throws"),
        ("double x = 0;", "floating point"), ('std::printf("x");', "output"), ("std::cout << 1;", "output"),
        ("std::abort();", "ends the process"), ("reinterpret_cast<std::uintptr_t>(p);", "an address")]],
    ({"sim/clock.cpp": "auto t = Clock::now();\n"}, "sim/clock.cpp:1", "a clock"),
    ({"lib/ua/clock_test.cpp": "auto t = Clock::now();\n"}, "lib/ua/clock_test.cpp:1", "a clock"),
    # one name, two types
    ({"lib/message/entry.h": "#pragma once\nstruct Entry {\n  int a;\n};\n", "lib/ua/entry.h": "#pragma once\n\nstruct Entry {};\n",
      "lib/ua/e.cpp": '#include "message/entry.h"\n#include "ua/entry.h"\n'}, "lib/ua/entry.h:3", "Entry is defined in"),
    # order
    ({"lib/ua/t.cpp": "std::unordered_map<int, std::set<int>> calls;\nvoid f() {\n  for (auto& [k, v] : calls) use(v);\n}\n"},
     "lib/ua/t.cpp:3", "walks calls"),
    ({"lib/ua/t.h": "#pragma once\nstd::unordered_set<int> ids_;\n",
      "lib/ua/t.cpp": '#include "ua/t.h"\nauto i = self.ids_.begin();\n'}, "lib/ua/t.cpp:2", "walks ids_"),
    # dead files
    ({"lib/ua/alone.h": "#pragma once\n"}, "lib/ua/alone.h:1", "nothing includes it"),
    ({"lib/ua/alone.cpp": ""}, "lib/ua/alone.cpp:1", "no target compiles it"),
    ({"lib/ua/alone.flow": ""}, "lib/ua/alone.flow:1", "no test names it"),
    ({"docs/alone.md": ""}, "docs/alone.md:1", "no link leads here"),
    ({"docs/index.md": "\n[x](gone.md)\n"}, "docs/index.md:2", "docs/gone.md, which is not there"),
    ({"lib/ua/a.cpp": "// see docs/gone.md\n"}, "lib/ua/a.cpp:1", "docs/gone.md, which is not there"),
    ({"tools/alone": "#!/bin/sh\n"}, "tools/alone:1", "nothing speaks of this script"),
    ({"tools/norun": "#!/bin/sh\n", "README.md": CLEAN["README.md"] + "tools/norun"}, "tools/norun:1", "run bit"),
    # shape
    ({"stuff/a.md": ""}, "stuff:1", "top-level"),
    ({"lib/ua/b.h": "// no guard\n", "lib/ua/b.cpp": '#include "ua/b.h"\n'}, "lib/ua/b.h:1", "pragma once"),
    ({"lib/ua/long.cpp": "int x;\n" * 601}, "lib/ua/long.cpp:600", "601 lines"),
    ({"lib/ua/later.cpp": "// TO" "DO: more\n"}, "lib/ua/later.cpp:1", "unfinished"),
]

# Looks like a violation and is none.
INNOCENT = [
    {"lib/ua/a.cpp": "// never Clock::now() here\nconst char* s = \"double std::mutex rand()\";\n"},
    {"lib/ua/a.cpp": "/* #include \"proxy/proxy.h\" */\nconst char* s = R\"(\n#include <thread>\nrand();)\";\n"},
    {"lib/ua/a.cpp": "auto t = call.time(0);\nauto d = uri.host(); auto b = std::bind(f, x); int brand(int); int y = brand(1);\n"},
    {"lib/ua/a.cpp": "std::unordered_map<int, int> calls;\nauto i = calls.find(1);\nfor (auto& c : other.calls_by_age) use(c);\n"},
    {"lib/ua/a_test.cpp": "#include <gtest/gtest.h>\n#include <fstream>\nstd::ifstream in(\"torture\");\n"},
    {"lib/runtime/clock.cpp": "auto t = Clock::now();\ndouble load = 0.5;\n"},
]


class Project:
    """A tree on disk: the clean one with `planted` on top."""

    def __init__(self, planted):
        self.folder = tempfile.TemporaryDirectory()
        self.files = {**CLEAN, **planted}
        for path, text in self.files.items():
            full = os.path.join(self.folder.name, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
            if text.startswith("#!") and not path.endswith("norun"):
                os.chmod(full, 0o755)

    def violations(self):
        compiled = {path for path in self.files if path.endswith(".cpp") and "alone" not in path}
        with self.folder:
            return [f"{path}:{line}: {what}" for path, line, what in layout.violations(self.folder.name, compiled)]


class LayoutTest(unittest.TestCase):
    def test_the_clean_tree_has_nothing_wrong(self):
        self.assertEqual([], Project({}).violations())

    def test_each_planted_violation_is_found_where_it_is(self):
        for planted, where, words in PLANTED:
            with self.subTest(where=where, words=words):
                found = Project(planted).violations()
                self.assertTrue(any(v.startswith(where + ": ") and words in v for v in found), found)

    def test_what_only_looks_wrong_passes(self):
        for planted in INNOCENT:
            with self.subTest(planted=planted):
                self.assertEqual([], Project(planted).violations())


class CppTextTest(unittest.TestCase):
    def test_blanking_keeps_lines_and_columns(self):
        text = 'a; // b\nchar c = \'"\'; f("x // y"); /* m\nn */ z = 1\'000;\n'
        code = code_only(text)
        self.assertEqual([len(line) for line in text.split("\n")], [len(line) for line in code.split("\n")])
        self.assertNotRegex(code, "[bxymn]")
        self.assertIn("z = 1'000;", code)

    def test_includes_know_their_line_and_kind(self):
        self.assertEqual([(1, "a/b.h", True), (3, "set", False)], list(includes('#include "a/b.h"\n\n#  include <set>\n')))


if __name__ == "__main__":
    unittest.main()
