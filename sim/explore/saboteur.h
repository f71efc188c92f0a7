// Carries out a schedule of faults in one run, and notes where else faults could strike. Asked by the run's judge and
// observer.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sim/explore/execution.h"
#include "sim/explore/fault.h"
#include "sim/world.h"

namespace intermediary::sim {

class Saboteur {
 public:
  // When a host's next timer fires.
  using Deadline = std::function<std::optional<TimePoint>(HostId)>;

  // REQUIRES: world and schedule outlive it.
  Saboteur(World& world, const Schedule& schedule, bool lists_points, Deadline deadline);

  // `judged`: what would become of it otherwise. REQUIRES: called once for each transmission, by the network's judge.
  Judgement judge(const Transmission& sent, Judgement judged);
  // As of an Observer.
  Observer::Held arriving(HostId host, const Arrived& arrived);
  Observer::Held arriving(HostId host, const DnsAnswered& answer);
  std::optional<Zone::Answer> asked(HostId node, const DnsQuestion& question);
  // Called when it has made a node start anew, before anything reaches that.
  std::function<void(HostId)> on_restart;
  std::function<void(const Fault&)> on_strike;

  std::vector<FaultPoint> points() const;  // in the order of the run
  const std::vector<std::size_t>& struck() const { return struck_; }

 private:
  struct Seen {  // an arrival of a datagram
    TimePoint time;
    HostId host;
    std::size_t sent = 0;
  };

  std::string name(HostId host) const { return world_.network().name(host); }
  // The index of that fault in the schedule, which strikes now.
  bool strikes(const Fault& fault);
  void note(Fault fault, TimePoint time);
  void note_message(const Transmission& sent, std::uint32_t number);
  Observer::Held enter(HostId node);
  Observer::Held held_back(HostId host, std::size_t sent);

  World& world_;
  const Schedule& schedule_;
  bool lists_points_;
  Deadline deadline_;
  std::vector<std::size_t> struck_;
  std::size_t occasion_ = 0;
  std::vector<FaultPoint> points_;
  std::map<std::pair<HostId, HostId>, std::uint32_t> messages_;
  std::map<HostId, std::uint32_t> arrivals_, questions_;
  std::map<std::size_t, Fault::Kind> to_hold_;    // by 1 + index into the transcript
  std::map<std::size_t, std::uint32_t> numbers_;  // likewise, of datagrams
  std::set<HostId> waiting_for_neighbour_;
  std::vector<Seen> seen_;
};

}  // namespace intermediary::sim
