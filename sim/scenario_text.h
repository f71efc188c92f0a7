// The lexical half of the scenario language: logical lines, words, durations, shares, addresses.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "sim/line.h"

namespace intermediary::sim {

struct Piece {
  std::string text;
  Place place;
};

struct Block {
  std::string text;
  Place place;  // of its first line, behind the indentation that is taken away
};

// One line and what is indented below it; comments are gone; every block `"""…"""` is left as `"""` and its text
// waits in `blocks`.
struct LogicalLine {
  Piece first;
  std::vector<Piece> continuations;
  std::deque<Block> blocks;
  std::string as_written;  // the first physical line, trimmed
};

// What is wrong, thrown inside the parser and caught by parse_scenario().
struct Wrong {
  Place place;
  std::string what;
  std::string file{};  // where it is no line of the scenario: the file, and that line
  std::string line{};
  std::string also{};  // further problems, a line each
};

[[noreturn]] void wrong(const Piece& piece, std::string_view expected);  // "expected …, got '…'"
// The same, with the candidate that was probably meant, or all of them.
[[noreturn]] void unknown(const Piece& piece, std::string_view expected, const std::vector<std::string>& candidates);

// The same of "key" or "key=…", by its key: one of the candidates has a value where it takes none, or none.
[[noreturn]] void unknown_option(const Piece& word, std::string_view expected,
                                 const std::vector<std::string>& candidates);

// Options of one line, each of which stands there once.
class OptionsOnce {
 public:
  // Throws Wrong the second time for the same "key", "key=…".
  void add(const Piece& word);
  std::optional<Place> place_of(std::string_view key) const;

 private:
  std::map<std::string, Place, std::less<>> places_;
};

// Letters, digits, '-' and '_', a letter first.
bool is_name(std::string_view text);
// "$name".
bool is_variable(std::string_view text);

// Where a comment begins, the line ends.
std::string_view without_comment(std::string_view line);
// Throws Wrong for a block that is never closed.
std::vector<LogicalLine> logical_lines(std::string_view text);

// Splits where two or more spaces, or a tab, stand.
std::vector<Piece> split_columns(const Piece& piece);

// Words of one line, with their places.
class Words {
 public:
  explicit Words(Piece piece) : piece_(std::move(piece)) {}

  bool at_end();
  // The next word; throws Wrong "expected <what>" at the end of the line.
  Piece next(std::string_view what);
  std::optional<Piece> next_if_any();
  Piece rest();

 private:
  void skip_spaces();
  Piece piece_;
  std::size_t position_ = 0;
};

// "0.010", "2" (seconds), "10ms", "3s", "5m", "1h", "250us".
std::optional<Duration> parse_duration(std::string_view text);
Duration duration_of(const Piece& piece);  // throws Wrong
// "2026-01-01T00:00:00Z".
std::optional<WallTime> parse_wall_time(std::string_view text);
// "10%", "0.5%" as parts per million.
std::optional<std::uint32_t> parse_share(std::string_view text);
// "192.0.2.1:5060", "192.0.2.1", "[2001:db8::1]:5060".
std::optional<Endpoint> parse_address(std::string_view text, std::uint16_t port);

}  // namespace intermediary::sim
