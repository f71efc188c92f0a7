// [route_query.NAME], [enum.NAME] and [engine.NAME]: whom rules may ask where a request goes.
#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"
#include "transport/locate.h"

namespace intermediary {
namespace {

// "next", { reject = 503 } or { relay = "pool:app" }.
void read_fallback(TableReader& reader, std::string_view key, const Config& config, RouteFallback& fallback) {
  if (!reader.has_table(key)) {
    if (reader.word(key, {"next"})) fallback = NextRule{};
    return;
  }
  std::optional<TableReader> actions = reader.table(key, quote(key) + " of " + reader.name());
  if (!actions) return;
  const auto relay = read_relay(*actions, config);
  const auto reject = read_reject(*actions);
  check_reject_companions(*actions);
  actions->finish();
  if (actions->has("relay") == actions->has("reject")) {
    return actions->problems().error(actions->at(), actions->name() + " needs 'reject' or 'relay', one of them");
  }
  if (relay) fallback = *relay;
  if (actions->has("reject")) fallback = reject;
}

void read_header_names(TableReader& reader, std::vector<std::string>& names) {
  for (const Placed<std::string>& name : reader.texts("headers")) {
    if (!is_token(name.value)) {
      reader.problems().error(name.at, "'" + name.value + "' is no name of a header field");
    } else if (names.size() == limit::route_headers) {
      reader.problems().error(
          name.at, reader.naming("headers") + " has more than " + std::to_string(limit::route_headers) + " names");
      return;
    } else {
      names.push_back(name.value);
    }
  }
}

// What an HTTP request has anyway, or what decides where it ends.
bool is_ours(std::string_view name) {
  constexpr auto ours =
      std::to_array<std::string_view>({"host", "content-type", "content-length", "transfer-encoding", "connection",
                                       "accept-encoding", "upgrade", "te", "trailer", "expect"});
  return std::ranges::find(ours, lowercase(name)) != ours.end();
}

void read_http_headers(TableReader& reader, HttpFields& fields) {
  std::optional<TableReader> table = reader.table("http_headers", "'http_headers' of " + reader.name());
  if (!table) return;
  for (const auto& [name, value] : table->named_texts()) {
    const bool is_line = std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
    if (!is_token(name.value) || !is_line) {
      table->problems().error(name.at,
                              "'" + name.value + "' is no header field of HTTP, or its value is no line of ASCII");
    } else if (is_ours(name.value)) {
      table->problems().error(name.at, "'" + name.value + "' is what the HTTP client sees to itself");
    } else {
      fields.emplace_back(name.value, value);
    }
  }
  table->finish();
}

void read_url(TableReader& reader, HttpUrl& url) {
  const auto text = reader.text("url");
  if (!text) {
    if (!reader.has("url")) {
      reader.problems().error(reader.at(), reader.name() + " needs a 'url', such as \"https://routes.example.com/v1\"");
    }
    return;
  }
  auto parsed = HttpUrl::parse(text->value);
  if (parsed) {
    url = *std::move(parsed);
  } else {
    reader.problems().error(
        text->at, reader.naming("url") + " is no URL such as \"https://routes.example.com/v1\": " + parsed.error());
  }
}

template <class Source>
void keep(std::vector<Source>& all, Source source, TableReader& reader) {
  reader.finish();
  all.push_back(std::move(source));
}

bool is_source_name(const Placed<std::string>& name, Problems& problems) {
  if (is_token(name.value)) return true;
  problems.error(name.at, "'" + name.value + "' is not a name: use letters, digits, '-', '.' and '_'");
  return false;
}

void read_query(const Placed<std::string>& name, TableReader& reader, Config& config) {
  RouteQuery query{.name = name.value, .url = {}};
  read_url(reader, query.url);
  reader.duration("timeout", query.timeout, range::route_timeout);
  read_header_names(reader, query.headers);
  read_http_headers(reader, query.fields);
  reader.integer("failures", query.failures, range::in_a_row);
  reader.duration("rest", query.rest, range::half_open);
  read_fallback(reader, "on_failure", config, query.on_failure);
  keep(config.route_sources.queries, std::move(query), reader);
}

void read_suffixes(TableReader& reader, std::vector<std::string>& suffixes) {
  for (const Placed<std::string>& text : reader.texts("suffixes")) {
    const auto suffix = dns_name(text.value);
    constexpr std::size_t most = 16;
    if (!suffix) {
      reader.problems().error(text.at, "'" + text.value + "' is no domain such as 'e164.arpa'");
    } else if (std::ranges::find(suffixes, *suffix) != suffixes.end()) {
      reader.problems().error(text.at, "'" + text.value + "' stands here twice");
    } else if (suffixes.size() == most) {
      reader.problems().error(text.at, reader.naming("suffixes") + " has more than 16");
      return;
    } else {
      suffixes.push_back(*suffix);
    }
  }
  if (!reader.has("suffixes")) suffixes = {"e164.arpa"};
}

void read_zone(const Placed<std::string>& name, TableReader& reader, Config& config) {
  EnumZone zone{.name = name.value, .suffixes = {}};
  read_suffixes(reader, zone.suffixes);
  reader.duration("timeout", zone.timeout, range::route_timeout);
  read_fallback(reader, "on_failure", config, zone.on_failure);
  read_fallback(reader, "not_found", config, zone.not_found);
  keep(config.route_sources.zones, std::move(zone), reader);
}

void read_engine(const Placed<std::string>& name, TableReader& reader, Config& config) {
  RoutingEngineUse engine{.name = name.value};
  reader.duration("timeout", engine.timeout, range::route_timeout);
  read_header_names(reader, engine.headers);
  read_fallback(reader, "on_failure", config, engine.on_failure);
  keep(config.route_sources.engines, std::move(engine), reader);
}

}  // namespace

void read_route_sources(TableReader& top, Draft& draft) {
  using Read = void (*)(const Placed<std::string>&, TableReader&, Config&);
  constexpr std::pair<const char*, Read> sections[] = {
      {"route_query", &read_query}, {"enum", &read_zone}, {"engine", &read_engine}};
  for (const auto& [section, read] : sections) {
    for (auto& [name, reader] : top.named_tables(section)) {
      draft.route_sources.push_back(std::string(section) + ":" + name.value);
      draft.route_source_places.push_back(name.at);
      if (is_source_name(name, reader.problems())) read(name, reader, draft.config);
    }
  }
}

std::optional<AskAction> read_ask(TableReader& actions, const Draft& draft) {
  const std::optional<Placed<std::string>> source = actions.text("ask");
  if (!source) return std::nullopt;
  const std::vector<std::string>& known = draft.route_sources;
  if (std::ranges::find(known, source->value) != known.end()) return AskAction{.source = source->value};
  const std::size_t colon = source->value.find(':');
  constexpr auto kinds = std::to_array<std::string_view>({"route_query", "enum", "engine"});
  if (colon == std::string::npos || std::ranges::find(kinds, source->value.substr(0, colon)) == kinds.end()) {
    actions.problems().error(source->at, "'ask' takes 'route_query:NAME', 'enum:NAME' or 'engine:NAME', not '" +
                                             source->value + "'" +
                                             (known.empty() ? "" : suggestion(source->value, known)));
  } else {
    actions.problems().error(source->at, "there is no [" + source->value.substr(0, colon) + "." +
                                             source->value.substr(colon + 1) + "] to ask" +
                                             (known.empty() ? "" : suggestion(source->value, known)));
  }
  return std::nullopt;
}

}  // namespace intermediary
