#!/usr/bin/python3
"""ladder_page.py PROGRAM PACKAGES: a page of `PROGRAM test --html`, looked at in headless Chromium: lanes, arrows, times, folded
messages, what was lost, and the transactions at the cursor. Nothing is fetched from anywhere, and markup in a message stays text."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WORLD = """node     p1    proxy stateful 192.0.2.1:5060 domain=example.com
party    alice 192.0.2.10:5060
party    bob   192.0.2.20:5060
location sip:bob@example.com = bob
link     * latency=10ms

"""
FLOWS = {
    "lost-invite": """# A lost INVITE is sent again.
scenario lost-invite
""" + WORLD + """0       alice -> p1     INVITE sip:bob@example.com   Subject: </script><script>document.title="taken over"</script>
0.010   p1    -> alice  100
0.010   p1    -x bob    INVITE
0.300   link p1 bob latency=20ms
0.510   p1    -> bob    INVITE again
0.530   bob   -> p1     486
0.550   p1    -> bob    ACK
0.550   p1    -> alice  486
0.560   alice -> p1     ACK
""",
    "wrong-answer": """# Fails: nobody is there.
scenario wrong-answer
""" + WORLD + """0       alice -> p1     MESSAGE sip:carol@example.com
0.010   p1    -> alice  200
""",
}


def look(program, packages, folder):
    for name, text in FLOWS.items():
        with open(os.path.join(folder, name + ".flow"), "w", encoding="utf-8") as file:
            file.write(text)
    page = os.path.join(folder, "ladders.html")
    done = subprocess.run([program, "test", "--html", page, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done
    seen = subprocess.run(["node", os.path.join(HERE, "ladder_page.mjs"), packages, CHROMIUM, page], capture_output=True, text=True,
                          check=False, timeout=120)
    assert seen.returncode == 0, seen.stderr
    return json.loads(seen.stdout)


def judge(seen):
    assert seen["wrong"] == [], seen["wrong"]
    assert len(seen["fetched"]) == 1 and seen["fetched"][0].startswith("file://"), seen["fetched"]
    assert seen["scenarios"] == ["lost-invite", "wrong-answer"] and seen["failed"] == ["wrong-answer"], seen["scenarios"]

    first = seen["first"]  # what failed comes first
    assert first["title"] == "wrong-answer", first
    assert "480" in first["failure"] and first["labels"] == ["MESSAGE", "480 MESSAGE"], first

    other = seen["other"]
    assert seen["found"] == ["lost-invite"] and other["title"] == "lost-invite" and other["failure"] == "", other
    assert other["prose"].strip() == "A lost INVITE is sent again." and other["lanes"] == ["alice", "p1", "bob"], other
    assert other["labels"] == ["INVITE", "100", "INVITE", "INVITE (again)", "486", "ACK", "486", "ACK"], other["labels"]
    assert other["times"][:5] == ["0.000", "0.010", "0.010", "0.510", "0.530"] and other["lost"] == ["INVITE"], other
    assert len(other["notes"]) == 1 and "link p1 bob latency=20ms" in other["notes"][0], other["notes"]
    assert other["open_messages"] == 0 and "no transaction" in other["panel"], other["panel"]

    cursor = seen["cursor"]
    assert cursor["open_messages"] == 1 and seen["message"].startswith("INVITE sip:bob@192.0.2.20:5060 SIP/2.0\n"), seen["message"]
    assert '</script><script>document.title="taken over"</script>' in seen["message"], seen["message"]
    assert "INVITE\tProceeding" in cursor["panel"] and "INVITE\tCalling" in cursor["panel"], cursor["panel"]
    assert seen["hidden_repetitions"] == 1, seen["hidden_repetitions"]
    return len(other["labels"])


def main():
    program, packages = (os.path.abspath(argument) for argument in sys.argv[1:3])
    if not CHROMIUM or not shutil.which("node") or not os.path.isdir(os.path.join(packages, "node_modules", "playwright-core")):
        print("left out: Chromium, node or playwright-core is not installed")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        print(f"{judge(look(program, packages, folder))} arrows of two scenarios, seen in Chromium")
    return 0


if __name__ == "__main__":
    sys.exit(main())
