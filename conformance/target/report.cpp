#include "conformance/target/report.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "conformance/matrix/junit.h"

namespace intermediary::conformance {
namespace {

constexpr auto standings = std::to_array<Standing>(
    {Standing::Proved, Standing::Violated, Standing::Differs, Standing::Skipped, Standing::NotTestable});

std::string padded(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string indented(const std::string& text, std::string_view by) {
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    out.append(by).append(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  if (!out.ends_with('\n')) out += '\n';
  return out;
}

std::string figures_line(std::string name, const TargetFigures& figures) {
  name.resize(16, ' ');
  name += padded(std::to_string(figures.rows), 6);
  for (const Standing standing : standings) name += padded(std::to_string(figures.of(standing)), 14);
  return name + '\n';
}

std::string seconds(Duration duration) { return std::to_string(duration / std::chrono::seconds(1)) + " s"; }

std::string summary(const TargetReport& report) {
  return std::to_string(report.total.of(Standing::Proved)) + " of " + std::to_string(report.total.rows) +
         " rows proved, " + std::to_string(report.total.of(Standing::Violated)) + " violated; of " +
         std::to_string(report.trials.size()) + " scenarios " + std::to_string(report.trials_of(Standing::Proved)) +
         " went as written, " + std::to_string(report.trials_of(Standing::Violated)) + " violate, " +
         std::to_string(report.trials_of(Standing::Differs)) + " differ, " +
         std::to_string(report.trials_of(Standing::Skipped)) + " skipped, " +
         std::to_string(report.trials_of(Standing::NotTestable)) + " not testable; " + seconds(report.took);
}

std::string violation(const Trial& trial, const TargetReport& report) {
  std::string text = "VIOLATED  " + trial.file + '\n';
  for (const TargetSection& section : report.sections) {
    for (const RowStanding& row : section.rows) {
      if (std::ranges::find(trial.violated, row.row->id) == trial.violated.end()) continue;
      text += "  " + cited(row.row->id) + ": " + row.row->says + '\n';
    }
  }
  return text + indented(trial.reason, "  ") + indented(trial.ladder, "    ");
}

// ---- JSON

std::string names(const std::set<std::string>& list) {
  std::string text;
  for (const std::string& each : list) text += (text.empty() ? "" : ", ") + json_string(each);
  return '[' + text + ']';
}
std::string names(const std::vector<std::string>& list) { return names(std::set(list.begin(), list.end())); }

std::string figures_json(const TargetFigures& figures) {
  std::string text = "{\"rows\": " + std::to_string(figures.rows);
  constexpr std::array<std::string_view, standings.size()> keys{"proved", "violated", "differs", "skipped",
                                                                "not_testable"};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    text.append(", \"").append(keys[i]).append("\": ") += std::to_string(figures.of(standings[i]));
  }
  return text + '}';
}

std::string row_json(const RowStanding& row) {
  std::string text = "{\"id\": " + json_string(row.row->id) + ", \"level\": " + json_string(row.row->level) +
                     ", \"says\": " + json_string(row.row->says) +
                     ", \"standing\": " + json_string(text_of(row.standing));
  if (!row.reason.empty()) text += ", \"reason\": " + json_string(row.reason);
  std::vector<std::string> scenarios;
  scenarios.reserve(row.trials.size());
  for (const Trial* trial : row.trials) scenarios.push_back(trial->name);
  return text + ", \"scenarios\": " + names(scenarios) + '}';
}

std::string trial_json(const Trial& trial) {
  std::string text =
      "{\"name\": " + json_string(trial.name) + ", \"standing\": " + json_string(text_of(trial.standing));
  if (!trial.reason.empty()) text += ", \"reason\": " + json_string(trial.reason);
  if (!trial.shown.empty()) text += ", \"shown\": " + names(trial.shown);
  if (!trial.violated.empty()) text += ", \"violated\": " + names(trial.violated);
  if (trial.unseen > 0) text += ", \"lines_unseen\": " + std::to_string(trial.unseen);
  if (trial.standing == Standing::Violated || trial.standing == Standing::Differs) {
    text += ", \"ladder\": " + json_string(trial.ladder);
  }
  return text + ", \"took_us\": " + std::to_string(trial.took.count()) + '}';
}

}  // namespace

std::string cited(const std::string& row) {
  const std::size_t hash = row.find('#');
  std::string section = row.substr(hash + 1);
  while (!section.empty() && is_alpha(section.back())) section.pop_back();
  return "RFC " + row.substr(3, hash - 3) + " §" + section + " (" + row + ')';
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string target_text(const TargetReport& report) {
  std::string text = report.target + (report.server.empty() ? "" : ", " + report.server) + "\n\n";
  text += "section           rows";
  for (const Standing standing : standings) {
    text += padded(standing == Standing::NotTestable ? "not testable" : std::string(text_of(standing)), 14);
  }
  text += '\n';
  for (const TargetSection& section : report.sections) text += figures_line(section.name, section.figures);
  text += figures_line("total", report.total);
  if (!report.ended.empty()) text += "\nTHE TARGET WENT AWAY: " + report.ended + '\n';
  for (const Trial& trial : report.trials) {
    if (trial.standing == Standing::Violated) text += '\n' + violation(trial, report);
  }
  std::string differing;
  for (const Trial& trial : report.trials) {
    if (trial.standing == Standing::Differs) differing += "  " + trial.name + ": " + first_line(trial.reason) + '\n';
    if (trial.standing == Standing::Proved && !trial.whole) differing += "  " + trial.name + ": " + trial.reason + '\n';
  }
  if (!differing.empty()) text += "\nDiffers from what our own server does, and is not judged:\n" + differing;
  std::map<std::string, std::size_t> reasons;
  for (const Trial& trial : report.trials) {
    if (trial.standing != Standing::NotTestable) continue;
    for (const std::string& cause : trial.causes) ++reasons[cause];
    if (trial.causes.empty()) ++reasons[first_line(trial.reason)];
  }
  if (!reasons.empty())
    text += "\nNot testable from outside, or not with this set-up (a scenario may stand in several lines):\n";
  for (const auto& [reason, count] : reasons) text += padded(std::to_string(count), 5) + "  " + reason + '\n';
  if (report.fast) {
    text += "\n--fast: scenarios that take longer are skipped, and silence is watched for half a second only\n";
  }
  text += '\n' + summary(report) + '\n';
  return printable(text);  // what came off the wire is not for a terminal to obey
}

std::string target_json(const TargetReport& report) {
  std::string text = "{\"target\": " + json_string(report.target) + ", \"server\": " + json_string(report.server) +
                     ", \"ended\": " + json_string(report.ended) +
                     ", \"passed\": " + (report.passed() ? "true" : "false") +
                     ", \"fast\": " + (report.fast ? "true" : "false") + ", \"total\": " + figures_json(report.total) +
                     ",\n \"sections\": [";
  const char* between = "";
  for (const TargetSection& section : report.sections) {
    text += std::string(between) + "\n  {\"name\": " + json_string(section.name) +
            ", \"figures\": " + figures_json(section.figures) + ", \"rows\": [";
    const char* comma = "\n    ";
    for (const RowStanding& row : section.rows) {
      text += comma + row_json(row);
      comma = ",\n    ";
    }
    text += "]}";
    between = ",";
  }
  text += "],\n \"scenarios\": [";
  between = "\n  ";
  for (const Trial& trial : report.trials) {
    text += between + trial_json(trial);
    between = ",\n  ";
  }
  return text + "]}\n";
}

std::string target_junit(const TargetReport& report) {
  JunitSuite total;
  std::string suites;
  for (const TargetSection& section : report.sections) {
    JunitSuite suite;
    for (const RowStanding& row : section.rows) {
      const std::string name = row.row->id + ' ' + row.row->says;
      if (row.standing == Standing::Proved) {
        suite.add(name, "");
      } else if (row.standing == Standing::Violated) {
        std::string why;
        for (const Trial* trial : row.trials) {
          if (trial->standing == Standing::Violated) why += trial->file + '\n' + trial->reason + trial->ladder;
        }
        suite.add_failure(name, "violated", why);
      } else {
        suite.add_skipped(
            name, std::string(text_of(row.standing)) + (row.reason.empty() ? "" : ": " + first_line(row.reason)));
      }
    }
    suites += suite.finish(section.name, total);
  }
  JunitSuite target;
  if (!report.ended.empty()) {
    target.add_failure("the target answers to the end", "it went away", report.ended);
  } else if (report.asked() == 0) {
    target.add_failure("the target is asked something", "nothing was asked", "");
  } else {
    target.add("the target answers to the end", "");
  }
  suites += target.finish("target", total);
  return junit_document("conformance of " + report.target, suites, total);
}

}  // namespace intermediary::conformance
