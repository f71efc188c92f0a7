#include "transaction/transaction_layer.h"

#include <cassert>
#include <utility>

#include "base/text.h"
#include "transaction/sent_request.h"

namespace intermediary {

namespace {

bool is_client_timer(Timer timer) {
  switch (timer) {
    case Timer::A:
    case Timer::B:
    case Timer::D:
    case Timer::E:
    case Timer::F:
    case Timer::K:
    case Timer::M:
      return true;
    case Timer::G:
    case Timer::H:
    case Timer::I:
    case Timer::J:
    case Timer::L:
    case Timer::Trying:
      return false;
  }
  return false;
}

// §17.2.3: an ACK belongs to the INVITE's transaction; every other method to its own.
std::string_view matching_method(const Message& request) {
  return request.method() == Method::Ack ? std::string_view("INVITE") : request.method_text();
}

ClientInput classify(const MessagePtr& response) {
  if (response->status() < 200) return Provisional{response};
  if (response->status() < 300) return Success{response};
  return Failure{response};
}

}  // namespace

TransactionLayer::TransactionLayer(const TransactionTimings& timings, const HashKey& key, TimerQueue& timers,
                                   Wire& wire)
    : timings_(timings), key_(key), timers_(timers), wire_(wire) {
  for (Duration interval = timings.t1; interval < timings.t1_times_64(); interval *= 2) timers_.share(interval);
  for (Duration duration : {timings.t2, timings.t4, timings.timer_d, timings.t1_times_64()}) timers_.share(duration);
}

Surroundings TransactionLayer::around(TimePoint now) { return {now, timers_, timings_, wire_, reports_}; }

// §17.2.3: branch, sent-by and method where the branch has the magic cookie; the RFC 2543 way otherwise.
TransactionKey TransactionLayer::server_key(const Message& request, std::string_view method) const {
  const TopVia& via = request.top_via();
  KeyedHash hash(key_);
  hash.field(method);
  if (via.has_cookie()) {
    hash.field(via.branch).field(lowercase(via.host)).number(via.port.value_or(0));
  } else {
    hash.field(request.request_uri()).field(request.from_tag()).field(request.call_id());
    hash.number(request.cseq().number).field(request.bytes().substr(via.begin, via.end - via.begin));
  }
  return hash.finish_wide();
}

// §17.1.3.
TransactionKey TransactionLayer::client_key(std::string_view branch, std::string_view method) const {
  return KeyedHash(key_).field(branch).field(method).finish_wide();
}

// ---- server side

ServerTransactionId TransactionLayer::find_server(const Message& request, std::string_view method) const {
  return find_server(server_key(request, method));
}

ServerTransactionId TransactionLayer::find_server(const TransactionKey& key) const {
  const auto found = servers_by_key_.find(key);
  return found == servers_by_key_.end() ? ServerTransactionId{} : found->second;
}

TransactionLayer::Match TransactionLayer::receive_request(TimePoint now, const MessagePtr& request) {
  received_ = {};
  if (servers_.empty()) return Match::New;  // as always in a stateless proxy
  received_ = {request, server_key(*request, matching_method(*request))};
  const ServerTransactionId id = find_server(received_.key);
  if (!id) return Match::New;
  const ServerTransaction& transaction = *servers_.find(id);
  if (request->method() != Method::Ack) {
    drive(now, id, Retransmission{});
    return Match::Repeated;
  }
  if (transaction.state == ServerState::Accepted) return Match::AckFor2xx;
  // The RFC 2543 key leaves the To tag out: the ACK's is that of our answer.
  const bool same_dialog = request->top_via().has_cookie() || request->to_tag() == transaction.to_tag;
  const bool first = same_dialog && transaction.state == ServerState::Completed;
  if (same_dialog) drive(now, id, Acknowledgement{});
  return first ? Match::Acknowledged : Match::Repeated;
}

ServerTransactionId TransactionLayer::create_server(TimePoint now, const MessagePtr& request, const Arrival& arrival,
                                                    const Hop& reply) {
  assert(request->method() != Method::Ack);
  const ServerTransactionId id = servers_.emplace();
  ServerTransaction& t = *servers_.find(id);
  // Others may have come in since this one did, while it waited.
  const bool is_last = received_.request == request;
  const TransactionKey key = is_last ? received_.key : server_key(*request, request->method_text());
  t.id = id;
  t.invite = request->method() == Method::Invite;
  t.request = request;
  t.arrival = arrival;
  t.reply = reply;
  t.key = key;
  servers_by_key_[key] = id;
  Held& held = held_[arrival.remote.address];
  ++held.unfinished;
  ++held.all;
  ++waiting_;
  Surroundings surroundings = around(now);
  if (t.invite) {
    InviteServer(t, surroundings).start();
  } else {
    NonInviteServer(t, surroundings).start();
  }
  return id;
}

void TransactionLayer::set_user(ServerTransactionId id, TransactionUser user) {
  if (ServerTransaction* t = servers_.find(id)) t->user = user;
}

// §9.2: whatever the method, as long as it is known.
ServerTransactionId TransactionLayer::find_cancelled(const Message& cancel) const {
  if (const ServerTransactionId invite = find_server(cancel, "INVITE")) return invite;
  for (int method = 0; method <= static_cast<int>(Method::Update); ++method) {
    const auto other = static_cast<Method>(method);
    if (other == Method::Ack || other == Method::Cancel || other == Method::Other) continue;
    if (const ServerTransactionId found = find_server(cancel, method_text(other))) return found;
  }
  return {};
}

void TransactionLayer::respond(TimePoint now, ServerTransactionId id, int status, std::string bytes,
                               std::string_view to_tag) {
  ServerTransaction* t = servers_.find(id);
  if (!t) return;
  if (status >= 200 && !t->is_finished()) t->to_tag = to_tag;
  drive(now, id, Respond{status, std::move(bytes)});
}

void TransactionLayer::abandon(TimePoint now, ServerTransactionId id) { drive(now, id, Abandon{}); }

// ---- client side

ClientTransactionId TransactionLayer::create_client(TimePoint now, Method method, std::string_view branch,
                                                    std::string request, const Hop& hop, TransactionUser user) {
  const ClientTransactionId id = clients_.emplace();
  ClientTransaction& t = *clients_.find(id);
  const std::string_view line = request;
  const TransactionKey key = client_key(branch, line.substr(0, line.find(' ')));
  t.id = id;
  t.user = user;
  t.invite = method == Method::Invite;
  t.request = std::move(request);
  t.hop = hop;
  t.key = key;
  clients_by_key_[key] = id;
  ++waiting_;
  Surroundings surroundings = around(now);
  if (t.invite) {
    InviteClient(t, surroundings).start();
  } else {
    NonInviteClient(t, surroundings).start();
  }
  track_flow(t, FlowId{});
  return id;
}

void TransactionLayer::cancel(TimePoint now, ClientTransactionId id, std::string_view reason) {
  const ClientTransaction* t = clients_.find(id);
  if (!t) return;
  const auto sent = read_sent(t->request);
  assert(sent);
  create_client(now, Method::Cancel, sent->branch, make_cancel(*sent, reason), t->hop, TransactionUser{});
}

void TransactionLayer::forget(TimePoint now, ClientTransactionId id) {
  ClientTransaction* t = clients_.find(id);
  if (!t) return;
  (void)now;
  if (t->is_waiting()) --waiting_;
  timers_.cancel(t->repeat);
  timers_.cancel(t->timeout);
  t->state = ClientState::Terminated;
  reports_.push_back(ClientTerminated{t->id, t->user});
  settle(*t);
}

bool TransactionLayer::receive_response(TimePoint now, const MessagePtr& response) {
  const auto found = clients_by_key_.find(client_key(response->top_via().branch, response->cseq().method));
  if (found == clients_by_key_.end()) return false;
  drive(now, found->second, classify(response));
  return true;
}

// ---- both

void TransactionLayer::timer_fired(TimePoint now, const TimerTag& tag) {
  const auto timer = static_cast<Timer>(tag.kind);
  if (is_client_timer(timer)) {
    drive(now, ClientTransactionId{tag.subject}, TimerFired{timer});
  } else {
    drive(now, ServerTransactionId{tag.subject}, TimerFired{timer});
  }
}

void TransactionLayer::flow_lost(TimePoint now, FlowId flow, const std::string& reason) {
  std::vector<ClientTransactionId> lost;
  for (auto it = clients_by_flow_.lower_bound({flow, ClientTransactionId{}});
       it != clients_by_flow_.end() && it->first == flow; ++it) {
    lost.push_back(it->second);
  }
  for (const ClientTransactionId id : lost) drive(now, id, TransportError{reason});
}

bool TransactionLayer::waits_on(FlowId flow) const {
  const auto found = clients_by_flow_.lower_bound({flow, ClientTransactionId{}});
  return found != clients_by_flow_.end() && found->first == flow;
}

void TransactionLayer::datagram_failed(TimePoint now, const std::string& sent, const std::string& reason) {
  const auto request = read_sent(sent);
  if (!request) return;
  const std::string_view method = request->method == "ACK" ? std::string_view("INVITE") : request->method;
  const auto found = clients_by_key_.find(client_key(request->branch, method));
  if (found != clients_by_key_.end()) drive(now, found->second, TransportError{reason});
}

Held TransactionLayer::held_by(const IpAddress& source) const {
  const auto found = held_.find(source);
  return found == held_.end() ? Held{} : found->second;
}

std::size_t TransactionLayer::unfinished_by_source() const {
  std::size_t sum = 0;
  for (const auto& [source, held] : held_) sum += held.unfinished;
  return sum;
}

void TransactionLayer::drive(TimePoint now, ClientTransactionId id, const ClientInput& input) {
  ClientTransaction* t = clients_.find(id);
  if (!t) return;
  const FlowId before = t->hop.flow;
  const bool was_waiting = t->is_waiting();
  Surroundings surroundings = around(now);
  if (t->invite) {
    InviteClient(*t, surroundings).handle(input);
  } else {
    NonInviteClient(*t, surroundings).handle(input);
  }
  if (was_waiting && !t->is_waiting()) --waiting_;
  track_flow(*t, before);
  settle(*t);
}

void TransactionLayer::drive(TimePoint now, ServerTransactionId id, ServerInput input) {
  ServerTransaction* t = servers_.find(id);
  if (!t) return;
  const bool was_finished = t->is_finished();
  const bool was_waiting = t->is_waiting();
  Surroundings surroundings = around(now);
  if (t->invite) {
    InviteServer(*t, surroundings).handle(input);
  } else {
    NonInviteServer(*t, surroundings).handle(input);
  }
  if (was_waiting && !t->is_waiting()) --waiting_;
  settle(*t, was_finished);
}

void TransactionLayer::track_flow(ClientTransaction& t, FlowId before) {
  if (t.hop.flow == before) return;
  if (before) clients_by_flow_.erase({before, t.id});
  if (t.hop.flow) clients_by_flow_.insert({t.hop.flow, t.id});
}

void TransactionLayer::settle(ClientTransaction& t) {
  if (t.state != ClientState::Terminated) return;
  const auto found = clients_by_key_.find(t.key);
  if (found != clients_by_key_.end() && found->second == t.id) clients_by_key_.erase(found);
  if (t.hop.flow) clients_by_flow_.erase({t.hop.flow, t.id});
  clients_.erase(t.id);
}

void TransactionLayer::settle(ServerTransaction& t, bool was_finished) {
  const bool finishes = t.is_finished() && !was_finished;
  const bool ends = t.state == ServerState::Terminated;
  if (finishes) t.request.reset();  // only its answer is repeated from here on
  if (!finishes && !ends) return;
  const auto held = held_.find(t.arrival.remote.address);
  assert(held != held_.end());
  if (finishes) --held->second.unfinished;
  if (!ends) return;
  if (--held->second.all == 0) held_.erase(held);
  const auto found = servers_by_key_.find(t.key);
  if (found != servers_by_key_.end() && found->second == t.id) servers_by_key_.erase(found);
  servers_.erase(t.id);
}

}  // namespace intermediary
