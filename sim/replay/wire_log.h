// What went over the wire, as a record's inputs and the replay's outputs tell: whole messages between the server and
// the addresses around it, masked unless it is told otherwise. For ladders, captures and scenarios.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "sim/network.h"
#include "sim/replay/mask.h"
#include "sim/replay/replay.h"
#include "sim/rungs.h"

namespace intermediary::sim {

inline constexpr HostId recorded_server{1};

struct WireLogOptions {
  std::vector<std::string> calls{};  // Call-IDs; empty: everything
  bool masked = true;
};

class WireLog {
 public:
  // `replay` must outlive it.
  WireLog(const Replay& replay, WireLogOptions options);

  // REQUIRES: the replay's steps, one after the other. Whoever wants no transcript need not.
  void add(const Replay::Step& step);

  // Time 0 is the record's. `from` and `to` are 1 for the server, and from 2 on for each address.
  const std::vector<Transmission>& transcript() const { return transcript_; }
  // Of HostId 1, 2, …: "server", "192.0.2.10:5060", …
  const std::vector<std::string>& hosts() const { return hosts_; }
  Rungs rungs() const { return rungs_of(transcript_, hosts_, hosts_); }
  // A line for people about it, masked as messages are.
  std::string shown(const std::string& text) { return options_.masked ? masker_.masked(text) : text; }

 private:
  struct Flow {
    Transport transport = Transport::Tcp;
    Endpoint local, remote;
    std::string arrived;  // and is no whole message yet
    bool is_open = false;
  };

  void take(const Input& input);
  void take(const Output& output);
  const Flow& flow_of(const Hop& hop);
  void take_stream(const StreamReceived& stream);
  void take_opened(const FlowOpened& opened);
  void close(FlowId id, bool by_us);
  void refused(const DatagramFailed& failed);
  void message(bool inward, Transport transport, const Endpoint& local, const Endpoint& remote, std::string bytes);
  void connection(bool inward, Transmission::Kind kind, const Flow& flow, Fate fate = Fate::Delivered);
  void note(bool inward, const Endpoint& local, const Endpoint& remote, Transmission sent);
  HostId host_at(const Endpoint& remote);
  Endpoint local_of(ListenerId listener) const;
  bool is_wanted(const std::string& bytes) const;

  const Replay& replay_;
  WireLogOptions options_;
  Masker masker_;
  TimePoint now_{};
  std::vector<std::string> hosts_{"server"};
  std::map<Endpoint, HostId> known_;
  std::map<FlowId, Flow> flows_;
  std::vector<Transmission> transcript_;
};

}  // namespace intermediary::sim
