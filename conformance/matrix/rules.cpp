#include "conformance/matrix/rules.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace intermediary::conformance {
namespace {

constexpr auto roles = std::to_array<std::string_view>({"client-transaction", "edge-proxy", "proxy", "redirect",
                                                        "registrar", "resolver", "server-transaction", "stateful-proxy",
                                                        "stateless-proxy", "transport", "uac", "uas"});
constexpr auto gaps = std::to_array<std::string_view>({"later: ", "declined: ", "untested: ", "wrong: "});

// Begins so, and goes on with a text.
bool gives_reason(std::string_view text, std::string_view kind) {
  return text.starts_with(kind) && !trim(text.substr(kind.size())).empty();
}

// "RFC3261#16.7.5b", read as far as it is one.
struct Reference {
  int rfc = 0;
  std::string section;
  std::string letter;

  static std::optional<Reference> parse(std::string_view text);
};

std::string_view take(std::string_view& text, std::string_view characters) {
  const std::string_view taken = text.substr(0, text.find_first_not_of(characters));
  text.remove_prefix(taken.size());
  return taken;
}

std::optional<Reference> Reference::parse(std::string_view text) {
  constexpr std::string_view digits = "0123456789";
  if (!text.starts_with("RFC")) return std::nullopt;
  text.remove_prefix(3);
  Reference reference;
  const auto rfc = parse_decimal<int>(take(text, digits));
  if (!rfc || !text.starts_with('#')) return std::nullopt;
  reference.rfc = *rfc;
  do {
    if (!reference.section.empty()) reference.section += '.';
    text.remove_prefix(1);  // the hash, or a dot
    const std::string_view number = take(text, digits);
    if (number.empty()) return std::nullopt;
    reference.section += number;
  } while (text.starts_with('.'));
  reference.letter = text;
  const bool one_letter = text.empty() || (text.size() == 1 && text[0] >= 'a' && text[0] <= 'z');
  return one_letter ? std::optional(reference) : std::nullopt;
}

bool lies_in(const std::string& section, const std::string& other) {
  return section == other || section.starts_with(other + ".");
}

class Checker {
 public:
  explicit Checker(const Matrix& matrix) : matrix_(matrix) {
    for (const Row& row : matrix.rows) {
      ++row_count_[row.id];
      rfcs_[row.id.substr(0, row.id.find('#'))] = true;
      for (const std::string& test : row.tests) first_proof_.try_emplace(row.id, test);
    }
    for (const Proof& proof : matrix.scenarios) {
      for (const std::string& id : proof.covers) first_proof_[id] = proof.file;
    }
  }

  std::vector<std::string> run() {
    for (const auto& [id, count] : row_count_) {
      if (count > 1) say(id + ": " + std::to_string(count) + " rows have this id");
    }
    for (const Row& row : matrix_.rows) check_row(row);
    check_statements();
    for (const Proof& proof : matrix_.scenarios) check_scenario(proof);
    check_references("docs/scenarios.md", matrix_.examples);
    return std::move(found_);
  }

 private:
  void say(std::string what) { found_.push_back(std::move(what)); }
  void say(const Row& row, const std::string& what) { say(row.file + ": " + row.id + ": " + what); }

  void check_row(const Row& row) {
    if (!Reference::parse(row.id)) {
      say(row, "an id is RFC3261#16.7.5b: RFC, section or step, and a letter where there are several");
    }
    if (row.level != "must" && row.level != "should") say(row, "level is must or should, not '" + row.level + "'");
    const bool known = std::ranges::all_of(
        row.binds, [](const std::string& role) { return std::ranges::find(roles, role) != roles.end(); });
    if (row.binds.empty() || !known) say(row, "binds one or several of " + joined_roles());
    if (row.says.empty()) say(row, "says nothing");
    if (!row.applies.empty() && !gives_reason(row.applies, "no: ")) {
      say(row, "applies, where it is there, is 'no: ' and a reason");
    }
    const bool named = std::ranges::any_of(gaps, [&](std::string_view kind) { return gives_reason(row.gap, kind); });
    if (!row.gap.empty() && !named)
      say(row, "a gap begins with 'later:', 'declined:', 'untested:' or 'wrong:', and gives a reason");
    if (!row.gap.empty() && !row.applies.empty()) say(row, "does not apply, and is a gap");
    check_proofs(row);
  }

  void check_proofs(const Row& row) {
    for (const std::string& test : row.tests) {
      if (matrix_.has_sources && !matrix_.unit_tests.contains(test)) say(row, "no test is called " + test);
    }
    const std::string& excuse = row.gap.empty() ? row.applies : row.gap;
    const auto proof = first_proof_.find(row.id);
    if (proof == first_proof_.end() && excuse.empty()) say(row, "nothing proves it, and no gap says why");
    if (proof != first_proof_.end() && !excuse.empty()) {
      say(row, "has a proof (" + proof->second + "), and says '" + excuse + "'");
    }
  }

  void check_statements() {
    std::map<std::string, std::string> levels;
    for (const Statement& statement : matrix_.statements) {
      if (statement.row == "-") {
        if (statement.reason.empty()) say(statement.where() + ": neither a row nor a reason");
        continue;
      }
      if (!statement.reason.empty()) say(statement.where() + ": a row and a reason");
      if (!row_count_.contains(statement.row)) say(statement.where() + ": no row has the id " + statement.row);
      std::string& level = levels.try_emplace(statement.row, "should").first->second;
      if (!statement.keyword.starts_with("SHOULD")) level = "must";
    }
    for (const Row& row : matrix_.rows) {
      const auto level = levels.find(row.id);
      if (level == levels.end()) {
        say(row, "no statement leads here");
      } else if (row.level != level->second) {
        say(row, "its statements make its level " + level->second);
      }
    }
  }

  void check_scenario(const Proof& proof) {
    for (auto id = proof.covers.begin(); id != proof.covers.end(); ++id) {
      if (std::find(proof.covers.begin(), id, *id) != id) say(proof.file + ": covers " + *id + " more than once");
    }
    check_references(proof.file, proof.covers);
  }

  // What is neither a row, nor a section that has none: one of another RFC, or one that is not counted.
  void check_references(const std::string& file, const std::vector<std::string>& covers) {
    for (const std::string& id : covers) {
      if (row_count_.contains(id)) continue;
      const auto reference = Reference::parse(id);
      const bool section = reference && reference->letter.empty();
      if (!rfcs_.contains(id.substr(0, id.find('#')))) {
        if (!section) say(std::string(file).append(": covers ").append(id).append(", which is no section of an RFC"));
      } else if (!section || !is_left_out(*reference)) {
        say(std::string(file).append(": covers ").append(id).append(", which is no row"));
      }
    }
  }

  // Nothing of the section is counted, neither itself nor what stands above or below it.
  bool is_left_out(const Reference& reference) const {
    const auto counted = matrix_.counted.find(reference.rfc);
    if (counted == matrix_.counted.end() || counted->second.empty()) return false;
    return std::ranges::none_of(counted->second, [&](const std::string& name) {
      return lies_in(reference.section, name) || lies_in(name, reference.section);
    });
  }

  static std::string joined_roles() {
    std::string all;
    for (const std::string_view role : roles) all.append(all.empty() ? "" : ", ").append(role);
    return all;
  }

  const Matrix& matrix_;
  std::map<std::string, int> row_count_;
  std::map<std::string, bool> rfcs_;
  std::map<std::string, std::string> first_proof_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> contradictions(const Matrix& matrix) { return Checker(matrix).run(); }

}  // namespace intermediary::conformance
