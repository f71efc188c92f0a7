#include "sim/agent.h"

#include <algorithm>
#include <utility>

namespace intermediary::sim {
namespace {

using namespace std::chrono_literals;

// RFC 3261 table 4.
constexpr Duration t1 = 500ms;
constexpr Duration t2 = 4s;
constexpr Duration t1_times_64 = 32s;
// Longer than any proxy's Timer C and what follows it: who has rung that long in vain gives up.
constexpr Duration patience = 300s;

bool same_request(const WireMessage& a, const WireMessage& b) {
  return a.branch() == b.branch() && a.method() == b.method() && a.call_id() == b.call_id();
}

}  // namespace

std::vector<Agent::Outgoing> Agent::take_outgoing() { return std::exchange(outgoing_, {}); }

CallRecord* Agent::record_of(const std::string& call_id) {
  auto found = std::ranges::find(calls_, call_id, &CallRecord::call_id);
  return found == calls_.end() ? nullptr : &*found;
}

void Agent::end(TimePoint now, const std::string& call_id, CallRecord::State state, int status) {
  CallRecord* record = record_of(call_id);
  if (!record || record->state == CallRecord::State::Ended || record->state == CallRecord::State::Failed) return;
  record->state = state;
  if (status != 0) record->status = status;
  record->ended = now;
}

// ---- what it does of its own accord

void Agent::enroll(TimePoint now, Party& self, HostId registrar, const std::string& registrar_uri) {
  registration_ = Registration{registrar, registrar_uri, manners_.expires, false, {}};
  register_again(now, self);
}

void Agent::call(TimePoint now, Party& self, HostId via, const std::string& uri, std::optional<Duration> talk) {
  call(now, self.outside_dialogs("INVITE", uri), via, talk);
}

void Agent::call(TimePoint now, WireMessage invite, HostId via, std::optional<Duration> talk) {
  ask_for_session_timer(invite);
  CallRecord record;
  record.call_id = invite.call_id();
  record.began = now;
  calls_.push_back(std::move(record));
  begin(now, std::move(invite), via, talk);
}

void Agent::give_up(TimePoint now) {
  for (std::size_t i = clients_.size(); i > 0; --i) {
    ClientRequest& request = clients_[i - 1];
    if (request.message.method() != "INVITE" || request.finished || request.to_be_cancelled) continue;
    request.to_be_cancelled = true;
    if (request.proceeding) begin(now, Party::cancellation_of(request.message), request.to, {});
    return;
  }
}

void Agent::begin(TimePoint now, WireMessage message, HostId to, std::optional<Duration> talk) {
  ClientRequest request;
  request.bytes = message.to_bytes();
  request.message = std::move(message);
  request.to = to;
  request.interval = t1;
  if (!manners_.reliable) request.repeats_at = now + t1;
  request.gives_up_at = now + t1_times_64;
  request.talk = talk;
  send(to, request.bytes);
  clients_.push_back(std::move(request));
}

void Agent::hang_up(TimePoint now, Party& self, const WireMessage& theirs, HostId to) {
  const std::string remote_tag = theirs.is_response() ? theirs.to_tag() : theirs.from_tag();
  std::erase_if(talks_,
                [&](const Talk& talk) { return talk.call_id == theirs.call_id() && talk.remote_tag == remote_tag; });
  end(now, theirs.call_id(), CallRecord::State::Ended, 0);
  if (auto bye = self.within_dialog_of(theirs, "BYE")) begin(now, std::move(*bye), to, {});
}

// ---- time

std::optional<TimePoint> Agent::next_deadline() const {
  std::optional<TimePoint> next = next_step();
  auto consider = [&](std::optional<TimePoint> time) {
    if (time && (!next || *time < *next)) next = time;
  };
  if (registration_) consider(registration_->refresh_at);
  for (const Talk& talk : talks_) {
    consider(talk.refresh_at);
    consider(talk.ends_at);
    consider(talk.tries_again_at);
  }
  return next;
}

std::optional<TimePoint> Agent::next_step() const {
  std::optional<TimePoint> next;
  auto consider = [&](std::optional<TimePoint> time) {
    if (time && (!next || *time < *next)) next = time;
  };
  for (const ClientRequest& request : clients_) {
    consider(request.repeats_at);
    consider(request.gives_up_at);
  }
  for (const ServerRequest& request : servers_) {
    consider(request.rings_at);
    consider(request.answers_at);
    consider(request.repeats_at);
    if (!request.repeats_at) consider(request.hangs_up_at);
    consider(request.gives_up_at);
  }
  for (const Farewell& farewell : farewells_) consider(farewell.when);
  return next;
}

void Agent::wake(TimePoint now, Party& self) {
  // Waking one side's requests adds to the other side's at most, so no loop runs over what it changes.
  for (ClientRequest& request : clients_) wake_client(now, request);
  for (ServerRequest& request : servers_) wake_server(now, self, request);
  auto due = [&](const Farewell& farewell) { return farewell.when <= now; };
  for (const Farewell& farewell : farewells_) {
    if (due(farewell)) hang_up(now, self, farewell.theirs, farewell.to);
  }
  std::erase_if(farewells_, due);
  wake_talks(now, self);
  tell_referrers(now, self);
  std::erase_if(clients_, [&](const ClientRequest& request) { return request.gives_up_at <= now; });
  std::erase_if(servers_, [&](const ServerRequest& request) {
    return !request.gives_up_at && !request.rings_at && !request.answers_at && !request.hangs_up_at;
  });
}

void Agent::wake_client(TimePoint now, ClientRequest& request) {
  if (request.gives_up_at <= now) {
    if (request.finished) return;
    if (request.message.method() == "INVITE") {
      end(now, request.message.call_id(), CallRecord::State::Failed, 408);
    } else {
      answers_.emplace_back(request.message.method(), 408);
      if (request.message.method() == "REGISTER") registration_failed(now);
    }
    return;
  }
  if (!request.repeats_at || *request.repeats_at > now) return;
  send(request.to, request.bytes);
  bool invite = request.message.method() == "INVITE";
  request.interval = invite ? 2 * request.interval : std::min(2 * request.interval, t2);
  if (request.proceeding) request.interval = t2;
  request.repeats_at = now + request.interval;
}

void Agent::wake_server(TimePoint now, Party& self, ServerRequest& request) {
  if (request.rings_at && *request.rings_at <= now) {
    request.rings_at.reset();
    answer(now, self, request, 180);
  }
  if (request.answers_at && *request.answers_at <= now) {
    request.answers_at.reset();
    request.rings_at.reset();
    answer(now, self, request, manners_.rejects_with ? manners_.rejects_with : 200);
  }
  if (request.gives_up_at && *request.gives_up_at <= now) {
    request.gives_up_at.reset();
    bool unacknowledged = request.repeats_at.has_value();
    request.repeats_at.reset();
    // RFC 3261 §13.3.1.4: nobody acknowledged the 2xx.
    if (unacknowledged && request.status / 100 == 2) request.hangs_up_at = now;
  }
  if (request.repeats_at && *request.repeats_at <= now) {
    send(request.heard.from, request.answer);
    request.interval = std::min(2 * request.interval, t2);
    request.repeats_at = now + request.interval;
  }
  // §15: not before the ACK has come, or will not come any more.
  if (request.hangs_up_at && *request.hangs_up_at <= now && !request.repeats_at) hang_up_as_callee(now, self, request);
}

void Agent::hang_up_as_callee(TimePoint now, Party& self, ServerRequest& request) {
  request.hangs_up_at.reset();
  WireMessage theirs = request.heard.message;
  theirs.set("To", WireMessage::read(request.answer)->value("To"));  // with our tag
  hang_up(now, self, theirs, request.heard.from);
}

// ---- what it hears

void Agent::hear(TimePoint now, Party& self, const Heard& heard) {
  if (heard.message.is_request()) {
    hear_request(now, self, heard);
  } else {
    hear_response(now, self, heard);
  }
  tell_referrers(now, self);
}

void Agent::hear_response(TimePoint now, Party& self, const Heard& heard) {
  const WireMessage& response = heard.message;
  auto asked = [&](const ClientRequest& request) { return same_request(request.message, response); };
  auto found = std::ranges::find_if(clients_, asked);
  if (found == clients_.end()) return;
  const WireMessage asked_for = found->message;
  const HostId to = found->to;
  const auto talk = found->talk;
  const bool cancelled = found->to_be_cancelled, answered = found->finished;
  if (response.method() == "INVITE") {
    hear_invite_answer(now, self, *found, heard);
  } else if (response.status() < 200) {
    found->proceeding = true;
  } else {
    clients_.erase(found);
  }
  const bool invite = response.method() == "INVITE";
  if (response.status() < 200 || (invite && (answered || response.status() < 300))) return;
  auto again = cancelled ? std::nullopt : corrected(self, asked_for, response);
  if (again) return begin(now, *std::move(again), to, talk);
  if (response.method() == "REGISTER") registered(now, self, response);
  if (failed_within(now, self, asked_for, response)) return;
  if (invite) {
    end(now, response.call_id(), CallRecord::State::Failed, response.status());
  } else {
    answers_.emplace_back(response.method(), response.status());
  }
}

void Agent::hear_invite_answer(TimePoint now, Party& self, ClientRequest& request, const Heard& heard) {
  const WireMessage& response = heard.message;
  request.repeats_at.reset();
  if (response.status() >= 200 && response.status() < 300) return accepted(now, self, request, heard);
  if (request.finished && response.status() < 200) return;
  if (response.status() < 200) {
    request.gives_up_at = now + patience;
    bool first = !std::exchange(request.proceeding, true);
    if (first && request.to_be_cancelled) begin(now, Party::cancellation_of(request.message), request.to, {});
    return;
  }
  std::string& ack = request.acks[response.to_tag()];
  if (ack.empty()) ack = self.acknowledgement_of(response)->to_bytes();
  send(request.to, ack);
  if (std::exchange(request.finished, true)) return;
  request.gives_up_at = now + t1_times_64;
}

// RFC 3261 §13.2.2.4: every 2xx is acknowledged, by the same bytes each time.
void Agent::accepted(TimePoint now, Party& self, ClientRequest& request, const Heard& heard) {
  const WireMessage& response = heard.message;
  const HostId to = request.to;
  std::string& ack = request.acks[response.to_tag()];
  bool repeated = !ack.empty();
  if (!repeated && !request.message.to_tag().empty()) learn_of_session(now, self, request, heard);
  if (!repeated) {
    WireMessage first_ack = *self.acknowledgement_of(response);
    if (manners_.old_ack) first_ack.set("Via", request.message.value("Via"));
    ack = first_ack.to_bytes();
  }
  send(to, ack);
  if (repeated) return;
  bool first = !std::exchange(request.finished, true);
  bool wanted = first && !request.to_be_cancelled;
  request.gives_up_at = now + t1_times_64;
  auto talk = request.talk;
  if (CallRecord* record = record_of(response.call_id()); record && first) record->status = response.status();
  if (!wanted) {
    if (auto bye = self.within_dialog_of(response, "BYE")) begin(now, std::move(*bye), to, {});
    if (first) end(now, response.call_id(), CallRecord::State::Ended, 0);
    return;
  }
  if (CallRecord* record = record_of(response.call_id())) {
    record->state = CallRecord::State::Talking;
    record->remote_tag = response.to_tag();
  }
  learn_of_session(now, self, request, heard);
  if (talk) farewells_.push_back({now + *talk, response, to});
}

void Agent::hear_request(TimePoint now, Party& self, const Heard& heard) {
  const WireMessage& request = heard.message;
  const std::string method = request.method();
  if (method == "ACK") return hear_ack(heard);
  auto known = std::ranges::find_if(
      servers_, [&](const ServerRequest& server) { return same_request(server.heard.message, request); });
  if (known != servers_.end()) {
    if (!known->answer.empty()) send(known->heard.from, known->answer);
    return;
  }
  if (method == "CANCEL") return hear_cancel(now, self, heard);
  ServerRequest server;
  server.heard = heard;
  if (method == "INVITE" && request.to_tag().empty()) {
    // RFC 3261 §8.2.2.2: the same request on another path.
    bool merged = std::ranges::any_of(servers_, [&](const ServerRequest& other) {
      const WireMessage& earlier = other.heard.message;
      return earlier.call_id() == request.call_id() && earlier.value("CSeq") == request.value("CSeq") &&
             earlier.from_tag() == request.from_tag();
    });
    servers_.push_back(std::move(server));
    if (merged) return answer(now, self, servers_.back(), 482);
    CallRecord record;
    record.call_id = request.call_id();
    record.remote_tag = request.from_tag();
    record.incoming = true;
    record.began = now;
    calls_.push_back(std::move(record));
    if (status_of_replacement(self, request) != 0) return take_replacement(now, self);
    servers_.back().rings_at = now + manners_.rings_after;
    servers_.back().answers_at = now + manners_.answers_after;
    return;
  }
  servers_.push_back(std::move(server));
  if (method == "BYE") return hear_bye(now, self, heard);
  if (method == "REFER" && hear_refer(now, self, heard)) return;
  bool understood = method == "OPTIONS" || method == "MESSAGE" || method == "INFO" || method == "INVITE" ||
                    method == "UPDATE" || method == "NOTIFY";
  const bool crosses = method == "INVITE" && offers_within(request.call_id(), request.from_tag());
  answer(now, self, servers_.back(), crosses ? 491 : understood ? 200 : 501);
  if (method == "NOTIFY") hear_notify(now, self, heard);
}

// The ACK of a refusal has the branch of its INVITE (RFC 3261 §17.1.1.3), that of a 2xx has one of its own (§13.2.2.4).
void Agent::hear_ack(const Heard& heard) {
  const WireMessage& ack = heard.message;
  const auto asks = [&](const ServerRequest& server) { return server.heard.message.branch() == ack.branch(); };
  const bool of_refusal = std::ranges::any_of(servers_, asks);
  for (ServerRequest& server : servers_) {
    const WireMessage& invite = server.heard.message;
    const bool accepted = invite.method() == "INVITE" && server.status < 300 && invite.call_id() == ack.call_id() &&
                          invite.cseq_number() == ack.cseq_number();
    if (of_refusal ? asks(server) : accepted) server.repeats_at.reset();
  }
}

// RFC 3261 §9.2.
void Agent::hear_cancel(TimePoint now, Party& self, const Heard& heard) {
  auto meant = std::ranges::find_if(servers_, [&](const ServerRequest& server) {
    return server.heard.message.branch() == heard.message.branch() && server.heard.message.method() == "INVITE";
  });
  answer_at_once(self, heard, meant == servers_.end() ? 481 : 200);
  if (meant == servers_.end() || !meant->answers_at) return;
  meant->rings_at.reset();
  meant->answers_at.reset();
  answer(now, self, *meant, 487);
}

// Of several dialogs with one Call-ID (branches of a fork), only the one with that tag ends.
void Agent::hear_bye(TimePoint now, Party& self, const Heard& heard) {
  const WireMessage& bye = heard.message;
  const std::string call_id = bye.call_id();
  const std::string tag = bye.from_tag();
  bool known = self.within_dialog_of(bye, "BYE").has_value();
  answer(now, self, servers_.back(), known ? 200 : 481);
  if (CallRecord* record = record_of(call_id); record && record->remote_tag == tag) {
    end(now, call_id, CallRecord::State::Ended, 0);
  }
  std::erase_if(talks_, [&](const Talk& talk) { return talk.call_id == call_id && talk.remote_tag == tag; });
  std::erase_if(farewells_, [&](const Farewell& farewell) {
    return farewell.theirs.call_id() == call_id && farewell.theirs.to_tag() == tag;
  });
  for (ServerRequest& server : servers_) {
    const WireMessage& invite = server.heard.message;
    if (invite.method() != "INVITE" || invite.call_id() != call_id || invite.from_tag() != tag) continue;
    server.hangs_up_at.reset();
    server.repeats_at.reset();  // whoever says BYE has had the 2xx
  }
}

void Agent::answer_at_once(Party& self, const Heard& heard, int status) {
  send(heard.from, self.answer(heard.message, status).to_bytes());
}

void Agent::answer(TimePoint now, Party& self, ServerRequest& request, int status) {
  const WireMessage& asked = request.heard.message;
  WireMessage response = self.answer(asked, status);
  dress_answer(asked, response, self.identity().name);
  request.answer = response.to_bytes();
  request.status = status;
  send(request.heard.from, request.answer);
  if (status < 200) return;
  request.gives_up_at = now + t1_times_64;
  bool accepts = status < 300;
  if (accepts && (asked.method() == "INVITE" || asked.method() == "UPDATE")) talk_as_callee(now, request);
  if (asked.method() != "INVITE") return;
  if (accepts || !manners_.reliable) {
    request.interval = t1;
    request.repeats_at = now + t1;
  }
  if (!asked.to_tag().empty() || status == 482) return;
  if (!accepts) return end(now, asked.call_id(), CallRecord::State::Failed, status);
  if (CallRecord* record = record_of(asked.call_id())) {
    record->state = CallRecord::State::Talking;
    record->status = status;
  }
  if (manners_.talks_for) request.hangs_up_at = now + *manners_.talks_for;
}

}  // namespace intermediary::sim
