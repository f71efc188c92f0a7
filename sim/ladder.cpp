#include "sim/ladder.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

// Of a response by its class; what is lost, and what repeats something, before that.
std::string_view colour_of(const Rung& rung) {
  if (rung.lost) return "\x1b[35m";
  if (rung.again) return "\x1b[2m";
  constexpr std::string_view by_class[] = {"\x1b[1m", "\x1b[36m", "\x1b[32m", "\x1b[33m"};
  const auto number = static_cast<std::size_t>(rung.status / 100);
  return number < std::size(by_class) ? by_class[number] : "\x1b[31m";
}

class Ladder {
 public:
  Ladder(Rungs rungs, LadderStyle style)
      : lanes_(std::move(rungs.lanes)), rungs_(std::move(rungs.rungs)), notes_(std::move(rungs.notes)), style_(style) {
    lay_out();
  }

  std::string draw() const {
    std::string text = names();
    std::size_t next = 0;
    for (std::size_t i = 0; i <= rungs_.size(); ++i) {
      for (; next < notes_.size() && notes_[next].at == i; ++next) text += row(notes_[next]);
      if (i < rungs_.size()) text += row(rungs_[i]);
    }
    return text;
  }

 private:
  void lay_out() {
    for (const Rung& rung : rungs_) {
      time_width_ = std::max(time_width_, time_of(rung).size());
      spacing_ = std::max(spacing_, rung.label.size() + 7);
    }
    for (const NetworkNote& note : notes_) {
      time_width_ = std::max(time_width_, seconds_text(note.time.time_since_epoch()).size());
    }
    for (const std::string& name : lanes_) spacing_ = std::max(spacing_, name.size() + 2);
    margin_ = time_width_ + 2 + lanes_.front().size() / 2 + 1;
  }

  static std::string time_of(const Rung& rung) { return seconds_text(rung.time.time_since_epoch()); }

  std::string coloured(const Rung& rung, std::string line, std::size_t from, std::size_t count) const {
    if (style_ == LadderStyle::Plain) return line;
    return line.insert(from + count, "\x1b[0m").insert(from, colour_of(rung));
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
    const std::string time = time_of(rung);
    line.replace(time_width_ - time.size(), time.size(), time);
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) line[column(lane)] = '|';
    if (rung.from == rung.to) {
      line.replace(column(rung.from) + 1, rung.label.size() + 3, "<> " + rung.label);
      return coloured(rung, finished(line), column(rung.from) + 1, rung.label.size() + 3);
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
    return coloured(rung, finished(line), left, right - left);
  }

  // Across all lanes: "|== p1 restarts ==========|".
  std::string row(const NetworkNote& note) const {
    std::string line(column(lanes_.size() - 1) + spacing_, ' ');
    const std::string time = seconds_text(note.time.time_since_epoch());
    line.replace(time_width_ - time.size(), time.size(), time);
    const std::size_t left = column(0), right = std::max(column(lanes_.size() - 1), left + note.text.size() + 7);
    line.resize(std::max(line.size(), right + 1), ' ');
    std::fill(line.begin() + static_cast<std::ptrdiff_t>(left), line.begin() + static_cast<std::ptrdiff_t>(right), '=');
    line[left] = line[right] = '|';
    line.replace(left + 3, note.text.size() + 2, ' ' + note.text + ' ');
    return finished(line);
  }

  std::vector<std::string> lanes_;
  std::vector<Rung> rungs_;
  std::vector<NetworkNote> notes_;
  LadderStyle style_;
  std::size_t time_width_ = 5;
  std::size_t spacing_ = 14;
  std::size_t margin_ = 0;
};

}  // namespace

std::string draw_ladder(const Network& network, const std::vector<std::string>& order, LadderStyle style) {
  return draw_ladder(rungs_of(network, order), style);
}

std::string draw_ladder(const Rungs& rungs, LadderStyle style) {
  return rungs.lanes.empty() ? std::string() : Ladder(rungs, style).draw();
}

}  // namespace intermediary::sim
