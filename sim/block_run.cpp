#include "sim/block_run.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "message/compose.h"
#include "message/message.h"

namespace intermediary::sim {

namespace {

constexpr WallTime usual_time = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + std::chrono::hours(12);

std::string composed(const TestRequest& send, Transport transport) {
  RequestWriter writer(send.method, send.ruri);
  writer.field("Via", "SIP/2.0/" + std::string(via_name(transport)) + " " + send.source.to_string() +
                          ";branch=z9hG4bKtest;rport");
  writer.field("Max-Forwards", "70");
  writer.field("From", "<" + send.from + ">;tag=test").field("To", "<" + send.to + ">");
  writer.field("Call-ID", "test").field("CSeq", "1 " + send.method);
  writer.field("Contact", "<sip:tester@" + send.source.to_string() + ">");
  for (const auto& [name, value] : send.headers) writer.field(name, value);
  return writer.finish();
}

MessagePtr parsed(const std::string& bytes) {
  auto message = Message::parse(bytes, Framing::Datagram, Limits{});
  return message ? *message : nullptr;
}

// The first request that went on; null when none did.
const RehearsedMessage* forwarded(const Rehearsed& seen) {
  const auto found = std::ranges::find_if(
      seen.sent, [](const RehearsedMessage& sent) { return !sent.to_sender && !sent.bytes.starts_with("SIP/2.0 "); });
  return found == seen.sent.end() ? nullptr : &*found;
}

// Of the first answer that is no 100; 0 when there is none.
int answered(const Rehearsed& seen) {
  for (const RehearsedMessage& sent : seen.sent) {
    if (!sent.to_sender || !sent.bytes.starts_with("SIP/2.0 ") || sent.bytes.starts_with("SIP/2.0 100")) continue;
    return parse_decimal<std::uint16_t>(std::string_view(sent.bytes).substr(8, 3)).value_or(0);
  }
  return 0;
}

class WishComparison {
 public:
  void text(std::string_view what, const std::optional<std::string>& wanted, const std::string& got) {
    if (wanted && *wanted != got) add(what, "'" + *wanted + "'", got.empty() ? "none" : "'" + got + "'");
  }
  void add(std::string_view what, const std::string& wanted, const std::string& got) {
    differences_.push_back(std::string(what) + ": wanted " + wanted + ", got " + got);
  }
  std::vector<std::string> take() { return std::move(differences_); }

 private:
  std::vector<std::string> differences_;
};

bool has(const Message& message, const FieldMatch& wanted) {
  return std::ranges::any_of(message.fields(), [&](const Field& field) {
    const FieldName known = field_name(wanted.name);
    const bool named =
        known == FieldName::Other ? equals_ignoring_case(message.name_text(field), wanted.name) : field.name == known;
    return named && (!wanted.pattern || wanted.pattern->found_in(message.value(field)));
  });
}

void compare_headers(const std::vector<FieldMatch>& wanted, const RehearsedMessage* sent, WishComparison& comparison) {
  const MessagePtr message = sent ? parsed(sent->bytes) : nullptr;
  for (const FieldMatch& field : wanted) {
    const bool found = message && has(*message, field);
    if (found == field.present) continue;
    const std::string what = !field.present  ? "not there"
                             : field.pattern ? "with '" + field.pattern->text() + "' in it"
                                             : "there";
    comparison.add("header " + field.name, what, message ? (found ? "it is there" : "it is not") : "no request left");
  }
}

std::string after_colon(const std::string& group, std::string_view kind) {
  return group.starts_with(kind) ? group.substr(kind.size()) : std::string();
}

void compare(const TestWish& want, const Rehearsed& seen, WishComparison& comparison) {
  if (want.status && *want.status != answered(seen)) {
    const int got = answered(seen);
    comparison.add("status", std::to_string(*want.status), got == 0 ? "no answer" : std::to_string(got));
  }
  if (want.dropped && !seen.sent.empty()) {
    comparison.add("dropped", "nothing to leave", std::to_string(seen.sent.size()) + " messages");
  }
  const AskedRule* rule = seen.taken();
  comparison.text("rule", want.rule, rule ? rule->rule : std::string());
  const RehearsedTarget target = seen.targets.empty() ? RehearsedTarget{} : seen.targets.front();
  comparison.text("trunk", want.trunk, after_colon(target.group, "trunk:"));
  comparison.text("pool", want.pool, after_colon(target.group, "pool:"));
  comparison.text("peer", want.peer, target.peer);
  const RehearsedMessage* sent = forwarded(seen);
  const MessagePtr message = sent ? parsed(sent->bytes) : nullptr;
  comparison.text("ruri", want.ruri, message ? std::string(message->request_uri()) : std::string());
  comparison.text("next_hop", want.next_hop,
                  sent ? std::string(parameter_name(sent->transport)) + ":" + sent->to : std::string());
  compare_headers(want.headers, sent, comparison);
}

}  // namespace

BlockResult run_block(const Config& config, const TestBlock& block) {
  Rehearsal rehearsal(config, block.time.value_or(usual_time));
  for (const auto& [aor, contact] : block.bindings) rehearsal.add_binding(aor, contact);
  for (const auto& [source, body] : block.answers) rehearsal.add_answer(source, body);
  const Transport transport = config.listeners[block.send.listener].transport;
  BlockResult result;
  result.seen = rehearsal.show(block.send.listener, block.send.source, composed(block.send, transport));
  WishComparison comparison;
  compare(block.want, result.seen, comparison);
  result.differences = comparison.take();
  return result;
}

std::string shown(const Rehearsed& seen) {
  std::string text;
  for (const AskedRule& asked : seen.rules) {
    text += "rule    " + asked.rule + (asked.why_not.empty() ? ": takes it" : ": no, " + asked.why_not) + '\n';
  }
  if (seen.by_route_set) text += "rules   are not asked: it is within a dialog, and its route set leads\n";
  if (seen.rules.empty() && !seen.by_route_set)
    text += "rules   are not asked: it was refused, or is our own, before\n";
  for (const std::string& source : seen.asks) {
    text += "asks    " + source + " says where it goes\n";
  }
  for (const RehearsedTarget& target : seen.targets) {
    text += "target  " + target.uri;
    if (!target.group.empty()) text += ", peer '" + target.peer + "' of " + target.group;
    if (!target.next_hop.empty()) text += ", by " + target.next_hop;
    text += '\n';
  }
  for (const std::string& event : seen.events) text += "event   " + event + '\n';
  for (const RehearsedMessage& sent : seen.sent) {
    text += std::string(sent.to_sender ? "answer  " : "leaves  ") + std::string(parameter_name(sent.transport)) +
            " to " + sent.to + '\n';
    std::string_view rest = sent.bytes;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find("\r\n"), rest.size());
      text += "  | " + std::string(rest.substr(0, end)) + '\n';
      rest.remove_prefix(std::min(end + 2, rest.size()));
    }
  }
  if (seen.sent.empty()) text += "leaves  nothing\n";
  return text;
}

}  // namespace intermediary::sim
