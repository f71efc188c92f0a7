// One call of a record as a scenario (docs/scenarios.md): the server with its rules, a party for each address, the
// bindings and DNS records that it met, what came in as stimuli and what went out as expectations.
//
// What a scenario cannot say is left out and told in its prose: challenges (the exchange that ended in one is not
// there), flows of registrations, certificates. So it need not run: whoever writes one runs it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/replay/replay.h"
#include "sim/replay/wire_log.h"

namespace intermediary::sim {

class ScenarioExport {
 public:
  // `replay` and `log` must outlive it; `log` has the messages of that call alone.
  ScenarioExport(const Replay& replay, WireLog& log, std::string call_id);

  // REQUIRES: after the log had it.
  void add(const Replay::Step& step);
  // The file's text, without a ladder. `name` is the scenario's.
  std::string text(const std::string& name) const;

 private:
  struct Question {
    DnsQuestion question;
    TimePoint asked{};
  };
  struct Zone {
    TimePoint asked{};
    Duration after{};
    DnsResult answer;
  };
  struct Sent {
    std::size_t place = 0;  // in the transcript
    bool by_timer = false;
  };

  void note(const BindingChanged& change);
  bool is_begun() const { return !log_.transcript().empty(); }

  std::string node_lines() const;
  std::string party_lines() const;
  std::string location_lines() const;
  std::string zone_lines() const;
  std::string message_lines() const;
  std::string name_of(HostId host) const;

  const Replay& replay_;
  WireLog& log_;
  std::string call_id_;
  std::map<std::string, std::vector<std::string>> bindings_;        // contacts by address of record
  std::map<std::string, std::vector<std::string>> bindings_begun_;  // as they stood when the call began
  std::map<QueryId, Question> asked_;
  std::map<DnsQuestion, Zone> zone_;
  std::vector<Sent> sent_;  // one for each entry of the transcript
  bool begun_ = false;
  std::optional<Config> config_;  // with which the call began
  bool reloaded_ = false;         // there was another, later
};

}  // namespace intermediary::sim
