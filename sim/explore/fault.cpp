#include "sim/explore/fault.h"

#include <algorithm>
#include <array>
#include <utility>

namespace intermediary::sim {
namespace {

using Kind = Fault::Kind;
constexpr auto names = std::to_array<std::pair<Kind, std::string_view>>({
    {Kind::Drop, "drop"},
    {Kind::Duplicate, "duplicate"},
    {Kind::Delay, "delay"},
    {Kind::Reorder, "reorder"},
    {Kind::Close, "close"},
    {Kind::DnsFails, "dns-fails"},
    {Kind::DnsTimesOut, "dns-times-out"},
    {Kind::Restart, "restart"},
    {Kind::TimerFirst, "timer-first"},
});

}  // namespace

std::string_view to_string(Kind kind) { return names[static_cast<std::size_t>(kind)].second; }

std::optional<Kind> fault_kind(std::string_view name) {
  const auto found = std::ranges::find(names, name, &std::pair<Kind, std::string_view>::second);
  return found == names.end() ? std::nullopt : std::optional(found->first);
}

std::string known_fault_kinds() {
  std::string known;
  for (const auto& [kind, name] : names) known += (known.empty() ? "" : ", ") + std::string(name);
  return known;
}

std::string Fault::to_string() const {
  std::string text = std::string(sim::to_string(kind)) + ' ' + std::to_string(number) + ' ' + host;
  if (is_of_message()) text += " -> " + to;
  return text;
}

std::string to_string(const Schedule& schedule) {
  std::string text;
  for (const Fault& fault : schedule) text += (text.empty() ? "" : ", ") + fault.to_string();
  return text.empty() ? "no fault" : text;
}

}  // namespace intermediary::sim
