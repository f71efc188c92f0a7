#include "sim/explore/worlds.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "sim/explore/execution.h"
#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

// What is said of it, without whom and when: another cause says something else.
std::string kind_of(const std::string& broken) {
  std::string kind = promise_of(broken);
  std::istringstream words(broken.substr(kind.size()));
  for (std::string word; words >> word;) {
    const bool is_prose = std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
    if (is_prose) kind += ' ' + word;
  }
  return kind;
}

std::set<std::string> kinds_of(const Look& look) {
  std::set<std::string> kinds;
  for (const std::string& broken : look.broken) {
    // What is left has many reasons; a line that cannot be carried out any more is another one.
    kinds.insert(broken.starts_with("leaves-nothing") ? broken : kind_of(broken));
  }
  return kinds;
}

bool is_chance(std::string_view word) {
  return word.starts_with("loss=") || word.starts_with("duplicate=") || word.starts_with("reorder=") ||
         word.starts_with("jitter=");
}

// The world without what links do by chance, and what that has done in this run as faults.
std::string with_chances_as_faults(const std::string& text, const Schedule& misfortunes) {
  std::string result;
  for (const std::string& line : scenario_lines(text)) {
    std::string kept;
    std::size_t words = 0;
    bool link = false;
    for (std::size_t begin = 0; begin < line.size();) {
      const std::size_t end = std::min(line.find(' ', begin), line.size());
      const std::string_view word = std::string_view(line).substr(begin, end - begin);
      begin = end + 1;
      if (word.empty()) continue;
      link = link || (words == 0 && word == "link");
      ++words;
      if (link && is_chance(word)) continue;
      kept.append(kept.empty() ? "" : " ").append(word);
    }
    if (!link || kept.find('=') != std::string::npos) result += kept + '\n';
    if (line.starts_with("seed ")) {
      for (const Fault& fault : misfortunes) result += "fault " + fault.to_string() + '\n';
    }
  }
  return result;
}

}  // namespace

std::string promise_of(const std::string& broken) { return broken.substr(0, broken.find_first_of(" :")); }

Look look_at(const std::string& text) {
  const auto scenario = parse_scenario("world", text);
  if (!scenario) throw std::logic_error(scenario.error().to_string());
  Verdict verdict = execute(*scenario, {}, {.lists_points = false});
  Look look;
  look.virtual_time = verdict.virtual_time;
  if (verdict.broken_promises.empty()) return look;
  look.plain = with_chances_as_faults(text, verdict.misfortunes);
  look.broken = std::move(verdict.broken_promises);
  look.ladder = std::move(verdict.ladder);
  return look;
}

Shrunk shrink_world(const std::string& text, const std::function<Look(const std::string&)>& look,
                    std::size_t most_runs) {
  const Look first = look(text);
  const std::set<std::string> wanted = kinds_of(first);
  // Without that line nothing is judged when the file is run by itself.
  const auto is_judged = [](const std::string& candidate) {
    const auto scenario = parse_scenario("world", candidate);
    return scenario && scenario->promises;
  };
  const bool judged = is_judged(text);
  const Fails fails = [&](const std::string& candidate) {
    if (judged && !is_judged(candidate)) return false;
    const std::set<std::string> broken = kinds_of(look(candidate));
    return std::ranges::any_of(broken, [&](const std::string& kind) { return wanted.contains(kind); });
  };
  const bool plain_fails = !first.plain.empty() && parse_scenario("world", first.plain) && fails(first.plain);
  return shrink(plain_fails ? first.plain : text, fails, most_runs);
}

std::string named(const std::string& text, const std::string& name, const std::string& comment) {
  std::string result = "# " + comment + '\n';
  for (const std::string& line : scenario_lines(text)) {
    result += (line.starts_with("scenario ") ? "scenario " + name : line) + '\n';
  }
  return result;
}

}  // namespace intermediary::sim
