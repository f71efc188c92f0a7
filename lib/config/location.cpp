// [location]: where bindings are kept.
#include <algorithm>

#include "base/percent.h"
#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"

namespace intermediary {

namespace {

constexpr std::string_view redis_scheme = "redis://";
constexpr std::size_t longest_prefix = 64;
constexpr std::string_view url_key = "'url' in [location]";

std::string wanted_url(std::string_view key, std::string_view what) {
  return std::string(key) + " " + std::string(what) + ", such as \"redis://192.0.2.5:6379/0\"";
}

void read_redis(TableReader& location, StoreConfig& store) {
  if (const auto url = location.text("url")) {
    if (const std::string problem = read_redis_url(url->value, url_key, store); !problem.empty()) {
      location.problems().error(url->at, problem);
    }
  } else if (!location.has("url")) {
    location.problems().error(location.at(), wanted_url(url_key, "is missing: where Redis is"));
  }
  read_redis_prefix(location, store);
}

void read_sqlite(TableReader& location, const ConfigSurroundings& surroundings, StoreConfig& store) {
  const auto path = location.text("path");
  if (path && !path->value.empty()) {
    store.file = placed_file(path->value, surroundings);
  } else if (path || !location.has("path")) {
    location.problems().error(path ? path->at : location.at(),
                              "'path' in [location] is missing: the file of the SQLite database");
  }
}

void refuse_of_others(TableReader& location, StoreConfig::Kind kind) {
  using enum StoreConfig::Kind;
  const std::pair<std::string, StoreConfig::Kind> owned[] = {{"path", Sqlite}, {"url", Redis}, {"prefix", Redis}};
  for (const auto& [key, owner] : owned) {
    const std::string name = owner == Sqlite ? "sqlite" : "redis";
    if (kind == owner || !location.has(key)) continue;
    location.text(key);
    location.problems().error(location.key_at(key), "'" + key + "' in [location] is for store = \"" + name + "\"");
  }
  if (kind != Memory || !location.has("timeout")) return;
  location.problems().error(location.key_at("timeout"),
                            "'timeout' in [location] is for a store outside of the process");
}

}  // namespace

std::string read_redis_url(std::string_view url, std::string_view what, StoreConfig& store) {
  if (!url.starts_with(redis_scheme)) return wanted_url(what, "must begin with 'redis://'");
  url.remove_prefix(redis_scheme.size());
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
    const auto password = percent_decoded(url.substr(0, at));
    if (!password || !password->starts_with(':') || password->size() < 2) {
      return wanted_url(what, "has no user before its '@', but a colon and the password");
    }
    store.password = password->substr(1);
    url.remove_prefix(at + 1);
  }
  if (const std::size_t slash = url.find('/'); slash != std::string_view::npos) {
    const auto database = parse_decimal<std::uint32_t>(url.substr(slash + 1));
    if (!database || *database > range::redis_database.most) {
      return wanted_url(what, "ends with a '/' and the number of a database");
    }
    store.database = *database;
    url = url.substr(0, slash);
  }
  const auto host = parse_host_port(url);
  if (!host) return wanted_url(what, "names no host with a port");
  store.host = host->host;
  if (store.host.starts_with('[')) store.host = store.host.substr(1, store.host.size() - 2);
  store.port = host->port.value_or(store.port);
  return {};
}

void read_redis_prefix(TableReader& reader, StoreConfig& store) {
  const auto prefix = reader.text("prefix");
  if (!prefix) return;
  const bool printable = std::ranges::all_of(prefix->value, [](char c) { return c > ' ' && c <= '~'; });
  if (printable && !prefix->value.empty() && prefix->value.size() <= longest_prefix) {
    store.prefix = prefix->value;
    return;
  }
  reader.problems().error(prefix->at, reader.naming("prefix") + " must be 1 to " + std::to_string(longest_prefix) +
                                          " printable ASCII characters without spaces");
}

void read_location(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft) {
  StoreConfig& store = draft.config.store;
  std::optional<TableReader> location = top.table("location", "[location]");
  if (!location) return;
  draft.store = location->at();
  if (const auto kind = location->word("store", {"memory", "sqlite", "redis"})) {
    store.kind = static_cast<StoreConfig::Kind>(*kind);
  }
  refuse_of_others(*location, store.kind);
  location->duration("timeout", store.timeout, range::store_timeout);
  if (store.kind == StoreConfig::Kind::Redis) read_redis(*location, store);
  if (store.kind == StoreConfig::Kind::Sqlite) read_sqlite(*location, surroundings, store);
  location->finish();
}

}  // namespace intermediary
