#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/text.h"
#include "sim/figures.h"
#include "sim/node_options.h"
#include "sim/pattern.h"
#include "sim/scenario.h"
#include "sim/scenario_text.h"
#include "sim/wire.h"

namespace intermediary::sim {
namespace {

constexpr std::array<std::string_view, 6> faults_to_come{"restart", "partition", "store", "dns", "kill", "reload"};

bool is_name(std::string_view text) {
  return !text.empty() && is_alpha(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '-'; });
}

bool is_variable(std::string_view text) {
  return text.size() > 1 && text.front() == '$' &&
         std::ranges::all_of(text.substr(1), [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; });
}

[[noreturn]] void wrong(const Piece& piece, std::string_view expected) {
  throw Wrong{piece.place, "expected " + std::string(expected) + ", got '" + piece.text + '\''};
}

class Parser {
 public:
  Parser(std::string file, std::string_view text) : text_(text) { scenario_.file = std::move(file); }

  Scenario run() {
    cut_ladder();
    for (LogicalLine& line : logical_lines(scenario_.above_ladder)) {
      current_ = &line;
      read_line(line);
    }
    finish();
    return std::move(scenario_);
  }

 private:
  // ---- the file

  void cut_ladder() {
    std::size_t begin = 0;
    while (begin < text_.size()) {
      std::size_t end = text_.find('\n', begin);
      std::string_view line = text_.substr(begin, end == std::string_view::npos ? end : end - begin);
      if (line.starts_with("----") && trim(line).find_first_not_of('-') == std::string_view::npos) {
        scenario_.above_ladder = text_.substr(0, begin);
        scenario_.ladder = end == std::string_view::npos ? "" : std::string(text_.substr(end + 1));
        return;
      }
      if (end == std::string_view::npos) break;
      begin = end + 1;
    }
    scenario_.above_ladder = text_;
  }

  void read_line(LogicalLine& line) {
    Words words(line.first);
    char first = line.first.text.front();
    if (is_digit(first) || first == '+') return read_timed(line, words);
    Piece keyword = words.next("a line");
    auto reader = readers().find(keyword.text);
    if (reader == readers().end()) {
      wrong(
          keyword,
          "a time, or one of scenario, covers, node, party, auto, location, host, link, rule, seed, partial, distinct");
    }
    if (scenario_.name.empty() && keyword.text != "scenario") wrong(keyword, "'scenario NAME' first");
    (this->*reader->second)(words);
    if (!words.at_end()) wrong(words.rest(), "the end of the line");
    if (!line.continuations.empty())
      throw Wrong{line.continuations.front().place, "only lines with a time go on below"};
  }

  using Reader = void (Parser::*)(Words&);
  static const std::map<std::string, Reader, std::less<>>& readers() {
    static const std::map<std::string, Reader, std::less<>> table{
        {"scenario", &Parser::read_scenario}, {"covers", &Parser::read_covers},
        {"node", &Parser::read_node},         {"party", &Parser::read_party},
        {"auto", &Parser::read_auto},         {"location", &Parser::read_location},
        {"host", &Parser::read_host},         {"link", &Parser::read_initial_link},
        {"rule", &Parser::read_rule},         {"seed", &Parser::read_seed},
        {"partial", &Parser::read_partial},   {"distinct", &Parser::read_distinct},
    };
    return table;
  }

  void finish() {
    if (scenario_.name.empty()) throw Wrong{{1, 1}, "expected 'scenario NAME'"};
    for (auto& inhabitant : scenario_.inhabitants) {
      auto* node = std::get_if<NodeSetup>(&inhabitant);
      if (!node) continue;
      NodeDraft& draft = nodes_.at(node->name);
      draft.options.config.rules = draft.rules.empty() ? usual_rules(draft.options) : draft.rules;
      node->config = draft.options.config;
      if (std::string problem = problem_with(node->config); !problem.empty()) throw Wrong{draft.place, problem};
    }
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

  std::string declare(Words& words, std::string_view what) {
    Piece name = words.next(what);
    if (!is_name(name.text)) wrong(name, what);
    if (readers().contains(name.text)) throw Wrong{name.place, "'" + name.text + "' is a word of the language"};
    if (!names_.insert(name.text).second) throw Wrong{name.place, "'" + name.text + "' is there already"};
    return name.text;
  }

  void claim(const std::vector<Socket>& sockets, const Place& place) {
    for (const Socket& socket : sockets) {
      if (!sockets_.insert(socket).second) {
        throw Wrong{place, socket.address.to_string() + " over " + std::string(via_name(socket.transport)) +
                               " belongs to somebody already"};
      }
    }
  }

  void read_node(Words& words) {
    std::string name = declare(words, "the node's name");
    NodeDraft draft;
    draft.place = current_->first.place;
    if (Piece role = words.next("'proxy'"); role.text != "proxy") wrong(role, "'proxy'");
    Piece mode = words.next("'stateful' or 'stateless'");
    if (mode.text != "stateful" && mode.text != "stateless") wrong(mode, "'stateful' or 'stateless'");
    draft.options.config.proxy.mode = mode.text == "stateful" ? ProxyMode::Stateful : ProxyMode::Stateless;
    while (!words.at_end()) draft.options.apply(words.next("an option"));
    std::vector<Socket> sockets;
    for (const auto& listener : draft.options.config.listeners) sockets.push_back({listener.transport, listener.bind});
    if (sockets.empty()) throw Wrong{words.rest().place, "expected an address such as 192.0.2.1:5060"};
    claim(sockets, draft.place);
    nodes_.emplace(name, std::move(draft));
    scenario_.inhabitants.emplace_back(NodeSetup{name, {}});
  }

  struct Draft {
    PartySetup setup;
    std::vector<Piece> options;  // those that a plain party does not know
  };

  Draft read_user_agent(Words& words, std::string_view what) {
    Draft draft;
    draft.setup.name = declare(words, what);
    bool tcp = false;
    while (auto word = words.next_if_any()) {
      std::string_view text = word->text;
      if (text == "transport=tcp") {
        tcp = true;
      } else if (text.starts_with("aor=")) {
        draft.setup.address_of_record = text.substr(4);
      } else if (text.find('=') != std::string_view::npos && text.find(";transport=") == std::string_view::npos) {
        draft.options.push_back(*word);
      } else {
        draft.setup.sockets.push_back(parse_socket(*word));
      }
    }
    if (draft.setup.sockets.empty()) throw Wrong{words.rest().place, "expected an address such as 192.0.2.10:5060"};
    if (tcp) draft.setup.sockets.front().transport = Transport::Tcp;
    claim(draft.setup.sockets, current_->first.place);
    return draft;
  }

  void read_party(Words& words) {
    Draft draft = read_user_agent(words, "the party's name");
    if (!draft.options.empty()) wrong(draft.options.front(), "an address, transport=tcp or aor=");
    parties_.insert(draft.setup.name);
    contacts_.emplace(draft.setup.name, contact_of(draft.setup));
    scenario_.inhabitants.emplace_back(std::move(draft.setup));
  }

  void read_auto(Words& words) {
    AgentDeclaration agent;
    Draft draft = read_user_agent(words, "the user agent's name");
    for (const Piece& option : draft.options) apply_manner(agent, option);
    agent.setup = std::move(draft.setup);
    agents_.insert(agent.setup.name);
    contacts_.emplace(agent.setup.name, contact_of(agent.setup));
    scenario_.inhabitants.emplace_back(std::move(agent));
  }

  void apply_manner(AgentDeclaration& agent, const Piece& option) {
    std::size_t equals = option.text.find('=');
    std::string key = option.text.substr(0, equals);
    std::string value = option.text.substr(equals + 1);
    auto duration = [&] { return duration_of({value, option.place}); };
    if (key == "rings-after") {
      agent.manners.rings_after = duration();
    } else if (key == "answers-after") {
      agent.manners.answers_after = duration();
    } else if (key == "hangs-up-after") {
      agent.manners.talks_for = duration();
    } else if (key == "rejects") {
      auto status = parse_decimal<int>(value);
      if (!status || *status < 300 || *status > 699) wrong(option, "rejects= with a status from 300 to 699");
      agent.manners.rejects_with = *status;
    } else if (key == "registers") {
      if (!nodes_.contains(value) || nodes_.at(value).options.config.domains.empty()) {
        wrong(option, "registers= with a node that has a domain");
      }
      agent.registers_with = value;
    } else {
      wrong(option,
            "an address, transport=tcp, aor=, registers=, rings-after=, answers-after=, rejects= or hangs-up-after=");
    }
  }

  static std::string contact_of(const PartySetup& setup) {
    return Party({setup.name, setup.address_of_record, setup.sockets.front()}).contact_uri();
  }

  // location [NODE] AOR = CONTACT[;q=0.7][;expires=60], …
  void read_location(Words& words) {
    Piece aor = words.next("an address of record");
    std::string node;
    if (nodes_.contains(aor.text)) {
      node = aor.text;
      aor = words.next("an address of record");
    }
    auto uri = Uri::parse(aor.text);
    if (!uri) wrong(aor, "an address of record such as sip:bob@example.com");
    if (node.empty()) node = node_of_domain(uri->host, aor);
    if (Piece equals = words.next("'='"); equals.text != "=") wrong(equals, "'='");
    Piece contacts = words.rest();
    for (const std::string& entry : split_outside_quotes(contacts.text, ',')) {
      scenario_.locations.push_back(location_of(node, aor.text, {entry, contacts.place}));
    }
  }

  std::string node_of_domain(const std::string& host, const Piece& aor) {
    for (const auto& [name, draft] : nodes_) {
      const auto& domains = draft.options.config.domains;
      if (std::ranges::find(domains, lowercase(host)) != domains.end()) return name;
    }
    throw Wrong{aor.place, "no node above has the domain " + host};
  }

  LocationDeclaration location_of(const std::string& node, const std::string& aor, const Piece& entry) {
    LocationDeclaration location;
    location.node = node;
    location.address_of_record = aor;
    ValueParts parts = ValueParts::read(entry.text);
    auto contact = contacts_.find(parts.head);
    location.contact_uri = contact == contacts_.end() ? uri_of(parts.head) : contact->second;
    if (!Uri::parse(location.contact_uri)) wrong(entry, "a party above or a URI in angle brackets");
    for (const auto& parameter : parts.parameters) {
      std::string value = parameter.value.value_or("");
      if (parameter.name == "q") {
        auto q = parse_duration(value);  // three decimals at most: the same digits
        if (!q || *q > std::chrono::seconds(1) || q->count() % 1000 != 0) wrong(entry, "q from 0 to 1");
        location.q_thousandths = static_cast<int>(q->count() / 1000);
      } else if (parameter.name == "expires") {
        location.expires = std::chrono::duration_cast<std::chrono::seconds>(duration_of({value, entry.place}));
      } else {
        wrong(entry, "q= or expires=");
      }
    }
    return location;
  }

  // host NAME = ADDRESS[;transport=tcp], …
  void read_host(Words& words) {
    std::string name = words.next("a host name").text;
    if (Piece equals = words.next("'='"); equals.text != "=") wrong(equals, "'='");
    Piece rest = words.rest();
    std::vector<NamedAddress> addresses;
    for (const std::string& entry : parse_list(rest.text)) {
      Socket socket = parse_socket({entry, rest.place});
      bool with_port = !IpAddress::parse(entry.substr(0, entry.find(';')));
      NamedAddress address{socket.address.address, std::nullopt, std::nullopt};
      if (with_port) address.port = socket.address.port;
      if (entry.find(";transport=") != std::string::npos) address.transport = socket.transport;
      addresses.push_back(address);
    }
    if (addresses.empty()) throw Wrong{rest.place, "expected an address"};
    scenario_.hosts.emplace_back(name, std::move(addresses));
  }

  void read_initial_link(Words& words) {
    LinkLine line;
    line.head.place = current_->first.place;
    read_link(words, line);
    scenario_.links.push_back(std::move(line));
  }

  void read_link(Words& words, LinkLine& line) {
    Piece a = words.next("a name or '*'");
    line.a = a.text;
    if (line.a != "*") {
      known(a);
      Piece b = words.next("the other end's name");
      known(b);
      line.b = b.text;
    }
    if (words.at_end()) throw Wrong{words.rest().place, "expected latency=, jitter=, loss=, duplicate= or reorder="};
    while (auto word = words.next_if_any()) apply_quality(line.change, *word);
  }

  void apply_quality(LinkChange& quality, const Piece& word) {
    std::size_t equals = word.text.find('=');
    std::string key = word.text.substr(0, equals);
    Piece value{equals == std::string::npos ? "" : word.text.substr(equals + 1), word.place};
    auto share = [&] {
      auto parsed = parse_share(value.text);
      if (!parsed) wrong(word, "a share such as 10%");
      return *parsed;
    };
    if (key == "latency") {
      quality.latency = duration_of(value);
    } else if (key == "jitter") {
      quality.jitter = duration_of(value);
    } else if (key == "loss") {
      quality.loss = share();
    } else if (key == "duplicate") {
      quality.duplicate = share();
    } else if (key == "reorder") {
      quality.reorder = share();
    } else {
      wrong(word, "latency=, jitter=, loss=, duplicate= or reorder=");
    }
  }

  void read_rule(Words& words) {
    Piece node = words.next("a node's name");
    auto draft = nodes_.find(node.text);
    if (draft == nodes_.end()) wrong(node, "the name of a node above");
    draft->second.rules.push_back(parse_rule(words, draft->second.rules.size() + 1));
  }

  void read_seed(Words& words) {
    Piece word = words.next("a number");
    auto seed = parse_decimal<std::uint64_t>(word.text);
    if (!seed) wrong(word, "a number");
    scenario_.seed = *seed;
  }

  void read_partial(Words&) { scenario_.partial = true; }

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
      link.head = std::move(head);
      read_link(words, link);
      return add(std::move(link), words);
    }
    if (std::ranges::find(faults_to_come, subject.text) != faults_to_come.end()) {
      throw Wrong{subject.place, "'" + subject.text + "' is not there yet"};
    }
    Piece verb = words.next("'->', '-x' or a verb");
    if (verb.text == "->" || verb.text == "-x") {
      MessageLine message;
      message.head = std::move(head);
      message.lost = verb.text == "-x";
      return read_message(std::move(message), subject, words, line);
    }
    if (verb.text == "idle" || verb.text == "busy" || verb.text == "live")
      return read_check(head, subject, verb, words);
    if (verb.text == "calls" || verb.text == "gives") return read_agent_line(head, subject, verb, words);
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

  bool is_address(const std::string& text) { return Endpoint::parse(text).has_value(); }

  void known(const Piece& name) {
    if (!names_.contains(name.text)) throw Wrong{name.place, "nobody is called '" + name.text + "' above"};
  }

  void read_message(MessageLine message, const Piece& sender, Words& words, LogicalLine& line) {
    known(sender);
    Piece receiver = words.next("the receiver");
    if (!is_address(receiver.text)) known(receiver);
    message.sender = sender.text;
    message.receiver = receiver.text;
    bool stimulus = parties_.contains(sender.text);
    if (stimulus && message.head.when.from != message.head.when.to) {
      throw Wrong{line.first.place, sender.text + " sends at one time, not within a range"};
    }
    std::vector<Piece> columns = split_columns(words.rest());
    if (columns.empty()) throw Wrong{words.rest().place, "expected a method, a status or raw \"\"\"…\"\"\""};
    for (const Piece& below : line.continuations) {
      for (Piece& column : split_columns(below)) columns.push_back(std::move(column));
    }
    read_start(message, columns.front());
    for (std::size_t i = 1; i < columns.size(); ++i) message.conditions.push_back(read_condition(columns[i]));
    if (stimulus) check_stimulus(message);
    scenario_.lines.emplace_back(std::move(message));
  }

  void check_stimulus(const MessageLine& message) {
    const Start& start = message.start;
    if (start.kind == Start::Kind::Response && start.status < 100) {
      throw Wrong{message.head.place, "a party sends one status, not a class"};
    }
    if (is_address(message.receiver)) throw Wrong{message.head.place, "a party sends to somebody with a name"};
  }

  void read_start(MessageLine& message, const Piece& column) {
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

  int status_of(const Piece& word) {
    if (word.text.size() == 3 && word.text.ends_with("xx")) {
      int kind = word.text[0] - '0';
      if (kind >= 1 && kind <= 6) return kind;
    }
    auto status = parse_decimal<int>(word.text);
    if (!status || *status < 100 || *status > 699) wrong(word, "a status from 100 to 699, or 4xx");
    return *status;
  }

  std::string take_block(const Piece& column) {
    if (current_->blocks.empty() || !column.text.ends_with("\"\"\"")) wrong(column, "a block \"\"\"…\"\"\"");
    std::string block = current_->blocks.front();
    current_->blocks.pop_front();
    if (auto checked = expand_block(block, nullptr); !checked) throw Wrong{column.place, checked.error()};
    return block;
  }

  void note_variables(std::string_view pattern) {
    for (std::string& name : variables_of(pattern)) variables_.insert(std::move(name));
  }

  Condition read_condition(const Piece& piece) {
    Condition condition;
    condition.place = piece.place;
    Words words(piece);
    std::string word = words.next("a condition").text;
    if (word == "again" && words.at_end()) {
      condition.kind = Condition::Kind::Again;
    } else if (word == "sdp" && words.at_end()) {
      condition.kind = Condition::Kind::Sdp;
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

  void read_body(Condition& condition, const Piece& piece, Words& words) {
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
  void read_header(Condition& condition, const Piece& piece) {
    std::string_view text = piece.text;
    if (text.starts_with('!') && is_token(text.substr(1))) {
      condition.kind = Condition::Kind::Absent;
      condition.name = text.substr(1);
      return;
    }
    std::size_t end = 0;
    while (end < text.size() && is_token_char(text[end])) ++end;
    std::string_view behind = trim(text.substr(end));
    bool exact = behind.starts_with('=');
    if (end == 0 || (!exact && !behind.starts_with(':'))) {
      wrong(piece, "'Name: value', 'Name = value', '!Name', 'count Name 2', body, sdp, reason, as, same or again");
    }
    condition.kind = exact ? Condition::Kind::Exact : Condition::Kind::Header;
    condition.name = text.substr(0, end);
    condition.text = trim(behind.substr(1));
    if (condition.text.empty()) wrong(piece, "a value behind '" + condition.name + "' (* for any)");
    note_variables(condition.text);
  }

  void read_check(LineHead head, const Piece& node, const Piece& verb, Words& words) {
    if (!nodes_.contains(node.text)) wrong(node, "a node's name");
    CheckLine check{std::move(head), node.text, CheckLine::Kind::Idle, {}};
    if (verb.text == "busy") check.kind = CheckLine::Kind::Busy;
    if (verb.text == "live") {
      check.kind = CheckLine::Kind::Live;
      do {
        Piece word = words.next("a figure such as transactions=2");
        std::size_t equals = word.text.find('=');
        auto value = parse_decimal<std::uint64_t>(
            equals == std::string::npos ? std::string_view() : std::string_view(word.text).substr(equals + 1));
        std::string name = word.text.substr(0, equals);
        if (!value || !is_figure(name)) wrong(word, "one of " + known_figures() + ", such as transactions=2");
        check.figures.emplace_back(std::move(name), *value);
      } while (!words.at_end());
    }
    add(std::move(check), words);
  }

  void read_agent_line(LineHead head, const Piece& agent, const Piece& verb, Words& words) {
    if (!agents_.contains(agent.text)) wrong(agent, "the name of an auto");
    AgentLine line{std::move(head), agent.text, AgentLine::Verb::Calls, {}, {}, {}};
    if (verb.text == "gives") {
      line.verb = AgentLine::Verb::GivesUp;
      if (Piece up = words.next("'up'"); up.text != "up") wrong(up, "'up'");
      return add(std::move(line), words);
    }
    line.uri = words.next("a URI").text;
    if (Piece via = words.next("'via'"); via.text != "via") wrong(via, "'via'");
    Piece via = words.next("whom it sends to");
    known(via);
    line.via = via.text;
    if (auto word = words.next_if_any()) {
      if (word->text != "for") wrong(*word, "'for'");
      line.talk = duration_of(words.next("a duration"));
    }
    add(std::move(line), words);
  }

  void read_connection(LineHead head, const Piece& actor, const Piece& verb, Words& words) {
    static const std::map<std::string, ConnectionLine::Verb, std::less<>> verbs{
        {"opens", ConnectionLine::Verb::Opens},
        {"closes", ConnectionLine::Verb::Closes},
        {"refuses", ConnectionLine::Verb::Refuses},
        {"accepts", ConnectionLine::Verb::Accepts}};
    auto found = verbs.find(verb.text);
    if (found == verbs.end()) {
      wrong(verb, "'->', '-x', idle, busy, live, opens, closes, refuses, accepts, calls or gives up");
    }
    known(actor);
    ConnectionLine line{std::move(head), actor.text, found->second, {}};
    if (line.verb == ConnectionLine::Verb::Opens || line.verb == ConnectionLine::Verb::Closes) {
      Piece other = words.next("the other end");
      if (!is_address(other.text)) known(other);
      line.other = other.text;
    } else if (nodes_.contains(actor.text)) {
      throw Wrong{actor.place,
                  "a node does not " + verb.text.substr(0, verb.text.size() - 1) + "; a party or auto does"};
    }
    add(std::move(line), words);
  }

  Duration duration_of(const Piece& piece) {
    auto duration = parse_duration(piece.text);
    if (!duration) wrong(piece, "a duration such as 10ms or 3s");
    return *duration;
  }

  struct NodeDraft {
    Place place;
    NodeOptions options;
    std::vector<Rule> rules;
  };

  std::string_view text_;
  Scenario scenario_;
  LogicalLine* current_ = nullptr;
  std::map<std::string, NodeDraft, std::less<>> nodes_;
  std::set<std::string, std::less<>> names_, parties_, agents_, variables_;
  std::map<std::string, std::string, std::less<>> contacts_;
  std::set<Socket> sockets_;
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

}  // namespace

std::expected<Scenario, ScenarioError> parse_scenario(std::string file, std::string_view text) {
  try {
    return Parser(file, text).run();
  } catch (const Wrong& what) {
    return std::unexpected(ScenarioError{std::move(file), what.place, what.what, line_at(text, what.place.line)});
  }
}

std::string ScenarioError::to_string() const {
  std::string at = file + ':' + std::to_string(place.line) + ':' + std::to_string(place.column);
  return at + ": " + what + "\n  " + line + "\n  " + std::string(place.column > 0 ? place.column - 1 : 0, ' ') + '^';
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
