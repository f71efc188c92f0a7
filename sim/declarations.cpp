#include "sim/declarations.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/words.h"
#include "sim/wire.h"

namespace intermediary::sim {
namespace {

constexpr auto user_agent_options =
    std::to_array<std::string_view>({"transport", "aor", "user", "password", "cert", "!trusted", "rport"});
constexpr auto manners =
    std::to_array<std::string_view>({"registers", "outbound", "expires", "session-expires", "rings-after",
                                     "answers-after", "rejects", "hangs-up-after", "old-ack"});

}  // namespace

void Declarations::read(const Piece& keyword, Words& words, LogicalLine& line) {
  static const std::map<std::string, void (Declarations::*)(Words&), std::less<>> readers{
      {"node", &Declarations::read_node},    {"party", &Declarations::read_party},
      {"auto", &Declarations::read_auto},    {"location", &Declarations::read_location},
      {"host", &Declarations::read_host},    {"link", &Declarations::read_initial_link},
      {"rule", &Declarations::read_rule},    {"users", &Declarations::read_users},
      {"dns", &Declarations::read_dns},      {"web", &Declarations::read_web},
      {"nat", &Declarations::read_nat},      {"times", &Declarations::read_policy},
      {"acl", &Declarations::read_policy},   {"list", &Declarations::read_policy},
      {"limit", &Declarations::read_policy}, {"trust", &Declarations::read_policy},
  };
  line_ = &line;
  keyword_ = keyword.text;
  place_ = line.first.place;
  (this->*readers.find(keyword.text)->second)(words);
}

void Declarations::finish() {
  if (surroundings_.node_config) replace_config();
  for (auto& inhabitant : scenario_.inhabitants) {
    auto* node = std::get_if<NodeSetup>(&inhabitant);
    if (!node) continue;
    NodeDraft& draft = nodes_.at(node->name);
    draft.options.finish();
    if (!draft.options.is_whole) {
      for (PlacedRule& placed : draft.rules) complete(placed, draft.options.config);
      check_challenges(draft);
      std::vector<Rule>& rules = draft.options.config.rules;
      for (const PlacedRule& placed : draft.rules) rules.push_back(placed.rule);
      if (rules.empty()) rules = usual_rules(draft.options);
    }
    node->config = draft.options.config;
    node->tls = draft.options.tls;
    node->users = draft.options.users;
    node->store = draft.options.store == "durable" ? std::string() : draft.options.store;
    if (std::string problem = problem_with(node->config); !problem.empty()) throw Wrong{draft.place, problem};
  }
}

// Whoever the rule has to know, it asks; what it names may stand below.
void Declarations::complete(PlacedRule& placed, const Config& config) {
  Rule& rule = placed.rule;
  if (rule.when.identity) {
    std::string& realm = rule.when.identity->realm;
    if (realm.empty()) realm = rule.challenge;
    if (realm.empty() && config.auth.size() == 1) realm = config.auth.front().name;
    if (realm.empty()) throw Wrong{placed.action, "'identity' needs auth=REALM: whose users"};
    if (rule.when.identity->known && rule.challenge.empty()) rule.challenge = realm;
  }
  const std::string problem = problem_with_policies(rule, config);
  if (!problem.empty()) throw Wrong{placed.action, "the rule " + problem};
}

// Where the rule says it; `users` may stand below.
void Declarations::check_challenges(const NodeDraft& draft) {
  const Config& config = draft.options.config;
  std::vector<std::string> realms;
  for (const DigestRealm& realm : config.auth) realms.push_back(realm.name);
  for (const auto& [rule, action, challenge, listener] : draft.rules) {
    if (rule.challenge.empty()) continue;
    if (std::ranges::find(realms, rule.challenge) == realms.end()) {
      throw Wrong{challenge, "no 'users' line is there for the realm '" + rule.challenge + '\'' +
                                 (realms.empty() ? "" : suggestion(rule.challenge, realms))};
    }
    const bool forwards = !std::holds_alternative<RegisterAction>(rule.action);
    if (forwards && rule.mode.value_or(config.proxy.mode) == ProxyMode::Stateless) {
      throw Wrong{challenge, "a stateless proxy cannot challenge: a repetition would be taken for a replay"};
    }
  }
}

// The configuration from outside, on the addresses that the scenario gives its node.
namespace {

// Whoever the scenario knows is in the stores of the configuration that takes its place, where the realm is the same.
std::vector<StoredUsers> users_outside(const Config& config, const std::vector<StoredUsers>& said) {
  std::vector<StoredUsers> users;
  for (const DigestRealm& realm : config.auth) {
    for (const StoredUsers& each : said) {
      if (realm.is_outside && each.realm == realm.realm && !each.users.empty())
        users.push_back({each.store.empty() ? realm.name : each.store, realm.name, realm.realm, each.users});
    }
  }
  return users;
}

}  // namespace

void Declarations::replace_config() {
  if (nodes_.size() != 1) {
    throw Wrong{
        nodes_.empty() ? Place{1, 1} : nodes_.rbegin()->second.place,
        "a configuration from outside is for a scenario of one node, and this has " + std::to_string(nodes_.size())};
  }
  if (reload_) throw Wrong{*reload_, "a configuration from outside is for a scenario that has no other: this reloads"};
  NodeDraft& draft = nodes_.begin()->second;
  std::vector<IpAddress> addresses;
  for (const Socket& socket : sockets_of(draft.options.config)) {
    addresses.push_back(socket.address.address);
    sockets_.erase(socket);
  }
  std::vector<StoredUsers>& users = draft.options.users;
  for (const DigestRealm& realm : draft.options.config.auth)
    users.push_back({"", realm.name, realm.realm, realm.users});
  read_config({surroundings_.node_config->text, surroundings_.node_config->file, {}}, addresses, surroundings_,
              scenario_.origins, draft.place, draft.options);
  users = users_outside(draft.options.config, users);
  claim(sockets_of(draft.options.config), draft.place);
}

void Declarations::known(const Piece& name) const {
  if (names_.contains(name.text)) return;
  const auto meant = nearest(name.text, {names_.begin(), names_.end()});
  throw Wrong{name.place,
              "nobody is called '" + name.text + "' above" + (meant ? "; did you mean '" + *meant + "'?" : "")};
}

std::string Declarations::declare(Words& words, std::string_view what) {
  Piece name = words.next(what);
  if (!is_name(name.text)) wrong(name, what);
  if (is_keyword(name.text)) throw Wrong{name.place, "'" + name.text + "' is a word of the language"};
  if (!names_.insert(name.text).second) throw Wrong{name.place, "'" + name.text + "' is there already"};
  return name.text;
}

void Declarations::claim(const std::vector<Socket>& sockets, const Place& place) {
  for (const Socket& socket : sockets) {
    if (!sockets_.insert(socket).second) {
      throw Wrong{place, socket.address.to_string() + " over " + std::string(via_name(socket.transport)) +
                             " belongs to somebody already"};
    }
  }
}

bool Declarations::is_taken(const Endpoint& address) const {
  const auto is_outside = [&](const NatDeclaration& nat) { return nat.setup.outside == address.address; };
  if (std::ranges::any_of(scenario_.nats, is_outside)) return true;
  return std::ranges::any_of(sockets_, [&](const Socket& socket) { return socket.address == address; });
}

void Declarations::read_node(Words& words) {
  std::string name = declare(words, "the node's name");
  NodeDraft draft;
  draft.place = place_;
  const Piece role = words.next("'proxy' or 'config'");
  if (role.text == "config") {
    read_whole(draft, words);
  } else if (role.text == "proxy") {
    read_proxy(draft, words);
  } else {
    wrong(role, "'proxy' or 'config'");
  }
  claim(sockets_of(draft.options.config), draft.place);
  nodes_.emplace(name, std::move(draft));
  scenario_.inhabitants.emplace_back(NodeSetup{name, {}, {}});
}

void Declarations::read_proxy(NodeDraft& draft, Words& words) {
  Piece word = words.next("'stateful', 'call-stateful' or 'stateless'");
  const auto mode = parse_proxy_mode(word.text);
  if (!mode) unknown(word, "a mode", proxy_mode_names());
  draft.options.config.proxy.mode = *mode;
  while (!words.at_end()) draft.options.apply(words.next("an option"));
  if (draft.options.config.listeners.empty()) {
    throw Wrong{words.rest().place, "expected an address such as 192.0.2.1:5060"};
  }
}

// node NAME config [FILE] [address=192.0.2.1,2001:db8::1] [options that no configuration has] ["""]
void Declarations::read_whole(NodeDraft& draft, Words& words) {
  std::optional<ConfigSource> source;
  OptionsOnce options;
  while (auto word = words.next_if_any()) {
    const std::string key = word->text.substr(0, word->text.find('='));
    if (key == "address") options.add(*word);
    if (word->text == "\"\"\"" && !source && !line_->blocks.empty()) {
      source = ConfigSource{std::move(line_->blocks.front().text), "", line_->blocks.front().place};
    } else if (key == "address") {
      for (const std::string& entry : parse_list(std::string_view(word->text).substr(8))) {
        const auto address = IpAddress::parse(entry);
        if (!address) wrong(*word, "address= with addresses such as 192.0.2.1");
        draft.addresses.push_back(*address);
      }
    } else if (key == "cert" || key == "!trusted" || key == "key" || key == "store") {
      draft.options.apply(*word);
    } else if (key != word->text || source) {
      wrong(*word, "address=, cert=, !trusted, key= or store=");
    } else {
      source = config_file(*word, place_.line);
    }
  }
  if (!source) throw Wrong{words.rest().place, "expected a file beside this one, or a block \"\"\"…\"\"\""};
  read_config(*source, draft.addresses, surroundings_, scenario_.origins, place_, draft.options);
}

ReloadLine Declarations::read_reload(LineHead head, const Piece& name, Words& words, LogicalLine& line) {
  const auto draft = nodes_.find(name.text);
  if (draft == nodes_.end()) wrong(name, "a node's name");
  if (!draft->second.options.is_whole) {
    throw Wrong{name.place, "'" + name.text + "' has no configuration that it could read again: write 'node " +
                                name.text + " config'"};
  }
  const Piece word = words.next("a file beside this one, or a block \"\"\"…\"\"\"");
  const bool is_block = word.text == "\"\"\"" && !line.blocks.empty();
  const ConfigSource source = is_block ? ConfigSource{line.blocks.front().text, "", line.blocks.front().place}
                                       : config_file(word, head.place.line);
  NodeOptions options = draft->second.options;
  read_config(source, draft->second.addresses, surroundings_, scenario_.origins, head.place, options);
  options.finish();
  if (const std::string problem = problem_with(options.config); !problem.empty()) throw Wrong{head.place, problem};
  if (!reload_) reload_ = head.place;
  return {std::move(head), name.text, std::move(options.config)};
}

ConfigSource Declarations::config_file(const Piece& path, std::size_t line) const {
  const auto file = beside(scenario_.origins.file_of(line), path.text);
  if (!file) wrong(path, "a path relative to this file");
  auto text = surroundings_.read_file(*file);
  if (!text) throw Wrong{path.place, "cannot read '" + path.text + "': " + text.error()};
  return {*std::move(text), *file, {}};
}

Declarations::Draft Declarations::read_user_agent(Words& words, std::string_view what) {
  Draft draft;
  draft.setup.name = declare(words, what);
  std::optional<Transport> transport;
  OptionsOnce options;
  while (auto word = words.next_if_any()) {
    std::string_view text = word->text;
    const bool is_address = text.find(";transport=") != std::string_view::npos || parse_address(text, 1);
    if (!is_address && !text.starts_with("cert=")) options.add(*word);
    if (text.starts_with("transport=")) {
      transport = parse_transport(text.substr(10));
      if (!transport) wrong(*word, "transport=udp, tcp, tls, ws or wss");
    } else if (text.starts_with("cert=")) {
      draft.setup.tls.certificates.push_back(parse_certificate({std::string(text.substr(5)), word->place}));
    } else if (text == "!trusted") {
      draft.setup.tls.trusted = false;
    } else if (text == "rport") {
      draft.setup.rport = true;
    } else if (text == "outbound" || text == "old-ack") {
      draft.options.push_back(*word);
    } else if (text.starts_with("aor=")) {
      draft.setup.address_of_record = text.substr(4);
      auto uri = Uri::parse(draft.setup.address_of_record);
      if (!uri || !uri->is_sip()) wrong(*word, "aor= with a SIP URI");
    } else if (text.starts_with("password=")) {
      draft.setup.login.password = text.substr(9);
    } else if (text.starts_with("user=")) {
      draft.setup.login.user = text.substr(5);
    } else if (text.find('=') != std::string_view::npos && text.find(";transport=") == std::string_view::npos) {
      draft.options.push_back(*word);
    } else {
      draft.setup.sockets.push_back(parse_socket(*word));
    }
  }
  if (draft.setup.sockets.empty()) throw Wrong{words.rest().place, "expected an address such as 192.0.2.10:5060"};
  if (transport) draft.setup.sockets.front().transport = *transport;
  claim(draft.setup.sockets, place_);
  return draft;
}

void Declarations::read_party(Words& words) {
  Draft draft = read_user_agent(words, "the party's name");
  if (!draft.options.empty()) {
    unknown_option(draft.options.front(), "an address or an option of a party",
                   {user_agent_options.begin(), user_agent_options.end()});
  }
  parties_.insert(draft.setup.name);
  contacts_.emplace(draft.setup.name, contact_of(draft.setup));
  scenario_.inhabitants.emplace_back(std::move(draft.setup));
}

void Declarations::read_auto(Words& words) {
  AgentDeclaration agent;
  Draft draft = read_user_agent(words, "the user agent's name");
  for (const Piece& option : draft.options) apply_manner(agent, option);
  agent.setup = std::move(draft.setup);
  agent.setup.rport = agent.setup.rport || agent.manners.outbound;
  agents_.insert(agent.setup.name);
  contacts_.emplace(agent.setup.name, contact_of(agent.setup));
  scenario_.inhabitants.emplace_back(std::move(agent));
}

void Declarations::apply_manner(AgentDeclaration& agent, const Piece& option) {
  std::size_t equals = option.text.find('=');
  std::string key = option.text.substr(0, equals);
  std::string value = option.text.substr(equals + 1);
  auto duration = [&] { return duration_of({value, option.place}); };
  if (option.text == "outbound") {
    agent.manners.outbound = true;
  } else if (option.text == "old-ack") {
    agent.manners.old_ack = true;
  } else if (key == "rings-after") {
    agent.manners.rings_after = duration();
  } else if (key == "answers-after") {
    agent.manners.answers_after = duration();
  } else if (key == "hangs-up-after") {
    agent.manners.talks_for = duration();
  } else if (key == "rejects") {
    auto status = parse_decimal<int>(value);
    if (!status || *status < 300 || *status > 699) wrong(option, "rejects= with a status from 300 to 699");
    agent.manners.rejects_with = *status;
  } else if (key == "expires" || key == "session-expires") {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(duration());
    if (whole != duration() || whole.count() == 0) wrong(option, "whole seconds, and some");
    (key == "expires" ? agent.manners.expires : agent.manners.session_expires) = whole;
  } else if (key == "registers") {
    if (!nodes_.contains(value) || nodes_.at(value).options.config.domains.empty()) {
      wrong(option, "registers= with a node that has a domain");
    }
    agent.registers_with = value;
  } else {
    std::vector<std::string> known(user_agent_options.begin(), user_agent_options.end());
    known.insert(known.end(), manners.begin(), manners.end());
    unknown_option(option, "an address or an option of an auto", known);
  }
}

std::string Declarations::contact_of(const PartySetup& setup) {
  return Party({setup.name, setup.address_of_record, setup.sockets.front()}).contact_uri();
}

// location [NODE] AOR = CONTACT[;q=0.7][;expires=60], …
void Declarations::read_location(Words& words) {
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
  std::size_t from = 0;
  for (const std::string& entry : split_outside_quotes(contacts.text, ',')) {
    from = contacts.text.find(entry, from);
    const Place place{contacts.place.line, contacts.place.column + from};
    scenario_.locations.push_back(location_of(node, aor.text, {entry, place}));
    from += entry.size();
  }
}

std::string Declarations::node_of_domain(const std::string& host, const Piece& aor) {
  for (const auto& [name, draft] : nodes_) {
    const auto& domains = draft.options.config.domains;
    if (std::ranges::find(domains, lowercase(host)) != domains.end()) return name;
  }
  throw Wrong{aor.place, "no node above has the domain " + host};
}

LocationDeclaration Declarations::location_of(const std::string& node, const std::string& aor, const Piece& entry) {
  LocationDeclaration location;
  location.node = node;
  location.address_of_record = aor;
  ValueParts parts = ValueParts::read(entry.text);
  auto contact = contacts_.find(parts.head);
  location.contact_uri = contact == contacts_.end() ? uri_of(parts.head) : contact->second;
  if (!Uri::parse(location.contact_uri)) wrong(entry, "a party above or a URI in angle brackets");
  std::set<std::string> said;
  for (const auto& parameter : parts.parameters) {
    std::string value = parameter.value.value_or("");
    if (!said.insert(parameter.name).second) {
      throw Wrong{entry.place, '\'' + parameter.name + "' stands in this contact twice"};
    }
    if (parameter.name == "q") {
      auto q = parse_duration(value);  // three decimals at most: the same digits
      if (!q || *q > std::chrono::seconds(1) || q->count() % 1000 != 0)
        wrong(entry, "q from 0 to 1, with at most three decimals");
      location.q_thousandths = static_cast<int>(q->count() / 1000);
    } else if (parameter.name == "expires") {
      location.expires = std::chrono::duration_cast<std::chrono::seconds>(duration_of({value, entry.place}));
    } else {
      wrong(entry, "q= or expires=");
    }
  }
  return location;
}

Declarations::NodeDraft& Declarations::node_of_rules(const Piece& name) {
  auto draft = nodes_.find(name.text);
  if (draft == nodes_.end()) wrong(name, "the name of a node above");
  if (draft->second.options.is_whole) {
    throw Wrong{name.place, "'" + name.text + "' has a whole configuration: its rules stand there"};
  }
  return draft->second;
}

void Declarations::read_rule(Words& words) {
  NodeDraft& draft = node_of_rules(words.next("a node's name"));
  PlacedRule placed = parse_rule(words, draft.rules.size() + 1);
  std::vector<std::string> names;
  for (const ListenerConfig& listener : draft.options.config.listeners) names.push_back(listener.name);
  for (const std::string& name : placed.rule.when.listeners) {
    if (std::ranges::find(names, name) == names.end())
      unknown({name, placed.listener}, "a listener of the node", names);
  }
  draft.rules.push_back(std::move(placed));
}

void Declarations::read_policy(Words& words) {
  NodeDraft& draft = node_of_rules(words.next("a node's name"));
  parse_policy(keyword_, words, draft.options.config);
}

// users NODE REALM [options] NAME:PASSWORD …, or, of a whole configuration, users NODE AUTH NAME:PASSWORD …
void Declarations::read_users(Words& words) {
  const Piece name = words.next("a node's name");
  if (const auto whole = nodes_.find(name.text); whole != nodes_.end() && whole->second.options.is_whole) {
    NodeOptions& options = whole->second.options;
    return options.users.push_back(parse_stored_users(words, options.config));
  }
  NodeDraft& draft = node_of_rules(name);
  const Place realm_place = Words(words).rest().place;
  auto [realm, store] = parse_users(words);
  std::vector<DigestRealm>& realms = draft.options.config.auth;
  if (std::ranges::find(realms, realm.name, &DigestRealm::name) != realms.end()) {
    throw Wrong{realm_place, "the realm '" + realm.name + "' is there already"};
  }
  if (!store.empty()) {
    realm.is_outside = true;
    draft.options.users.push_back({store, realm.name, realm.realm, std::exchange(realm.users, {})});
    UserStoreConfig outside{.auth = realm.name, .store = {}};
    outside.store.kind = StoreConfig::Kind::Redis;
    draft.options.config.user_stores.push_back(std::move(outside));
  }
  realms.push_back(std::move(realm));
}

}  // namespace intermediary::sim
