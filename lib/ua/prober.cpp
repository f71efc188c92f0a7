#include "ua/prober.h"

#include <iterator>
#include <utility>

#include "base/limits.h"
#include "base/overloaded.h"
#include "message/compose.h"
#include "message/values.h"

namespace intermediary {

Prober::Prober(const PeerTable& peers, const std::string& server_name, const LocalNames& names,
               TransactionLayer& transactions, TimerQueue& timers, RandomSource& random, ProberPort& port)
    : peers_(peers),
      server_name_(server_name),
      names_(names),
      transactions_(transactions),
      timers_(timers),
      random_(random),
      port_(port) {}

void Prober::start(TimePoint now) {
  if (std::exchange(started_, true)) return;
  for (std::size_t group = 0; group < peers_.group_count(); ++group) probe_group(now, group);
}

void Prober::regroup(TimePoint now) {
  for (auto each = probes_.begin(); each != probes_.end();) {
    const bool stays =
        peers_.knows(each->first) && peers_.group_of(each->first).health.probe_every == each->second.every;
    if (!stays) end_probe(now, each->second);
    each = stays ? std::next(each) : probes_.erase(each);
  }
  if (!started_) return;
  for (std::size_t group = 0; group < peers_.group_count(); ++group) probe_group(now, group);
}

// Those of its peers that are not probed yet.
void Prober::probe_group(TimePoint now, std::size_t group) {
  const Duration every = peers_.group(group).health.probe_every;
  if (every == Duration::zero()) return;
  const std::vector<PeerId>& members = peers_.members(group);
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto [place, is_new] = probes_.try_emplace(members[i]);
    if (!is_new) continue;
    Probe& probe = place->second;
    probe.every = every;
    probe.call_id = random_.token(24);
    probe.tag = random_.token(16);
    const Duration turn = every * static_cast<Duration::rep>(i) / static_cast<Duration::rep>(members.size());
    probe.next =
        timers_.arm(now, turn, {TimerOwner::Prober, static_cast<std::uint8_t>(ProberTimer::Probe), members[i].value});
  }
}

void Prober::end_probe(TimePoint now, Probe& probe) {
  timers_.cancel(probe.next);
  if (probe.silence) timers_.cancel(probe.silence);
  if (probe.client) transactions_.forget(now, std::exchange(probe.client, {}));
  if (probe.query == 0) return;
  queries_.erase(probe.query);
  port_.forget_probe_query(std::exchange(probe.query, 0));
}

void Prober::timer_fired(TimePoint now, const TimerTag& tag) {
  const PeerId peer{static_cast<std::uint32_t>(tag.subject)};
  const auto found = probes_.find(peer);
  if (found == probes_.end()) return;
  Probe& probe = found->second;
  switch (static_cast<ProberTimer>(tag.kind)) {
    case ProberTimer::Probe:
      probe.next = timers_.arm(now, peers_.group_of(peer).health.probe_every, tag);
      return send(now, peer, probe);
    case ProberTimer::Silence:
      probe.silence = {};
      if (probe.client) transactions_.forget(now, std::exchange(probe.client, {}));
      return finish(peer, probe, PeerOutcome::Failed, {}, "no answer to OPTIONS");
  }
}

void Prober::send(TimePoint now, PeerId peer, Probe& probe) {
  probe.silence = timers_.arm(now, peers_.group_of(peer).health.probe_timeout,
                              {TimerOwner::Prober, static_cast<std::uint8_t>(ProberTimer::Silence), peer.value});
  std::visit(Overloaded{
                 [&](const Hop& hop) { send_to(now, peer, probe, hop); },
                 [&](std::uint64_t query) {
                   probe.query = query;
                   queries_[query] = peer;
                 },
                 [&](const std::string& reason) { finish(peer, probe, PeerOutcome::Failed, {}, reason); },
             },
             port_.find_probe_hop(peers_.peer(peer).uri));
}

bool Prober::resolved(TimePoint now, std::uint64_t query, const std::expected<std::vector<Hop>, std::string>& hops) {
  const auto found = queries_.find(query);
  if (found == queries_.end()) return false;
  const PeerId peer = found->second;
  queries_.erase(found);
  Probe& probe = probes_.find(peer)->second;
  probe.query = 0;
  if (!hops || hops->empty()) {
    finish(peer, probe, PeerOutcome::Failed, {}, hops ? std::string("it has no address") : hops.error());
  } else {
    send_to(now, peer, probe, hops->front());
  }
  return true;
}

void Prober::send_to(TimePoint now, PeerId peer, Probe& probe, Hop hop) {
  const LocalNames::Listener* out = names_.for_sending(hop.transport, hop.remote.address.family(), hop.listener);
  if (!out) {
    return finish(peer, probe, PeerOutcome::Failed, {}, "no listener to reach " + hop.remote.to_string() + " from");
  }
  hop.listener = out->id;
  ++probe.cseq;
  const std::string branch = "z9hG4bK" + random_.token(24);
  std::string bytes = request_for(peer, probe, hop, *out, branch);
  probe.client =
      transactions_.create_client(now, Method::Options, branch, std::move(bytes), hop, {user_kind, peer.value});
}

// §11.1; the same Call-ID and From tag for each, so that whoever reads a trace sees which belong together.
std::string Prober::request_for(PeerId peer, const Probe& probe, const Hop& hop, const LocalNames::Listener& out,
                                std::string_view branch) const {
  const std::string uri = peers_.peer(peer).uri.to_string();
  RequestWriter request("OPTIONS", uri);
  request.field(
      "Via", "SIP/2.0/" + std::string(via_name(hop.transport)) + " " + out.sent_by + ";branch=" + std::string(branch));
  request.field("Max-Forwards", std::to_string(limit::max_forwards_default));
  request.field("From", "<sip:" + out.sent_by + ">;tag=" + probe.tag).field("To", "<" + uri + ">");
  request.field("Call-ID", probe.call_id).field("CSeq", std::to_string(probe.cseq) + " OPTIONS");
  request.field("Accept", "application/sdp");
  if (!server_name_.empty()) request.field("User-Agent", server_name_);
  return request.finish();
}

void Prober::report(TimePoint, const TransactionReport& report) {
  const auto with = [&](TransactionUser user, ClientTransactionId client, auto&& act) {
    if (user.kind != user_kind) return;
    const PeerId peer{static_cast<std::uint32_t>(user.subject)};
    const auto found = probes_.find(peer);
    if (found != probes_.end() && found->second.client == client) act(peer, found->second);
  };
  std::visit(Overloaded{
                 [&](const ResponseReceived& r) {
                   const int status = r.response->status();
                   if (status < 200) return;
                   with(r.user, r.transaction, [&](PeerId peer, Probe& probe) {
                     if (status != 503) return finish(peer, probe, PeerOutcome::Alive, {}, "it answers OPTIONS");
                     finish(peer, probe, PeerOutcome::Failed, retry_after(*r.response), "503 to OPTIONS");
                   });
                 },
                 [&](const ClientTimedOut& r) {
                   with(r.user, r.transaction, [&](PeerId peer, Probe& probe) {
                     finish(peer, probe, PeerOutcome::Failed, {}, "no answer to OPTIONS");
                   });
                 },
                 [&](const ClientSendFailed& r) {
                   with(r.user, r.transaction,
                        [&](PeerId peer, Probe& probe) { finish(peer, probe, PeerOutcome::Failed, {}, r.reason); });
                 },
                 [](const ClientTerminated&) {},
                 [](const AckMissing&) {},
                 [](const AnswerOverdue&) {},
                 [](const ServerTerminated&) {},
             },
             report);
}

void Prober::finish(PeerId peer, Probe& probe, PeerOutcome outcome, std::optional<std::chrono::seconds> rest,
                    const std::string& reason) {
  probe.client = {};
  if (probe.silence) timers_.cancel(probe.silence);
  if (probe.query != 0) {
    queries_.erase(probe.query);
    port_.forget_probe_query(std::exchange(probe.query, 0));
  }
  port_.probed(peer, outcome, rest, reason);
}

}  // namespace intermediary
