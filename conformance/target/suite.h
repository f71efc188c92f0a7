// All scenarios against one target, many beside each other, and what that says about the rows of the matrix.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "conformance/matrix/matrix.h"
#include "conformance/target/needs.h"
#include "conformance/target/play.h"

namespace intermediary::conformance {

enum class Standing {
  Violated,     // a demand of the row did not hold
  Proved,       // shown by a scenario
  Differs,      // a scenario about it went otherwise than written, and nobody says that this is wrong
  Skipped,      // its scenarios take too long for --fast
  NotTestable,  // from outside, or with the set-up that the target has
};
std::string_view text_of(Standing standing);

// What became of a scenario.
struct Trial {
  std::string name;  // "forking/fork-cancel-loser"
  std::string file;
  std::vector<std::string> covers;
  Standing standing = Standing::NotTestable;
  std::string reason;               // of any but Proved
  std::vector<std::string> causes;  // of what is not asked, one by one
  std::string ladder;
  std::set<std::string> shown;
  std::vector<std::string> violated;
  bool whole = false;      // every line came, and rows that it covers are shown by that
  std::size_t unseen = 0;  // lines that nobody can see
  Duration took{0};
};

struct RowStanding {
  const Row* row = nullptr;
  Standing standing = Standing::NotTestable;
  std::string reason;                // of NotTestable and Skipped
  std::vector<const Trial*> trials;  // that cover it
};

struct TargetFigures {
  std::size_t rows = 0;
  std::map<Standing, std::size_t> by_standing;
  std::size_t of(Standing standing) const;
};
struct TargetSection {
  std::string name;  // "RFC3261 16"
  TargetFigures figures;
  std::vector<RowStanding> rows;
};

struct TargetReport {
  std::string target;  // "127.0.0.1:5060 over UDP"
  std::string server;  // what it calls itself; "" when it does not
  std::string ended;   // the target went away in the middle: a line for people
  std::vector<Trial> trials;
  std::vector<TargetSection> sections;
  TargetFigures total;
  bool fast = false;
  Duration took{0};

  std::size_t trials_of(Standing standing) const;
  // How many scenarios it was asked, to their end.
  std::size_t asked() const;
  bool passed() const { return ended.empty() && asked() > 0 && trials_of(Standing::Violated) == 0; }
};

struct SuiteOptions {
  Target target;
  Setup have;
  Profile profile = Profile::Proxy;
  bool fast = false;
  Duration fast_limit = std::chrono::seconds(5);
  PlayRules rules;
  std::size_t beside_each_other = 32;
  std::vector<std::string> paths;  // files or folders; none: all
};

// A scenario as the suite sees it before anything is sent.
struct Candidate {
  std::string name, file;  // "forking/x", "forking/x[row]"
  std::vector<std::string> covers;
  std::optional<Script> script;  // none: it cannot be read, for the reason
  Needs needs;
  std::string reason;
  std::vector<std::string> causes;       // the parts of the reason
  Standing standing = Standing::Proved;  // Skipped or NotTestable where it is not run
};
std::vector<Candidate> candidates(const Matrix& matrix, const SuiteOptions& options);
// Words of `have` that no scenario of all needs.
std::vector<std::string> unknown_words(const Matrix& matrix, const Setup& have);

// The figures and words of `needs` over all candidates, for the operator.
std::string requirements_text(const std::vector<Candidate>& all, const Setup& have);

// The annotations beside this file's folder: "FOLDER/target/demands.txt" and "unseen.tsv".
struct Annotations {
  Demands demands;
  std::map<std::string, std::string> unseen;
};
std::expected<Annotations, std::string> read_annotations(const std::string& folder);

// How many scenarios are over, how many there are.
using TrialProgress = std::function<void(std::size_t done, std::size_t of)>;
TargetReport run_suite(const Matrix& matrix, const Annotations& annotations, std::vector<Candidate>& all,
                       const SuiteOptions& options, const TrialProgress& progress);

}  // namespace intermediary::conformance
