#include "sim/scenario_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "base/text.h"
#include "config/words.h"

namespace intermediary::sim {
namespace {

constexpr std::string_view fence = "\"\"\"";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::vector<std::string_view> physical_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::size_t indentation(std::string_view line) {
  std::size_t first = line.find_first_not_of(" \t");
  return first == std::string_view::npos ? line.size() : first;
}

// The lines of a block without the closing line's indentation; each ends with CRLF, unless it ends with a backslash.
std::string block_text(const std::vector<std::string_view>& lines, std::size_t indent) {
  std::string text;
  for (std::string_view line : lines) {
    line.remove_prefix(std::min(indent, indentation(line)));
    bool joined = line.ends_with('\\') && !line.ends_with("\\\\");
    if (joined) line.remove_suffix(1);
    text += line;
    if (!joined) text += "\r\n";
  }
  return text;
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : lines_(physical_lines(text)) {}

  std::vector<LogicalLine> run() {
    for (; index_ < lines_.size(); ++index_) take(lines_[index_]);
    return std::move(result_);
  }

 private:
  void take(std::string_view line) {
    Place place{index_ + 1, 1};
    std::string_view written = trim(line);
    std::deque<Block> blocks;
    std::string text = take_blocks(line, blocks);
    if (trim(text).empty()) return;
    place.column = indentation(text) + 1;
    if (is_blank(text.front()) && !result_.empty()) {
      LogicalLine& above = result_.back();
      above.continuations.push_back({std::string(trim(text)), place});
      above.blocks.insert(above.blocks.end(), blocks.begin(), blocks.end());
    } else {
      result_.push_back({{std::string(trim(text)), place}, {}, std::move(blocks), std::string(written)});
    }
  }

  // Takes blocks out of the line and, where one stays open, out of the lines below.
  std::string take_blocks(std::string_view line, std::deque<Block>& blocks) {
    std::size_t open = line.find(fence);
    if (open == std::string_view::npos || without_comment(line).size() < open)
      return std::string(without_comment(line));
    std::string before(line.substr(0, open + fence.size()));
    std::string_view behind = line.substr(open + fence.size());
    if (std::size_t close = behind.find(fence); close != std::string_view::npos) {
      blocks.push_back({std::string(behind.substr(0, close)), {index_ + 1, open + fence.size() + 1}});
      return before + take_blocks(behind.substr(close + fence.size()), blocks);
    }
    if (!trim(behind).empty()) throw Wrong{{index_ + 1, open + 4}, "a block of several lines begins below its \"\"\""};
    Place opened{index_ + 1, open + 1};
    std::vector<std::string_view> inside;
    while (++index_ < lines_.size()) {
      if (trim(lines_[index_]) == fence) {
        const std::size_t indent = indentation(lines_[index_]);
        blocks.push_back({block_text(inside, indent), {opened.line + 1, indent + 1}});
        return before;
      }
      if (trim(lines_[index_]).starts_with(fence)) {
        throw Wrong{{index_ + 1, indentation(lines_[index_]) + 1},
                    "the \"\"\" that ends a block stands alone: conditions go on the lines below"};
      }
      inside.push_back(lines_[index_]);
    }
    throw Wrong{opened, "this block is never closed: expected a line with \"\"\" alone"};
  }

  std::vector<std::string_view> lines_;
  std::size_t index_ = 0;
  std::vector<LogicalLine> result_;
};

// Digits with at most `decimals` behind the point, in units of 10**-decimals.
std::optional<std::int64_t> parse_fixed(std::string_view text, std::size_t decimals) {
  std::size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  std::string fraction(point == std::string_view::npos ? "" : text.substr(point + 1));
  if (digits.empty() || fraction.size() > decimals) return std::nullopt;
  if (point != std::string_view::npos && fraction.empty()) return std::nullopt;
  fraction.resize(decimals, '0');
  return parse_decimal<std::int64_t>(digits + fraction);
}

}  // namespace

// A comment begins with a '#' at the start or behind white space, outside quotes.
std::string_view without_comment(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') quoted = !quoted;
    if (line[i] == '#' && !quoted && (i == 0 || is_blank(line[i - 1]))) return line.substr(0, i);
  }
  return line;
}

void wrong(const Piece& piece, std::string_view expected) {
  throw Wrong{piece.place, "expected " + std::string(expected) + ", got '" + piece.text + '\''};
}

void unknown(const Piece& piece, std::string_view expected, const std::vector<std::string>& candidates) {
  throw Wrong{piece.place,
              "expected " + std::string(expected) + ", got '" + piece.text + '\'' + suggestion(piece.text, candidates)};
}

void unknown_option(const Piece& word, std::string_view expected, const std::vector<std::string>& candidates) {
  const std::string key = word.text.substr(0, word.text.find('='));
  if (std::ranges::find(candidates, key) == candidates.end()) unknown({key, word.place}, expected, candidates);
  if (key != word.text) throw Wrong{word.place, key + " takes no value"};
  throw Wrong{word.place, key + " takes a value: " + key + "=…"};
}

void OptionsOnce::add(const Piece& word) {
  std::string key = word.text.substr(0, word.text.find('='));
  const auto [other, fresh] = places_.emplace(std::move(key), word.place);
  if (!fresh) throw Wrong{word.place, '\'' + other->first + "' stands on this line twice"};
}

std::optional<Place> OptionsOnce::place_of(std::string_view key) const {
  const auto found = places_.find(key);
  return found == places_.end() ? std::nullopt : std::optional(found->second);
}

bool is_name(std::string_view text) {
  return !text.empty() && is_alpha(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '-'; });
}

bool is_variable(std::string_view text) {
  return text.size() > 1 && text.front() == '$' &&
         std::ranges::all_of(text.substr(1), [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; });
}

Duration duration_of(const Piece& piece) {
  auto duration = parse_duration(piece.text);
  if (!duration) wrong(piece, "a duration such as 10ms or 3s");
  return *duration;
}

std::vector<LogicalLine> logical_lines(std::string_view text) { return Splitter(text).run(); }

std::vector<Piece> split_columns(const Piece& piece) {
  std::vector<Piece> columns;
  std::string_view text = piece.text;
  auto is_gap = [&](std::size_t i) {
    return text[i] == '\t' || (text[i] == ' ' && i + 1 < text.size() && is_blank(text[i + 1]));
  };
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && !is_gap(end)) ++end;
    Place place{piece.place.line, piece.place.column + begin};
    columns.push_back({std::string(trim(text.substr(begin, end - begin))), place});
    begin = end;
    while (begin < text.size() && is_blank(text[begin])) ++begin;
  }
  return columns;
}

void Words::skip_spaces() {
  while (position_ < piece_.text.size() && is_blank(piece_.text[position_])) ++position_;
}

bool Words::at_end() {
  skip_spaces();
  return position_ >= piece_.text.size();
}

Piece Words::rest() {
  skip_spaces();
  Piece rest{piece_.text.substr(position_), {piece_.place.line, piece_.place.column + position_}};
  position_ = piece_.text.size();
  return rest;
}

Piece Words::next(std::string_view what) {
  skip_spaces();
  Place place{piece_.place.line, piece_.place.column + position_};
  std::size_t begin = position_;
  while (position_ < piece_.text.size() && !is_blank(piece_.text[position_])) ++position_;
  if (begin == position_) throw Wrong{place, "expected " + std::string(what)};
  return {piece_.text.substr(begin, position_ - begin), place};
}

std::optional<Piece> Words::next_if_any() {
  if (at_end()) return std::nullopt;
  return next("a word");
}

std::optional<Duration> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    std::int64_t microseconds;
  };
  // Longer suffixes first: "ms" before "s".
  static constexpr Unit units[] = {{"us", 1}, {"ms", 1'000}, {"s", 1'000'000}, {"m", 60'000'000}, {"h", 3'600'000'000}};
  std::int64_t unit = 1'000'000;
  for (const Unit& candidate : units) {
    if (!text.ends_with(candidate.suffix)) continue;
    text.remove_suffix(candidate.suffix.size());
    unit = candidate.microseconds;
    break;
  }
  auto millionths = parse_fixed(text, 6);
  if (!millionths || *millionths > std::numeric_limits<std::int64_t>::max() / unit) return std::nullopt;
  return Duration(*millionths * unit / 1'000'000);
}

std::optional<WallTime> parse_wall_time(std::string_view text) {
  // Year, month, day, hour, minute, second, each behind its separator.
  constexpr std::string_view shape = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != shape.size()) return std::nullopt;
  std::array<unsigned, 6> numbers{};
  std::size_t current = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 'd') {
      if (text[i] != shape[i]) return std::nullopt;
      ++current;
    } else if (is_digit(text[i])) {
      numbers[current] = numbers[current] * 10 + static_cast<unsigned>(text[i] - '0');
    } else {
      return std::nullopt;
    }
  }
  const auto [year, month, day, hour, minute, second] = numbers;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

std::optional<std::uint32_t> parse_share(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  auto share = parse_fixed(text, 4);
  if (!share || *share > 1'000'000) return std::nullopt;
  return static_cast<std::uint32_t>(*share);
}

std::optional<Endpoint> parse_address(std::string_view text, std::uint16_t port) {
  if (auto endpoint = Endpoint::parse(text)) return endpoint;
  auto address = IpAddress::parse(text);
  if (!address) return std::nullopt;
  return Endpoint{*address, port};
}

}  // namespace intermediary::sim
