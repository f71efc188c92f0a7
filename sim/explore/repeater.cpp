#include "sim/explore/repeater.h"

#include <algorithm>
#include <ranges>

namespace intermediary::sim {
namespace {

using namespace std::chrono_literals;

// RFC 3261 table 4.
constexpr Duration t1 = 500ms;
constexpr Duration t2 = 4s;
constexpr Duration t1_times_64 = 32s;

std::string key_of(const WireMessage& message) {
  return message.branch() + ' ' + message.method() + ' ' + message.call_id();
}

std::string ack_key(const WireMessage& message) {
  return message.call_id() + ' ' + std::to_string(message.cseq_number()) + ' ' + message.to_tag();
}

}  // namespace

Repeater::Client* Repeater::client_of(const WireMessage& response) {
  const auto found = std::ranges::find(clients_, key_of(response), &Client::key);
  return found == clients_.end() ? nullptr : &*found;
}

Repeater::Server* Repeater::server_of(const WireMessage& message) {
  const auto found = std::ranges::find(servers_, key_of(message), &Server::key);
  return found == servers_.end() ? nullptr : &*found;
}

void Repeater::said_request(TimePoint now, HostId to, const std::string& bytes, const WireMessage& message,
                            bool reliable) {
  if (message.method() == "ACK") {
    acks_.insert_or_assign(ack_key(message), Sending{to, bytes});
    return;
  }
  if (client_of(message)) return;
  Client client;
  client.key = key_of(message);
  client.call_id = message.call_id();
  client.to = to;
  client.bytes = bytes;
  client.invite = message.method() == "INVITE";
  client.interval = t1;
  if (!reliable) client.repeats_at = now + t1;
  client.gives_up_at = now + t1_times_64;
  clients_.push_back(std::move(client));
}

void Repeater::said_answer(TimePoint now, const Heard& request, const std::string& bytes, const WireMessage& message,
                           bool by_itself) {
  Server* server = server_of(request.message);
  if (!server || server->status >= 200) return;
  server->answer = bytes;
  server->status = message.status();
  server->by_itself = by_itself;
  if (server->status < 200 || request.message.method() != "INVITE") return;
  const bool accepts = server->status < 300;
  server->gives_up_at = now + t1_times_64;
  server->interval = t1;
  if (accepts || !request.end) server->repeats_at = now + t1;
}

void Repeater::heard(const Heard& heard, bool again) {
  const WireMessage& message = heard.message;
  if (message.is_response()) return heard_response(heard, again);
  if (message.method() == "ACK") {
    for (Server& server : servers_) {
      const WireMessage& invite = server.request.message;
      const bool meant = invite.method() == "INVITE" && invite.call_id() == message.call_id() &&
                         invite.cseq_number() == message.cseq_number();
      if (meant) server.repeats_at.reset();
    }
    return;
  }
  if (Server* server = server_of(message)) {
    if (!server->answer.empty()) outgoing_.push_back({heard.from, server->answer});
    return;
  }
  Server server;
  server.key = key_of(message);
  server.request = heard;
  servers_.push_back(std::move(server));
}

void Repeater::heard_response(const Heard& heard, bool again) {
  const WireMessage& response = heard.message;
  const bool final = response.status() >= 200;
  if (again && final && response.method() == "INVITE") {
    if (const auto ack = acks_.find(ack_key(response)); ack != acks_.end()) outgoing_.push_back(ack->second);
  }
  Client* client = client_of(response);
  if (!client) return;
  client->proceeding = true;
  if (client->invite || final) client->repeats_at.reset();
  if (final) client->finished = true;
  if (client->invite || final) client->gives_up_at.reset();
}

bool Repeater::has_final_answer(const WireMessage& request) const {
  const auto found = std::ranges::find(clients_, key_of(request), &Client::key);
  return found != clients_.end() && found->finished;
}

bool Repeater::is_answered_by_itself(const WireMessage& response) const {
  const auto found = std::ranges::find(servers_, key_of(response), &Server::key);
  return found != servers_.end() && found->by_itself && found->status >= 200;
}

const Heard* Repeater::cancelled_by(const WireMessage& cancel) const {
  const auto found = std::ranges::find(servers_, cancel.branch() + " INVITE " + cancel.call_id(), &Server::key);
  return found == servers_.end() || found->status >= 200 ? nullptr : &found->request;
}

bool Repeater::is_merged(const WireMessage& invite) const {
  return std::ranges::any_of(servers_, [&](const Server& server) {
    const WireMessage& earlier = server.request.message;
    return server.key != key_of(invite) && earlier.call_id() == invite.call_id() &&
           earlier.value("CSeq") == invite.value("CSeq") && earlier.from_tag() == invite.from_tag();
  });
}

void Repeater::wake(TimePoint now) {
  const auto due = [&](const std::optional<TimePoint>& time) { return time && *time <= now; };
  for (Client& client : clients_) {
    if (due(client.gives_up_at)) {  // Timers B and F
      client.gives_up_at.reset();
      client.repeats_at.reset();
      client.finished = true;
    }
    if (!due(client.repeats_at)) continue;  // Timers A and E
    outgoing_.push_back({client.to, client.bytes});
    client.interval = client.invite ? 2 * client.interval : std::min(2 * client.interval, t2);
    if (client.proceeding) client.interval = t2;
    client.repeats_at = now + client.interval;
  }
  for (Server& server : servers_) {
    if (due(server.gives_up_at)) {  // Timer H
      server.gives_up_at.reset();
      server.repeats_at.reset();
    }
    if (!due(server.repeats_at)) continue;  // Timer G
    outgoing_.push_back({server.request.from, server.answer});
    server.interval = std::min(2 * server.interval, t2);
    server.repeats_at = now + server.interval;
  }
}

std::optional<TimePoint> Repeater::next_deadline() const {
  std::optional<TimePoint> next;
  const auto consider = [&](const std::optional<TimePoint>& time) {
    if (time && (!next || *time < *next)) next = time;
  };
  for (const Client& client : clients_) {
    consider(client.repeats_at);
    consider(client.gives_up_at);
  }
  for (const Server& server : servers_) {
    consider(server.repeats_at);
    consider(server.gives_up_at);
  }
  return next;
}

}  // namespace intermediary::sim
