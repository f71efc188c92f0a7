#include "runtime/cdr/call_text.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/json.h"

namespace intermediary {

namespace {

std::string milliseconds_text(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

std::string csv_value(std::string value) {
  constexpr std::string_view formula_starts = "=+-@\t\r";
  if (!value.empty() && formula_starts.contains(value.front())) value.insert(value.begin(), '\'');
  if (value.find_first_of(",\"\r\n") == std::string::npos) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string time_text(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::milliseconds>(time - day));
  std::array<char, 32> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(std::clamp(length, 0, static_cast<int>(text.size()) - 1))};
}

std::vector<CallColumn> columns_of(const KeptCall& kept) {
  const CallRecorded& record = kept.record;
  const CallIdentity& call = record.call;
  const bool lost = record.end == CallEnd::Lost;
  return {
      {"id", kept.id},
      {"started", time_text(call.started)},
      {"ended", lost ? std::string() : time_text(call.started + record.lasted)},
      {"end", std::string(end_text(record.end))},
      {"ended_by", record.by ? std::string(side_text(*record.by)) : std::string()},
      {"status", std::to_string(record.status), true},
      {"rang_ms", milliseconds_text(record.rang), true},
      {"talked_ms", milliseconds_text(record.talked), true},
      {"lasted_ms", milliseconds_text(record.lasted), true},
      {"caller", call.caller},
      {"callee", call.callee},
      {"request_uri", call.request_uri},
      {"user", call.user},
      {"source", call.source.to_string()},
      {"transport", std::string(via_name(call.transport))},
      {"listener", call.listener},
      {"rule", call.rule},
      {"peer", record.peer},
      {"call_id", call.call_id},
      {"caller_tag", call.caller_tag},
      {"callee_tag", record.callee_tag},
  };
}

std::string json_line(const KeptCall& call) {
  std::string line = "{";
  for (const CallColumn& column : columns_of(call)) {
    if (line.size() > 1) line += ", ";
    line += '"' + std::string(column.name) + "\": " + (column.is_number ? column.value : json_string(column.value));
  }
  return line + "}\n";
}

std::string csv_line(const KeptCall& call) {
  std::string line;
  for (CallColumn& column : columns_of(call)) {
    if (!line.empty()) line += ',';
    line += csv_value(std::move(column.value));
  }
  return line + '\n';
}

std::string csv_header() {
  std::string line;
  for (const CallColumn& column : columns_of({})) {
    if (!line.empty()) line += ',';
    line += column.name;
  }
  return line + '\n';
}

}  // namespace intermediary
