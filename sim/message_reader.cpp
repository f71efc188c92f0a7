#include "sim/message_reader.h"

#include <map>

#include "base/text.h"
#include "sim/pattern.h"
#include "sim/wire.h"

namespace intermediary::sim {

MessageReader::MessageReader(std::deque<Block>& blocks, std::set<std::string, std::less<>>& variables)
    : blocks_(blocks), variables_(variables) {}

void MessageReader::read(const std::vector<Piece>& columns, MessageLine& message) {
  read_start(message, columns.front());
  for (std::size_t i = 1; i < columns.size(); ++i) message.conditions.push_back(read_condition(columns[i]));
  check_once(message.conditions);
}

void MessageReader::read_start(MessageLine& message, const Piece& column) {
  Words words(column);
  Piece first = words.next("a method or a status");
  Start& start = message.start;
  if (first.text.starts_with("raw")) {
    if (first.text != "raw" && first.text != "raw\"\"\"") wrong(first, "raw \"\"\"…\"\"\"");
    start.kind = Start::Kind::Raw;
    start.raw = take_block(column);
    return;
  }
  if (is_digit(first.text.front())) {
    start.kind = Start::Kind::Response;
    start.status = status_of(first);
    if (auto method = words.next_if_any()) start.method = method->text;
  } else {
    start.kind = Start::Kind::Request;
    start.method = first.text;
    if (!is_token(first.text)) wrong(first, "a method");
    if (auto uri = words.next_if_any()) start.uri = uri->text;
    if (start.uri) note_variables(*start.uri);
  }
  std::string* last = start.uri ? &*start.uri : &start.method;
  bool again = *last == "again" && start.kind == Start::Kind::Request && start.uri;
  if (again) start.uri.reset();
  if (start.kind == Start::Kind::Response && start.method == "again") {
    again = true;
    start.method.clear();
  }
  if (auto word = words.next_if_any()) {
    if (word->text != "again" || !words.at_end()) wrong(*word, "two spaces before a condition");
    again = true;
  }
  if (again) message.conditions.push_back({Condition::Kind::Again, {}, {}, 0, column.place});
}

int MessageReader::status_of(const Piece& word) {
  if (word.text.size() == 3 && word.text.ends_with("xx")) {
    int kind = word.text[0] - '0';
    if (kind >= 1 && kind <= 6) return kind;
  }
  auto status = parse_decimal<int>(word.text);
  if (!status || *status < 100 || *status > 699) wrong(word, "a status from 100 to 699, or 4xx");
  return *status;
}

std::string MessageReader::take_block(const Piece& column) {
  if (blocks_.empty() || !column.text.ends_with("\"\"\"")) wrong(column, "a block \"\"\"…\"\"\"");
  std::string block = std::move(blocks_.front().text);
  blocks_.pop_front();
  if (auto checked = expand_block(block, nullptr); !checked) throw Wrong{column.place, checked.error()};
  return block;
}

void MessageReader::note_variables(std::string_view pattern) {
  for (std::string& name : variables_of(pattern)) variables_.insert(std::move(name));
}

Condition MessageReader::read_condition(const Piece& piece) {
  Condition condition;
  condition.place = piece.place;
  Words words(piece);
  std::string word = words.next("a condition").text;
  if (word == "again" && words.at_end()) {
    condition.kind = Condition::Kind::Again;
  } else if (word == "sdp" && words.at_end()) {
    condition.kind = Condition::Kind::Sdp;
  } else if (word == "signed" && words.at_end()) {
    condition.kind = Condition::Kind::Signed;
  } else if (word == "!body" && words.at_end()) {
    condition.kind = Condition::Kind::NoBody;
  } else if (word == "body" || word == "body\"\"\"") {
    read_body(condition, piece, words);
  } else if (word == "as" || word == "same") {
    condition.kind = word == "as" ? Condition::Kind::SaveAs : Condition::Kind::SameAs;
    Piece name = words.next("a name such as $first");
    if (!is_variable(name.text)) wrong(name, "a name such as $first");
    condition.name = name.text.substr(1);
    variables_.insert(condition.name);
  } else if (word == "count") {
    condition.kind = Condition::Kind::Count;
    condition.name = words.next("a header's name").text;
    Piece count = words.next("a number");
    condition.count = parse_decimal<std::size_t>(count.text).value_or(0);
    if (count.text.find_first_not_of("0123456789") != std::string::npos) wrong(count, "a number");
  } else if (word == "credentials") {
    condition.kind = Condition::Kind::Credentials;
    const Piece parameters = words.rest();
    condition.text = parameters.text;
    note_variables(condition.text);
    check_credentials(Words(parameters));
  } else if (word == "reason") {
    condition.kind = Condition::Kind::Reason;
    condition.text = words.rest().text;
  } else {
    read_header(condition, piece);
  }
  if (condition.kind != Condition::Kind::Header && condition.kind != Condition::Kind::Exact &&
      condition.kind != Condition::Kind::Absent && !words.at_end()) {
    wrong(words.rest(), "two spaces before the next condition");
  }
  return condition;
}

// "name=value …".
void MessageReader::check_credentials(Words parameters) {
  OptionsOnce options;
  while (auto word = parameters.next_if_any()) {
    options.add(*word);
    const std::size_t equals = word->text.find('=');
    if (equals == 0 || equals == std::string::npos)
      wrong(*word, "user=, password=, or a parameter such as nc=00000001");
  }
}

namespace {

// What a condition is about, where a message can have but one of that; "" for what may come again, as headers do.
std::string subject_of(const Condition& condition) {
  using enum Condition::Kind;
  switch (condition.kind) {
    case Body:
    case NoBody:
    case Sdp:
      return "body";
    case Count:
      return "count " + lowercase(long_name(condition.name));
    case BodyIs:
      return "body is";  // and beside "sdp": $x becomes what that makes
    case Reason:
    case Credentials:
    case Signed:
    case Again:
    case SameAs:
      return condition.word();
    case Header:
    case Exact:
    case Absent:
    case SaveAs:
      break;
  }
  return {};
}

}  // namespace

void MessageReader::check_once(const Conditions& conditions) {
  std::map<std::string, std::string> said;
  for (const Condition& condition : conditions) {
    const std::string subject = subject_of(condition), word = condition.word();
    if (subject.empty()) continue;
    const auto [other, fresh] = said.emplace(subject, word);
    if (fresh) continue;
    throw Wrong{condition.place, '\'' + word + "' stands in this message " +
                                     (other->second == word ? "twice" : "beside '" + other->second + '\'')};
  }
}

void MessageReader::read_body(Condition& condition, const Piece& piece, Words& words) {
  if (piece.text.ends_with("\"\"\"")) {
    condition.kind = Condition::Kind::Body;
    condition.text = take_block(piece);
    words.rest();
    return;
  }
  condition.kind = Condition::Kind::BodyIs;
  condition.text = words.next("a block \"\"\"…\"\"\", a name such as $sdp, or *").text;
  note_variables(condition.text);
}

// "Name: pattern", "Name = value", "!Name".
void MessageReader::read_header(Condition& condition, const Piece& piece) {
  std::string_view text = piece.text;
  if (text.starts_with('!') && is_token(text.substr(1))) {
    condition.kind = Condition::Kind::Absent;
    condition.name = text.substr(1);
    return;
  }
  if (text.starts_with('!')) wrong(piece, "'!Name' and no value");
  std::size_t end = 0;
  while (end < text.size() && is_token_char(text[end])) ++end;
  std::string_view behind = trim(text.substr(end));
  bool exact = behind.starts_with('=');
  if (end == 0 || (!exact && !behind.starts_with(':'))) {
    wrong(piece,
          "'Name: value', 'Name = value', '!Name', 'count Name 2', body, sdp, signed, reason, credentials, as, same or "
          "again");
  }
  condition.kind = exact ? Condition::Kind::Exact : Condition::Kind::Header;
  condition.name = text.substr(0, end);
  condition.text = trim(behind.substr(1));
  if (condition.text.empty()) wrong(piece, "a value behind '" + condition.name + "' (* for any)");
  note_variables(condition.text);
}

}  // namespace intermediary::sim
