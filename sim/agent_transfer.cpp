// Calls that are passed on: blind and attended transfer (RFC 5589 §6, §7), with REFER (RFC 3515) and Replaces (RFC
// 3891).
#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/text.h"
#include "sim/agent.h"

namespace intermediary::sim {
namespace {

struct ReferTarget {
  std::string uri;
  std::string replaces;  // "": a call of its own
};

// RFC 3261 §19.1.1: what a header in a URI may hold as it is; ours are made of these and of what is escaped.
constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()[]/?:+$";

std::string escaped(std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain.contains(c)) {
      text += c;
    } else {
      text += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view value) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '%') {
      text += value[i];
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = value.substr(i + 1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (error != std::errc() || end != digits.data() + 2 || byte < 0x20) return std::nullopt;
    text += static_cast<char>(byte);
    i += 2;
  }
  return text;
}

// Of a Refer-To; nullopt: not understood.
std::optional<ReferTarget> target_of(const std::string& uri) {
  if (!uri.starts_with("sip") || uri.contains(";method=")) return std::nullopt;
  const std::size_t mark = uri.find('?');
  if (mark == std::string::npos) return ReferTarget{uri, {}};
  const std::string_view header = std::string_view(uri).substr(mark + 1);
  const std::string_view name = header.substr(0, header.find('='));
  if (!equals_ignoring_case(name, "Replaces") || name.size() == header.size() || header.contains('&')) {
    return std::nullopt;
  }
  auto replaces = unescaped(header.substr(name.size() + 1));
  if (!replaces) return std::nullopt;
  return ReferTarget{uri.substr(0, mark), *std::move(replaces)};
}

}  // namespace

bool Agent::transfer(TimePoint now, Party& self, const std::string& target) {
  return !talks_.empty() && refer(now, self, talks_.back(), target);
}

// RFC 5589 §7.1: the target is whom the later call reached, by the address that reached it (§7.3).
bool Agent::transfer_attended(TimePoint now, Party& self) {
  if (talks_.size() < 2) return false;
  const Talk& consultation = talks_.back();
  const auto within = self.within_dialog_of(consultation.theirs, "REFER");
  if (!within) return false;
  const std::string replaces = consultation.call_id + ";to-tag=" + consultation.remote_tag +
                               ";from-tag=" + parameter_of(within->value("From"), "tag");
  return refer(now, self, talks_[talks_.size() - 2], uri_of(within->value("To")) + "?Replaces=" + escaped(replaces));
}

bool Agent::refer(TimePoint now, Party& self, const Talk& talk, const std::string& target) {
  auto refer = self.within_dialog_of(talk.theirs, "REFER");
  if (!refer) return false;
  refer->add("Refer-To", '<' + target + '>');
  refer->add("Referred-By", '<' + self.identity().address_of_record + '>');
  begin(now, *std::move(refer), talk.to, {});
  return true;
}

// RFC 3515 §2.4.2, §2.4.4: accepted, told at once that it is under way, and done. One that would send something else
// than an INVITE, or with other headers than the call that it replaces, is not understood.
bool Agent::hear_refer(TimePoint now, Party& self, const Heard& heard) {
  const WireMessage& refer = heard.message;
  const auto target = target_of(uri_of(refer.value("Refer-To")));
  const Talk* talk = talk_of(refer.call_id(), refer.from_tag());
  if (!talk || !target) return false;
  const HostId via = talk->to;
  answer(now, self, servers_.back(), 202);
  Referral referral{refer, via, {}};
  notify(now, self, referral, 100);
  WireMessage invite = self.outside_dialogs("INVITE", target->uri);
  if (!target->replaces.empty()) invite.add("Replaces", target->replaces);
  for (const std::string& by : refer.values("Referred-By")) invite.add("Referred-By", by);  // RFC 3892 §2.2
  call(now, std::move(invite), via, {});
  referral.call_id = calls_.back().call_id;
  referrals_.push_back(std::move(referral));
  return true;
}

// RFC 3891 §3. Whoever was referred by the other side of a call may take its place.
int Agent::status_of_replacement(Party& self, const WireMessage& invite) {
  const std::vector<std::string> values = invite.values("Replaces");
  if (values.size() != 1) return values.empty() ? 0 : 400;
  const Talk* talk = talk_that_is_replaced(self, invite);
  if (!talk) return 481;
  if (ValueParts::read(values.front()).find("early-only")) return 486;
  const auto within = self.within_dialog_of(talk->theirs, "BYE");
  const bool may = within && uri_of(invite.value("Referred-By")) == uri_of(within->value("To"));
  return may ? 200 : 403;
}

const Agent::Talk* Agent::talk_that_is_replaced(Party& self, const WireMessage& invite) {
  const std::string value = invite.value("Replaces");
  const Talk* talk = talk_of(value.substr(0, value.find(';')), parameter_of(value, "from-tag"));
  const auto within = talk ? self.within_dialog_of(talk->theirs, "BYE") : std::nullopt;
  return within && parameter_of(within->value("From"), "tag") == parameter_of(value, "to-tag") ? talk : nullptr;
}

// The call in place of another: answered without ringing, and the other ends.
void Agent::take_replacement(TimePoint now, Party& self) {
  const WireMessage invite = servers_.back().heard.message;
  const int status = status_of_replacement(self, invite);
  answer(now, self, servers_.back(), status);
  if (status != 200) return;
  const Talk* replaced = talk_that_is_replaced(self, invite);
  const WireMessage theirs = replaced->theirs;
  hang_up(now, self, theirs, replaced->to);
}

void Agent::notify(TimePoint now, Party& self, const Referral& referral, int status) {
  auto message = self.within_dialog_of(referral.refer, "NOTIFY");
  if (!message) return;
  message->add("Event", "refer");
  message->add("Subscription-State", status < 200 ? "active;expires=300" : "terminated;reason=noresource");
  message->add("Content-Type", "message/sipfrag;version=2.0");
  const WireMessage outcome = self.answer(referral.refer, status);
  message->body = outcome.start_line + "\r\n";
  begin(now, *std::move(message), referral.to, {});
}

// Whoever asked hears how the call ended, or that it began.
void Agent::tell_referrers(TimePoint now, Party& self) {
  if (referrals_.empty()) return;
  auto is_decided = [&](const Referral& referral) {
    const CallRecord* record = record_of(referral.call_id);
    return !record || record->state != CallRecord::State::Inviting;
  };
  const std::vector<Referral> all = referrals_;
  std::erase_if(referrals_, is_decided);
  for (const Referral& referral : all) {
    const CallRecord* record = record_of(referral.call_id);
    if (is_decided(referral)) notify(now, self, referral, record && record->status != 0 ? record->status : 487);
  }
}

// RFC 5589 §6.1: whom it has transferred it needs no more.
void Agent::hear_notify(TimePoint now, Party& self, const Heard& heard) {
  const WireMessage& message = heard.message;
  if (message.value("Event") != "refer" || !message.body.starts_with("SIP/2.0 2")) return;
  const Talk* talk = talk_of(message.call_id(), message.from_tag());
  if (!talk) return;
  const WireMessage theirs = talk->theirs;
  std::erase_if(farewells_, [&](const Farewell& farewell) { return farewell.theirs.call_id() == theirs.call_id(); });
  hang_up(now, self, theirs, talk->to);
}

}  // namespace intermediary::sim
