// One scenario against a target: its parties on sockets, in real time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "conformance/target/cast.h"
#include "conformance/target/judge.h"
#include "conformance/target/registrations.h"

namespace intermediary::conformance {

struct PlayRules {
  Duration tolerance = std::chrono::milliseconds(250);
  bool waits_to_the_end = true;  // until its last line, though nothing has to come any more
};

struct Outcome {
  enum class Kind {
    Passed,    // all its lines came
    Differs,   // it went otherwise than written, and nobody says that this is wrong
    Violates,  // what demands.txt names did not hold
    NoSetup,   // the target refused the bindings that it begins with, or there were no sockets
  };

  Kind kind = Kind::NoSetup;
  std::string text;             // what differs
  std::string ladder;           // what went over the wire
  std::set<std::string> shown;  // rows that a demand shows
  std::vector<std::string> violated;
  bool lacks_trying = false;  // passed, but a 100 that a line has never came
  Duration took{0};
};

class Play : public std::enable_shared_from_this<Play> {
 public:
  using Done = std::function<void(Outcome)>;

  // REQUIRES: all but `slot` and `rules` outlive it.
  Play(boost::asio::io_context& io, const Script& script, const std::vector<Demand>& demands, const Target& target,
       const Slot& slot, const PlayRules& rules);

  // Calls `done` once, and keeps itself until then.
  void begin(Done done);
  // Ends it at once, as one that could not be played.
  void abandon(const std::string& why);

 private:
  Duration now() const;
  void step();
  void wake_at(std::optional<Duration> time);
  bool is_ready(std::size_t act);
  void perform(std::size_t act);
  void send(const sim::MessageLine& line);
  void carry(Actor& sender, Actor& receiver, const std::string& bytes);
  void act(const sim::ConnectionLine& line);
  void received(std::size_t place, const Endpoint& from, sim::EndId end, const std::string& bytes);
  void judge(Actor& receiver, const Endpoint& from, sim::EndId end, const std::string& bytes);
  void note(sim::HostId from, const Actor& to, const std::string& bytes, bool lost);
  Duration latency(const std::string& party) const;
  void end();
  void clean_up();
  void finish(Outcome::Kind kind, std::string text);
  std::vector<std::string> lanes();

  boost::asio::io_context& io_;
  const sim::Scenario& scenario_;
  const Target& target_;
  PlayRules rules_;
  Stage stage_;
  Cast cast_;
  Judge judge_;
  Registrations registrations_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point began_;
  std::multimap<Duration, std::function<void()>> under_way_;
  sim::Network notebook_;  // nothing but what was sent, for the ladder
  bool loses_ = false;
  std::set<std::string> registered_;
  std::optional<Duration> quiet_since_;
  std::optional<Duration> wakes_at_;
  std::optional<Duration> unready_since_;
  Duration longest_;
  std::size_t heard_ = 0;
  bool playing_ = false;
  Outcome outcome_;
  Done done_;
};

}  // namespace intermediary::conformance
