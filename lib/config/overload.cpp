// [overload], and the limits of pools and trunks.
#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"

namespace intermediary {
namespace {

// "512MiB": 0 where it is none.
std::uint64_t parse_bytes(std::string_view text) {
  constexpr auto units = std::to_array<std::pair<std::string_view, unsigned>>({{"KiB", 10}, {"MiB", 20}, {"GiB", 30}});
  for (const auto& [unit, shift] : units) {
    if (!text.ends_with(unit)) continue;
    const auto number = parse_decimal<std::uint32_t>(text.substr(0, text.size() - unit.size()));
    return number ? std::uint64_t{*number} << shift : 0;
  }
  return 0;
}

void read_memory(TableReader& reader, OverloadConfig& config) {
  const auto text = reader.text("memory");
  if (!text) return;
  constexpr std::uint64_t least = std::uint64_t{1} << 16, most = std::uint64_t{1} << 44;
  config.memory = parse_bytes(text->value);
  if (config.memory >= least && config.memory <= most) return;
  reader.problems().error(
      text->at,
      reader.naming("memory") + " must be a size of 64KiB to 16384GiB, such as \"512MiB\", not '" + text->value + "'");
}

// A burst of its own needs a rate.
void read_overload_rate(TableReader& reader, std::string_view key, std::int64_t& rate, std::string_view burst_key,
                        std::int64_t& burst) {
  reader.integer(key, rate, range::overload_rate);
  burst = rate;
  reader.integer(burst_key, burst, range::overload_rate);
  if (reader.has(burst_key) && !reader.has(key)) {
    reader.problems().error(reader.key_at(burst_key),
                            reader.naming(burst_key) + " is of " + std::string(key) + ", which is missing here");
  }
}

// RFC 4412 §3.1: a namespace, or one of its values.
void read_resource_priority(TableReader& reader, const Config& config, OverloadConfig& overload) {
  for (const Placed<std::string>& text : reader.texts("resource_priority")) {
    if (!is_token(text.value)) {
      reader.problems().error(text.at,
                              "'" + text.value + "' is no namespace such as 'ets', nor a value such as 'ets.0'");
    }
    overload.resource_priority.push_back(text.value);
  }
  const bool trusts_somebody = !config.trust.peers.empty() || !config.trust.listeners.empty();
  if (reader.has("resource_priority") && !trusts_somebody) {
    reader.problems().error(
        reader.key_at("resource_priority"),
        reader.naming("resource_priority") + " counts from the peers of [trust] alone, and there " + "are none");
  }
}

void read_neighbours(TableReader& reader, OverloadConfig& config) {
  for (const Placed<std::string>& text : reader.texts("neighbours")) {
    if (const std::optional<Cidr> prefix = Cidr::parse(text.value)) {
      config.neighbours.push_back(*prefix);
    } else {
      reader.problems().error(text.at, "'" + text.value + "' is not an address or a prefix such as '10.0.0.0/8'");
    }
  }
}

}  // namespace

void read_overload(TableReader& top, Draft& draft) {
  std::optional<TableReader> reader = top.table("overload", "[overload]");
  if (!reader) return;
  OverloadConfig& config = draft.config.overload;
  read_overload_rate(*reader, "calls_per_second", config.calls_per_second, "burst", config.burst);
  read_overload_rate(*reader, "requests_per_second", config.requests_per_second, "requests_burst",
                     config.requests_burst);
  reader->integer("calls", config.calls, range::dialogs);
  if (reader->has("calls")) draft.of_dialogs.emplace_back("'calls' in [overload]", reader->key_at("calls"));
  read_memory(*reader, config);
  reader->integer("reserve", config.reserve, range::overload_reserve);
  if (const auto list = reader->text("emergency")) {
    if (is_there(draft.config.lists, *list, "list", reader->problems())) config.emergency = list->value;
  }
  read_resource_priority(*reader, draft.config, config);
  read_neighbours(*reader, config);
  reader->finish();
  constexpr std::array<std::string_view, 4> limits{"calls_per_second", "requests_per_second", "calls", "memory"};
  if (std::ranges::none_of(limits, [&](std::string_view key) { return reader->has(key); })) {
    reader->problems().error(
        reader->at(), "[overload] says no limit: 'calls_per_second', 'requests_per_second', 'calls' or 'memory'");
  }
}

void read_group_limits(TableReader& reader, PeerGroupConfig& group) {
  std::optional<TableReader> table = reader.table("limits", "'limits' of " + reader.name());
  if (!table) return;
  table->integer("calls", group.limits.calls, range::dialogs);
  table->integer("cps", group.limits.cps, range::overload_rate);
  group.limits.burst = group.limits.cps;
  table->integer("burst", group.limits.burst, range::overload_rate);
  if (table->has("burst") && !table->has("cps")) {
    table->problems().error(table->key_at("burst"), table->naming("burst") + " is of cps, which is missing here");
  }
  if (!table->has("calls") && !table->has("cps"))
    table->problems().error(table->at(), table->name() + " needs 'calls' or 'cps'");
  table->finish();
}

}  // namespace intermediary
