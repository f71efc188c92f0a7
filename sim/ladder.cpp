#include "sim/ladder.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/scenario.h"
#include "sim/wire.h"

namespace intermediary::sim {
namespace {

struct Rung {
  std::string time;
  std::size_t from = 0;  // lanes
  std::size_t to = 0;
  std::string label;
  bool lost = false;
};

class Ladder {
 public:
  Ladder(const Network& network, const std::vector<std::string>& order) : network_(network), lanes_(order) {
    for (std::uint32_t i = 1; i <= network.host_count(); ++i) lane_named(network.name(HostId{i}));
    for (const Transmission& sent : network.transcript()) rungs_.push_back(rung_of(sent));
    lay_out();
  }

  std::string draw() const {
    std::string text = names();
    for (const Rung& rung : rungs_) text += row(rung);
    return text;
  }

 private:
  std::size_t lane_named(const std::string& name) {
    auto found = std::ranges::find(lanes_, name);
    if (found != lanes_.end()) return static_cast<std::size_t>(found - lanes_.begin());
    lanes_.push_back(name);
    return lanes_.size() - 1;
  }

  std::size_t lane_of(HostId host, const Endpoint& address) {
    return lane_named(host ? network_.name(host) : address.to_string());
  }

  Rung rung_of(const Transmission& sent) {
    Rung rung;
    rung.time = seconds_text(sent.time.time_since_epoch());
    rung.from = lane_of(sent.from, sent.source);
    rung.to = lane_of(sent.to, sent.destination);
    rung.label = label_of(sent);
    rung.lost = sent.fate != Fate::Delivered;
    if (sent.fate == Fate::Refused) rung.label += " (refused)";
    return rung;
  }

  std::string label_of(const Transmission& sent) {
    switch (sent.kind) {
      case Transmission::Kind::Open:
        if (sent.transport == Transport::Tcp) return "(open)";
        return "(open " + std::string(parameter_name(sent.transport)) + ")";
      case Transmission::Kind::Close:
        return "(close)";
      case Transmission::Kind::Message:
        break;
    }
    std::string label = short_label(sent.bytes);
    bool first = seen_.emplace(sent.from, sent.to, sent.bytes).second;
    return first ? label : label + " (again)";
  }

  void lay_out() {
    for (const Rung& rung : rungs_) {
      time_width_ = std::max(time_width_, rung.time.size());
      spacing_ = std::max(spacing_, rung.label.size() + 7);
    }
    for (const std::string& name : lanes_) spacing_ = std::max(spacing_, name.size() + 2);
    margin_ = time_width_ + 2 + lanes_.front().size() / 2 + 1;
  }

  std::size_t column(std::size_t lane) const { return margin_ + lane * spacing_; }

  static std::string finished(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
  }

  std::string names() const {
    std::string line;
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      std::size_t begin = column(lane) - std::min(column(lane), lanes_[lane].size() / 2);
      line.resize(std::max(line.size(), begin), ' ');
      line += lanes_[lane];
    }
    return finished(line);
  }

  std::string row(const Rung& rung) const {
    std::string line(column(lanes_.size() - 1) + spacing_, ' ');
    line.replace(time_width_ - rung.time.size(), rung.time.size(), rung.time);
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) line[column(lane)] = '|';
    if (rung.from == rung.to) {
      line.replace(column(rung.from) + 1, rung.label.size() + 3, "<> " + rung.label);
      return finished(line);
    }
    bool rightward = rung.from < rung.to;
    std::size_t left = column(std::min(rung.from, rung.to)) + 1;
    std::size_t right = column(std::max(rung.from, rung.to));
    // What is lost ends a few columns before its goal.
    if (rung.lost && rightward) right -= 2;
    if (rung.lost && !rightward) left += 2;
    std::fill(line.begin() + static_cast<std::ptrdiff_t>(left), line.begin() + static_cast<std::ptrdiff_t>(right), '-');
    char head = rightward ? '>' : '<';
    line[rightward ? right - 1 : left] = rung.lost ? 'x' : head;
    line.replace(left + (rightward ? 2 : 3), rung.label.size(), rung.label);
    return finished(line);
  }

  const Network& network_;
  std::vector<std::string> lanes_;
  std::vector<Rung> rungs_;
  std::set<std::tuple<HostId, HostId, std::string>> seen_;
  std::size_t time_width_ = 5;
  std::size_t spacing_ = 14;
  std::size_t margin_ = 0;
};

}  // namespace

std::string draw_ladder(const Network& network, const std::vector<std::string>& order) {
  if (network.host_count() == 0) return {};
  return Ladder(network, order).draw();
}

}  // namespace intermediary::sim
