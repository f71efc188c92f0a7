#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"
#include "message/uri.h"
#include "routing/route_json.h"

namespace intermediary {
namespace {

constexpr std::string_view usual_source = "192.0.2.250:5060";

// RFC 3339: "2026-03-29T03:00:00+02:00", "2026-03-29T01:00:00Z".
std::optional<WallTime> parse_moment(std::string_view text) {
  const auto number = [&](std::size_t at, std::size_t digits) -> std::optional<int> {
    if (text.size() < at + digits) return std::nullopt;
    const auto value = parse_decimal<std::uint16_t>(text.substr(at, digits));
    return value ? std::optional<int>(*value) : std::nullopt;
  };
  constexpr std::string_view shape = "    -  -  T  :  :  ";
  if (text.size() < shape.size()) return std::nullopt;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != ' ' && shape[i] != text[i]) return std::nullopt;
  }
  const auto year = number(0, 4), month = number(5, 2), day = number(8, 2);
  const auto hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  WallTime time = std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
                  std::chrono::seconds(*second);
  const std::string_view zone = text.substr(shape.size());
  if (zone == "Z") return time;
  const auto hours = number(shape.size() + 1, 2), minutes = number(shape.size() + 4, 2);
  const bool good = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':' && hours && minutes;
  if (!good || *hours > 23 || *minutes > 59) return std::nullopt;
  const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return zone[0] == '+' ? time - offset : time + offset;
}

void read_moment(TableReader& reader, TestBlock& block) {
  const auto text = reader.text("time");
  if (!text) return;
  block.time = parse_moment(text->value);
  if (!block.time) {
    reader.problems().error(text->at, reader.naming("time") + " must be a time such as \"2026-03-29T03:00:00+02:00\"");
  }
}

void read_bindings(TableReader& reader, TestBlock& block) {
  std::optional<TableReader> table = reader.table("location", "'location'");
  if (!table) return;
  for (const auto& [aor, contact] : table->named_texts()) {
    const auto record = Uri::parse(aor.value), uri = Uri::parse(contact);
    if (record && uri && record->is_sip()) {
      block.bindings.emplace_back(aor.value, contact);
    } else {
      table->problems().error(aor.at,
                              "'location' takes addresses of record and contacts, such as "
                              "{ \"sip:bob@example.com\" = \"sip:bob@192.0.2.4\" }");
    }
  }
  table->finish();
}

// Strictly, for an answer that is none shows nothing but the fallback. ENUM has no such answers.
void read_answers(TableReader& reader, const Config& config, TestBlock& block) {
  std::optional<TableReader> table = reader.table("answers", "'answers'");
  if (!table) return;
  std::vector<std::string> known;
  for (const RouteQuery& query : config.route_sources.queries) known.push_back(query.reference());
  for (const RoutingEngineUse& engine : config.route_sources.engines) known.push_back(engine.reference());
  for (const auto& [source, body] : table->named_texts()) {
    const auto answer = read_route_answer({.content_type = "application/json", .body = body});
    if (std::ranges::find(known, source.value) == known.end()) {
      table->problems().error(source.at, "'answers' takes what a route query or an engine says, and there is no '" +
                                             source.value + "'" +
                                             (known.empty() ? std::string() : suggestion(source.value, known)));
    } else if (!answer) {
      table->problems().error(source.at, "'answers' of " + source.value + ": " + answer.error());
    } else {
      block.answers.emplace_back(source.value, body);
    }
  }
  table->finish();
}

void read_listener(TableReader& send, const Config& config, TestRequest& request) {
  const auto name = send.text("listener");
  if (!name) return;
  std::vector<std::string> names;
  for (const ListenerConfig& listener : config.listeners) names.push_back(listener.name);
  const auto found = std::ranges::find(names, name->value);
  if (found == names.end()) {
    send.problems().error(name->at,
                          "there is no listener named '" + name->value + "'" + suggestion(name->value, names));
  } else {
    request.listener = static_cast<std::size_t>(found - names.begin());
  }
}

void read_source(TableReader& send, TestRequest& request) {
  request.source = *Endpoint::parse(usual_source);
  const auto text = send.text("source");
  if (!text) return;
  if (const auto endpoint = Endpoint::parse(text->value)) {
    request.source = *endpoint;
  } else if (const auto address = IpAddress::parse(text->value)) {
    request.source = {*address, 5060};
  } else {
    send.problems().error(text->at, "'" + text->value + "' is not an address such as '10.0.0.7' or '10.0.0.7:5060'");
  }
}

std::string read_uri_text(TableReader& send, std::string_view key, std::string usual) {
  const auto text = send.text(key);
  if (!text) return usual;
  if (const auto uri = Uri::parse(text->value); !uri) {
    send.problems().error(text->at, send.naming(key) + ": " + uri.error().detail);
  }
  return text->value;
}

void read_send(TableReader& reader, const Config& config, TestRequest& request) {
  std::optional<TableReader> send = reader.table("send", "'send'");
  if (!send) {
    if (!reader.has("send")) reader.problems().error(reader.at(), "a test needs 'send': the request that comes in");
    return;
  }
  read_listener(*send, config, request);
  read_source(*send, request);
  const auto method = send->text("method");
  request.method = method ? method->value : "INVITE";
  if (!is_token(request.method)) {
    send->problems().error(method->at, "'" + request.method + "' is not a method (RFC 3261 §25.1: a token)");
  }
  request.ruri = read_uri_text(*send, "ruri", {});
  if (!send->has("ruri")) send->problems().error(send->at(), send->naming("ruri") + " is missing: what is asked for");
  request.from = read_uri_text(*send, "from", "sip:tester@example.invalid");
  request.to = read_uri_text(*send, "to", request.ruri);
  if (std::optional<TableReader> headers = send->table("header", "'header'")) {
    for (const auto& [name, value] : headers->named_texts()) {
      if (!is_token(name.value) || value.find_first_of("\r\n") != std::string::npos) {
        headers->problems().error(name.at, "'" + name.value + "' is no header field, or its value has several lines");
      }
      request.headers.emplace_back(name.value, value);
    }
    headers->finish();
  }
  send->finish();
}

void read_wished_text(TableReader& want, std::string_view key, std::optional<std::string>& target) {
  if (const auto text = want.text(key)) target = text->value;
}

// A name that the configuration does not have would never be met.
void check_wished(TableReader& want, std::string_view key, const std::optional<std::string>& wished,
                  const std::vector<std::string>& names) {
  if (!wished || std::ranges::find(names, *wished) != names.end()) return;
  want.problems().error(want.key_at(key), want.naming(key) + ": there is no '" + *wished + "'" +
                                              (names.empty() ? std::string() : suggestion(*wished, names)));
}

void read_want(TableReader& reader, const Config& config, TestWish& wish) {
  std::optional<TableReader> want = reader.table("want", "'want'");
  if (!want) {
    if (!reader.has("want")) reader.problems().error(reader.at(), "a test needs 'want': what must become of it");
    return;
  }
  if (want->has("status")) {
    int status = 0;
    want->integer("status", status, 100, 699);
    wish.status = status;
  } else {
    want->ignore("status");
  }
  want->boolean("dropped", wish.dropped);
  read_wished_text(*want, "rule", wish.rule);
  read_wished_text(*want, "trunk", wish.trunk);
  read_wished_text(*want, "pool", wish.pool);
  read_wished_text(*want, "peer", wish.peer);
  read_wished_text(*want, "ruri", wish.ruri);
  read_wished_text(*want, "next_hop", wish.next_hop);
  read_fields(*want, wish.headers);
  want->finish();
  std::vector<std::string> rules, trunks, pools, peers;
  for (const Rule& rule : config.rules) rules.push_back(rule.name);
  for (const PeerGroupConfig& group : config.groups) {
    (group.kind == PeerGroupConfig::Kind::Trunk ? trunks : pools).push_back(group.name);
    for (const PeerConfig& peer : group.peers) peers.push_back(peer.name);
  }
  check_wished(*want, "rule", wish.rule, rules);
  check_wished(*want, "trunk", wish.trunk, trunks);
  check_wished(*want, "pool", wish.pool, pools);
  check_wished(*want, "peer", wish.peer, peers);
  if (want->keys().empty()) reader.problems().error(want->at(), "'want' is empty: such a test cannot fail");
}

}  // namespace

std::vector<TestBlock> read_tests(TableReader& top, const Config& config) {
  std::vector<TestBlock> tests;
  if (!top.has("test")) {
    top.ignore("test");
    return tests;
  }
  for (TableReader& reader : top.tables("test", "[[test]]")) {
    TestBlock block{.name = {}, .at = reader.at()};
    if (const auto name = reader.text("name")) block.name = name->value;
    if (!reader.has("name")) reader.problems().error(reader.at(), "a test needs a 'name': what it shows");
    read_moment(reader, block);
    read_bindings(reader, block);
    read_answers(reader, config, block);
    read_send(reader, config, block.send);
    read_want(reader, config, block.want);
    reader.finish();
    tests.push_back(std::move(block));
  }
  return tests;
}

}  // namespace intermediary
