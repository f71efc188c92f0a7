"""What the layout test holds the project to (the rooms and their reasons: docs/architecture.md)."""

import re
from dataclasses import dataclass

# ---- rooms: what each may include, itself apart. Siblings never include each other.

_GROUND = {"base", "message", "event"}
_SIBLINGS = {"transaction", "dialog", "location", "routing", "policy", "media"}
_CORES = {"proxy", "ua", "b2bua", "gateway"}
_LIBRARY = _GROUND | _SIBLINGS | _CORES | {"transport", "engine", "config", "api"}

ROOMS = {
    "base": set(),
    "message": {"base"},
    "event": {"base", "message"},
    "transport": _GROUND,
    **{room: _GROUND for room in _SIBLINGS},
    **{room: _GROUND | _SIBLINGS for room in _CORES},
    "engine": _GROUND | _SIBLINGS | _CORES | {"transport"},
    "config": _LIBRARY - {"config", "api"},
    "api": _LIBRARY - {"api"},
    "runtime": _LIBRARY,
    "sim": _LIBRARY,
    "conformance": _LIBRARY | {"sim"},
    "fuzz": _LIBRARY | {"sim", "runtime"},
    "tools/bench": _LIBRARY | {"sim", "runtime"},
    "tools/cli": _LIBRARY | {"sim", "runtime", "conformance"},
}


def may_include(room):
    return ROOMS.get(room)


# Headers inside a room that other rooms may not see.
PRIVATE_HEADERS = {"lib/message/sofia.h": "lib/message/"}


# The core: no clock, random device, socket, file, thread, environment or locale. All of the library but runtime/, and
# the simulator; what reads scenario files is tools/cli.
def is_core(path):
    return path.startswith(("lib/", "sim/")) and not path.startswith("lib/runtime/")


# ---- headers from outside: (pattern, paths that may include it, what a stranger is told). The first that fits counts.

_TESTS = r".*_test\.cpp"
_TEST_HEADERS = r".*/(test_\w+|\w+_test)\.h"
_FUZZ = r"fuzz/.*"
_RUNTIME = r"lib/runtime/.*"
_CLI = r"tools/(cli|bench)/.*"

OUTSIDE_HEADERS = [
    (r"sofia-sip/.*", [r"lib/message/sofia\.cpp", _TESTS, _FUZZ], "sofia-sip has one door, lib/message/sofia.cpp"),
    (r"openssl/.*", [r"lib/policy/(digest_hash|smime|stir_keys|openssl)\.cpp", r"lib/policy/openssl\.h", r"lib/policy/test_(smime|stir)\.h",
                     r"sim/(digest|smime)\.cpp",
                     _RUNTIME, _TESTS, _FUZZ],
     "TLS belongs to lib/runtime, and the core's doors to OpenSSL are lib/policy/digest_hash.cpp, smime.cpp and stir_keys.cpp, the last two by openssl.h"),
    (r"boost/(asio|beast|system)(/.*|\.hpp)", [_RUNTIME, _CLI, r"conformance/.*"], "sockets belong to lib/runtime"),
    (r"boost/(thread|filesystem|process|date_time|log|locale|random)(/.*|\.hpp)", [], "not a library of this project"),
    (r"boost/.*", [r".*"], ""),
    (r"sqlite3\.h", [r"lib/runtime/store/sqlite_statement\.h"], "SQLite has one door, lib/runtime/store/sqlite_statement.h"),
    (r"prometheus/.*", [r"lib/runtime/control/metrics\.cpp"], "metrics are told in lib/runtime/control/metrics.cpp"),
    (r"hiredis/.*", [r"lib/runtime/store/redis_connection\.h"],
     "Redis has one door, lib/runtime/store/redis_connection.h"),
    (r"ares\.h", [r"lib/runtime/dns/.*"], "name servers are asked in lib/runtime/dns"),
    (r"re2/.*", [r"lib/base/pattern\.cpp"], "regular expressions have one door, lib/base/pattern.cpp"),
    (r"date/.*", [r"lib/config/zones\.cpp"], "time zones have one door, lib/config/zones.cpp"),
    (r"toml\+\+/.*", [r"lib/config/.*"], "TOML is read in lib/config"),
    (r"CLI/.*", [_CLI], "command lines are read in tools/cli"),
    (r"spdlog/.*", [_RUNTIME, _CLI], "logs are written by lib/runtime and tools/cli"),
    (r"(gtest|gmock|rapidcheck)(/.*|\.h)", [_TESTS, _TEST_HEADERS, _FUZZ], "test libraries belong to tests"),
    (r"(sys|netinet|arpa|net|linux)/.*|(unistd|fcntl|poll|pthread|signal|netdb|errno|ifaddrs)\.h",
     [_RUNTIME, _CLI, r"conformance/.*"], "the operating system belongs to lib/runtime"),
    (r"[a-z]mmintrin\.h", [r"lib/message/byte_search\.h"], "one file knows the processor"),
    (r"valgrind/.*|malloc\.h", [_CLI], "measuring belongs to tools/bench"),
]

_DEVICE = "no file, clock, thread, locale or random device"
CORE_BANNED_HEADERS = {
    "random": "randomness comes from base/random.h", "ctime": "time comes in as an argument", "cstdio": _DEVICE,
    "fstream": _DEVICE, "filesystem": _DEVICE, "iostream": _DEVICE, "thread": _DEVICE, "mutex": _DEVICE,
    "shared_mutex": _DEVICE, "condition_variable": _DEVICE, "future": _DEVICE, "semaphore": _DEVICE,
    "atomic": _DEVICE, "stop_token": _DEVICE, "locale": _DEVICE, "clocale": _DEVICE, "cctype": _DEVICE,
    "csignal": _DEVICE, "regex": "its matching recurses and knows locales", "cmath": "no floating point in decisions",
}

# Tests may read their data from files, print and set up streams; they may no more than the core ask for the time, draw
# their own random numbers or start threads.
_FILES_OF_TESTS = {"fstream", "filesystem", "iostream", "cstdio"}


def banned_header(name, is_test):
    if is_test and name in _FILES_OF_TESTS:
        return None
    return CORE_BANNED_HEADERS.get(name)


# ---- calls that the core may not make, line by line, comments and literals apart.


@dataclass(frozen=True)
class Ban:
    pattern: str
    reason: str
    in_tests: bool = True  # tests of the core are held to it, too


CORE_BANNED_CALLS = [
    Ban(r"::now\s*\(", "a clock in the core"),
    Ban(r"(?<![\w.>:])(?:std::|::)?time\s*\(\s*(?:nullptr|NULL|0|&)", "a clock in the core"),
    Ban(r"\b(?:gettimeofday|clock_gettime|localtime(?:_r)?|gmtime(?:_r)?|mktime|strftime)\s*\(", "a clock in the core"),
    Ban(r"\b(?:s?rand|rand_r|drand48|getrandom|getentropy|arc4random\w*)\s*\(", "randomness of its own in the core"),
    Ban(r"\brandom_device\b|\bmt19937|\bminstd_rand|\bdefault_random_engine\b", "randomness of its own in the core"),
    Ban(r"\bstd::\w+_distribution\b|\bstd::shuffle\b|\bstd::sample\b", "differs between standard libraries"),
    Ban(r"\bstd::hash\b|\bboost::hash", "a hash that differs between machines", False),
    Ban(r"\breinterpret_cast<\s*(?:std::)?u?intptr_t", "an address taken for a value"),
    Ban(r"\b(?:secure_)?getenv\s*\(|\bsetenv\s*\(", "the environment in the core", False),
    Ban(r"\bfopen\s*\(|\b(?:if|of|f)stream\b|\bstd::filesystem\b", "a file in the core", False),
    Ban(r"(?<![\w.>])(?:::)?(?:socket|bind|connect|recvfrom|sendto|epoll_\w+|select|poll)\s*\(\s*(?:AF_|PF_|\w*fd\b)",
        "a socket in the core"),
    Ban(r"\bstd::(?:j?thread|mutex|\w+_mutex|async|future|promise|condition_variable|atomic\w*|call_once|lock_guard)\b"
        r"|\bpthread_|\bthread_local\b", "a thread in the core"),
    Ban(r"\bsetlocale\s*\(|\bstd::locale\b|\bimbue\s*\(", "a locale in the core"),
    Ban(r"(?<![\w.>])(?:std::|::)?(?:to(?:lower|upper)|is(?:alpha|alnum|digit|xdigit|space|print|cntrl|punct|upper"
        r"|lower|graph))\s*\(", "asks the locale: base/text.h has its own"),
    Ban(r"\bstd::sto[a-z]+\b|\b(?:std::)?(?:strto[a-z]+|ato[ifl]|sscanf)\s*\(", "throws or asks the locale: use base/text.h"),
    Ban(r"\b(?:double|float)\b", "floating point in the core", False),
    Ban(r"\b(?:v?[fs]?n?printf|puts|fputs|putchar)\s*\(|\bstd::(?:cout|cerr|clog)\b", "output in the core", False),
    Ban(r"\b(?:exit|abort|_exit|quick_exit|terminate)\s*\(\s*\w*\s*\)", "ends the process"),
]

# ---- the shape of the tree

TOP_LEVEL = {
    "CMakeLists.txt", "CMakePresets.json", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE",
    "lib", "sim", "conformance", "fuzz", "tools", "docs",
}
IGNORED_WITHOUT_GIT = {"build", ".git", ".cache"}
SCENARIO_FOLDERS = ("conformance/scenarios/", "docs/examples/")
DOCUMENT_ROOTS = ("README.md",)
SOURCE_ENDINGS = (".cpp", ".h", ".py", ".cmake", ".sh", "CMakeLists.txt")
MOST_LINES = 600
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME)\b")
