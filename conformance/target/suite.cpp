#include "conformance/target/suite.h"

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "conformance/target/watch.h"

namespace intermediary::conformance {
namespace {

using namespace std::chrono_literals;

// A call of an hour is played in virtual time alone.
constexpr Duration longest = 240s;

std::expected<std::string, std::string> text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return std::unexpected("cannot read " + path);
  return text.str();
}

// "conformance/scenarios/forking/x.flow" is "forking/x".
std::string name_of(std::string file) {
  if (const std::size_t at = file.rfind("scenarios/"); at != std::string::npos) file.erase(0, at + 10);
  if (file.ends_with(".flow")) file.resize(file.size() - 5);
  return file;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

bool is_named(const Proof& proof, const std::vector<std::string>& paths) {
  return paths.empty() || std::ranges::any_of(paths, [&](std::string path) {
           while (path.ends_with('/')) path.pop_back();
           const std::string name = name_of(path);
           return proof.path == path || proof.path.starts_with(path + '/') || name_of(proof.file) == name ||
                  name_of(proof.file).starts_with(name + '/');
         });
}

// Nothing can stand for an address or port that is the whole of a parameter where all parties share one address.
bool is_about_via(const std::string& text) {
  return text.find("rport=") != std::string::npos || text.find("received=") != std::string::npos;
}

// What is asked of the target, and why the rest is not.
void decide(Candidate& candidate, const SuiteOptions& options) {
  candidate.needs = needs_of(*candidate.script);
  const auto missing = lacking(candidate.needs, options.have);
  const Duration takes = options.fast ? candidate.needs.length : candidate.needs.whole_length;
  std::vector<std::string> transports;
  for (const Transport transport : candidate.needs.transports) {
    if (!options.target.transports.contains(transport)) transports.emplace_back(via_name(transport));
  }
  if (!candidate.needs.obstacles.empty()) {
    candidate.causes = candidate.needs.obstacles;
    candidate.reason = joined(candidate.needs.obstacles);
  } else if (options.target.local && is_about_via(candidate.script->text)) {
    candidate.reason = "it is about Via parameters that are bare addresses or ports, and --local has others";
  } else if (!is_asked_of(options.profile, candidate.script->scenario)) {
    candidate.reason = "not asked of such a server: it would have to send requests on";
  } else if (!transports.empty()) {
    candidate.reason = "needs the target over " + joined(transports);
  } else if (!missing.empty()) {
    for (const std::string& word : missing) candidate.causes.push_back("needs a target with " + word);
    candidate.reason = "needs a target with " + joined(missing);
  } else if (takes > (options.fast ? options.fast_limit : longest)) {
    candidate.standing = Standing::Skipped;
    candidate.reason = "takes " + std::to_string(takes / 1s) + " s";
  } else {
    candidate.standing = Standing::Proved;
  }
}

std::vector<Candidate> candidates_of(const Proof& proof, const SuiteOptions& options) {
  Candidate common{name_of(proof.file), proof.file, proof.covers, std::nullopt, {}, {}, {}, Standing::NotTestable};
  auto scripts = scripts_of(proof.path);
  if (!scripts) {
    common.reason = scripts.error();
    return {common};
  }
  std::vector<Candidate> found;
  for (Script& script : *scripts) {
    Candidate& candidate = found.emplace_back(common);
    const std::string& row = script.scenario.row;
    if (!row.empty()) candidate.name += '[' + row + ']';
    candidate.script = std::move(script);
    decide(candidate, options);
  }
  return found;
}

class Suite {
 public:
  Suite(const Annotations& annotations, std::vector<Candidate>& candidates, const SuiteOptions& options,
        const TrialProgress& progress)
      : annotations_(annotations),
        candidates_(candidates),
        options_(options),
        progress_(progress),
        watch_(io_, options.target) {
    std::random_device random;
    session_ = random();
    network_ = static_cast<std::uint16_t>((64 << 8) + session_ % (160 << 8));
    trials_.resize(candidates_.size());
  }

  std::vector<Trial> run() {
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const Candidate& candidate = candidates_[i];
      trials_[i].name = candidate.name;
      trials_[i].file = candidate.file;
      trials_[i].covers = candidate.covers;
      trials_[i].standing = candidate.standing;
      trials_[i].reason = candidate.reason;
      trials_[i].causes = candidate.causes;
      trials_[i].unseen = candidate.needs.unseen;
      if (candidate.standing == Standing::Proved) waiting_.push_back(i);
    }
    // The long ones first: the others fit beside them.
    std::ranges::sort(waiting_, std::ranges::greater{}, [&](std::size_t i) {
      return std::pair(candidates_[i].needs.whole_length, candidates_.size() - i);
    });
    of_ = waiting_.size();
    began_ = Clock::now();
    watch_.begin([this] { stop(); });
    for (std::size_t i = 0; i < options_.beside_each_other; ++i) start_next();
    if (of_ == 0) watch_.end();
    io_.run();
    return std::move(trials_);
  }

  // A line for people where the target went away.
  const std::string& ended() const { return ended_; }

 private:
  using Clock = std::chrono::steady_clock;

  // What went wrong since it was last heard of says nothing about it.
  void stop() {
    const Clock::time_point last = watch_.last_answer();
    std::vector<std::string> beside;
    beside.reserve(playing_.size() + over_.size());
    for (const auto& [index, play] : playing_) beside.push_back(trials_[index].name);
    for (const auto& [index, over] : over_) {
      if (over >= last && trials_[index].standing != Standing::Proved) beside.push_back(trials_[index].name);
    }
    ended_ = "it stopped answering " + std::to_string((last - began_) / 1s) +
             " s after the first message, with these under way: " + joined(beside);
    const std::string why = "the target stopped answering";
    for (; next_ < waiting_.size(); ++next_) not_played(trials_[waiting_[next_]], why);
    for (const auto& [index, over] : over_) {
      if (over >= last && trials_[index].standing != Standing::Proved) not_played(trials_[index], why);
    }
    while (!playing_.empty()) {
      const auto play = playing_.begin()->second;
      play->abandon(why);
    }
  }

  static void not_played(Trial& trial, const std::string& why) {
    trial.standing = Standing::NotTestable;
    trial.reason = why;
    trial.ladder.clear();
    trial.shown.clear();
    trial.violated.clear();
  }

  void start_next() {
    if (next_ >= waiting_.size()) return;
    const std::size_t index = waiting_[next_++];
    const Candidate& candidate = candidates_[index];
    static const std::vector<Demand> none;
    const auto demands = annotations_.demands.find(candidate.name.substr(0, candidate.name.find('[')));
    PlayRules rules = options_.rules;
    rules.waits_to_the_end = !options_.fast;
    const auto play =
        std::make_shared<Play>(io_, *candidate.script, demands == annotations_.demands.end() ? none : demands->second,
                               options_.target, slot(index), rules);
    playing_.emplace(index, play);
    play->begin([this, index](const Outcome& outcome) {
      take(trials_[index], outcome);
      explain(index);
      playing_.erase(index);
      over_.emplace_back(index, Clock::now());
      progress_(over_.size(), of_);
      start_next();
      if (playing_.empty()) watch_.end();
    });
  }

  // Fresh in every session, too: what an earlier one left in the target is not met again.
  Slot slot(std::size_t index) const {
    std::string tag = "x";
    std::uint32_t rest = session_;
    for (int i = 0; i < 5; ++i, rest /= 36) tag += "0123456789abcdefghijklmnopqrstuvwxyz"[rest % 36];
    return {tag + 'q' + std::to_string(index), static_cast<std::uint16_t>(network_ + index)};
  }

  // Where the set-up may be the reason, it is said.
  void explain(std::size_t index) {
    if (trials_[index].standing != Standing::Differs || !candidates_[index].needs.refuses_to_relay) return;
    if (!options_.have.contains("relay")) return;
    std::string& reason = trials_[index].reason;
    reason.insert(std::min(reason.find('\n'), reason.size()), " [written for a server that does not relay]");
  }

  static void take(Trial& trial, const Outcome& outcome) {
    trial.reason = outcome.text;
    trial.ladder = outcome.ladder;
    trial.shown = outcome.shown;
    trial.violated = outcome.violated;
    trial.took = outcome.took;
    switch (outcome.kind) {
      case Outcome::Kind::Passed:
        trial.standing = Standing::Proved;
        trial.whole = !outcome.lacks_trying;
        if (outcome.lacks_trying) trial.reason = "as written, but for a 100 that never came";
        break;
      case Outcome::Kind::Differs:
        trial.standing = Standing::Differs;
        break;
      case Outcome::Kind::Violates:
        trial.standing = Standing::Violated;
        break;
      case Outcome::Kind::NoSetup:
        trial.standing = Standing::NotTestable;
        break;
    }
  }

  const Annotations& annotations_;
  std::vector<Candidate>& candidates_;
  const SuiteOptions& options_;
  const TrialProgress& progress_;
  boost::asio::io_context io_;
  std::uint32_t session_ = 0;
  std::uint16_t network_ = 0;
  Watch watch_;
  Clock::time_point began_;
  std::string ended_;
  std::vector<Trial> trials_;
  std::vector<std::size_t> waiting_;
  std::map<std::size_t, std::shared_ptr<Play>> playing_;
  std::vector<std::pair<std::size_t, Clock::time_point>> over_;
  std::size_t next_ = 0, of_ = 0;
};

bool binds(const Row& row, Profile profile) {
  static const std::map<Profile, std::set<std::string, std::less<>>> roles{
      {Profile::Proxy,
       {"proxy", "stateful-proxy", "stateless-proxy", "registrar", "uas", "uac", "transport", "client-transaction",
        "server-transaction", "edge-proxy", "resolver"}},
      {Profile::Registrar, {"registrar", "uas", "transport", "server-transaction"}},
      {Profile::Redirect, {"redirect", "uas", "transport", "server-transaction"}},
      {Profile::B2bua,
       {"uas", "uac", "registrar", "transport", "client-transaction", "server-transaction", "resolver"}}};
  return std::ranges::any_of(row.binds, [&](const std::string& role) { return roles.at(profile).contains(role); });
}

RowStanding judge_row(const Row& row, const std::vector<const Trial*>& trials, const Annotations& annotations) {
  RowStanding result;
  result.row = &row;
  result.trials = trials;
  const auto any = [&](const auto& condition) { return std::ranges::any_of(trials, condition); };
  const auto unseen = annotations.unseen.find(row.id);
  const bool is_unseen = unseen != annotations.unseen.end();
  const auto was_whole = [](const Trial* t) { return t->standing == Standing::Proved && t->whole; };
  if (any([&](const Trial* t) { return std::ranges::find(t->violated, row.id) != t->violated.end(); })) {
    result.standing = Standing::Violated;
  } else if (any([&](const Trial* t) { return t->shown.contains(row.id); }) || (!is_unseen && any(was_whole))) {
    result.standing = Standing::Proved;
  } else if (is_unseen) {
    result.reason = unseen->second;
  } else if (any([](const Trial* t) {
               return t->standing == Standing::Differs || t->standing == Standing::Proved ||
                      t->standing == Standing::Violated;
             })) {
    result.standing = Standing::Differs;
  } else if (const auto skipped =
                 std::ranges::find(trials, Standing::Skipped, [](const Trial* t) { return t->standing; });
             skipped != trials.end()) {
    result.standing = Standing::Skipped;
    result.reason = (*skipped)->name + ' ' + (*skipped)->reason;
  } else if (!trials.empty()) {
    result.reason = trials.front()->reason;
  } else if (!row.tests.empty()) {
    result.reason = "a matter of unit tests";
  } else {
    result.reason = row.gap.empty() ? "no scenario asks for it" : "no scenario asks for it: " + row.gap;
  }
  return result;
}

}  // namespace

std::string_view text_of(Standing standing) {
  switch (standing) {
    case Standing::Violated:
      return "violated";
    case Standing::Proved:
      return "proved";
    case Standing::Differs:
      return "differs";
    case Standing::Skipped:
      return "skipped";
    case Standing::NotTestable:
      return "not testable from outside";
  }
  return "";
}

std::size_t TargetFigures::of(Standing standing) const {
  const auto found = by_standing.find(standing);
  return found == by_standing.end() ? 0 : found->second;
}

std::size_t TargetReport::trials_of(Standing standing) const {
  return static_cast<std::size_t>(std::ranges::count(trials, standing, &Trial::standing));
}

std::size_t TargetReport::asked() const {
  return trials_of(Standing::Proved) + trials_of(Standing::Differs) + trials_of(Standing::Violated);
}

std::vector<std::string> unknown_words(const Matrix& matrix, const Setup& have) {
  Setup left = have;
  std::erase_if(left, [](const std::string& word) { return word.starts_with("domain="); });
  for (const Proof& proof : matrix.scenarios) {
    if (left.empty()) break;
    const auto scripts = scripts_of(proof.path);
    if (!scripts) continue;
    for (const Script& script : *scripts) {
      for (const std::string& word : needs_of(script).setup) left.erase(word);
    }
  }
  return {left.begin(), left.end()};
}

std::vector<Candidate> candidates(const Matrix& matrix, const SuiteOptions& options) {
  std::vector<Candidate> found;
  for (const Proof& proof : matrix.scenarios) {
    if (!is_named(proof, options.paths)) continue;
    for (Candidate& candidate : candidates_of(proof, options)) found.push_back(std::move(candidate));
  }
  return found;
}

std::expected<Annotations, std::string> read_annotations(const std::string& folder) {
  Annotations annotations;
  const std::string demands_file = folder + "/target/demands.txt";
  const std::string unseen_file = folder + "/target/unseen.tsv";
  const auto demands_text = text_of_file(demands_file);
  if (!demands_text) return std::unexpected(demands_text.error());
  const auto unseen_text = text_of_file(unseen_file);
  if (!unseen_text) return std::unexpected(unseen_text.error());
  auto demands = read_demands(demands_file, *demands_text);
  if (!demands) return std::unexpected(demands.error());
  auto unseen = read_unseen(unseen_file, *unseen_text);
  if (!unseen) return std::unexpected(unseen.error());
  annotations.demands = std::move(*demands);
  annotations.unseen = std::move(*unseen);
  return annotations;
}

std::string requirements_text(const std::vector<Candidate>& all, const Setup& have) {
  std::string text;
  std::map<std::string, std::size_t> words, obstacles;
  std::size_t ready = 0;
  for (const Candidate& candidate : all) {
    text += candidate.name + ": ";
    if (!candidate.script) {
      text += candidate.reason + '\n';
      continue;
    }
    if (!candidate.needs.obstacles.empty()) {
      text += "not testable from outside: " + joined(candidate.needs.obstacles) + '\n';
      for (const std::string& each : candidate.needs.obstacles) ++obstacles[each];
      continue;
    }
    std::vector<std::string> needs;
    needs.reserve(candidate.needs.transports.size() + candidate.needs.setup.size());
    for (const Transport transport : candidate.needs.transports) needs.emplace_back(via_name(transport));
    for (const std::string& word : candidate.needs.setup) {
      needs.push_back(word);
      ++words[word];
    }
    ready += lacking(candidate.needs, have).empty() ? 1 : 0;
    text += joined(needs) + "; " + std::to_string(candidate.needs.length / 1s) + " s\n";
  }
  text += "\nWords for --have, by how many scenarios need them:\n";
  std::vector<std::pair<std::string, std::size_t>> sorted(words.begin(), words.end());
  std::ranges::sort(sorted, std::ranges::greater{},
                    [](const auto& each) { return std::pair(each.second, each.first); });
  for (const auto& [word, count] : sorted) {
    text += std::string(6 - std::min<std::size_t>(6, std::to_string(count).size()), ' ') + std::to_string(count) +
            "  " + word;
    if (const auto meaning = meaning_of(word); !meaning.empty()) text.append(": ").append(meaning);
    text += '\n';
  }
  return text + "\n" + std::to_string(ready) + " of " + std::to_string(all.size()) +
         " scenarios can be asked of a target with what --have says\n";
}

TargetReport run_suite(const Matrix& matrix, const Annotations& annotations, std::vector<Candidate>& all,
                       const SuiteOptions& options, const TrialProgress& progress) {
  const auto began = std::chrono::steady_clock::now();
  TargetReport report;
  report.fast = options.fast;
  Suite suite(annotations, all, options, progress);
  report.trials = suite.run();
  report.ended = suite.ended();
  report.took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began);
  std::map<std::string, std::vector<const Trial*>> covering;
  for (const Trial& trial : report.trials) {
    std::set<std::string> rows(trial.covers.begin(), trial.covers.end());
    rows.insert(trial.shown.begin(), trial.shown.end());
    rows.insert(trial.violated.begin(), trial.violated.end());
    for (const std::string& id : rows) covering[id].push_back(&trial);
  }
  std::map<std::string, TargetSection> sections;
  for (const Row& row : matrix.rows) {
    if (!row.applies.empty() || !binds(row, options.profile)) continue;
    const auto& trials = covering[row.id];
    if (!options.paths.empty() && trials.empty()) continue;
    TargetSection& section = sections[section_of(row.id)];
    section.name = section_of(row.id);
    section.rows.push_back(judge_row(row, trials, annotations));
    for (TargetFigures* figures : {&section.figures, &report.total}) {
      ++figures->rows;
      ++figures->by_standing[section.rows.back().standing];
    }
  }
  for (auto& [name, section] : sections) report.sections.push_back(std::move(section));
  std::ranges::sort(report.sections, section_goes_before, &TargetSection::name);
  return report;
}

}  // namespace intermediary::conformance
