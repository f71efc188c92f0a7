// What the tests of the machines share: a layer in virtual time, a wire that keeps what it is given, messages to send.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "transaction/transaction_layer.h"

namespace intermediary {

class RecordingWire : public Wire {
 public:
  struct Sent {
    Duration time;
    std::string bytes;
  };
  void transmit(Hop& hop, std::string_view bytes) override {
    if (is_reliable(hop.transport) && !hop.flow) hop.flow = FlowId{7};
    sent.push_back({now.time_since_epoch(), std::string(bytes)});
  }
  void withdraw(FlowId, std::string_view bytes) override { withdrawn.emplace_back(bytes); }
  TimePoint now{};
  std::vector<Sent> sent;
  std::vector<std::string> withdrawn;
};

class TransactionTest : public testing::Test {
 protected:
  static constexpr auto branch = "z9hG4bKb1";

  TransactionTest() : layer_(TransactionTimings{}, HashKey{1, 2}, timers_, wire_) {}

  static std::string request_text(const std::string& method, const std::string& to_tag = "",
                                  const std::string& via_branch = branch, const std::string& sent_by = "192.0.2.1") {
    return method + " sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP " + sent_by + ";branch=" + via_branch +
           "\r\nFrom: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>" + to_tag +
           "\r\nCall-ID: c\r\nCSeq: 1 " + method + "\r\nMax-Forwards: 70\r\nRoute: <sip:192.0.2.2;lr>\r\n" +
           "Content-Length: 0\r\n\r\n";
  }
  static std::string response_text(int status, const std::string& method, const std::string& tag = "b") {
    return "SIP/2.0 " + std::to_string(status) + " X\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=" + branch +
           "\r\nFrom: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>;tag=" + tag +
           "\r\nCall-ID: c\r\nCSeq: 1 " + method + "\r\nContent-Length: 0\r\n\r\n";
  }
  static MessagePtr parse(std::string text) {
    auto message = Message::parse(std::move(text), Framing::Datagram, Limits{});
    return message ? *message : nullptr;
  }

  TimePoint now() const { return wire_.now; }
  // Fires every timer due until then, in order; `time` is since the start.
  void run_until(Duration time) {
    while (timers_.next_deadline() && *timers_.next_deadline() <= at(time)) {
      wire_.now = *timers_.next_deadline();
      while (const auto tag = timers_.pop_due(wire_.now)) layer_.timer_fired(wire_.now, *tag);
    }
    wire_.now = at(time);
  }

  // What was sent so far, as the times it left at; forgets it.
  std::vector<std::chrono::milliseconds> sent_at() {
    std::vector<std::chrono::milliseconds> times;
    for (const auto& sent : wire_.sent)
      times.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(sent.time));
    wire_.sent.clear();
    return times;
  }
  // The reports since the last call, one word each: "180", "timeout", "failed", "terminated", …
  std::vector<std::string> heard() {
    std::vector<std::string> words;
    std::vector<TransactionReport> reports;
    layer_.take_reports(reports);
    for (const TransactionReport& report : reports) words.push_back(word(report));
    return words;
  }

  ClientTransactionId send(Method method, Transport transport = Transport::Udp) {
    const Hop hop{transport, *Endpoint::parse("192.0.2.2:5060"), {}, {}};
    return layer_.create_client(now(), method, branch, request_text(std::string(method_text(method))), hop, {1, 1});
  }
  bool answer(int status, const std::string& method, const std::string& tag = "b") {
    return layer_.receive_response(now(), parse(response_text(status, method, tag)));
  }

  ServerTransactionId receive(const std::string& method, Transport transport = Transport::Udp) {
    const MessagePtr request = parse(request_text(method));
    EXPECT_EQ(layer_.receive_request(now(), request), TransactionLayer::Match::New);
    const Arrival arrival{transport, *Endpoint::parse("192.0.2.1:5060"), {}, {}};
    return layer_.create_server(now(), request, arrival, {transport, arrival.remote, {}, {}});
  }
  TransactionLayer::Match repeat(const std::string& method, const std::string& to_tag = "") {
    return layer_.receive_request(now(), parse(request_text(method, to_tag)));
  }
  void respond(ServerTransactionId id, int status, const std::string& method) {
    layer_.respond(now(), id, status, response_text(status, method), "b");
  }
  bool nothing_left() const { return layer_.client_count() + layer_.server_count() + timers_.size() == 0; }

  static std::string word(const TransactionReport& report) {
    struct Words {
      std::string operator()(const ResponseReceived& r) const { return std::to_string(r.response->status()); }
      std::string operator()(const ClientTimedOut&) const { return "timeout"; }
      std::string operator()(const ClientSendFailed& r) const { return "failed: " + r.reason; }
      std::string operator()(const ClientTerminated&) const { return "terminated"; }
      std::string operator()(const AckMissing&) const { return "no ACK"; }
      std::string operator()(const AnswerOverdue&) const { return "overdue"; }
      std::string operator()(const ServerTerminated&) const { return "terminated"; }
    };
    return std::visit(Words{}, report);
  }

  RecordingWire wire_;
  TimerQueue timers_;
  TransactionLayer layer_;
};

}  // namespace intermediary
