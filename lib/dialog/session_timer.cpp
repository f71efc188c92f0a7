#include "dialog/session_timer.h"

#include <algorithm>

#include "base/text.h"
#include "message/editor.h"
#include "message/values.h"

namespace intermediary {
namespace {

constexpr std::string_view min_se_name = "Min-SE";

const Field* find_min_se(const Message& message) {
  for (const Field& field : message.fields()) {
    if (field.name == FieldName::Other && equals_ignoring_case(message.name_text(field), min_se_name)) return &field;
  }
  return nullptr;
}

bool lists_timer(const Message& message, FieldName list) {
  return std::ranges::any_of(tokens(message, list),
                             [](std::string_view option) { return equals_ignoring_case(option, "timer"); });
}

// Null where our lines would take it over a limit: it then goes as it came.
MessagePtr parsed(const Editor& editor, const Limits& limits) {
  auto message = Message::parse(editor.finish(), Framing::Datagram, limits);
  return message ? *message : nullptr;
}

// The number alone: its parameters are not ours to change (§8.1).
void set_interval(Editor& editor, const Message& request, std::uint32_t interval) {
  const Field* field = request.find(FieldName::SessionExpires);
  if (!field) return editor.append(FieldName::SessionExpires, std::to_string(interval));
  const std::string_view value = request.value(*field);
  const std::size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
  editor.splice(field->value_begin, field->value_begin + static_cast<std::uint32_t>(digits), std::to_string(interval));
}

}  // namespace

std::optional<std::uint32_t> session_interval(std::string_view value) {
  const auto seconds = parse_delta_seconds(trim(value.substr(0, value.find(';'))));
  return seconds ? std::optional(*seconds) : std::nullopt;
}

std::optional<std::uint32_t> min_se(const Message& message) {
  const Field* field = find_min_se(message);
  return field ? session_interval(message.value(*field)) : std::nullopt;
}

std::variant<Adjusted, IntervalTooSmall> adjust_request(const MessagePtr& request, const SessionTimerPolicy& policy,
                                                        const Limits& limits) {
  const bool present = request->has(FieldName::SessionExpires);
  const auto asked = session_interval(request->value(FieldName::SessionExpires));
  Adjusted result{{lists_timer(*request, FieldName::Supported), asked.value_or(0)}, nullptr};
  if (present && !asked) return result;  // unreadable: the callee's to refuse

  const auto wanted = static_cast<std::uint32_t>(policy.session_expires.count());
  const auto least = static_cast<std::uint32_t>(policy.min_se.count());
  const std::uint32_t min_now = min_se(*request).value_or(0);
  std::uint32_t min_next = min_now;
  if (asked && *asked < least) {
    if (result.remembered.timer_supported) return IntervalTooSmall{*asked, least};
    min_next = std::max(min_now, least);
  }
  std::uint32_t interval = asked.value_or(wanted);
  if (wanted != 0 && interval > wanted) interval = wanted;
  if (interval != 0) interval = std::max({interval, min_next, asked ? std::uint32_t{0} : least});
  // What was at or above its Min-SE is never raised.
  if (asked && *asked >= min_next) interval = std::min(interval, *asked);
  if (interval == asked.value_or(0) && min_next == min_now) return result;

  Editor editor(*request);
  if (interval != asked.value_or(0)) set_interval(editor, *request, interval);
  if (min_next != min_now) {
    const Field* field = find_min_se(*request);
    field ? editor.set_value(*field, std::to_string(min_next)) : editor.append(min_se_name, std::to_string(min_next));
  }
  result.request = parsed(editor, limits);
  if (result.request) result.remembered.interval = interval;
  return result;
}

AdjustedAnswer adjust_answer(const MessagePtr& response, const SessionRequest& remembered, const Limits& limits) {
  if (response->has(FieldName::SessionExpires)) {
    return {session_interval(response->value(FieldName::SessionExpires)).value_or(0), nullptr};
  }
  if (remembered.interval == 0 || !remembered.timer_supported) return {};
  Editor editor(*response);
  editor.append(FieldName::SessionExpires, std::to_string(remembered.interval) + ";refresher=uac");
  if (!lists_timer(*response, FieldName::Require)) editor.append_entry(FieldName::Require, "timer");
  MessagePtr changed = parsed(editor, limits);
  if (!changed) return {};
  return {remembered.interval, std::move(changed)};
}

}  // namespace intermediary
