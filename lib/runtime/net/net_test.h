// What the tests of sockets share: a list in the shard's place, and an io_context that is run until something is so.
#pragma once

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "runtime/net/inbox.h"

namespace intermediary {

class List : public Inbox {
 public:
  void deliver(Input input) override { inputs.push_back(std::move(input)); }
  void settle() override {}
  void note(LogLevel, std::string_view line) override { notes += std::string(line) + '\n'; }

  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const Input& input : inputs) {
      if (const Kind* kind = std::get_if<Kind>(&input)) found.push_back(*kind);
    }
    return found;
  }

  std::vector<Input> inputs;
  std::string notes;
};

class NetTest : public testing::Test {
 protected:
  // Runs the sockets until `done`, at most five seconds.
  template <class Condition>
  bool run_until(Condition done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    io.restart();
    while (!done() && std::chrono::steady_clock::now() < end) io.run_one_for(std::chrono::milliseconds(100));
    return done();
  }

  boost::asio::io_context io;
  List inbox;
};

}  // namespace intermediary
