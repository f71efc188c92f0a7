#include "sim/expectation.h"

#include <map>

#include "base/text.h"
#include "sim/smime.h"
#include "sim/wire.h"

namespace intermediary::sim {
namespace {

bool status_fits(int expected, int status) { return expected < 10 ? status / 100 == expected : status == expected; }

// Checks one condition after the other against one message.
class Comparison {
 public:
  Comparison(const WireMessage& message, std::string_view bytes, const std::string* previous, Bindings& bindings)
      : message_(message), bytes_(bytes), previous_(previous), bindings_(bindings) {}

  std::optional<std::string> check(const Condition& condition) {
    switch (condition.kind) {
      case Condition::Kind::Header:
      case Condition::Kind::Exact:
        return check_value(condition);
      case Condition::Kind::Absent:
        return wrong_if(message_.has(condition.name),
                        "expected no " + condition.name + ", got '" + message_.value(condition.name) + '\'');
      case Condition::Kind::Count:
        return check_count(condition);
      case Condition::Kind::Body:
        return check_body(condition);
      case Condition::Kind::BodyIs:
        return wrong_if(message_.body.empty() || !matches_text(condition.text, message_.body, bindings_),
                        "body: expected " + described(condition.text) + ", got " + quoted_body());
      case Condition::Kind::NoBody:
        return wrong_if(!message_.body.empty(), "expected no body, got " + quoted_body());
      case Condition::Kind::Sdp:
        return wrong_if(!message_.body.starts_with("v=0") || message_.value("Content-Type") != "application/sdp",
                        "expected a session description, got " + quoted_body());
      case Condition::Kind::Reason:
        return check_reason(condition);
      case Condition::Kind::SaveAs:
        return check_saved(condition);
      case Condition::Kind::SameAs:
        return check_same(condition);
      case Condition::Kind::Credentials:
        return "credentials are what a party writes";
      case Condition::Kind::Signed:
        return copy_trouble(message_);
      case Condition::Kind::Again:
        return wrong_if(!previous_ || *previous_ != bytes_, previous_ ? "expected the same bytes again, but they differ"
                                                                      : "expected a repetition, but this is the first");
    }
    return std::nullopt;
  }

 private:
  static std::optional<std::string> wrong_if(bool wrong, std::string what) {
    if (!wrong) return std::nullopt;
    return what;
  }

  // With what its names are bound to, where they are.
  std::string described(const std::string& pattern) const {
    std::string text = '\'' + pattern + '\'';
    for (const std::string& name : variables_of(pattern)) {
      if (auto bound = bindings_.find(name); bound != bindings_.end())
        text += " ($" + name + " is '" + bound->second + "')";
    }
    return text;
  }

  std::string quoted_body() const {
    return message_.body.empty() ? "none" : '\'' + message_.body.substr(0, message_.body.find('\r')) + "…'";
  }

  std::optional<std::string> check_value(const Condition& condition) {
    std::size_t position = positions_[lowercase(long_name(condition.name))]++;
    auto values = message_.values(condition.name);
    std::string where = condition.name + (position > 0 ? " (value " + std::to_string(position + 1) + ')' : "");
    if (position >= values.size()) return where + ": expected " + described(condition.text) + ", but there is none";
    const std::string& value = values[position];
    bool fits = condition.kind == Condition::Kind::Exact ? matches_text(condition.text, value, bindings_)
                                                         : matches_value(condition.text, value, bindings_);
    return wrong_if(!fits, where + ": expected " + described(condition.text) + ", got '" + value + '\'');
  }

  std::optional<std::string> check_count(const Condition& condition) const {
    std::size_t count = message_.values(condition.name).size();
    return wrong_if(count != condition.count, "expected " + std::to_string(condition.count) + " value(s) of " +
                                                  condition.name + ", got " + std::to_string(count));
  }

  std::optional<std::string> check_body(const Condition& condition) const {
    auto expected = expand_block(condition.text, &bindings_);
    if (!expected) return "body: " + expected.error();
    return wrong_if(*expected != message_.body, "the body differs: got " + quoted_body());
  }

  std::optional<std::string> check_reason(const Condition& condition) {
    std::string_view line = message_.start_line;
    std::string reason(line.size() > 12 ? line.substr(12) : std::string_view());
    return wrong_if(!matches_text(condition.text, reason, bindings_),
                    "reason: expected '" + condition.text + "', got '" + reason + '\'');
  }

  std::optional<std::string> check_saved(const Condition& condition) {
    auto [bound, fresh] = bindings_.emplace(condition.name, std::string(bytes_));
    return wrong_if(!fresh && bound->second != bytes_, "$" + condition.name + " stands for something else already");
  }

  std::optional<std::string> check_same(const Condition& condition) const {
    auto bound = bindings_.find(condition.name);
    if (bound == bindings_.end()) return "$" + condition.name + " is not bound yet";
    return wrong_if(bound->second != bytes_, "expected the bytes of $" + condition.name + ", but they differ");
  }

  const WireMessage& message_;
  std::string_view bytes_;
  const std::string* previous_;
  Bindings& bindings_;
  std::map<std::string, std::size_t> positions_;
};

}  // namespace

bool same_kind(const Start& start, std::string_view bytes) {
  auto message = WireMessage::read(bytes);
  if (start.kind == Start::Kind::Raw) return true;
  if (!message || message->is_request() != (start.kind == Start::Kind::Request)) return false;
  if (start.kind == Start::Kind::Request) return message->method() == start.method;
  return status_fits(start.status, message->status()) && (start.method.empty() || message->method() == start.method);
}

bool start_fits(const Start& start, std::string_view bytes, Bindings& bindings) {
  if (start.kind == Start::Kind::Raw) {
    auto expected = expand_block(start.raw, &bindings);
    return expected && *expected == bytes;
  }
  if (!same_kind(start, bytes)) return false;
  return !start.uri || matches_text(*start.uri, WireMessage::read(bytes)->uri(), bindings);
}

std::optional<std::string> difference(const Start& start, const Conditions& conditions, std::string_view bytes,
                                      const std::string* previous, Bindings& bindings) {
  Bindings attempt = bindings;
  auto message = WireMessage::read(bytes);
  if (!start_fits(start, bytes, attempt)) {
    if (start.kind == Start::Kind::Request && same_kind(start, bytes)) {
      return "Request-URI: expected '" + start.uri.value_or("") + "', got '" + message->uri() + '\'';
    }
    return "expected " + start.to_string() + ", got " + short_label(bytes);
  }
  WireMessage nothing;
  Comparison comparison(message ? *message : nothing, bytes, previous, attempt);
  for (const Condition& condition : conditions) {
    if (auto wrong = comparison.check(condition)) return wrong;
  }
  bindings = std::move(attempt);
  return std::nullopt;
}

}  // namespace intermediary::sim
