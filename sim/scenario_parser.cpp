#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/text.h"
#include "sim/declarations.h"
#include "sim/figures.h"
#include "sim/golden.h"
#include "sim/message_reader.h"
#include "sim/scenario.h"
#include "sim/scenario_text.h"
#include "sim/web_lines.h"
#include "sim/zone_lines.h"

namespace intermediary::sim {
namespace {

// What other descriptions of worlds have, and what this version can do instead.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> not_here{
    {{"media", "nodes relay no media in this version"},
     {"restart", "write 'NODE restarts'"},
     {"kill", "write 'NODE stops'"},
     {"reload", "write 'NODE reloads \"\"\"', and the configuration below"}}};

void refuse_what_is_not_here(const Piece& word) {
  const auto found = std::ranges::find(not_here, word.text, &std::pair<std::string_view, std::string_view>::first);
  if (found != not_here.end()) throw Wrong{word.place, "no '" + word.text + "': " + std::string(found->second)};
}

class Parser {
 public:
  Parser(const std::string& file, const Written& written, const Surroundings& surroundings)
      : text_(written.text), world_(scenario_, surroundings) {
    scenario_.file = file;
    scenario_.row = written.row;
    scenario_.origins = written.origins;
  }

  Scenario run() {
    std::vector<LogicalLine> lines = logical_lines(text_);
    for (LogicalLine& line : lines) {
      current_ = &line;
      read_line(line);
    }
    finish();
    return std::move(scenario_);
  }

 private:
  // ---- the file

  void read_line(LogicalLine& line) {
    Words words(line.first);
    char first = line.first.text.front();
    if (is_digit(first) || first == '+') return read_timed(line, words);
    Piece keyword = words.next("a line");
    refuse_what_is_not_here(keyword);
    if (!is_keyword(keyword.text)) {
      unknown(keyword, "a time, or a word that begins a line", known_keywords());
    }
    if (scenario_.name.empty() && keyword.text != "scenario") wrong(keyword, "'scenario NAME' first");
    if (auto reader = readers().find(keyword.text); reader != readers().end()) {
      (this->*reader->second)(words);
    } else {
      world_.read(keyword, words, line);
    }
    if (!words.at_end()) wrong(words.rest(), "the end of the line");
    if (!line.continuations.empty())
      throw Wrong{line.continuations.front().place, "only lines with a time go on below"};
  }

  using Reader = void (Parser::*)(Words&);
  static const std::map<std::string, Reader, std::less<>>& readers() {
    static const std::map<std::string, Reader, std::less<>> table{
        {"scenario", &Parser::read_scenario}, {"covers", &Parser::read_covers},   {"seed", &Parser::read_seed},
        {"wall", &Parser::read_wall},         {"partial", &Parser::read_partial}, {"distinct", &Parser::read_distinct},
        {"tags", &Parser::read_tags},         {"fault", &Parser::read_fault},     {"promises", &Parser::read_promises},
    };
    return table;
  }

  void finish() {
    if (scenario_.name.empty()) throw Wrong{{1, 1}, "expected 'scenario NAME'"};
    if (scenario_.inhabitants.empty() && scenario_.lines.empty()) {
      throw Wrong{current_->first.place,
                  "nothing happens in this scenario: nobody lives in it, and no line has a time"};
    }
    world_.finish();
    for (const auto& [place, names] : scenario_.distinct) {
      for (const std::string& name : names) {
        if (!variables_.contains(name)) throw Wrong{place, "$" + name + " stands in no line"};
      }
    }
  }

  // ---- the world

  void read_scenario(Words& words) {
    if (!scenario_.name.empty()) throw Wrong{words.rest().place, "one file, one scenario"};
    Piece name = words.next("the scenario's name");
    if (!is_name(name.text)) wrong(name, "a name of letters, digits and '-'");
    // What is no file, such as an example in a text, has whatever name it likes.
    const std::string_view file = std::string_view(scenario_.file).substr(scenario_.file.rfind('/') + 1);
    if (file.ends_with(".flow") && file != name.text + ".flow") wrong(name, "the file's name without '.flow'");
    scenario_.name = name.text;
  }

  void read_covers(Words& words) {
    do {
      Piece word = words.next("a section such as RFC3261#16.7");
      std::size_t hash = word.text.find('#');
      bool good = word.text.starts_with("RFC") && hash != std::string::npos && hash + 1 < word.text.size() &&
                  parse_decimal<unsigned>(std::string_view(word.text).substr(3, hash - 3));
      if (!good) wrong(word, "a section such as RFC3261#16.7");
      scenario_.covers.push_back(word.text);
    } while (!words.at_end());
  }

  void read_tags(Words& words) {
    do {
      Piece word = words.next("tags such as slow");
      if (!is_name(word.text)) wrong(word, "a tag of letters, digits and '-'");
      scenario_.tags.push_back(word.text);
    } while (!words.at_end());
  }

  // For what can be said once in a scenario.
  void once(std::string_view keyword) {
    if (!said_.emplace(keyword).second) {
      throw Wrong{current_->first.place, '\'' + std::string(keyword) + "' stands above already"};
    }
  }

  void read_seed(Words& words) {
    once("seed");
    Piece word = words.next("a number");
    auto seed = parse_decimal<std::uint64_t>(word.text);
    if (!seed) wrong(word, "a number");
    scenario_.seed = *seed;
  }

  void read_wall(Words& words) {
    once("wall");
    Piece word = words.next("a time such as 2026-01-01T00:00:00Z");
    auto wall = parse_wall_time(word.text);
    if (!wall) wrong(word, "a time such as 2026-01-01T00:00:00Z");
    scenario_.wall = *wall;
  }

  void read_partial(Words&) { scenario_.partial = true; }

  void read_promises(Words&) { scenario_.promises = true; }

  // "drop 2 p1 -> bob", "restart 3 p1".
  void read_fault(Words& words) {
    Fault fault;
    const Piece kind = words.next("a kind of fault");
    const auto known = fault_kind(kind.text);
    if (!known) wrong(kind, "one of " + known_fault_kinds());
    fault.kind = *known;
    const Piece number = words.next("which one, counted from 1");
    fault.number = parse_decimal<std::uint32_t>(number.text).value_or(0);
    if (fault.number == 0) wrong(number, "which one, counted from 1");
    const Piece host = words.next(fault.is_of_message() ? "who sends" : "a node's name");
    world_.known(host);
    fault.host = host.text;
    if (!fault.is_of_message() && !world_.is_node(host.text)) wrong(host, "a node's name");
    if (fault.is_of_message()) {
      if (const Piece arrow = words.next("'->'"); arrow.text != "->") wrong(arrow, "'->'");
      const Piece to = words.next("who receives");
      world_.known(to);
      fault.to = to.text;
    }
    scenario_.faults.push_back(std::move(fault));
  }

  void read_distinct(Words& words) {
    std::vector<std::string> names;
    while (auto word = words.next_if_any()) {
      if (!is_variable(word->text)) wrong(*word, "names such as $b1 $b2");
      names.push_back(word->text.substr(1));
    }
    if (names.size() < 2) throw Wrong{words.rest().place, "expected two names or more, such as $b1 $b2"};
    scenario_.distinct.emplace_back(current_->first.place, std::move(names));
  }

  // ---- the lines

  void read_timed(LogicalLine& line, Words& words) {
    if (scenario_.name.empty()) wrong(line.first, "'scenario NAME' first");
    LineHead head{line.first.place, line.as_written, {}};
    Piece time = words.next("a time");
    head.when = when_of(time);
    if (!head.when.after_previous && head.when.from == head.when.to) {
      if (head.when.from < last_time_)
        throw Wrong{time.place, "this time lies before " + seconds_text(last_time_) + " above"};
      last_time_ = head.when.from;
    }
    Piece subject = words.next("who acts");
    if (subject.text == "link") {
      LinkLine link;
      at_one_time(head);
      link.head = std::move(head);
      world_.read_link(words, link);
      return add(std::move(link), words);
    }
    if (subject.text == "dns") {
      at_one_time(head);
      return add(ZoneLine{std::move(head), read_zone_change(words)}, words);
    }
    if (subject.text == "web") {
      at_one_time(head);
      return add(WebLine{std::move(head), read_web_change(words, line.blocks)}, words);
    }
    if (subject.text == "partition") {
      at_one_time(head);
      return add(PartitionLine{std::move(head), world_.read_sides(words)}, words);
    }
    if (subject.text == "store") {
      at_one_time(head);
      return add(world_.read_store_line(std::move(head), words), words);
    }
    if (subject.text == "heal") {
      at_one_time(head);
      return add(PartitionLine{std::move(head), {}}, words);
    }
    refuse_what_is_not_here(subject);
    Piece verb = words.next("'->', '-x' or a verb");
    if (verb.text == "->" || verb.text == "-x") {
      MessageLine message;
      message.head = std::move(head);
      message.lost = verb.text == "-x";
      return read_message(std::move(message), subject, words, line);
    }
    if (verb.text == "idle" || verb.text == "busy" || verb.text == "live" || verb.text == "tells")
      return read_check(head, subject, verb, words);
    if (std::ranges::find(agent_verbs, verb.text) != agent_verbs.end())
      return read_agent_line(head, subject, verb, words);
    if (verb.text == "restarts" || verb.text == "stops" || verb.text == "starts")
      return read_node_line(head, subject, verb, words);
    if (verb.text == "reloads") {
      at_one_time(head);
      return add(world_.read_reload(std::move(head), subject, words, line), words);
    }
    if (verb.text == "rebinds") {
      if (!world_.is_nat(subject.text)) wrong(subject, "a NAT box's name");
      at_one_time(head);
      return add(RebindLine{std::move(head), subject.text}, words);
    }
    read_connection(head, subject, verb, words);
  }

  template <class Read>
  void add(Read line, Words& words) {
    if (!words.at_end()) wrong(words.rest(), "the end of the line");
    if (!current_->continuations.empty()) wrong(current_->continuations.front(), "no condition here");
    scenario_.lines.emplace_back(std::move(line));
  }

  When when_of(const Piece& piece) {
    When when;
    std::string_view text = piece.text;
    when.after_previous = text.starts_with('+');
    if (when.after_previous) text.remove_prefix(1);
    std::size_t tilde = text.find('~');
    auto from = parse_duration(text.substr(0, tilde));
    auto to = tilde == std::string_view::npos ? from : parse_duration(text.substr(tilde + 1));
    if (!from || !to || *to < *from) wrong(piece, "a time such as 0.010, +0.5 or 1.0~1.5");
    when.from = *from;
    when.to = *to;
    return when;
  }

  static bool is_address(const std::string& text) { return Endpoint::parse(text).has_value(); }

  // Whom a message or a connection goes to: a name, or an address that nobody has.
  std::string other_end(const Piece& who) const {
    auto address = parse_address(who.text, default_port(Transport::Udp));
    if (!address) return world_.known(who), who.text;
    if (world_.is_taken(*address)) throw Wrong{who.place, address->to_string() + " is somebody's: write the name"};
    return address->to_string();
  }

  static void at_one_time(const LineHead& head) {
    if (head.when.from != head.when.to) throw Wrong{head.place, "this happens at one time, not within a range"};
  }

  void read_message(MessageLine message, const Piece& sender, Words& words, LogicalLine& line) {
    world_.known(sender);
    Piece receiver = words.next("the receiver");
    message.sender = sender.text;
    message.receiver = other_end(receiver);
    if (world_.is_nat(sender.text)) throw Wrong{sender.place, "a NAT box sends nothing of its own"};
    if (world_.is_nat(message.receiver) && !message.lost) {
      throw Wrong{receiver.place, "what ends at a NAT box is lost: write '-x'"};
    }
    bool stimulus = world_.is_party(sender.text);
    if (stimulus && message.head.when.from != message.head.when.to) {
      throw Wrong{line.first.place, sender.text + " sends at one time, not within a range"};
    }
    std::vector<Piece> columns = split_columns(words.rest());
    if (columns.empty()) throw Wrong{words.rest().place, "expected a method, a status or raw \"\"\"…\"\"\""};
    for (const Piece& below : line.continuations) {
      for (Piece& column : split_columns(below)) columns.push_back(std::move(column));
    }
    MessageReader(line.blocks, variables_).read(columns, message);
    check_reason(message);
    check_credentials(message, stimulus);
    if (stimulus) check_stimulus(message);
    scenario_.lines.emplace_back(std::move(message));
  }

  static void check_reason(const MessageLine& message) {
    if (message.start.kind == Start::Kind::Response) return;
    auto reason = std::ranges::find(message.conditions, Condition::Kind::Reason, &Condition::kind);
    if (reason != message.conditions.end()) throw Wrong{reason->place, "a request has no reason phrase"};
  }

  static void check_credentials(const MessageLine& message, bool stimulus) {
    auto credentials = std::ranges::find(message.conditions, Condition::Kind::Credentials, &Condition::kind);
    if (credentials == message.conditions.end()) return;
    if (!stimulus) throw Wrong{credentials->place, "credentials are what a party writes"};
    if (message.start.kind != Start::Kind::Request) throw Wrong{credentials->place, "only a request has credentials"};
  }

  static bool repeats(const Condition& condition) {
    return condition.kind == Condition::Kind::Again || condition.kind == Condition::Kind::SameAs;
  }

  static void check_stimulus(const MessageLine& message) {
    const Start& start = message.start;
    if (start.kind == Start::Kind::Response && start.status < 100) {
      throw Wrong{message.head.place, "a party sends one status, not a class"};
    }
    bool raw = start.kind == Start::Kind::Raw;
    const auto first = std::ranges::find_if(message.conditions, repeats);
    const bool again = first != message.conditions.end();
    for (const Condition& condition : message.conditions) {
      if (repeats(condition) && &condition != &*first) {
        throw Wrong{condition.place,
                    '\'' + condition.word() + "' stands in this message beside '" + first->word() + '\''};
      }
      if (condition.kind == Condition::Kind::SaveAs) continue;
      if (raw) throw Wrong{condition.place, "raw bytes take 'as $x' alone"};
      if (again && !repeats(condition)) {
        throw Wrong{condition.place, "what is sent again goes byte for byte: only 'as $x' may stand here"};
      }
      if (condition.kind == Condition::Kind::Count) throw Wrong{condition.place, "'count' checks what a node sends"};
    }
    if (is_address(message.receiver)) throw Wrong{message.head.place, "a party sends to somebody with a name"};
  }

  void read_check(LineHead head, const Piece& node, const Piece& verb, Words& words) {
    if (!world_.is_node(node.text)) wrong(node, "a node's name");
    at_one_time(head);
    CheckLine check{std::move(head), node.text, CheckLine::Kind::Idle};
    if (verb.text == "busy") check.kind = CheckLine::Kind::Busy;
    if (verb.text == "live") {
      check.kind = CheckLine::Kind::Live;
      OptionsOnce figures;
      do {
        Piece word = words.next("a figure such as transactions=2");
        figures.add(word);
        std::size_t equals = word.text.find('=');
        auto value = parse_decimal<std::uint64_t>(
            equals == std::string::npos ? std::string_view() : std::string_view(word.text).substr(equals + 1));
        std::string name = word.text.substr(0, equals);
        if (!is_figure(name)) unknown({name, word.place}, "a figure", known_figures());
        if (!value) wrong(word, "a figure and its value, such as transactions=2");
        check.figures.emplace_back(std::move(name), *value);
      } while (!words.at_end());
    }
    if (verb.text == "tells") {
      check.kind = CheckLine::Kind::Tells;
      do {
        check.event.push_back(words.next("an event such as dialog-ended").text);
      } while (!words.at_end());
    }
    add(std::move(check), words);
  }

  void read_node_line(LineHead head, const Piece& node, const Piece& verb, Words& words) {
    if (!world_.is_node(node.text)) wrong(node, "a node's name");
    at_one_time(head);
    NodeLine line{std::move(head), node.text, NodeLine::Verb::Restarts};
    if (verb.text == "stops") line.verb = NodeLine::Verb::Stops;
    if (verb.text == "starts") line.verb = NodeLine::Verb::Starts;
    add(std::move(line), words);
  }

  // "calls URI via NAME [for 10s]", "gives up", "holds [inactive]", "resumes", "transfers to URI", "transfers
  // attended".
  void read_agent_line(LineHead head, const Piece& agent, const Piece& verb, Words& words) {
    if (!world_.is_agent(agent.text)) wrong(agent, "the name of an auto");
    at_one_time(head);
    AgentLine line{std::move(head), agent.text, AgentLine::Verb::Calls, {}, {}, {}, {}};
    if (verb.text == "gives") {
      line.verb = AgentLine::Verb::GivesUp;
      expect_word(words, "up");
    } else if (verb.text == "holds") {
      line.verb = AgentLine::Verb::Holds;
      const auto direction = words.next_if_any();
      if (direction && direction->text != "inactive") wrong(*direction, "'inactive', or the end of the line");
      line.direction = direction ? "inactive" : "sendonly";
    } else if (verb.text == "resumes") {
      line.verb = AgentLine::Verb::Resumes;
    } else if (verb.text == "transfers") {
      line.verb = AgentLine::Verb::Transfers;
      const Piece how = words.next("'to' or 'attended'");
      if (how.text != "to" && how.text != "attended") wrong(how, "'to' or 'attended'");
      if (how.text == "to") line.uri = sip_uri(words);
    } else {
      line.uri = sip_uri(words);
      expect_word(words, "via");
      Piece via = words.next("whom it sends to");
      world_.known(via);
      line.via = via.text;
      if (auto word = words.next_if_any()) {
        if (word->text != "for") wrong(*word, "'for'");
        line.talk = duration_of(words.next("a duration"));
      }
    }
    add(std::move(line), words);
  }

  static void expect_word(Words& words, const std::string& expected) {
    const std::string quoted = '\'' + expected + '\'';
    if (const Piece word = words.next(quoted); word.text != expected) wrong(word, quoted);
  }

  static std::string sip_uri(Words& words) {
    Piece uri = words.next("a URI");
    if (auto parsed = Uri::parse(uri.text); !parsed || !parsed->is_sip()) wrong(uri, "a SIP URI");
    return uri.text;
  }

  void read_connection(LineHead head, const Piece& actor, const Piece& verb, Words& words) {
    static const std::map<std::string, ConnectionLine::Verb, std::less<>> verbs{
        {"opens", ConnectionLine::Verb::Opens},
        {"closes", ConnectionLine::Verb::Closes},
        {"refuses", ConnectionLine::Verb::Refuses},
        {"accepts", ConnectionLine::Verb::Accepts}};
    auto found = verbs.find(verb.text);
    if (found == verbs.end()) {
      unknown(verb, "'->', '-x' or a verb", {line_verbs.begin(), line_verbs.end()});
    }
    world_.known(actor);
    if (!world_.is_node(actor.text)) at_one_time(head);
    ConnectionLine line{std::move(head), actor.text, found->second, {}};
    if (line.verb == ConnectionLine::Verb::Opens || line.verb == ConnectionLine::Verb::Closes) {
      Piece other = words.next("the other end");
      line.other = other_end(other);
      if (is_address(line.other) && !world_.is_node(actor.text)) {
        throw Wrong{other.place, "expected the name of somebody, got '" + other.text + '\''};
      }
    } else if (world_.is_node(actor.text)) {
      throw Wrong{actor.place,
                  "a node does not " + verb.text.substr(0, verb.text.size() - 1) + "; a party or auto does"};
    }
    add(std::move(line), words);
  }

  std::string_view text_;
  Scenario scenario_;
  LogicalLine* current_ = nullptr;
  Declarations world_;
  std::set<std::string, std::less<>> variables_, said_;
  Duration last_time_{0};
};

std::string line_at(std::string_view text, std::size_t number) {
  for (; number > 1; --number) {
    std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return std::string(text.substr(0, text.find('\n')));
}

ScenarioError error_of(const Wrong& what, const Written& row) {
  if (!what.file.empty()) return {what.file, what.place, what.what, what.line, row.row, what.also};
  const Origins::Line origin = row.origins.of(what.place.line);
  return {row.origins.files[origin.file],
          {origin.number, what.place.column},
          what.what,
          line_at(row.text, what.place.line),
          row.row};
}

}  // namespace

std::expected<std::vector<Scenario>, ScenarioError> parse_scenarios(const std::string& file, std::string_view text,
                                                                    const Surroundings& surroundings) {
  const CutFile cut = cut_file(text);
  auto rows = write_out(file, cut.above, surroundings);
  if (!rows) return std::unexpected(std::move(rows.error()));
  std::vector<Scenario> scenarios;
  for (const Written& row : *rows) {
    try {
      scenarios.push_back(Parser(file, row, surroundings).run());
    } catch (const Wrong& what) {
      return std::unexpected(error_of(what, row));
    }
  }
  give_ladders(cut, scenarios);
  return scenarios;
}

std::expected<Scenario, ScenarioError> parse_scenario(const std::string& file, std::string_view text,
                                                      const Surroundings& surroundings) {
  auto scenarios = parse_scenarios(file, text, surroundings);
  if (!scenarios) return std::unexpected(std::move(scenarios.error()));
  return std::move(scenarios->front());
}

std::string Scenario::at(const Place& place) const {
  return origins.at(place.line) + (row.empty() ? "" : ": row '" + row + '\'');
}

std::string ScenarioError::to_string() const {
  std::string at = file + ':' + std::to_string(place.line) + ':' + std::to_string(place.column);
  if (!row.empty()) at += ": row '" + row + '\'';
  return at + ": " + what + "\n  " + line + "\n  " + std::string(place.column > 0 ? place.column - 1 : 0, ' ') + '^' +
         (also_wrong.empty() ? "" : '\n' + also_wrong);
}

const LineHead& head_of(const Line& line) {
  return std::visit([](const auto& some) -> const LineHead& { return some.head; }, line);
}

std::string seconds_text(Duration duration) {
  std::int64_t seconds = duration.count() / 1'000'000;
  std::string fraction = std::to_string(1'000'000 + duration.count() % 1'000'000).substr(1);
  while (fraction.size() > 3 && fraction.back() == '0') fraction.pop_back();
  return std::to_string(seconds) + '.' + fraction;
}

}  // namespace intermediary::sim
