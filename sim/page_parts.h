// The fixed parts of the page of ladders: its look and its behaviour in a browser (ladder_page.h).
#pragma once

#include <string_view>

namespace intermediary::sim {

inline constexpr std::string_view page_head = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Ladders</title>
<style>
:root { color-scheme: light dark; --bg: #fbfbfa; --fg: #1d2126; --dim: #667079; --line: #dfe2e4; --card: #fff;
  --mark: #e8f0fb; --request: #1d4f91; --early: #5d7a99; --good: #2f8f5b; --moved: #a36f12; --bad: #c4453c; --lost: #9b3fa0; }
@media (prefers-color-scheme: dark) { :root { --bg: #14171a; --fg: #e3e6e8; --dim: #929ca5; --line: #2b3137;
  --card: #1b1f23; --mark: #202c3a; --request: #82b1f5; --early: #8ea9c6; --good: #4fb37d; --moved: #d9a441;
  --bad: #e0645a; --lost: #cf86d3; } }
* { box-sizing: border-box; }
html, body { height: 100%; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 14px/1.5 system-ui, sans-serif; display: grid;
  grid-template-columns: auto minmax(0, 1fr) 23rem; }
nav, aside { overflow: auto; padding: 1rem; }
nav { border-right: 1px solid var(--line); width: 15rem; }
nav input { width: 100%; font: inherit; padding: .35rem .5rem; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: .3rem; }
nav ol { list-style: none; margin: .6rem 0 0; padding: 0; }
nav button { all: unset; display: block; width: 100%; cursor: pointer; padding: .15rem .4rem; border-radius: .3rem;
  overflow-wrap: anywhere; }
nav button[aria-current=true] { background: var(--mark); } nav button:focus-visible { outline: 2px solid var(--request); }
nav button::before { content: "✓ "; color: var(--good); } nav button.failed::before { content: "✗ "; color: var(--bad); }
main { overflow: auto; padding: 1rem 1.25rem 3rem; }
aside { border-left: 1px solid var(--line); }
h1 { font-size: 1.25rem; margin: 0; } h2 { font-size: 1rem; margin: 1rem 0 .2rem; }
.prose, .dim, .time { color: var(--dim); } .prose { margin: .1rem 0 .6rem; max-width: 60rem; white-space: pre-line; }
pre { font: 12px/1.45 ui-monospace, monospace; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.failure { border: 1px solid var(--bad); border-radius: .3rem; padding: .5rem .8rem; margin: .6rem 0; }
.switches { display: flex; flex-wrap: wrap; gap: 1rem; margin: .4rem 0; color: var(--dim); }
#ladder { min-width: max-content; }
.lanes { position: sticky; top: -1rem; background: var(--bg); z-index: 1; border-bottom: 1px solid var(--line); }
.row, .lanes { display: flex; align-items: center; }
.row { cursor: pointer; border-radius: .2rem; outline: none; }
.row[aria-current=true] { background: var(--mark); box-shadow: inset 3px 0 var(--request); }
.time { flex: 0 0 6.5rem; text-align: right; padding-right: .8rem; font: 12px ui-monospace, monospace; }
svg { display: block; flex: none; } svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
svg .lane { stroke: var(--line); } .lanes text { font-weight: 600; } .lanes .node { fill: var(--request); }
.arrow { stroke: currentColor; fill: none; } .head { fill: currentColor; stroke: none; }
.request { color: var(--request); } .s1 { color: var(--early); } .s2 { color: var(--good); } .s3 { color: var(--moved); }
.s4, .s5, .s6 { color: var(--bad); } .lost { color: var(--lost); } .again { opacity: .55; }
.note { padding: .1rem 0 .1rem 6.5rem; color: var(--moved); } .note.event { color: var(--dim); }
.note pre { display: inline; }
.message { margin: .1rem 0 .4rem 6.5rem; padding: .5rem .8rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .3rem; inline-size: min(44rem, 100vw - 47rem); }
table { border-collapse: collapse; width: 100%; } td { padding: .1rem .5rem .1rem 0; white-space: nowrap; font-size: 13px; }
tr.new { font-weight: 600; } .hide-again .row.again, .hide-again .message.again, .hide-events .note.event { display: none; }
@media (max-width: 60rem) { body { display: block; } nav, aside { width: auto; border: 0; } html, body { height: auto; }
  .message { inline-size: auto; margin-left: 0; } }
</style>
</head>
<body>
<nav hidden><input type="search" placeholder="Search" aria-label="Search scenarios"><ol></ol></nav>
<main><h1></h1><p class="prose"></p><pre class="failure" hidden></pre>
<div class="switches"><label><input type="checkbox" id="again"> repetitions</label>
<label><input type="checkbox" id="events"> events</label><label><input type="checkbox" id="unfolded"> all messages open</label>
<span>↑ ↓ move the cursor, Enter opens a message</span></div>
<div id="ladder"></div></main>
<aside aria-live="polite"></aside>
)html";

inline constexpr std::string_view page_script = R"html(<script>
const runs = JSON.parse(document.getElementById("runs").textContent);
const [nav, main, aside, ladder] = ["nav", "main", "aside", "#ladder"].map(name => document.querySelector(name));
const lane_width = 150, row_height = 24, seconds = micros => (micros / 1e6).toFixed(3);
let run, rows, cursor;

function make(name, attributes = {}, ...children) {
  const is_svg = /^(svg|line|path|text)$/.test(name);
  const element = is_svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
const x = lane => lane_width / 2 + lane * lane_width;
const drawing = (...children) => make("svg", {width: run.lanes.length * lane_width, height: row_height}, ...children);
const lines = () => run.lanes.map((_, i) => make("line", {class: "lane", x1: x(i), x2: x(i), y1: 0, y2: row_height}));

function arrow(rung) {
  const y = row_height - 6, from = x(rung.from);
  if (rung.from === rung.to) return [make("text", {x: from + 8, y: y - 2}, "↺ " + rung.label)];
  const way = Math.sign(x(rung.to) - from), to = x(rung.to) - (rung.fate ? way * 26 : 0);
  const head = rung.fate ? make("path", {class: "arrow", d: `M${to - 4} ${y - 4}l8 8m0 -8l-8 8`})
                         : make("path", {class: "head", d: `M${to} ${y}l${-8 * way} -4v8z`});
  return [make("line", {class: "arrow", x1: from, x2: to, y1: y, y2: y}), head,
          make("text", {x: (from + to) / 2, y: y - 4, "text-anchor": "middle"}, rung.label)];
}

function row(rung, place) {
  const kind = rung.fate ? "lost" : rung.status ? "s" + Math.floor(rung.status / 100) : "request";
  const element = make("div", {class: `row ${kind}${rung.again ? " again" : ""}`, tabindex: -1, role: "button",
    "aria-expanded": "false"}, make("span", {class: "time"}, seconds(rung.t)), drawing(...lines(), ...arrow(rung)));
  const what = rung.way + (rung.fate ? "  (" + rung.fate + ")" : "");
  const message = make("div", {class: "message" + (rung.again ? " again" : "")}, make("span", {class: "dim"}, what),
    make("pre", {}, rung.bytes.replaceAll("\r\n", "\n")));
  message.hidden = true;
  element.addEventListener("click", () => { select(rows.indexOf(element)); fold(element); });
  element.message = message; element.place = place;
  return [element, message];
}
function fold(element, open = element.message.hidden) {
  element.message.hidden = !open;
  element.setAttribute("aria-expanded", open);
}
function note(what) {
  const who = what.node ? what.node + " tells " : "";
  return make("div", {class: "note" + (what.event ? " event" : "")}, seconds(what.t) + "  " + who, make("pre", {}, what.text));
}

function show(index) {
  run = runs[index];
  document.title = run.name;
  main.querySelector("h1").textContent = run.name;
  main.querySelector(".prose").textContent = run.prose;
  const failure = main.querySelector(".failure");
  failure.textContent = run.failure; failure.hidden = !run.failure;
  const names = run.lanes.map((name, i) => make("text", {x: x(i), y: 16, "text-anchor": "middle",
    class: run.nodes[i] ? "node" : ""}, name));
  ladder.replaceChildren(make("div", {class: "lanes"}, make("span", {class: "time"}, "seconds"), drawing(...names)));
  rows = [];
  run.rungs.forEach((rung, i) => {
    ladder.append(...run.notes.filter(n => n.at === i).map(note));
    const [element, message] = row(rung, i + 1);
    rows.push(element);
    ladder.append(element, message);
    fold(element, document.getElementById("unfolded").checked);
  });
  ladder.append(...run.notes.filter(n => n.at >= run.rungs.length).map(note));
  nav.querySelectorAll("button").forEach(b => b.setAttribute("aria-current", +b.dataset.run === index));
  select(0);
}

function state_before(node, place) {
  return run.states.findLast(state => state.node === node && state.at <= place);
}
function describe(node, place) {
  const state = state_before(node, place), before = state_before(node, place - 1);
  const known = (before ? before.transactions : []).map(t => t.join(" "));
  const table = make("table", {}, ...(state ? state.transactions : []).map(t => {
    const at = known.indexOf(t.join(" "));
    if (at >= 0) known.splice(at, 1);
    return make("tr", {class: at < 0 ? "new" : ""}, ...t.map(text => make("td", {}, text)));
  }));
  const live = (state ? state.live : []).filter(([, count]) => count).map(([name, count]) => `${name} ${count}`).join(", ");
  const nothing = make("p", {class: "dim"}, "no transaction");
  return [make("h2", {}, node), state && state.transactions.length ? table : nothing, make("p", {class: "dim"}, live)];
}
function select(index) {
  if (rows.length === 0) return aside.replaceChildren("Nothing was sent.");
  cursor = Math.max(0, Math.min(index, rows.length - 1));
  rows.forEach((element, i) => element.setAttribute("aria-current", i === cursor));
  rows[cursor].scrollIntoView({block: "nearest"});
  const place = rows[cursor].place, nodes = run.lanes.filter((_, i) => run.nodes[i]);
  aside.replaceChildren(make("strong", {}, `after ${seconds(run.rungs[cursor].t)} s: ${run.rungs[cursor].label}`),
    ...nodes.flatMap(node => describe(node, place)));
}
function step(by) {
  let next = cursor + by;
  while (rows[next] && rows[next].offsetParent === null) next += by;
  if (rows[next]) select(next);
}

document.addEventListener("keydown", event => {
  if (event.target.matches("input[type=search]")) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); step(event.key === "ArrowDown" ? 1 : -1); }
  if (event.key === "Enter" && event.target.tagName !== "BUTTON" && rows[cursor]) fold(rows[cursor]);
});
for (const [id, name] of [["again", "hide-again"], ["events", "hide-events"]]) {
  const box = document.getElementById(id), apply = () => ladder.classList.toggle(name, !box.checked);
  box.addEventListener("change", apply);
  if (id === "again") box.checked = true;
  apply();
}
document.getElementById("unfolded").addEventListener("change", e => rows.forEach(row => fold(row, e.target.checked)));

if (runs.length > 1) {
  nav.hidden = false;
  const buttons = runs.map((each, i) => make("button", {"data-run": i, class: each.failure ? "failed" : ""}, each.name));
  buttons.forEach((button, i) => button.addEventListener("click", () => show(i)));
  nav.querySelector("ol").append(...buttons.map(button => make("li", {}, button)));
  nav.querySelector("input").addEventListener("input", event => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    runs.forEach((each, i) => {
      const text = (each.name + " " + each.prose).toLowerCase();
      buttons[i].parentElement.hidden = !words.every(word => text.includes(word));
    });
  });
}
if (runs.length) show(Math.max(0, runs.findIndex(each => each.failure)));
</script>
)html";

inline constexpr std::string_view page_tail = "</body>\n</html>\n";

}  // namespace intermediary::sim
