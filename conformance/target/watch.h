// Is it still there? An OPTIONS twice a second beside the scenarios, so that a target that ends in the middle is told
// from one that does wrong.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "conformance/target/cast.h"
#include "conformance/target/stage.h"

namespace intermediary::conformance {

class Watch {
 public:
  // REQUIRES: both outlive it.
  Watch(boost::asio::io_context& io, const Target& target);

  // `gone` is called once, when it has answered none of several requests in a row.
  void begin(std::function<void()> gone);
  void end();
  std::chrono::steady_clock::time_point last_answer() const { return last_answer_; }

 private:
  void ask();

  const Target& target_;
  Stage stage_;
  boost::asio::steady_timer timer_;
  std::function<void()> gone_;
  Endpoint here_;
  sim::EndId connection_;
  int unanswered_ = 0;
  std::chrono::steady_clock::time_point last_answer_;
};

}  // namespace intermediary::conformance
