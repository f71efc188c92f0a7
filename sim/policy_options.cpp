// The words behind `times`, `acl`, `list` and `limit`, what rules of a node name, and `trust`.
#include <algorithm>
#include <functional>

#include "config/policy_words.h"
#include "config/zones.h"
#include "sim/node_options.h"
#include "sim/option_value.h"

namespace intermediary::sim {
namespace {

template <class Result>
auto read_or_refuse(std::expected<Result, std::string> read, const Place& place) {
  if (!read) throw Wrong{place, read.error()};
  return *std::move(read);
}

using Option = std::function<void(const OptionValue&)>;

// "key=value" words to the end of the line.
void read_options(Words& words, std::string_view what, const std::map<std::string, Option, std::less<>>& options) {
  OptionsOnce once;
  while (const auto word = words.next_if_any()) {
    const auto option = key_and_value(word->text);
    const auto known = option ? options.find(option->key) : options.end();
    if (known == options.end()) {
      std::vector<std::string> names;
      names.reserve(options.size());
      for (const auto& [name, reader] : options) names.push_back(name);
      unknown_option(*word, what, names);
    }
    once.add(*word);
    known->second({option->value, word->place});
  }
}

template <class Named>
void is_new(const std::vector<Named>& all, const Piece& name, std::string_view what) {
  const bool there = std::ranges::any_of(all, [&](const Named& one) { return one.name == name.text; });
  if (there) throw Wrong{name.place, std::string(what) + " '" + name.text + "' is there already"};
}

Piece name_of_policy(Words& words) {
  Piece name = words.next("a name");
  if (!is_token(name.text)) wrong(name, "a name");
  return name;
}

// Each line is a window; the first has the zone.
void parse_times(Words& words, Config& config) {
  const Piece name = name_of_policy(words);
  const Place place = name.place;
  auto table = std::ranges::find_if(config.times, [&](const TimeTable& t) { return t.name == name.text; });
  const bool is_first = table == config.times.end();
  bool has_zone = false;
  if (is_first) {
    config.times.push_back(TimeTable{.name = name.text, .zone = {}, .windows = {}});
    table = std::prev(config.times.end());
  }
  TimeWindow window;
  read_options(
      words, "an option of 'times'",
      {{"zone",
        [&](const OptionValue& v) {
          if (!is_first) throw Wrong{v.place, "the zone of '" + name.text + "' is said above"};
          has_zone = true;
          table->zone = read_or_refuse(system_zone(v.text), v.place);
        }},
       {"days",
        [&](const OptionValue& v) {
          window.days = 0;
          for (const std::string& days : v.list("days such as mon-fri")) {
            window.days |= read_or_refuse(parse_days(days), v.place);
          }
        }},
       {"from", [&](const OptionValue& v) { window.from = read_or_refuse(parse_time_of_day(v.text), v.place); }},
       {"to", [&](const OptionValue& v) { window.to = read_or_refuse(parse_time_of_day(v.text), v.place); }},
       {"dates", [&](const OptionValue& v) {
          for (const std::string& dates : v.list("dates such as 2026-12-25")) {
            window.dates.push_back(read_or_refuse(parse_dates(dates), v.place));
          }
        }}});
  if (is_first && !has_zone) throw Wrong{place, "'times' needs zone=, such as zone=Europe/Amsterdam"};
  if (window.from == window.to) throw Wrong{place, "'from' and 'to' are one time: a whole day has neither"};
  table->windows.push_back(std::move(window));
}

void parse_access_list(Words& words, Config& config) {
  const Piece name = name_of_policy(words);
  is_new(config.access_lists, name, "the access list");
  AccessList list{.name = name.text, .allow = {}, .deny = {}};
  read_options(words, "an option of 'acl'",
               {{"allow", [&](const OptionValue& v) { list.allow = v.networks(); }},
                {"deny", [&](const OptionValue& v) { list.deny = v.networks(); }},
                {"otherwise", [&](const OptionValue& v) {
                   if (v.text != "allow" && v.text != "deny") v.refuse("allow or deny");
                   list.otherwise = v.text == "allow";
                 }}});
  for (const Cidr& prefix : list.allow) {
    if (std::ranges::find(list.deny, prefix) == list.deny.end()) continue;
    throw Wrong{name.place, "'" + prefix.to_string() + "' is allowed and denied"};
  }
  config.access_lists.push_back(std::move(list));
}

void parse_list_of_parties(Words& words, Config& config) {
  const Piece name = name_of_policy(words);
  is_new(config.lists, name, "the list");
  PartyList list;
  list.name = name.text;
  const Piece entries = words.rest();
  for (const std::string& entry : parse_list(entries.text)) {
    list.entries.push_back(read_or_refuse(PartyList::canonical(entry), entries.place));
  }
  if (list.entries.empty()) wrong(entries, "entries such as alice@example.com, @example.net");
  list.arrange();
  config.lists.push_back(std::move(list));
}

RateLimit::Per whose(const OptionValue& value) {
  if (value.text == "global") return RateLimit::Per::Everybody;
  if (value.text == "source") return RateLimit::Per::Source;
  if (value.text == "trunk") return RateLimit::Per::Trunk;
  if (value.text != "user") value.refuse("global, source, user or trunk");
  return RateLimit::Per::User;
}

void parse_rate_limit(Words& words, Config& config) {
  const Piece name = name_of_policy(words);
  is_new(config.rate_limits, name, "the limit");
  RateLimit limit{.name = name.text};
  bool has_rate = false, has_burst = false;
  constexpr NumberRange tokens{1, limit::rate_tokens};
  read_options(words, "an option of 'limit'",
               {{"per", [&](const OptionValue& v) { limit.per = whose(v); }},
                {"rate",
                 [&](const OptionValue& v) {
                   has_rate = true;
                   if (const std::string problem = read_rate(v.text, limit); !problem.empty()) {
                     throw Wrong{v.place, problem};
                   }
                 }},
                {"burst",
                 [&](const OptionValue& v) {
                   has_burst = true;
                   limit.burst = static_cast<std::int64_t>(v.number(tokens));
                 }},
                {"status", [&](const OptionValue& v) { limit.status = static_cast<int>(v.number({400, 699})); }}});
  if (!has_rate) throw Wrong{name.place, "'limit' needs rate=, such as rate=20/s"};
  if (!has_burst) limit.burst = limit.count;
  config.rate_limits.push_back(std::move(limit));
}

void parse_trust(Words& words, Config& config) {
  const Place place = Words(words).rest().place;
  if (config.trust.applies) throw Wrong{place, "whom it trusts is said above"};
  config.trust.applies = true;
  std::vector<std::string> known;
  known.reserve(config.listeners.size());
  for (const ListenerConfig& listener : config.listeners) known.push_back(listener.name);
  read_options(words, "an option of 'trust'",
               {{"peers", [&](const OptionValue& v) { config.trust.peers = v.networks(); }},
                {"listeners", [&](const OptionValue& v) {
                   config.trust.listeners = v.list("listeners such as udp1");
                   for (const std::string& name : config.trust.listeners) {
                     if (std::ranges::find(known, name) != known.end()) continue;
                     unknown({name, v.place}, "a listener of the node", known);
                   }
                 }}});
}

}  // namespace

void parse_policy(std::string_view keyword, Words& words, Config& config) {
  if (keyword == "times") return parse_times(words, config);
  if (keyword == "acl") return parse_access_list(words, config);
  if (keyword == "trust") return parse_trust(words, config);
  if (keyword == "list") return parse_list_of_parties(words, config);
  parse_rate_limit(words, config);
}

}  // namespace intermediary::sim
