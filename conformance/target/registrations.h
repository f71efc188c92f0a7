// REGISTERs before and after a scenario: the bindings that it takes for granted, and away with whatever it left.
//
// Over UDP where the target has it, repeated until they are answered; one request at a time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "conformance/target/cast.h"

namespace intermediary::conformance {

class Registrations {
 public:
  // "" when all went well, else what did not. Called once for each bind() or remove().
  using Done = std::function<void(std::string trouble)>;

  // REQUIRES: all outlive it.
  Registrations(boost::asio::io_context& io, Stage& stage, const Cast& cast, const Target& target);

  void bind(const std::vector<sim::LocationDeclaration>& locations, Done done);
  // All bindings of these addresses of record; in the scenario's words.
  void remove(const std::set<std::string>& addresses_of_record, Done done);
  // What came to the registrant's socket.
  void hear(const std::string& bytes);
  void close();

 private:
  struct Request {
    std::string address_of_record;
    std::string contact;
    std::string expires;
  };

  void ask(std::deque<Request> requests, Done done);
  void next();
  void send();
  void stop_waiting();
  void finish(std::string trouble);
  std::string write(const Request& request);

  boost::asio::steady_timer timer_;
  std::shared_ptr<int> waits_;  // while it does
  Stage& stage_;
  const Cast& cast_;
  const Target& target_;
  std::deque<Request> requests_;
  std::string bytes_;  // of the one under way
  std::uint32_t cseq_ = 0;
  int repetitions_ = 0;
  bool goes_on_ = false;  // though one is refused
  sim::EndId connection_;
  Done done_;
};

}  // namespace intermediary::conformance
