// [[test]]: what the operator expects of his own configuration (docs/configuration.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "config/problem.h"
#include "routing/rule.h"

namespace intermediary {

// A request that comes in.
struct TestRequest {
  std::size_t listener = 0;  // its place in the configuration
  Endpoint source;
  std::string method;
  std::string ruri;
  std::string from;
  std::string to;
  std::vector<std::pair<std::string, std::string>> headers{};
};

// What must become of it; what is not said does not matter.
struct TestWish {
  std::optional<int> status{};  // of the answer
  bool dropped = false;         // nothing leaves
  std::optional<std::string> rule{};
  std::optional<std::string> trunk{};
  std::optional<std::string> pool{};
  std::optional<std::string> peer{};
  std::optional<std::string> ruri{};      // of what leaves
  std::optional<std::string> next_hop{};  // "udp:192.0.2.30:5060"
  std::vector<FieldMatch> headers{};
};

struct TestBlock {
  std::string name;
  Position at;
  std::optional<WallTime> time{};                               // the wall clock's
  std::vector<std::pair<std::string, std::string>> bindings{};  // address of record and contact
  // What who is asked says, as a route query's answer: "route_query:crm" and its JSON.
  std::vector<std::pair<std::string, std::string>> answers{};
  TestRequest send{};
  TestWish want{};
};

}  // namespace intermediary
