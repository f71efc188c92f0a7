#include "sim/rungs.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "sim/wire.h"

namespace intermediary::sim {
namespace {

class Builder {
 public:
  Builder(const std::vector<Transmission>& transcript, const std::vector<std::string>& hosts,
          const std::vector<std::string>& lanes)
      : hosts_(hosts), result_{{}, {}, {}} {
    for (const std::string& lane : lanes) lane_named(lane);
    for (const Transmission& sent : transcript) result_.rungs.push_back(rung_of(sent));
  }

  Rungs take() && { return std::move(result_); }

 private:
  std::size_t lane_named(const std::string& name) {
    auto& lanes = result_.lanes;
    auto found = std::ranges::find(lanes, name);
    if (found != lanes.end()) return static_cast<std::size_t>(found - lanes.begin());
    lanes.push_back(name);
    return lanes.size() - 1;
  }

  std::size_t lane_of(HostId host, const Endpoint& address) {
    return lane_named(host ? hosts_[host.value - 1] : address.to_string());
  }

  Rung rung_of(const Transmission& sent) {
    Rung rung;
    rung.time = sent.time;
    rung.from = lane_of(sent.from, sent.source);
    rung.to = lane_of(sent.to, sent.destination);
    rung.lost = sent.fate != Fate::Delivered;
    if (sent.kind == Transmission::Kind::Message) {
      rung.status = status_of(sent.bytes);
      rung.again = !seen_.emplace(sent.from, sent.to, sent.bytes).second;
    }
    rung.label = label_of(sent, rung.again);
    return rung;
  }

  static int status_of(const std::string& bytes) {
    constexpr std::string_view version = "SIP/2.0 ";
    if (!bytes.starts_with(version)) return 0;
    return parse_decimal<int>(std::string_view(bytes).substr(version.size(), 3)).value_or(0);
  }

  static std::string label_of(const Transmission& sent, bool again) {
    std::string label;
    if (sent.kind == Transmission::Kind::Message) {
      label = short_label(sent.bytes) + (again ? " (again)" : "");
    } else if (sent.kind == Transmission::Kind::Close) {
      label = "(close)";
    } else {
      label =
          sent.transport == Transport::Tcp ? "(open)" : "(open " + std::string(parameter_name(sent.transport)) + ")";
    }
    return sent.fate == Fate::Refused ? label + " (refused)" : label;
  }

  const std::vector<std::string>& hosts_;
  Rungs result_;
  std::set<std::tuple<HostId, HostId, std::string>> seen_;
};

}  // namespace

Rungs rungs_of(const Network& network, const std::vector<std::string>& order) {
  std::vector<std::string> hosts, lanes = order;
  for (std::uint32_t i = 1; i <= network.host_count(); ++i) {
    hosts.push_back(network.name(HostId{i}));
    if (!network.is_nat(HostId{i})) lanes.push_back(hosts.back());  // what a NAT box lets through has no end there
  }
  Rungs rungs = rungs_of(network.transcript(), hosts, lanes);
  rungs.notes = network.notes();
  return rungs;
}

Rungs rungs_of(const std::vector<Transmission>& transcript, const std::vector<std::string>& hosts,
               const std::vector<std::string>& lanes) {
  return Builder(transcript, hosts, lanes).take();
}

}  // namespace intermediary::sim
