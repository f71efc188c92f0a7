// What a user agent does beyond single requests: registrations that last, calls that are held and kept alive.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "sim/agent.h"

namespace intermediary::sim {
namespace {

using namespace std::chrono_literals;

std::chrono::seconds seconds_of(std::string_view value) {
  const std::string_view digits = trim(value.substr(0, value.find(';')));
  return std::chrono::seconds(parse_decimal<std::uint32_t>(digits).value_or(0));
}

bool supports_timer(const WireMessage& message) {
  return std::ranges::any_of(message.values("Supported"), [](const std::string& value) {
    return std::ranges::any_of(split_outside_quotes(value, ','), [](const std::string& tag) { return tag == "timer"; });
  });
}

// RFC 8866 §6.7; "" where the description says none.
std::string direction_of(const std::string& description) {
  for (const std::string direction : {"sendrecv", "sendonly", "recvonly", "inactive"}) {
    if (description.find("\na=" + direction + "\r") != std::string::npos) return direction;
  }
  return {};
}

// RFC 3264 §6.1: seen from the other side.
std::string answer_to(const std::string& direction) {
  if (direction == "sendonly") return "recvonly";
  if (direction == "recvonly") return "sendonly";
  return direction;
}

// RFC 3264 §8: a description that changes has another version, and every later one has the next.
void describe(WireMessage& message, const std::string& name, int version, const std::string& direction) {
  std::string& body = message.body;
  const std::string first = "o=" + name + " 1 1 ";
  if (const std::size_t at = body.find(first); at != std::string::npos) {
    body.replace(at, first.size(), "o=" + name + " 1 " + std::to_string(version) + ' ');
  }
  if (!direction.empty()) body += "a=" + direction + "\r\n";
}

}  // namespace

Agent::Talk* Agent::talk_of(const std::string& call_id, const std::string& remote_tag) {
  auto found = std::ranges::find_if(
      talks_, [&](const Talk& talk) { return talk.call_id == call_id && talk.remote_tag == remote_tag; });
  return found == talks_.end() ? nullptr : &*found;
}

bool Agent::offers_within(const std::string& call_id, const std::string& remote_tag) const {
  return std::ranges::any_of(clients_, [&](const ClientRequest& request) {
    const WireMessage& message = request.message;
    return message.method() == "INVITE" && !request.finished && message.call_id() == call_id &&
           message.to_tag() == remote_tag;
  });
}

// ---- calls that stand

void Agent::learn_of_session(TimePoint now, Party&, ClientRequest& request, const Heard& heard) {
  const WireMessage& response = heard.message;
  Talk* talk = talk_of(response.call_id(), response.to_tag());
  if (!talk) {
    if (!request.message.to_tag().empty()) return;  // it has ended meanwhile
    talk = &talks_.emplace_back();
    talk->call_id = response.call_id();
    talk->remote_tag = response.to_tag();
    talk->theirs = response;
    talk->to = request.to;
    talk->is_caller = true;
  }
  keep_time(now, *talk, response, true);
}

void Agent::talk_as_callee(TimePoint now, const ServerRequest& request) {
  const WireMessage& asked = request.heard.message;
  const WireMessage answer = *WireMessage::read(request.answer);
  Talk* talk = talk_of(asked.call_id(), asked.from_tag());
  if (!talk && asked.to_tag().empty() && asked.method() == "INVITE") {
    talk = &talks_.emplace_back();
    talk->call_id = asked.call_id();
    talk->remote_tag = asked.from_tag();
    talk->theirs = asked;
    talk->theirs.set("To", answer.value("To"));  // with our tag
    talk->to = request.heard.from;
  }
  if (talk) keep_time(now, *talk, answer, false);
}

// RFC 4028 §7.2, §9, §10: half the interval for whoever refreshes; the other hangs up a third before its end, 32 s at
// most.
void Agent::keep_time(TimePoint now, Talk& talk, const WireMessage& answer, bool is_client) {
  talk.refresh_at.reset();
  talk.ends_at.reset();
  const std::string value = answer.value("Session-Expires");
  talk.interval = seconds_of(value);
  if (talk.interval == 0s) return;
  const bool client_refreshes = parameter_of(value, "refresher") != "uas";
  if (client_refreshes == is_client) {
    talk.refresh_at = now + talk.interval / 2;
  } else {
    talk.ends_at = now + talk.interval - std::min<std::chrono::seconds>(32s, talk.interval / 3);
  }
}

void Agent::ask_for_session_timer(WireMessage& invite) const {
  if (manners_.session_expires == 0s) return;
  invite.add("Supported", "timer");
  invite.add("Session-Expires", std::to_string(manners_.session_expires.count()));
}

// RFC 3264 §6.1; RFC 4028 §9.
void Agent::dress_answer(const WireMessage& request, WireMessage& response, const std::string& name) const {
  const bool refreshes = request.method() == "INVITE" || request.method() == "UPDATE";
  if (response.status() / 100 != 2 || !refreshes) return;
  if (const std::string asked = direction_of(request.body); !asked.empty() && !response.body.empty()) {
    describe(response, name, static_cast<int>(request.cseq_number()), answer_to(asked));
  }
  std::string interval = request.value("Session-Expires");
  const bool timer = supports_timer(request);
  if (interval.empty() && timer && manners_.session_expires > 0s) {
    interval = std::to_string(manners_.session_expires.count());
  }
  if (interval.empty()) return;
  std::string refresher = parameter_of(interval, "refresher");
  if (refresher.empty()) refresher = timer ? "uac" : "uas";
  response.add("Session-Expires", std::to_string(seconds_of(interval).count()) + ";refresher=" + refresher);
  if (timer) response.add("Require", "timer");
}

bool Agent::change_media(TimePoint now, Party& self, const std::string& direction) {
  if (talks_.empty()) return false;
  talks_.back().direction = direction;
  ++talks_.back().version;
  offer_again(now, self, talks_.back());
  return true;
}

void Agent::offer_again(TimePoint now, Party& self, Talk& talk) {
  talk.tries_again_at.reset();
  auto invite = self.within_dialog_of(talk.theirs, "INVITE");
  if (!invite) return;
  const bool says_nothing = talk.version == 1;
  describe(*invite, self.identity().name, talk.version, says_nothing ? "" : talk.direction);
  if (talk.interval > 0s) {
    invite->add("Supported", "timer");
    const bool refreshes = talk.refresh_at.has_value();
    invite->add("Session-Expires",
                std::to_string(talk.interval.count()) + (refreshes ? ";refresher=uac" : ";refresher=uas"));
  }
  begin(now, *std::move(invite), talk.to, {});
}

void Agent::wake_talks(TimePoint now, Party& self) {
  if (registration_ && registration_->refresh_at && *registration_->refresh_at <= now) register_again(now, self);
  std::vector<std::pair<WireMessage, HostId>> over;
  for (Talk& talk : talks_) {
    if (talk.ends_at && *talk.ends_at <= now) {
      over.emplace_back(talk.theirs, talk.to);
    } else if ((talk.refresh_at && *talk.refresh_at <= now) || (talk.tries_again_at && *talk.tries_again_at <= now)) {
      offer_again(now, self, talk);
      talk.refresh_at.reset();
    }
  }
  for (const auto& [theirs, to] : over) hang_up(now, self, theirs, to);
}

// A request within a call was refused. RFC 3261 §14.1, §12.2.1.2: 481 and 408 end the call, 491 is for later, by whose
// Call-ID it is (in the middle of what the section allows); anything else leaves the call as it was.
bool Agent::failed_within(TimePoint now, Party& self, const WireMessage& request, const WireMessage& response) {
  const bool is_ours = request.method() == "INVITE" || request.method() == "REFER" || request.method() == "UPDATE";
  if (!is_ours || request.to_tag().empty() || response.status() < 300) return false;
  Talk* talk = talk_of(request.call_id(), parameter_of(request.value("To"), "tag"));
  if (!talk) return true;
  if (response.status() == 481 || response.status() == 408) {
    const WireMessage theirs = talk->theirs;
    hang_up(now, self, theirs, talk->to);
  } else if (response.status() == 491 && request.method() == "INVITE") {
    talk->tries_again_at = now + (talk->is_caller ? Duration(3s) : Duration(1s));
  }
  return true;
}

std::optional<WireMessage> Agent::corrected(Party& self, const WireMessage& request, const WireMessage& response) {
  if (auto again = self.resubmission_of(request, response)) return again;
  // RFC 3261 §10.2.8; RFC 4028 §7.3.
  const bool brief = response.status() == 423 && request.method() == "REGISTER";
  const bool small = response.status() == 422 && request.method() == "INVITE";
  if (!brief && !small) return std::nullopt;
  const std::string least = response.value(brief ? "Min-Expires" : "Min-SE");
  const std::string field = brief ? "Expires" : "Session-Expires";
  if (seconds_of(least) <= seconds_of(request.value(field))) return std::nullopt;
  if (brief && registration_) registration_->expires = seconds_of(least);
  WireMessage again = self.anew(request);
  again.set(field, std::to_string(seconds_of(least).count()));
  if (small) again.set("Min-SE", std::to_string(seconds_of(least).count()));
  return again;
}

// ---- registrations

void Agent::register_again(TimePoint now, Party& self) {
  registration_->refresh_at.reset();
  WireMessage request = self.outside_dialogs("REGISTER", registration_->uri);
  request.add("Expires", std::to_string(registration_->expires.count()));
  if (manners_.outbound) {
    request.add("Supported", "path, outbound");
    request.set("Contact",
                '<' + self.contact_uri() + ";ob>;reg-id=1;+sip.instance=\"<urn:x-sim:" + self.identity().name + ">\"");
  }
  begin(now, std::move(request), registration_->registrar, {});
}

// RFC 3261 §10.2.4: early enough that the repetitions of a refresh come in time.
void Agent::registered(TimePoint now, Party& self, const WireMessage& response) {
  if (!registration_) return;
  if (response.status() / 100 != 2) return registration_failed(now);
  std::chrono::seconds granted = seconds_of(response.value("Expires"));
  for (const std::string& contact : response.values("Contact")) {
    const std::string expires = parameter_of(contact, "expires");
    if (uri_of(contact).starts_with(self.contact_uri()) && !expires.empty()) granted = seconds_of(expires);
  }
  registration_->stands = true;
  if (granted > 0s) registration_->refresh_at = now + (granted > 64s ? granted - 32s : granted / 2);
}

void Agent::registration_failed(TimePoint now) {
  if (registration_ && registration_->stands) registration_->refresh_at = now + 30s;
}

}  // namespace intermediary::sim
