// Requests for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "message/message.h"
#include "ua/answer.h"

namespace intermediary {

// A request to `uri` with these lines besides those that every request has.
inline MessagePtr request_to(std::string_view uri, std::string_view method, std::string_view lines,
                             std::string_view cseq = "1", std::string_view body = "") {
  std::string bytes = std::string(method) + " " + std::string(uri) + " SIP/2.0\r\n";
  bytes += "Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bKua1\r\nMax-Forwards: 70\r\n";
  bytes += "From: <sip:bob@example.com>;tag=f1\r\n";
  bytes += "CSeq: " + std::string(cseq) + " " + std::string(method) + "\r\n";
  bytes += lines;
  bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  auto message = Message::parse(std::move(bytes), Framing::Datagram, Limits{});
  if (!message) throw std::logic_error("the test's own request is wrong: " + message.error().error.to_string());
  return *message;
}

// The values of that field, in order.
inline std::vector<std::string> field_values(const UaAnswer& answer, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [field, value] : answer.fields) {
    if (field == name) values.push_back(value);
  }
  return values;
}

}  // namespace intermediary
