#include "routing/route_json.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/json_value.h"
#include "base/limits.h"
#include "base/text.h"

namespace intermediary {
namespace {

constexpr int format = 1;  // of the question; a server may tell versions apart by it
constexpr std::chrono::seconds longest_retry = std::chrono::days(1);
constexpr std::size_t longest_phrase = 100;

template <class Value>
using Read = std::expected<Value, std::string>;

std::unexpected<std::string> wrong(std::string problem) { return std::unexpected(std::move(problem)); }

// What a member of that name is not; "" when all members have a name that is known.
std::string unknown_member(const JsonObject& object, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : object) {
    if (std::ranges::find(known, name) == known.end())
      return "its answer has a member '" + name + "', which is unknown";
  }
  return {};
}

// RFC 3261 §25.1, qvalue: 0 to 1 with at most three digits behind the point.
std::optional<int> q_of(std::string_view text) {
  const std::string_view whole = text.substr(0, text.find('.'));
  std::string digits(text.substr(std::min(text.size(), whole.size() + 1)));
  if ((whole != "0" && whole != "1") || digits.size() > 3) return std::nullopt;
  digits.resize(3, '0');
  const auto thousandths = parse_decimal<std::uint16_t>(digits);
  if (!thousandths || (whole == "1" && *thousandths != 0)) return std::nullopt;
  return whole == "1" ? 1000 : *thousandths;
}

Read<RouteTarget> read_target(const JsonValue& value) {
  const JsonObject* members = value.object();
  if (!members) return wrong("a target is no object");
  if (auto problem = unknown_member(*members, {"uri", "group", "q"}); !problem.empty())
    return wrong(std::move(problem));
  RouteTarget target;
  if (const JsonValue* uri = value.find("uri")) {
    const auto read = uri->text() ? Uri::parse(*uri->text()) : std::unexpected(ValueError{});
    if (!read || !read->is_sip()) return wrong("the 'uri' of a target is no SIP URI");
    target.uri = *read;
  }
  if (const JsonValue* group = value.find("group")) {
    if (!group->text() || group->text()->empty()) return wrong("the 'group' of a target is no name");
    target.group = *group->text();
  }
  if (!target.uri && target.group.empty()) return wrong("a target has neither 'uri' nor 'group'");
  if (const JsonValue* q = value.find("q")) {
    const auto thousandths = q->number() ? q_of(q->number()->text) : std::nullopt;
    if (!thousandths) return wrong("the 'q' of a target is no number from 0 to 1 with three digits at most");
    target.q_thousandths = *thousandths;
  }
  return target;
}

Read<RouteDecision> read_targets(const JsonValue& answer, const JsonValue& list) {
  const JsonArray* targets = list.array();
  if (!targets || targets->empty()) return wrong("'targets' is no array with a target");
  if (targets->size() > limit::branches_per_request) {
    return wrong("'targets' has more than " + std::to_string(limit::branches_per_request));
  }
  RouteTo to;
  for (const JsonValue& one : *targets) {
    auto target = read_target(one);
    if (!target) return wrong(std::move(target.error()));
    to.targets.push_back(*std::move(target));
  }
  const JsonValue* headers = answer.find("headers");
  if (!headers) return to;
  if (!headers->object() || headers->object()->size() > limit::route_headers) {
    return wrong("'headers' is no object with at most " + std::to_string(limit::route_headers) + " fields");
  }
  for (const auto& [name, value] : *headers->object()) {
    if (!is_token(name) || !value.text()) return wrong("'headers' has what is no header field and its value");
    to.headers.emplace_back(name, *value.text());
  }
  return to;
}

// Whether it may stand in a status line (RFC 3261 §25.1, Reason-Phrase), in ASCII.
bool is_reason(const std::string& text) {
  return text.size() <= longest_phrase && std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

Read<RouteDecision> read_reject(const JsonValue& value) {
  const JsonObject* members = value.object();
  if (!members) return wrong("'reject' is no object");
  if (auto problem = unknown_member(*members, {"status", "reason", "retry_after"}); !problem.empty()) {
    return wrong(std::move(problem));
  }
  const JsonValue* status = value.find("status");
  const auto code = status ? status->integer() : std::nullopt;
  if (!code || *code < 400 || *code > 699) return wrong("the 'status' of 'reject' is no number from 400 to 699");
  RouteReject reject{.status = static_cast<int>(*code)};
  if (const JsonValue* reason = value.find("reason")) {
    if (!reason->text() || !is_reason(*reason->text())) {
      return wrong("the 'reason' of 'reject' is no text of at most 100 printable ASCII characters");
    }
    reject.reason = *reason->text();
  }
  if (const JsonValue* after = value.find("retry_after")) {
    const auto seconds = after->integer();
    if (!seconds || *seconds < 1 || *seconds > longest_retry.count()) {
      return wrong("the 'retry_after' of 'reject' is no number of seconds from 1 to 86400");
    }
    reject.retry_after = std::chrono::seconds(*seconds);
  }
  return reject;
}

Read<RouteDecision> read_continue(const JsonValue& value) {
  if (!value.boolean() || !*value.boolean()) return wrong("'continue' is not true");
  return RouteNext{};
}

}  // namespace

std::string route_question(const RouteFacts& facts) {
  const auto member = [](std::string_view name, std::string_view value) {
    return ",\"" + std::string(name) + "\":" + json_string(value);
  };
  std::string text = "{\"version\":" + std::to_string(format);
  text += member("rule", facts.rule) + member("method", facts.method) + member("request_uri", facts.request_uri);
  text += member("from", facts.from) + member("to", facts.to) + member("call_id", facts.call_id);
  text += member("source", facts.source.to_string()) + member("transport", parameter_name(facts.transport));
  text += member("listener", facts.listener);
  if (!facts.user.empty()) text += member("user", facts.user);
  text += std::string(",\"in_dialog\":") + (facts.in_dialog ? "true" : "false") + ",\"headers\":[";
  for (const auto& [name, value] : facts.headers) {
    if (text.back() != '[') text += ',';
    text += "[" + json_string(name) + "," + json_string(value) + "]";
  }
  return text + "]}";
}

std::expected<RouteDecision, std::string> read_route_answer(const HttpAnswer& answer) {
  if (answer.status != 200) return wrong("it answers with status " + std::to_string(answer.status));
  if (answer.content_type != "application/json") return wrong("its answer is not of type application/json");
  const auto value = JsonValue::parse(answer.body);
  if (!value) return wrong("its answer is no JSON: " + value.error());
  const JsonObject* members = value->object();
  if (!members) return wrong("its answer is no object");
  if (auto problem = unknown_member(*members, {"targets", "headers", "reject", "continue"}); !problem.empty()) {
    return wrong(std::move(problem));
  }
  const JsonValue* targets = value->find("targets");
  const JsonValue* reject = value->find("reject");
  const JsonValue* next = value->find("continue");
  if ((targets != nullptr) + (reject != nullptr) + (next != nullptr) != 1) {
    return wrong("its answer has not one of 'targets', 'reject' and 'continue'");
  }
  if (targets) return read_targets(*value, *targets);
  if (value->find("headers")) return wrong("its answer has 'headers' without 'targets'");
  return reject ? read_reject(*reject) : read_continue(*next);
}

}  // namespace intermediary
