#!/usr/bin/python3
"""reports_test.py PROGRAM: the reports of `PROGRAM conformance` are what their names say: JSON and JUnit's XML are read by
parsers of others, and their figures agree with each other."""

import json
import subprocess
import sys
import xml.etree.ElementTree as xml


def report(program, kind):
    done = subprocess.run([program, "conformance", "--report", kind], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{kind}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr}")
    return done.stdout


def main():
    program = sys.argv[1]
    data = json.loads(report(program, "json"))
    assert data["passed"] and not data["contradictions"]
    rows = [row for section in data["sections"] for row in section["rows"]]
    assert len(rows) == data["total"]["rows"]
    assert sum(section["figures"]["proved"] for section in data["sections"]) == data["total"]["proved"]
    assert all(row["scenarios"] for row in rows if row["status"] == "proved")
    assert all(row.get("gap") for row in rows if row["status"] == "gap")
    assert all(scenario["passed"] for scenario in data["scenarios"])

    suites = xml.fromstring(report(program, "junit"))
    assert suites.tag == "testsuites" and {suite.tag for suite in suites} == {"testsuite"}
    for suite in suites:
        cases = list(suite)
        assert {case.tag for case in cases} <= {"testcase"}
        assert int(suite.get("tests")) == len(cases)
        assert int(suite.get("skipped")) == sum(case.find("skipped") is not None for case in cases)
        assert int(suite.get("failures")) == sum(case.find("failure") is not None for case in cases) == 0
    assert int(suites.get("tests")) == sum(int(suite.get("tests")) for suite in suites)
    assert sum(len(suite) for suite in suites if suite.get("name").startswith("RFC")) == len(rows)

    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([program, "conformance", "--files"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2 and b"cannot write the report" in done.stderr, done

    print(f"{len(rows)} rows, {len(data['scenarios'])} scenarios")


if __name__ == "__main__":
    main()
