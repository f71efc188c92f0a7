#include <array>

#include "conformance/matrix/markup.h"
#include "conformance/target/report.h"

namespace intermediary::conformance {
namespace {

constexpr std::string_view head = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Conformance of a server</title>
<style>
:root { color-scheme: light dark; --bg: #fbfbfa; --fg: #1d2126; --dim: #667079; --line: #dfe2e4; --card: #fff;
  --proved: #2f8f5b; --differs: #d9a441; --violated: #c4453c; --skipped: #8aa4c0; --none: #d5d9dc; }
@media (prefers-color-scheme: dark) { :root { --bg: #14171a; --fg: #e3e6e8; --dim: #929ca5; --line: #2b3137;
  --card: #1b1f23; --proved: #4fb37d; --differs: #c08c2e; --violated: #e0645a; --skipped: #54718f; --none: #3a4148; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h1 + p { margin: 0 0 1.25rem; color: var(--dim); }
.bar { display: flex; height: .7rem; border-radius: .35rem; overflow: hidden; background: var(--none); }
.bar i { display: block; }
i.proved { background: var(--proved); } i.differs { background: var(--differs); } i.none { background: var(--none); }
i.violated { background: var(--violated); } i.skipped { background: var(--skipped); }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); }
th, td { padding: .3rem .7rem; text-align: right; border-top: 1px solid var(--line); }
th { font-weight: 600; color: var(--dim); font-size: 13px; }
td:first-child, th:first-child { text-align: left; white-space: nowrap; } td.wide { width: 30%; }
tr.total td { font-weight: 600; }
details { border-top: 1px solid var(--line); border-left: 3px solid var(--none); padding: .45rem .8rem; }
details.proved { border-left-color: var(--proved); } details.differs { border-left-color: var(--differs); }
details.violated { border-left-color: var(--violated); } details.skipped { border-left-color: var(--skipped); }
summary { cursor: pointer; } summary b { font-weight: 600; } summary span { color: var(--dim); }
pre { overflow-x: auto; font: 12px/1.4 ui-monospace, monospace; margin: .4rem 0; }
p.why { margin: .2rem 0; color: var(--dim); }
input { width: 100%; padding: .45rem .7rem; font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: .4rem; }
</style>
</head>
<body>
<main>
)html";

constexpr std::string_view tail = R"html(<script>
const text = document.getElementById("text");
const all = [...document.querySelectorAll("details")].map(each => [each, each.textContent.toLowerCase()]);
text.addEventListener("input", () => {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const [each, content] of all) each.hidden = !words.every(word => content.includes(word));
});
</script>
</main>
</body>
</html>
)html";

constexpr auto standings = std::to_array<Standing>(
    {Standing::Violated, Standing::Proved, Standing::Differs, Standing::Skipped, Standing::NotTestable});

std::string_view class_of(Standing standing) { return standing == Standing::NotTestable ? "none" : text_of(standing); }

std::string bar(const TargetFigures& figures) {
  std::string text = "<div class=\"bar\">";
  for (const Standing standing : standings) {
    if (figures.of(standing) == 0) continue;
    text.append("<i class=\"").append(class_of(standing)).append("\" style=\"flex:");
    text.append(std::to_string(figures.of(standing))).append("\"></i>");
  }
  return text + "</div>";
}

std::string figures_row(const std::string& name, const TargetFigures& figures, std::string_view style) {
  std::string text = "<tr class=\"" + std::string(style) + "\"><td>" + escaped(name) + "</td>";
  text += "<td>" + std::to_string(figures.rows) + "</td>";
  for (const Standing standing : standings) text += "<td>" + std::to_string(figures.of(standing)) + "</td>";
  return text + "<td class=\"wide\">" + bar(figures) + "</td></tr>\n";
}

std::string row(const RowStanding& each) {
  std::string text = "<details class=\"" + std::string(class_of(each.standing)) + "\"><summary><b>" +
                     escaped(cited(each.row->id)) + "</b> " + escaped(each.row->says) + " <span>" +
                     escaped(text_of(each.standing)) + "</span></summary>\n";
  if (!each.reason.empty()) text += "<p class=\"why\">" + escaped(first_line(each.reason)) + "</p>\n";
  for (const Trial* trial : each.trials) {
    text += "<p class=\"why\">" + escaped(trial->name) + ": " + escaped(text_of(trial->standing)) + "</p>\n";
  }
  return text + "</details>\n";
}

std::string trial(const Trial& each) {
  std::string text = "<details class=\"" + std::string(class_of(each.standing)) + "\"><summary><b>" +
                     escaped(each.name) + "</b> <span>" + escaped(first_line(each.reason)) + "</span></summary>\n<pre>";
  for (const std::string& id : each.violated) text += escaped(cited(id)) + '\n';
  return text + escaped(each.reason) + '\n' + escaped(each.ladder) + "</pre></details>\n";
}

std::string trials(const TargetReport& report, Standing standing, std::string_view title) {
  if (report.trials_of(standing) == 0) return {};
  std::string text = "<h2>" + std::string(title) + "</h2>\n";
  for (const Trial& each : report.trials) {
    if (each.standing == standing) text += trial(each);
  }
  return text;
}

}  // namespace

std::string target_html(const TargetReport& report) {
  std::string text(head);
  text += "<h1>" + escaped(report.target) + "</h1>\n<p>" + escaped(report.server) + " · " +
          std::to_string(report.total.of(Standing::Proved)) + " of " + std::to_string(report.total.rows) +
          " rows proved, " + std::to_string(report.total.of(Standing::Violated)) + " violated" +
          (report.fast ? " · --fast: what takes longer is skipped, silence is watched for half a second" : "") +
          "</p>\n" + bar(report.total);
  if (!report.ended.empty()) text += "<p><strong>The target went away: " + escaped(report.ended) + "</strong></p>\n";
  text += "<h2>Sections</h2>\n<table><tr><th>section</th><th>rows</th>";
  for (const Standing standing : standings) text += "<th>" + std::string(text_of(standing)) + "</th>";
  text += "<th></th></tr>\n";
  for (const TargetSection& section : report.sections) text += figures_row(section.name, section.figures, "");
  text += figures_row("total", report.total, "total") + "</table>\n";
  text += "<p><input type=\"search\" id=\"text\" placeholder=\"Search\" aria-label=\"Search\"></p>\n";
  text += trials(report, Standing::Violated, "Violated");
  text += trials(report, Standing::Differs, "Differs from what our own server does, and is not judged");
  text += "<h2>Rows</h2>\n";
  for (const TargetSection& section : report.sections) {
    for (const RowStanding& each : section.rows) text += row(each);
  }
  return text.append(tail);
}

}  // namespace intermediary::conformance
