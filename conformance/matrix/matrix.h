// The requirement matrix as values: the statements of the RFCs, the rows that they lead to, and the scenarios and unit
// tests that prove the rows. conformance/requirements/README.md says what the files are.
#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary::conformance {

// A line of statements.tsv: one MUST or SHOULD of an RFC.
struct Statement {
  int rfc = 0;
  std::string section;
  int ordinal = 0;
  std::string keyword;
  std::string row;     // "-" where it binds nobody here
  std::string reason;  // why

  std::string where() const;  // "statements.tsv: RFC 3261 section 16.7, statement 4"
};

struct Row {
  std::string id;  // "RFC3261#16.7.5b"
  std::string level;
  std::vector<std::string> binds;
  std::string says;
  std::string applies;             // "" or "no: " and a reason
  std::string gap;                 // "" or why nothing proves it
  std::vector<std::string> tests;  // unit tests, "Suite.Name"
  std::string file;                // below the requirements folder
};

// A scenario as far as the matrix needs it.
struct Proof {
  std::string file;  // below the project, "conformance/scenarios/…"
  std::string path;  // on the disk
  std::vector<std::string> covers;
  std::string unreadable;  // why it is no scenario; "" when it is
};

// What is counted of an RFC: sections with those below them; none named is the whole body.
using Counted = std::map<int, std::vector<std::string>>;

struct Matrix {
  std::vector<Statement> statements;
  std::vector<Row> rows;
  std::vector<Proof> scenarios;       // by name
  std::vector<std::string> examples;  // covers of those in docs/scenarios.md: to be right, they prove nothing
  std::set<std::string> unit_tests;   // as the sources have them
  bool has_sources = false;           // otherwise nobody can say which unit tests there are
  Counted counted;
};

// "RFC3261 16": where a row, or a statement of "RFC3261#16.7", is counted.
std::string section_of(std::string_view id);
// By number: "RFC3261 9" before "RFC3261 16".
bool section_goes_before(const std::string& a, const std::string& b);

// Reads the folder that holds requirements/ and scenarios/; the error names the file and what is wrong with it.
std::expected<Matrix, std::string> read_matrix(const std::string& folder);

}  // namespace intermediary::conformance
