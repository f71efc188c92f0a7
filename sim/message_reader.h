// Reads the part of a line that speaks about a message: its start and its conditions.
#pragma once

#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario.h"
#include "sim/scenario_text.h"

namespace intermediary::sim {

// Every function throws Wrong.
class MessageReader {
 public:
  // Takes the line's blocks as it meets them, and adds the names that it meets.
  MessageReader(std::deque<Block>& blocks, std::set<std::string, std::less<>>& variables);

  // The first column is the start, every other a condition. REQUIRES: there is a column.
  void read(const std::vector<Piece>& columns, MessageLine& message);

 private:
  void read_start(MessageLine& message, const Piece& column);
  int status_of(const Piece& word);
  std::string take_block(const Piece& column);
  void note_variables(std::string_view pattern);
  Condition read_condition(const Piece& piece);
  void read_body(Condition& condition, const Piece& piece, Words& words);
  static void check_credentials(Words parameters);
  static void check_once(const Conditions& conditions);
  void read_header(Condition& condition, const Piece& piece);

  std::deque<Block>& blocks_;
  std::set<std::string, std::less<>>& variables_;
};

}  // namespace intermediary::sim
