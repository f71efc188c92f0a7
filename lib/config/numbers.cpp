// [numbering.NAME], [rates.NAME], how numbers leave on a trunk, and what rules change in requests.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"

namespace intermediary {
namespace {

constexpr std::size_t longest_number = 15;  // of a number (E.164 §6.1)
constexpr std::size_t longest_value = 1024;
constexpr std::size_t told_lines = 10;  // of a list with many mistakes

void read_digits(TableReader& reader, std::string_view key, std::string& target) {
  const auto text = reader.text(key);
  if (!text) return;
  const bool good = text->value.size() <= longest_number && std::ranges::all_of(text->value, is_digit);
  if (good) {
    target = text->value;
  } else {
    reader.problems().error(text->at, reader.naming(key) + " must be at most 15 digits, not '" + text->value + "'");
  }
}

std::optional<NumberRewrite> read_rewrite(TableReader& reader) {
  const auto match = reader.text("match"), with = reader.text("with");
  for (const std::string_view key : {"match", "with"}) {
    if (!reader.has(key)) reader.problems().error(reader.at(), reader.naming(key) + " is missing");
  }
  reader.finish();
  if (!match || !with) return std::nullopt;
  auto pattern = read_pattern(*match, "match", reader.problems());
  if (!pattern) return std::nullopt;
  if (const std::string problem = pattern->problem_with(with->value); !problem.empty()) {
    reader.problems().error(with->at, reader.naming("with") + ": " + problem);
    return std::nullopt;
  }
  return NumberRewrite{*std::move(pattern), with->value};
}

// One table, or an array of them.
void read_rewrites(TableReader& reader, std::string_view key, std::vector<NumberRewrite>& rewrites) {
  const std::string name = "'" + std::string(key) + "' of " + reader.name();
  std::vector<TableReader> tables;
  if (reader.has_table(key)) {
    tables.push_back(*reader.table(key, name));
  } else {
    tables = reader.tables(key, name);
  }
  for (TableReader& table : tables) {
    if (auto rewrite = read_rewrite(table)) rewrites.push_back(*std::move(rewrite));
  }
}

void read_plan(TableReader& reader, const Placed<std::string>& name, Draft& draft) {
  NumberPlan plan{.name = name.value};
  if (!is_token(name.value)) {
    reader.problems().error(name.at, "'" + name.value + "' is not a name: use letters, digits, '-', '.' and '_'");
  }
  read_digits(reader, "country", plan.country);
  read_digits(reader, "national", plan.national);
  read_digits(reader, "international", plan.international);
  read_digits(reader, "area", plan.area);
  for (const Placed<std::string>& text : reader.texts("keep")) {
    if (auto pattern = read_pattern(text, "keep", reader.problems())) plan.keep.push_back(*std::move(pattern));
  }
  read_rewrites(reader, "rewrite", plan.rewrite);
  reader.finish();
  if (plan.country.empty() && (reader.has("national") || reader.has("area"))) {
    reader.problems().error(reader.at(), reader.naming("country") + " is missing: national numbers belong to one");
  }
  draft.config.numbering.push_back(std::move(plan));
}

// ---- rates

// The cells of one line; none is quoted, for none has a comma.
std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const std::size_t comma = line.find(',');
    cells.push_back(trim(line.substr(0, comma)));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

// Reads a list of rates; says what is wrong with a line as "…" for a message.
class RateReader {
 public:
  RateReader(RateTable& table, const Config& config) : table_(table) {
    for (const TimeTable& times : config.times) table.bands.push_back(times.name);
    for (const PeerGroupConfig& group : config.groups) {
      if (group.kind == PeerGroupConfig::Kind::Trunk) carriers_.emplace(group.name, table.carriers.size());
      if (group.kind == PeerGroupConfig::Kind::Trunk) table.carriers.push_back(group.reference());
    }
  }

  std::string read_header(std::string_view line) {
    static const std::vector<std::string> known{"prefix", "trunk", "cost", "quality", "time"};
    for (const std::string_view cell : cells_of(line)) {
      const std::string name = lowercase(cell);
      if (std::ranges::find(known, name) == known.end()) {
        return "unknown column '" + std::string(cell) + "'" + suggestion(name, known);
      }
      if (std::ranges::find(columns_, name) != columns_.end()) return "the column '" + name + "' stands here twice";
      columns_.push_back(name);
    }
    for (const std::string_view needed : {"prefix", "trunk", "cost"}) {
      if (std::ranges::find(columns_, needed) == columns_.end()) {
        return "the first line must name the columns, and '" + std::string(needed) + "' is missing";
      }
    }
    return {};
  }

  std::string read_line(std::string_view line) {
    const std::vector<std::string_view> cells = cells_of(line);
    if (cells.size() != columns_.size()) {
      return std::to_string(cells.size()) + " cells, and there are " + std::to_string(columns_.size()) + " columns";
    }
    Rate rate;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (std::string problem = read_cell(columns_[i], cells[i], rate); !problem.empty()) return problem;
    }
    if (!seen_.emplace(rate.prefix, rate.carrier, rate.band).second) {
      return "there is a rate of '" + table_.carriers[rate.carrier].substr(6) + "' for '" + rate.prefix + "' above";
    }
    table_.rates.push_back(std::move(rate));
    return {};
  }

 private:
  std::string read_cell(std::string_view column, std::string_view cell, Rate& rate) const {
    if (column == "prefix") {
      const std::string_view digits = cell.substr(cell.starts_with('+') ? 1 : 0);
      rate.prefix = digits;
      const bool good = digits.size() <= longest_number && std::ranges::all_of(digits, is_digit);
      return good ? "" : "'" + std::string(cell) + "' is no prefix: at most 15 digits";
    }
    if (column == "trunk") {
      const auto carrier = carriers_.find(cell);
      if (carrier == carriers_.end()) return "there is no [trunk." + std::string(cell) + "]";
      rate.carrier = static_cast<std::uint16_t>(carrier->second);
      return {};
    }
    if (column == "cost") {
      const auto cost = parse_cost(cell);
      if (!cost) return "'" + std::string(cell) + "' is no cost: a decimal number with at most six decimals";
      rate.cost = *cost;
      return {};
    }
    if (column == "time") {
      if (cell.empty()) return {};
      const auto band = std::ranges::find(table_.bands, cell);
      if (band == table_.bands.end()) return "there is no [times." + std::string(cell) + "]";
      rate.band = static_cast<std::uint16_t>(band - table_.bands.begin() + 1);
      return {};
    }
    const auto quality = parse_decimal<std::uint8_t>(cell);
    if (!quality || *quality > 100) return "'" + std::string(cell) + "' is no quality: 0 to 100";
    rate.quality = *quality;
    return {};
  }

  RateTable& table_;
  std::map<std::string, std::size_t, std::less<>> carriers_;
  std::vector<std::string> columns_;
  std::set<std::tuple<std::string, std::uint16_t, std::uint16_t>> seen_;
};

void read_rate_lines(TableReader& reader, const Placed<std::string>& given, RateReader& rates) {
  std::string_view rest = given.value;
  std::size_t wrong = 0;
  bool has_header = false;
  for (std::size_t number = 1; !rest.empty() && wrong < told_lines; ++number) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty() || line.front() == '#') continue;
    const std::string problem = has_header ? rates.read_line(line) : rates.read_header(line);
    if (!problem.empty()) {
      ++wrong;
      reader.problems().error(given.at,
                              reader.naming("table") + ", its line " + std::to_string(number) + ": " + problem);
      if (!has_header) return;
    }
    has_header = true;
  }
}

void read_rate_table(TableReader& reader, const Placed<std::string>& name, Draft& draft) {
  RateTable table{.name = name.value};
  if (!is_token(name.value)) {
    reader.problems().error(name.at, "'" + name.value + "' is not a name: use letters, digits, '-', '.' and '_'");
  }
  const std::size_t errors_before = reader.problems().errors();
  RateReader rates(table, draft.config);
  if (const auto given = reader.text("table")) {
    read_rate_lines(reader, *given, rates);
  } else if (!reader.has("table")) {
    reader.problems().error(reader.at(), reader.naming("table") + " is missing: \"file:rates.csv\"");
  }
  reader.finish();
  if (table.rates.empty() && reader.problems().errors() == errors_before) {
    reader.problems().warning(reader.at(), reader.naming("table") + " has no rates: no number leads anywhere");
  }
  draft.config.rates.push_back(std::move(table));
}

// ---- changes

bool is_value(std::string_view text) {
  return text.size() <= longest_value &&
         std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
}

bool may_change(TableReader& reader, const Placed<std::string>& name, std::string_view key) {
  const std::string what = "'" + name.value + "' in '" + std::string(key) + "'";
  if (!is_token(name.value)) {
    reader.problems().error(name.at, what + " is no name of a header field (RFC 3261 §25.1: a token)");
    return false;
  }
  const std::string_view why = protected_field(name.value);
  if (why.empty()) return true;
  reader.problems().error(name.at, what + " may not be changed: " + std::string(why));
  return false;
}

void read_header_changes(TableReader& actions, std::string_view key, HeaderChange::Kind kind, RuleChanges& changes) {
  std::optional<TableReader> table = actions.table(key, "'" + std::string(key) + "'");
  if (!table) return;
  for (const auto& [name, value] : table->named_texts()) {
    if (!may_change(*table, name, key)) continue;
    if (is_value(value)) {
      changes.headers.push_back({kind, name.value, value});
    } else {
      table->problems().error(
          name.at, "the value of '" + name.value + "' must be at most 1024 bytes without control characters");
    }
  }
  table->finish();
}

void read_removals(TableReader& actions, RuleChanges& changes) {
  for (const Placed<std::string>& name : actions.texts("remove_header")) {
    if (may_change(actions, name, "remove_header")) {
      changes.headers.push_back({HeaderChange::Kind::Remove, name.value, {}});
    }
  }
}

void read_uri_change(TableReader& actions, UriChange& change) {
  std::optional<TableReader> table = actions.table("request_uri", "'request_uri'");
  if (!table) return;
  read_rewrites(*table, "user", change.user);
  if (const auto domain = table->text("domain")) {
    const auto address = IpAddress::parse(domain->value);
    if (address || is_hostname(domain->value)) {
      change.domain = address ? address->to_string() : domain->value;
    } else {
      table->problems().error(domain->at, "'" + domain->value + "' is neither a host name nor an address");
    }
  }
  table->finish();
  if (change.empty() && !table->has("user") && !table->has("domain")) {
    table->problems().error(table->at(), "'request_uri' changes nothing: it takes 'user' and 'domain'");
  }
}

std::optional<std::string> read_plan_name(TableReader& reader, std::string_view key, const Config& config) {
  const auto name = reader.text(key);
  if (!name) return std::nullopt;
  std::vector<std::string> names;
  for (const NumberPlan& plan : config.numbering) names.push_back(plan.name);
  if (std::ranges::find(names, name->value) != names.end()) return name->value;
  reader.problems().error(name->at, "there is no [numbering." + name->value + "]" +
                                        (names.empty() ? std::string() : suggestion(name->value, names)));
  return std::nullopt;
}

}  // namespace

void read_numbering(TableReader& top, Draft& draft) {
  for (auto& [name, reader] : top.named_tables("numbering")) read_plan(reader, name, draft);
}

void read_rates(TableReader& top, Draft& draft) {
  for (auto& [name, reader] : top.named_tables("rates")) read_rate_table(reader, name, draft);
}

void read_number_format(TableReader& trunk, const Config& config, PeerGroupConfig& group) {
  std::optional<TableReader> reader = trunk.table("numbers", "'numbers' of " + trunk.name());
  if (!reader) return;
  if (const auto plan = read_plan_name(*reader, "plan", config)) group.number_plan = *plan;
  if (const auto kind = reader->word("format", {"e164", "digits", "international", "national"})) {
    group.number_format.kind = static_cast<NumberFormat::Kind>(*kind);
  }
  read_digits(*reader, "prefix", group.number_format.prefix);
  read_rewrites(*reader, "rewrite", group.number_format.rewrite);
  const bool by_plan = group.number_format.kind == NumberFormat::Kind::International ||
                       group.number_format.kind == NumberFormat::Kind::National;
  if (by_plan && !reader->has("plan")) {
    reader->problems().error(reader->at(), reader->naming("plan") + " is missing: by whose prefixes numbers leave");
  }
  reader->finish();
}

void read_changes(TableReader& actions, const Config& config, RuleChanges& changes) {
  read_removals(actions, changes);
  read_header_changes(actions, "set_header", HeaderChange::Kind::Set, changes);
  read_header_changes(actions, "add_header", HeaderChange::Kind::Add, changes);
  read_uri_change(actions, changes.request_uri);
  if (const auto plan = read_plan_name(actions, "numbers", config)) changes.numbers = *plan;
  for (const std::string_view key : {"remove_header", "set_header", "add_header", "request_uri", "numbers"}) {
    if (!actions.has(key) || actions.has("lookup") || actions.has("relay") || actions.has("ask")) continue;
    actions.problems().error(actions.key_at(key),
                             "'" + std::string(key) + "' belongs to 'lookup' or 'relay', which are missing here");
  }
}

}  // namespace intermediary
