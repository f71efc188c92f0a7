// What rules name: [times.NAME], [acl.NAME], [list.NAME], [limit.NAME]; and [trust].
#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "config/draft.h"
#include "config/policy_words.h"
#include "config/words.h"
#include "config/zones.h"

namespace intermediary {
namespace {

using std::chrono::minutes;

// Those whose names are names; the others are reported.
std::vector<std::pair<std::string, TableReader>> well_named(TableReader& top, const std::string& key, Draft& draft) {
  std::vector<std::pair<std::string, TableReader>> tables;
  for (auto& [name, reader] : top.named_tables(key)) {
    if (is_token(name.value)) {
      tables.emplace_back(name.value, reader);
      draft.policies.emplace_back(key + '.' + name.value, reader.at());
    } else {
      top.problems().error(name.at, "'" + name.value + "' is not a name: use letters, digits, '-', '.' and '_'");
    }
  }
  return tables;
}

// ---- times

void read_time_of_day(TableReader& reader, std::string_view key, minutes& target) {
  const std::optional<Placed<std::string>> given = reader.text(key);
  if (!given) return;
  const auto time = parse_time_of_day(given->value);
  if (time) {
    target = *time;
  } else {
    reader.problems().error(given->at, reader.naming(key) + ": " + time.error());
  }
}

TimeWindow read_window(TableReader& reader) {
  TimeWindow window;
  std::uint8_t days = 0;
  for (const Placed<std::string>& given : reader.texts("days")) {
    const auto some = parse_days(given.value);
    if (some) {
      days |= *some;
    } else {
      reader.problems().error(given.at, reader.naming("days") + ": " + some.error());
    }
  }
  if (days != 0) window.days = days;
  read_time_of_day(reader, "from", window.from);
  read_time_of_day(reader, "to", window.to);
  if (window.from == window.to) {
    reader.problems().error(reader.at(), "'from' and 'to' are one time: a whole day has neither");
  }
  for (const Placed<std::string>& given : reader.texts("dates")) {
    const auto range = parse_dates(given.value);
    if (range) {
      window.dates.push_back(*range);
    } else {
      reader.problems().error(given.at, reader.naming("dates") + ": " + range.error());
    }
  }
  return window;
}

void read_zone(TableReader& reader, const ConfigSurroundings& surroundings, TimeTable& table) {
  const std::optional<Placed<std::string>> name = reader.text("zone");
  if (!name) {
    if (!reader.has("zone")) {
      reader.problems().error(reader.at(), reader.naming("zone") + " is missing, such as \"Europe/Amsterdam\"");
    }
    return;
  }
  auto zone = surroundings.zone ? surroundings.zone(name->value) : system_zone(name->value);
  if (zone) {
    table.zone = *std::move(zone);
  } else {
    reader.problems().error(name->at, reader.naming("zone") + ": " + zone.error());
  }
}

void read_times_table(const std::string& name, TableReader& reader, const ConfigSurroundings& surroundings,
                      Draft& draft) {
  TimeTable table{.name = name, .zone = {}, .windows = {}};
  read_zone(reader, surroundings, table);
  const bool alone = reader.has("days") || reader.has("from") || reader.has("to") || reader.has("dates");
  if (alone && reader.has("windows")) {
    reader.problems().error(reader.key_at("windows"), "days, hours and dates stand within 'windows', or beside 'zone'");
  }
  TimeWindow window = read_window(reader);
  for (TableReader& one : reader.tables("windows", "'windows'")) {
    table.windows.push_back(read_window(one));
    one.finish();
  }
  if (!reader.has("windows")) table.windows.push_back(std::move(window));
  reader.finish();
  draft.config.times.push_back(std::move(table));
}

// ---- access lists

void read_prefixes(TableReader& reader, std::string_view key, std::vector<Cidr>& target) {
  for (const Placed<std::string>& given : reader.texts(key)) {
    const bool has_lines = given.value.contains('\n');
    for_each_entry(given.value, [&](std::string_view entry, std::size_t line) {
      const std::optional<Cidr> prefix = Cidr::parse(entry);
      if (prefix) return target.push_back(*prefix);
      reader.problems().error(
          given.at, reader.naming(key) + (has_lines ? ", its line " + std::to_string(line) : std::string()) + ": '" +
                        std::string(entry) + "' is not an address or a prefix such as '10.0.0.0/8'");
    });
  }
}

void read_access_list(const std::string& name, TableReader& reader, Draft& draft) {
  AccessList list{.name = name, .allow = {}, .deny = {}};
  read_prefixes(reader, "allow", list.allow);
  read_prefixes(reader, "deny", list.deny);
  if (const auto word = reader.word("otherwise", {"deny", "allow"})) list.otherwise = *word == 1;
  if (!reader.has("allow") && !reader.has("deny")) {
    reader.problems().error(reader.at(), "[acl." + name + "] needs 'allow' or 'deny'");
  }
  reader.finish();
  for (std::vector<Cidr>* prefixes : {&list.allow, &list.deny}) {
    std::ranges::sort(*prefixes);
    const auto again = std::ranges::unique(*prefixes);
    prefixes->erase(again.begin(), again.end());
  }
  std::vector<Cidr> both;
  std::ranges::set_intersection(list.allow, list.deny, std::back_inserter(both));
  if (!both.empty()) {
    reader.problems().error(reader.at(),
                            "[acl." + name + "]: '" + both.front().to_string() + "' stands in 'allow' and in 'deny'");
  }
  draft.config.access_lists.push_back(std::move(list));
}

// ---- users and domains

void read_party_list(const std::string& name, TableReader& reader, Draft& draft) {
  PartyList list;
  list.name = name;
  for (const Placed<std::string>& given : reader.texts("entries")) {
    const bool has_lines = given.value.contains('\n');
    for_each_entry(given.value, [&](std::string_view entry, std::size_t line) {
      auto kept = PartyList::canonical(entry);
      if (kept) return list.entries.push_back(*std::move(kept));
      reader.problems().error(given.at, reader.naming("entries") +
                                            (has_lines ? ", its line " + std::to_string(line) : std::string()) + ": " +
                                            kept.error());
    });
  }
  if (!reader.has("entries")) {
    reader.problems().error(reader.at(), "[list." + name + "] needs 'entries', such as [\"alice@example.com\"]");
  }
  if (list.entries.size() > limit::parties_in_a_list) {
    reader.problems().error(reader.key_at("entries"), reader.naming("entries") + " has more than " +
                                                          std::to_string(limit::parties_in_a_list) + " entries");
  }
  reader.finish();
  list.arrange();
  draft.config.lists.push_back(std::move(list));
}

// ---- rate limits

void read_rate_limit(const std::string& name, TableReader& reader, Draft& draft) {
  RateLimit limit{.name = name};
  constexpr RateLimit::Per whose[] = {RateLimit::Per::Everybody, RateLimit::Per::Source, RateLimit::Per::User,
                                      RateLimit::Per::Trunk};
  if (const auto per = reader.word("per", {"global", "source", "user", "trunk"})) {
    limit.per = whose[*per];
  } else if (!reader.has("per")) {
    reader.problems().error(reader.at(),
                            reader.naming("per") + " is missing: \"global\", \"source\", \"user\" or \"trunk\"");
  }
  if (const std::optional<Placed<std::string>> rate = reader.text("rate")) {
    const std::string problem = read_rate(rate->value, limit);
    if (!problem.empty()) reader.problems().error(rate->at, reader.naming("rate") + ": " + problem);
  } else if (!reader.has("rate")) {
    reader.problems().error(reader.at(), reader.naming("rate") + " is missing, such as \"20/s\"");
  }
  limit.burst = limit.count;
  reader.integer("burst", limit.burst, 1, limit::rate_tokens);
  reader.integer("status", limit.status, 400, 699);
  reader.finish();
  draft.config.rate_limits.push_back(std::move(limit));
}

// ---- trust

void read_trust(TableReader& reader, Draft& draft) {
  TrustConfig& trust = draft.config.trust;
  trust.applies = true;
  read_prefixes(reader, "peers", trust.peers);
  std::vector<std::string> names;
  names.reserve(draft.config.listeners.size());
  for (const ListenerConfig& listener : draft.config.listeners) names.push_back(listener.name);
  for (const Placed<std::string>& name : reader.texts("listeners")) {
    trust.listeners.push_back(name.value);
    if (std::ranges::find(names, name.value) != names.end()) continue;
    reader.problems().error(name.at, "there is no listener named '" + name.value + "'" + suggestion(name.value, names));
  }
  reader.finish();
}

}  // namespace

void read_policies(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft) {
  for (auto& [name, reader] : well_named(top, "times", draft)) read_times_table(name, reader, surroundings, draft);
  for (auto& [name, reader] : well_named(top, "acl", draft)) read_access_list(name, reader, draft);
  for (auto& [name, reader] : well_named(top, "list", draft)) read_party_list(name, reader, draft);
  for (auto& [name, reader] : well_named(top, "limit", draft)) read_rate_limit(name, reader, draft);
  if (auto reader = top.table("trust", "[trust]")) read_trust(*reader, draft);
}

}  // namespace intermediary
