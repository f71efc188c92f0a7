// JUnit's XML, as far as build servers read it.
#pragma once

#include <cstddef>
#include <string>

#include "conformance/matrix/markup.h"

namespace intermediary::conformance {

struct JunitSuite {
  std::size_t tests = 0, failures = 0, skipped = 0;
  std::string cases;

  void add(const std::string& name, const std::string& inside) {
    ++tests;
    cases +=
        "    <testcase name=\"" + escaped(name) + "\"" + (inside.empty() ? "/>\n" : ">" + inside + "</testcase>\n");
  }
  void add_failure(const std::string& name, const std::string& message, const std::string& text) {
    ++failures;
    add(name, "<failure message=\"" + escaped(message) + "\">" + escaped(text) + "</failure>");
  }
  void add_skipped(const std::string& name, const std::string& reason) {
    ++skipped;
    add(name, "<skipped message=\"" + escaped(reason) + "\"/>");
  }
  std::string counts() const {
    return "tests=\"" + std::to_string(tests) + "\" failures=\"" + std::to_string(failures) + "\" skipped=\"" +
           std::to_string(skipped) + "\"";
  }
  // The suite's element; what it counted is added to `total`.
  std::string finish(const std::string& name, JunitSuite& total) const {
    total.tests += tests;
    total.failures += failures;
    total.skipped += skipped;
    return "  <testsuite name=\"" + escaped(name) + "\" " + counts() + ">\n" + cases + "  </testsuite>\n";
  }
};

inline std::string junit_document(const std::string& name, const std::string& suites, const JunitSuite& total) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"" + escaped(name) + "\" " + total.counts() +
         ">\n" + suites + "</testsuites>\n";
}

}  // namespace intermediary::conformance
