#include "conformance/target/demands.h"

#include <set>

#include "base/text.h"
#include "sim/message_reader.h"
#include "sim/scenario_text.h"

namespace intermediary::conformance {
namespace {

using sim::Piece;
using sim::Words;

// `line` is one, with its blocks on it.
Demand read_demand(const std::string& line, std::size_t number) {
  auto logical = sim::logical_lines(trim(line));
  Piece piece = logical.front().first;
  piece.place = {number, 1 + line.find_first_not_of(' ')};
  Words words(piece);
  Demand demand;
  demand.text = std::string(trim(line));
  demand.line = number;
  Piece rows = words.next("the rows, such as RFC3261#16.3.3a");
  std::string_view list = rows.text;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    demand.rows.emplace_back(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  Piece kind = words.next("must, each or never");
  if (kind.text == "each") {
    demand.kind = Demand::Kind::Each;
  } else if (kind.text == "never") {
    demand.kind = Demand::Kind::Never;
  } else if (kind.text.starts_with("never-before=")) {
    demand.kind = Demand::Kind::Never;
    demand.before = sim::duration_of({kind.text.substr(13), kind.place});
  } else if (kind.text != "must") {
    sim::wrong(kind, "must, each, never or never-before=3s");
  }
  demand.message.sender = words.next("who sends").text;
  if (Piece arrow = words.next("'->'"); arrow.text != "->") sim::wrong(arrow, "'->'");
  demand.message.receiver = words.next("whom it sends to").text;
  std::set<std::string, std::less<>> variables;
  const auto columns = sim::split_columns(words.rest());
  if (columns.empty()) throw sim::Wrong{piece.place, "expected a method or a status"};
  sim::MessageReader(logical.front().blocks, variables).read(columns, demand.message);
  return demand;
}

}  // namespace

std::expected<Demands, std::string> read_demands(const std::string& file, std::string_view text) {
  Demands demands;
  std::string scenario;
  std::size_t number = 0;
  try {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      ++number;
      if (trim(line).empty() || line.starts_with('#')) continue;
      if (line.front() != ' ') {
        scenario = std::string(trim(line));
        if (!demands.try_emplace(scenario).second) throw sim::Wrong{{number, 1}, scenario + " stands above already"};
        continue;
      }
      if (scenario.empty()) throw sim::Wrong{{number, 1}, "expected a scenario's name first"};
      demands[scenario].push_back(read_demand(line, number));
    }
  } catch (const sim::Wrong& what) {
    return std::unexpected(file + ':' + std::to_string(what.place.line) + ':' + std::to_string(what.place.column) +
                           ": " + what.what);
  }
  return demands;
}

bool is_about(const Demand& demand, const sim::MessageLine& line) {
  const sim::Start& wanted = demand.message.start;
  if (line.sender != demand.message.sender || line.receiver != demand.message.receiver) return false;
  if (line.start.kind != wanted.kind) return false;
  const bool any_method = wanted.method.empty() && wanted.kind == sim::Start::Kind::Response;
  if (!any_method && line.start.method != wanted.method) return false;
  return wanted.kind != sim::Start::Kind::Response || line.start.status == wanted.status ||
         line.start.status / 100 == wanted.status;
}

std::expected<std::map<std::string, std::string>, std::string> read_unseen(const std::string& file,
                                                                           std::string_view text) {
  std::map<std::string, std::string> rows;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) return std::unexpected(file + ':' + std::to_string(number) + ": no tab");
    rows.emplace(line.substr(0, tab), line.substr(tab + 1));
  }
  return rows;
}

}  // namespace intermediary::conformance
