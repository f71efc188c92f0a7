// One run of a scenario: its world, its parties' cues, the faults that strike and the promises that are watched.
//
// As a rehearsal (no script), lines happen at their times and parties do nothing else; that gives the script. With a
// script, parties act by it (sim/explore/execution.h).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/explore/execution.h"
#include "sim/explore/invariants.h"
#include "sim/explore/repeater.h"
#include "sim/explore/saboteur.h"
#include "sim/explore/script.h"
#include "sim/explore/testimony.h"
#include "sim/scenario.h"
#include "sim/wire.h"

namespace intermediary::sim {

class Performance final : public Observer {
 public:
  // REQUIRES: all outlive it.
  Performance(const Scenario& scenario, std::uint64_t seed, const Script* script, const Schedule& schedule,
              const ExecutionOptions& options);

  Verdict run();
  // Of a rehearsal that has run.
  Script take_script() { return std::move(learnt_); }

 private:
  struct Stage {  // what a scripted party does by itself
    Repeater repeater;
    std::map<std::string, std::pair<std::string, TimePoint>> last_heard;  // by Call-ID: its name, and when it came
  };

  // ---- time
  std::optional<TimePoint> next_time() const;
  void live_through_this_instant();
  std::optional<std::size_t> due_line() const;
  bool wake_a_party();
  std::optional<TimePoint> deadline_of(HostId host) const;
  bool lines_wait() const;
  Verdict verdict();
  void judge_conduct(std::vector<std::string>& broken) const;
  Schedule misfortunes() const;

  // ---- lines
  bool is_stimulus(std::size_t index) const;
  std::optional<TimePoint> time_as_written(std::size_t index) const;
  void wait_for_cues();
  void perform(std::size_t index);
  void send(std::size_t index, const MessageLine& line);
  MessageLine directed(const MessageLine& line, const Cue& cue) const;
  bool is_out_of_place(const std::string& bytes, const WireMessage& message, HostId sender,
                       const std::optional<Cue>& cue) const;
  void learn(std::size_t index, const MessageLine& line, const std::string& bytes, HostId sender);
  void follow_line(std::size_t index);

  // ---- what is sent and heard
  Judgement judge(const Transmission& sent);
  Judgement expected(const Transmission& sent);
  Held arriving(HostId host, const Arrived& arrived) override { return saboteur_.arriving(host, arrived); }
  Held arriving(HostId host, const DnsAnswered& answer) override { return saboteur_.arriving(host, answer); }
  std::optional<Zone::Answer> asked(HostId node, const DnsQuestion& question) override {
    return saboteur_.asked(node, question);
  }
  void entering(HostId node, const Input& input) override {
    witness_.entering(node, input);
    if (chronicler_) chronicler_->entering(node, input);
    if (testimony_) testimony_->came(world_.now(), node, input);
  }
  void settled(HostId node) override {
    witness_.settled(node);
    if (chronicler_) chronicler_->settled(node);
  }
  void heard(HostId party, const Heard& heard) override;
  void note_said(HostId sender, HostId to, const std::string& bytes, bool by_itself);
  void say(HostId party, HostId to, const std::string& bytes);
  void be_surprised(HostId party, const Heard& heard);
  void acknowledge(HostId party, const Heard& heard);
  HostId next_hop(const WireMessage& request, HostId otherwise) const;

  const Scenario& scenario_;
  const Script* script_;
  const ExecutionOptions& options_;
  World world_;
  Saboteur saboteur_;
  Witness witness_;
  std::optional<Testimony> testimony_;    // where conduct is judged
  std::optional<Chronicler> chronicler_;  // where somebody looks on
  std::map<HostId, Stage> parties_;
  Hearing hearing_;
  Bindings bindings_;
  std::vector<std::optional<TimePoint>> happened_;       // by line
  std::set<std::pair<TimePoint, std::size_t>> waiting_;  // with a script: lines whose time is known
  std::multimap<std::string, std::size_t> by_heard_;     // likewise: lines that wait for a name
  std::multimap<std::size_t, std::size_t> by_line_;      // and for a line
  std::map<std::string, WireMessage> requests_;          // that came to parties, by name
  std::map<std::string, std::size_t> said_by_;           // bytes, by the line that first sent them
  std::map<std::pair<HostId, HostId>, std::set<std::string>> expected_before_;
  const MessageLine* stimulus_ = nullptr;
  bool lines_matter_ = false;  // expectations bind names or lose messages
  bool started_ = false;
  Script learnt_;
};

}  // namespace intermediary::sim
