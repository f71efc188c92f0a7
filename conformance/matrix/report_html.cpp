#include <string_view>

#include "conformance/matrix/markup.h"
#include "conformance/matrix/report.h"

namespace intermediary::conformance {
namespace {

constexpr std::string_view head = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Conformance</title>
<style>
:root { color-scheme: light dark; --bg: #fbfbfa; --fg: #1d2126; --dim: #667079; --line: #dfe2e4; --card: #fff;
  --proved: #2f8f5b; --unit: #86bfa0; --gap: #d9a441; --failed: #c4453c; --none: #d5d9dc; }
@media (prefers-color-scheme: dark) { :root { --bg: #14171a; --fg: #e3e6e8; --dim: #929ca5; --line: #2b3137;
  --card: #1b1f23; --proved: #4fb37d; --unit: #2f6a4b; --gap: #c08c2e; --failed: #e0645a; --none: #3a4148; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h1 + p { margin: 0 0 1.25rem; color: var(--dim); }
code, .id { font: 13px/1.4 ui-monospace, monospace; }
.bar { display: flex; height: .7rem; border-radius: .35rem; overflow: hidden; background: var(--none); }
.bar i { display: block; } .proved { background: var(--proved); } .unit { background: var(--unit); }
.gap { background: var(--gap); } .failed { background: var(--failed); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: .6rem 0 1.6rem; color: var(--dim); }
.legend i { display: inline-block; width: .7rem; height: .7rem; border-radius: .15rem; margin-right: .4rem; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); }
th, td { padding: .35rem .7rem; text-align: right; border-top: 1px solid var(--line); }
th { font-weight: 600; color: var(--dim); font-size: 13px; border: 0; }
td:first-child, th:first-child { text-align: left; white-space: nowrap; } td.wide { width: 32%; }
tr.total td { font-weight: 600; } a { color: inherit; text-underline-offset: .2em; }
.wrong { border: 1px solid var(--failed); border-radius: .4rem; padding: .6rem 1rem; margin: 1.2rem 0; }
.wrong h2 { font-size: 1rem; margin: 0 0 .3rem; color: var(--failed); }
pre { overflow-x: auto; font: 12px/1.4 ui-monospace, monospace; }
form { position: sticky; top: 0; background: var(--bg); padding: 1rem 0 .8rem; margin-top: 1.4rem; display: flex;
  flex-wrap: wrap; gap: .4rem; z-index: 1; border-bottom: 1px solid var(--line); }
input[type=search] { flex: 1 1 16rem; padding: .45rem .7rem; font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: .4rem; }
form label { padding: .4rem .7rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--card); }
details.section > summary { cursor: pointer; font-weight: 600; padding: .7rem 0; }
.row { border-top: 1px solid var(--line); padding: .55rem 0 .55rem .8rem; border-left: 3px solid var(--none); }
.row.s-proved { border-left-color: var(--proved); } .row.s-unit { border-left-color: var(--unit); }
.row.s-gap { border-left-color: var(--gap); } .row.s-failed { border-left-color: var(--failed); }
.row p { margin: 0; } .row .id { color: var(--dim); margin-right: .6rem; }
.row .why { color: var(--dim); font-size: 14px; } .row ul { margin: .2rem 0 0; padding-left: 1.1rem; color: var(--dim); }
[hidden] { display: none !important; }
</style>
</head>
<body>
<main>
)html";

constexpr std::string_view filter = R"html(<form onsubmit="return false">
<input type="search" id="text" placeholder="Search: RFC3261#16.7, Max-Forwards, a scenario …" aria-label="Search">
<label><input type="checkbox" value="proved" checked> proved</label>
<label><input type="checkbox" value="unit" checked> by unit test</label>
<label><input type="checkbox" value="gap" checked> gaps</label>
<label><input type="checkbox" value="failed" checked> failed</label>
<label><input type="checkbox" value="none" checked> do not apply</label>
</form>
)html";

constexpr std::string_view tail = R"html(<script>
const form = document.forms[0], text = document.getElementById("text");
const rows = [...document.querySelectorAll(".row")].map(row => [row, row.dataset.status, row.textContent.toLowerCase()]);
function show() {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = new Set([...form.querySelectorAll(":checked")].map(box => box.value));
  for (const [row, status, content] of rows) row.hidden = !wanted.has(status) || !words.every(w => content.includes(w));
  for (const section of document.querySelectorAll("details.section")) {
    const found = section.querySelector(".row:not([hidden])");
    section.hidden = !found;
    if (words.length && found) section.open = true;
  }
}
form.addEventListener("input", show);
for (const link of document.querySelectorAll("td a")) {
  link.addEventListener("click", () => { document.getElementById(link.hash.slice(1)).open = true; });
}
</script>
</main>
</body>
</html>
)html";

std::string_view class_of(RowStatus status) {
  switch (status) {
    case RowStatus::Proved:
      return "proved";
    case RowStatus::ProvedByUnitTest:
      return "unit";
    case RowStatus::Gap:
      return "gap";
    case RowStatus::Failed:
    case RowStatus::Unproved:
      return "failed";
    case RowStatus::DoesNotApply:
      return "none";
  }
  return "none";
}

std::string bar(const Figures& f) {
  std::string text = "<div class=\"bar\" title=\"" + std::to_string(f.proved_in_all()) + " of " +
                     std::to_string(f.applicable()) + " rows that apply\">";
  const auto part = [&](std::string_view name, std::size_t count) {
    if (count == 0) return;
    text.append("<i class=\"").append(name).append("\" style=\"flex:").append(std::to_string(count)).append("\"></i>");
  };
  part("proved", f.proved);
  part("unit", f.by_unit_test);
  part("gap", f.gaps);
  part("failed", f.failed + f.unproved);
  return text + "</div>";
}

std::string anchor(const std::string& section) {
  std::string text = section;
  for (char& c : text) {
    if (c == ' ') c = '-';
  }
  return text;
}

// "RFC 3261 §16"
std::string title(const std::string& section) {
  const std::size_t space = section.find(' ');
  return "RFC " + section.substr(3, space - 3) + " §" + section.substr(space + 1);
}

std::string figures_row(const std::string& first, const Figures& f, std::string_view style) {
  std::string text = "<tr class=\"" + std::string(style) + "\"><td>" + first + "</td>";
  for (const std::size_t number : {f.statements, f.rows, f.does_not_apply, f.proved_in_all(), f.gaps}) {
    text += "<td>" + std::to_string(number) + "</td>";
  }
  return text + "<td>" + (f.applicable() == 0 ? "–" : std::to_string(f.share()) + " %") + "</td><td class=\"wide\">" +
         bar(f) + "</td></tr>\n";
}

std::string table(const Results& results) {
  std::string text =
      "<table><tr><th>section</th><th>statements</th><th>rows</th><th>do not apply</th><th>proved</th><th>gaps</th>"
      "<th>of applicable</th><th></th></tr>\n";
  for (const Section& section : results.sections) {
    const std::string name = escaped(title(section.name));
    const std::string link = "<a href=\"#" + anchor(section.name) + "\">" + name + "</a>";
    text += figures_row(section.rows.empty() ? name : link, section.figures, "");
  }
  return text + figures_row("total", results.total, "total") + "</table>\n";
}

std::string row(const RowResult& result) {
  const Row& row = *result.row;
  const std::string status(class_of(result.status));
  std::string text = "<div class=\"row s-" + status + "\" data-status=\"" + status + "\"><p><span class=\"id\">" +
                     escaped(row.id) + "</span>" + escaped(row.says) + "</p>";
  const std::string& why = row.gap.empty() ? row.applies : row.gap;
  if (!why.empty()) text += "<p class=\"why\">" + escaped(why) + "</p>";
  if (result.scenarios.empty() && row.tests.empty()) return text + "</div>\n";
  text += "<ul>";
  for (const ScenarioResult* scenario : result.scenarios) {
    text += "<li><code>" + escaped(scenario->file) + "</code>" + (scenario->passed ? "" : " fails") + "</li>";
  }
  for (const std::string& test : row.tests) {
    text += "<li><code>" + escaped(test) + "</code>, a unit test, not run here</li>";
  }
  return text + "</ul></div>\n";
}

std::string wrong(const Results& results) {
  if (results.passed()) return {};
  std::string text = "<div class=\"wrong\"><h2>This run failed</h2><ul>\n";
  for (const std::string& line : results.contradictions) text += "<li>" + escaped(line) + "</li>\n";
  for (const ScenarioResult& scenario : results.scenarios) {
    if (scenario.passed) continue;
    text += "<li>" + escaped(scenario.file) + "<pre>" + escaped(scenario.failure) + "</pre></li>\n";
  }
  return text + "</ul></div>\n";
}

std::string legend(const Figures& f) {
  std::string text = "<div class=\"legend\">";
  const auto part = [&](std::string_view name, std::size_t count, std::string_view what) {
    text.append("<span><i class=\"").append(name).append("\"></i>").append(std::to_string(count)).append(" ");
    text.append(what).append("</span>");
  };
  part("proved", f.proved, "proved by scenarios");
  part("unit", f.by_unit_test, "by unit tests, not run here");
  part("gap", f.gaps, "gaps");
  part("failed", f.failed + f.unproved, "failed");
  return text + "</div>\n";
}

}  // namespace

std::string html_report(const Results& results) {
  std::string text(head);
  text += "<h1>" + std::to_string(results.total.share()) + " % of what applies is proved</h1>\n<p>" +
          std::to_string(results.total.statements) + " requirement words of the RFCs, " +
          std::to_string(results.total.rows) + " rows, " + std::to_string(results.scenarios.size()) + " scenarios" +
          (results.scenarios_ran ? " run in virtual time, " + std::to_string(results.failed_scenarios()) + " failed."
                                 : ", none was run.") +
          "</p>\n" + bar(results.total) + legend(results.total) + wrong(results) + table(results);
  text += filter;
  for (const Section& section : results.sections) {
    if (section.rows.empty()) continue;
    text += "<details class=\"section\" id=\"" + anchor(section.name) + "\"><summary>" + escaped(title(section.name)) +
            "</summary>\n";
    for (const RowResult& each : section.rows) text += row(each);
    text += "</details>\n";
  }
  return text.append(tail);
}

}  // namespace intermediary::conformance
