#include "event/event.h"

#include <concepts>
#include <utility>

#include "base/overloaded.h"

namespace intermediary {
namespace {

constexpr bool is_printable(char c) { return c >= ' ' && c <= '~'; }

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (is_printable(c)) {
      out += c;
    } else {
      const auto octet = static_cast<std::uint8_t>(c);
      out += "\\x";
      out += "0123456789abcdef"[octet >> 4];
      out += "0123456789abcdef"[octet & 0xf];
    }
  }
  return out;
}

std::string flow_text(FlowId flow) {
  if ((flow.value & engine_flow_bit) == 0) return std::to_string(flow.value);
  return "engine-" + std::to_string(flow.value & ~engine_flow_bit);
}

std::string_view change_text(BindingChanged::Change change) {
  switch (change) {
    case BindingChanged::Change::Added:
      return "added";
    case BindingChanged::Change::Refreshed:
      return "refreshed";
    case BindingChanged::Change::Removed:
      return "removed";
    case BindingChanged::Change::Expired:
      return "expired";
  }
  return "";
}

std::string_view change_text(PeerChanged::Change change) {
  switch (change) {
    case PeerChanged::Change::Down:
      return "down";
    case PeerChanged::Change::Up:
      return "up";
    case PeerChanged::Change::Resting:
      return "resting";
    case PeerChanged::Change::Drained:
      return "drained";
    case PeerChanged::Change::Resumed:
      return "resumed";
  }
  return "";
}

std::string_view change_text(FlowChanged::Change change) {
  switch (change) {
    case FlowChanged::Change::Opened:
      return "opened";
    case FlowChanged::Change::Closed:
      return "closed";
    case FlowChanged::Change::Failed:
      return "failed";
  }
  return "";
}

std::string_view change_text(SubscriptionChanged::Change change) {
  switch (change) {
    case SubscriptionChanged::Change::Added:
      return "added";
    case SubscriptionChanged::Change::Refreshed:
      return "refreshed";
    case SubscriptionChanged::Change::Ended:
      return "ended";
  }
  return "";
}

std::string_view change_text(TrunkRegistrationChanged::Change change) {
  switch (change) {
    case TrunkRegistrationChanged::Change::Registered:
      return "registered";
    case TrunkRegistrationChanged::Change::Failed:
      return "failed";
    case TrunkRegistrationChanged::Change::Removed:
      return "removed";
  }
  return "";
}

// "name key=value key=value": the keys are ours, the values are not.
class Line {
 public:
  explicit Line(std::string_view name) : text_(name) {}

  Line& add(std::string_view key, std::string_view value) {
    text_ += ' ';
    text_ += key;
    text_ += '=';
    text_ += log_value(value);
    return *this;
  }
  Line& add(std::string_view key, std::integral auto number) { return add(key, std::to_string(number)); }
  // Left out when there is nothing to say.
  Line& add_if_any(std::string_view key, std::string_view value) { return value.empty() ? *this : add(key, value); }
  Line& add(const Arrival& arrival) {
    add("source", arrival.remote.to_string()).add("transport", via_name(arrival.transport));
    return arrival.flow ? add("flow", flow_text(arrival.flow)) : *this;
  }
  Line& add(const Hop& hop) {
    add("to", hop.remote.to_string()).add("transport", via_name(hop.transport));
    return hop.flow ? add("flow", flow_text(hop.flow)) : *this;
  }
  Line& add(const DialogIdentity& dialog) {
    add("caller", dialog.caller).add("callee", dialog.callee).add_if_any("rule", dialog.rule);
    add("call-id", dialog.call_id).add("caller-tag", dialog.caller_tag);
    return add_if_any("callee-tag", dialog.callee_tag);
  }
  Line& add(const CallIdentity& call) {
    add("number", call.number).add("caller", call.caller).add("callee", call.callee).add("uri", call.request_uri);
    add_if_any("user", call.user).add_if_any("rule", call.rule).add("source", call.source.to_string());
    return add("call-id", call.call_id).add("caller-tag", call.caller_tag);
  }
  std::string finish() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

std::string_view cause_text(DialogEnding::Cause cause) {
  switch (cause) {
    case DialogEnding::Cause::Rejected:
      return "rejected";
    case DialogEnding::Cause::Cancelled:
      return "cancelled";
    case DialogEnding::Cause::AnsweredElsewhere:
      return "answered-elsewhere";
    case DialogEnding::Cause::Bye:
      return "bye";
    case DialogEnding::Cause::SessionExpired:
      return "session-expired";
    case DialogEnding::Cause::LifetimeOver:
      return "lifetime-over";
  }
  return "";
}

std::string_view side_text(DialogSide side) { return side == DialogSide::Caller ? "caller" : "callee"; }

std::string_view end_text(CallEnd end) {
  switch (end) {
    case CallEnd::Rejected:
      return "rejected";
    case CallEnd::Cancelled:
      return "cancelled";
    case CallEnd::Unanswered:
      return "unanswered";
    case CallEnd::NotFollowed:
      return "not-followed";
    case CallEnd::Bye:
      return "bye";
    case CallEnd::SessionExpired:
      return "session-expired";
    case CallEnd::LifetimeOver:
      return "lifetime-over";
    case CallEnd::Lost:
      return "lost";
  }
  return "";
}

std::string_view verdict_text(IdentityVerified::Verdict verdict) {
  switch (verdict) {
    case IdentityVerified::Verdict::Passed:
      return "passed";
    case IdentityVerified::Verdict::Failed:
      return "failed";
    case IdentityVerified::Verdict::Absent:
      return "absent";
  }
  return "";
}

std::string_view event_name(const Event& event) {
  return std::visit(Overloaded{
                        [](const MessageRejected&) { return "message-rejected"; },
                        [](const RequestRefused&) { return "request-refused"; },
                        [](const StrayDropped&) { return "stray-dropped"; },
                        [](const SendFailed&) { return "send-failed"; },
                        [](const RequestCompleted&) { return "request-completed"; },
                        [](const BindingChanged&) { return "binding-changed"; },
                        [](const FlowChanged&) { return "flow-changed"; },
                        [](const DnsFailed&) { return "dns-failed"; },
                        [](const SipsVanished&) { return "sips-vanished"; },
                        [](const DialogStarted&) { return "dialog-started"; },
                        [](const DialogConfirmed&) { return "dialog-confirmed"; },
                        [](const DialogEnded&) { return "dialog-ended"; },
                        [](const StoreChanged&) { return "store-changed"; },
                        [](const SubscriptionChanged&) { return "subscription-changed"; },
                        [](const PeerChanged&) { return "peer-changed"; },
                        [](const CallBegun&) { return "call-begun"; },
                        [](const CallRecorded&) { return "call-recorded"; },
                        [](const ConfigurationReloaded&) { return "configuration-reloaded"; },
                        [](const ConfigurationRefused&) { return "configuration-refused"; },
                        [](const OverloadChanged&) { return "overload-changed"; },
                        [](const NeighbourOverload&) { return "neighbour-overload"; },
                        [](const HttpFailed&) { return "http-failed"; },
                        [](const RouteUnanswered&) { return "route-unanswered"; },
                        [](const RouteSourceChanged&) { return "route-source-changed"; },
                        [](const IdentityVerified&) { return "identity-verified"; },
                        [](const IdentitySigned&) { return "identity-signed"; },
                        [](const CertificateFetched&) { return "certificate-fetched"; },
                        [](const TrunkRegistrationChanged&) { return "trunk-registration"; },
                    },
                    event);
}

std::string to_line(const Event& event) {
  Line line(event_name(event));
  std::visit(
      Overloaded{
          [&](const MessageRejected& e) {
            line.add(e.arrival).add("status", e.status).add("error", e.error.to_string());
          },
          [&](const RequestRefused& e) {
            line.add(e.arrival).add("rule", e.rule).add("status", e.status).add("method", e.method);
            line.add("uri", e.request_uri).add("call-id", e.call_id).add("reason", e.reason);
          },
          [&](const StrayDropped& e) {
            line.add(e.arrival).add("what", e.what).add("call-id", e.call_id).add("reason", e.reason);
          },
          [&](const SendFailed& e) { line.add(e.hop).add_if_any("call-id", e.call_id).add("reason", e.reason); },
          [&](const RequestCompleted& e) {
            line.add("status", e.status).add("method", e.method).add("uri", e.request_uri).add("rule", e.rule);
            line.add("call-id", e.call_id).add("took_us", e.took.count());
          },
          [&](const BindingChanged& e) {
            line.add("change", change_text(e.change)).add("aor", e.address_of_record).add("contact", e.contact);
          },
          [&](const FlowChanged& e) {
            line.add("change", change_text(e.change)).add("flow", flow_text(e.flow));
            line.add("peer", e.remote.to_string()).add("transport", via_name(e.transport));
            line.add_if_any("reason", e.reason);
          },
          [&](const DnsFailed& e) {
            line.add("name", e.name).add("type", e.type).add("stale", e.stale ? "yes" : "no");
            line.add_if_any("reason", e.reason);
          },
          [&](const SipsVanished& e) { line.add("domain", e.domain); },
          [&](const DialogStarted& e) { line.add(e.dialog); },
          [&](const DialogConfirmed& e) { line.add(e.dialog).add("rang_us", e.rang.count()); },
          [&](const DialogEnded& e) {
            line.add("cause", cause_text(e.ending.cause));
            line.add("by", e.ending.by ? side_text(*e.ending.by) : std::string_view("nobody"));
            if (e.ending.status != 0) line.add("status", e.ending.status);
            line.add(e.dialog).add("lasted_us", e.lasted.count()).add("talked_us", e.talked.count());
          },
          [&](const SubscriptionChanged& e) {
            line.add("change", change_text(e.change)).add_if_any("resource", e.resource);
            line.add("subscriber", e.subscriber).add("rule", e.rule).add_if_any("reason", e.reason);
          },
          [&](const StoreChanged& e) {
            line.add("state", e.available ? "up" : "down").add_if_any("users", e.users).add_if_any("reason", e.reason);
          },
          [&](const PeerChanged& e) {
            line.add("change", change_text(e.change)).add("group", e.group).add("peer", e.peer);
            line.add_if_any("reason", e.reason);
          },
          [&](const CallBegun& e) { line.add(e.call); },
          [&](const CallRecorded& e) {
            line.add("end", end_text(e.end)).add("by", e.by ? side_text(*e.by) : std::string_view("nobody"));
            line.add("status", e.status).add(e.call).add_if_any("callee-tag", e.callee_tag).add_if_any("peer", e.peer);
            line.add("lasted_us", e.lasted.count()).add("rang_us", e.rang.count()).add("talked_us", e.talked.count());
          },
          [&](const ConfigurationReloaded& e) { line.add("changed", e.changed.empty() ? "nothing" : e.changed); },
          [&](const ConfigurationRefused& e) { line.add("reason", e.reason); },
          [&](const OverloadChanged& e) {
            line.add("change", e.overloaded ? "begins" : "ends").add("limit", e.reason);
            if (!e.overloaded) line.add("refused", e.refused).add("lasted_us", e.lasted.count());
          },
          [&](const NeighbourOverload& e) {
            line.add("change", e.reduction != 0 ? "begins" : "ends").add("neighbour", e.neighbour.to_string());
            e.reduction != 0 ? line.add("reduction", e.reduction) : line.add("held", e.held);
          },
          [&](const HttpFailed& e) { line.add("server", e.server).add("reason", e.reason); },
          [&](const RouteUnanswered& e) {
            line.add("source", e.source).add("rule", e.rule).add("call-id", e.call_id).add("reason", e.reason);
          },
          [&](const RouteSourceChanged& e) {
            line.add("source", e.source).add("state", e.available ? "up" : "down").add_if_any("reason", e.reason);
          },
          [&](const IdentityVerified& e) {
            line.add("verdict", verdict_text(e.verdict)).add("caller", e.caller).add_if_any("attest", e.attest);
            line.add_if_any("origid", e.origid).add("rule", e.rule).add("call-id", e.call_id);
            if (e.status != 0) line.add("status", e.status);
            line.add_if_any("reason", e.reason);
          },
          [&](const IdentitySigned& e) {
            line.add("signed", e.reason.empty() ? "yes" : "no").add("signer", e.signer).add("caller", e.caller);
            line.add_if_any("attest", e.attest).add_if_any("origid", e.origid).add("rule", e.rule);
            line.add("call-id", e.call_id).add_if_any("reason", e.reason);
          },
          [&](const CertificateFetched& e) {
            line.add("fetched", e.reason.empty() ? "yes" : "no").add("url", e.url).add_if_any("reason", e.reason);
          },
          [&](const TrunkRegistrationChanged& e) {
            line.add("change", change_text(e.change)).add("trunk", e.trunk);
            line.add_if_any("aor", e.address_of_record).add_if_any("registrar", e.registrar);
            if (e.status != 0) line.add("status", e.status);
            if (e.interval.count() != 0) {
              line.add(e.change == TrunkRegistrationChanged::Change::Failed ? "again_s" : "expires_s",
                       e.interval.count());
            }
            line.add_if_any("reason", e.reason);
          },
      },
      event);
  return line.finish();
}

std::string log_value(std::string_view text) {
  const bool needs_quotes = text.empty() || text.find(' ') != std::string_view::npos;
  const std::string value = escaped(text);
  return needs_quotes ? '"' + value + '"' : value;
}

}  // namespace intermediary
