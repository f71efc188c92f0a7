// The declarations of what lies between those who live in a world.
#include <algorithm>

#include "base/text.h"
#include "sim/declarations.h"
#include "sim/web_lines.h"
#include "sim/zone_lines.h"

namespace intermediary::sim {

// host NAME = ADDRESS[;transport=tcp], …
void Declarations::read_host(Words& words) {
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

void Declarations::read_dns(Words& words) { scenario_.zone.push_back(read_zone_change(words)); }

void Declarations::read_web(Words& words) { scenario_.web.push_back(read_web_change(words, line_->blocks)); }

void Declarations::read_initial_link(Words& words) {
  LinkLine line;
  line.head.place = place_;
  read_link(words, line);
  scenario_.links.push_back(std::move(line));
}

void Declarations::read_link(Words& words, LinkLine& line) {
  Piece a = words.next("a name or '*'");
  line.a = a.text;
  if (line.a != "*") {
    known(a);
    Piece b = words.next("the other end's name");
    known(b);
    if (a.text == b.text) throw Wrong{b.place, "a link has two ends, and '" + b.text + "' is one already"};
    line.b = b.text;
  }
  if (words.at_end()) throw Wrong{words.rest().place, "expected latency=, jitter=, loss=, duplicate= or reorder="};
  OptionsOnce options;
  while (auto word = words.next_if_any()) {
    apply_quality(line.change, *word);
    options.add(*word);
  }
}

StoreLine Declarations::read_store_line(LineHead head, Words& words) const {
  StoreLine line{std::move(head), {}, {}};
  std::vector<std::string> stores;
  for (const auto& [name, draft] : nodes_) {
    if (draft.options.config.store.is_outside() || !draft.options.store.empty()) {
      stores.push_back(draft.options.store.empty() ? name : draft.options.store);
    }
  }
  for (const auto& [name, draft] : nodes_) {
    for (const StoredUsers& users : draft.options.users) stores.push_back(users.store);
    for (const UserStoreConfig& users : draft.options.config.user_stores) {
      if (draft.options.is_whole) stores.push_back(users.auth);
    }
  }
  if (stores.empty()) throw Wrong{line.head.place, "no node above has a store: write store=durable or store=NAME"};
  const std::string wanted = "down, up or slow= with a duration";
  Piece what = words.next(wanted);
  if (const bool is_change = what.text == "down" || what.text == "up" || what.text.starts_with("slow="); !is_change) {
    if (std::ranges::find(stores, what.text) == stores.end()) unknown(what, "a store, " + wanted, stores);
    line.store = what.text;
    what = words.next(wanted);
  }
  if (what.text == "down" || what.text == "up") {
    line.change.is_down = what.text == "down";
  } else if (what.text.starts_with("slow=")) {
    line.change.latency = duration_of({what.text.substr(5), what.place});
  } else {
    wrong(what, wanted);
  }
  return line;
}

void Declarations::apply_quality(LinkChange& change, const Piece& word) {
  std::size_t equals = word.text.find('=');
  std::string key = word.text.substr(0, equals);
  Piece value{equals == std::string::npos ? "" : word.text.substr(equals + 1), word.place};
  auto share = [&] {
    auto parsed = parse_share(value.text);
    if (!parsed) wrong(word, "a share such as 10%");
    return *parsed;
  };
  if (key == "latency") {
    change.latency = duration_of(value);
  } else if (key == "jitter") {
    change.jitter = duration_of(value);
  } else if (key == "loss") {
    change.loss = share();
  } else if (key == "duplicate") {
    change.duplicate = share();
  } else if (key == "reorder") {
    change.reorder = share();
  } else {
    unknown_option(word, "what is to be said of the network", {"latency", "jitter", "loss", "duplicate", "reorder"});
  }
}

// ---- NAT boxes

namespace {

using Dependence = NatSetup::Dependence;

struct NatKind {
  std::string_view name;
  Dependence mapping;
  Dependence filtering;
};
// The names of RFC 3489, which say both at once.
constexpr NatKind nat_kinds[] = {{"full-cone", Dependence::None, Dependence::None},
                                 {"restricted", Dependence::None, Dependence::Address},
                                 {"port-restricted", Dependence::None, Dependence::AddressAndPort},
                                 {"symmetric", Dependence::AddressAndPort, Dependence::AddressAndPort}};

Dependence dependence_of(const Piece& word, std::string_view value) {
  if (value == "endpoint-independent") return Dependence::None;
  if (value == "address-dependent") return Dependence::Address;
  if (value == "address-and-port-dependent") return Dependence::AddressAndPort;
  wrong(word, "endpoint-independent, address-dependent or address-and-port-dependent");
}

void apply_nat_option(NatSetup& setup, const Piece& word) {
  const std::size_t equals = word.text.find('=');
  const std::string key = word.text.substr(0, equals);
  const std::string value = word.text.substr(equals + 1);
  if (key == "kind") {
    const auto kind = std::ranges::find(nat_kinds, value, &NatKind::name);
    if (kind == std::end(nat_kinds)) wrong(word, "kind=full-cone, restricted, port-restricted or symmetric");
    setup.mapping = kind->mapping;
    setup.filtering = kind->filtering;
  } else if (key == "mapping") {
    setup.mapping = dependence_of(word, value);
  } else if (key == "filtering") {
    setup.filtering = dependence_of(word, value);
  } else if (key == "timeout") {
    setup.timeout = duration_of({value, word.place});
  } else if (key == "tcp-timeout") {
    setup.tcp_timeout = duration_of({value, word.place});
  } else if (key == "hairpin") {
    if (value != "yes" && value != "no") wrong(word, "hairpin=yes or hairpin=no");
    setup.hairpin = value == "yes";
  } else {
    unknown_option(word, "an option of a NAT box",
                   {"kind", "mapping", "filtering", "timeout", "tcp-timeout", "hairpin"});
  }
}

}  // namespace

// nat NAME outside ADDRESS inside NAME,NAME [options]
void Declarations::read_nat(Words& words) {
  NatDeclaration nat;
  nat.setup.name = declare(words, "the NAT box's name");
  if (Piece word = words.next("'outside'"); word.text != "outside") wrong(word, "'outside'");
  const Piece address = words.next("an address such as 203.0.113.1");
  const auto outside = IpAddress::parse(address.text);
  if (!outside) wrong(address, "an address such as 203.0.113.1, without a port");
  const bool is_somebodys =
      std::ranges::any_of(sockets_, [&](const Socket& socket) { return socket.address.address == *outside; });
  if (is_somebodys || is_taken({*outside, 0})) throw Wrong{address.place, address.text + " is somebody's already"};
  nat.setup.outside = *outside;
  if (Piece word = words.next("'inside'"); word.text != "inside") wrong(word, "'inside'");
  OptionsOnce options;
  while (auto word = words.next_if_any()) {
    if (word->text.find('=') != std::string::npos) {
      options.add(*word);
      apply_nat_option(nat.setup, *word);
      continue;
    }
    for (std::string& name : parse_list(word->text)) {
      known({name, word->place});
      if (nats_.contains(name)) throw Wrong{word->place, "a NAT box stands behind no other"};
      if (!inside_.insert(name).second) throw Wrong{word->place, "'" + name + "' is behind a NAT box already"};
      nat.inside.push_back(std::move(name));
    }
  }
  if (nat.inside.empty()) throw Wrong{words.rest().place, "expected who is inside"};
  nats_.insert(nat.setup.name);
  scenario_.nats.push_back(std::move(nat));
}

// "p1 bob | alice carol" behind `partition`.
std::vector<std::vector<std::string>> Declarations::read_sides(Words& words) const {
  std::vector<std::vector<std::string>> sides(1);
  std::set<std::string> named;
  while (auto word = words.next_if_any()) {
    if (word->text == "|") {
      if (sides.back().empty()) wrong(*word, "somebody's name before '|'");
      sides.emplace_back();
      continue;
    }
    known(*word);
    if (!named.insert(word->text).second) throw Wrong{word->place, "'" + word->text + "' stands on a side already"};
    sides.back().push_back(word->text);
  }
  if (sides.size() < 2 || sides.back().empty())
    throw Wrong{words.rest().place, "expected names on both sides of a '|'"};
  return sides;
}

}  // namespace intermediary::sim
