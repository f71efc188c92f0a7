// The servers of one target (RFC 3261 §16.6 step 7, RFC 3263 §4.3): which is next, and which are left alone.
#pragma once

#include <cassert>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "base/flow.h"
#include "base/time.h"
#include "proxy/best_response.h"

namespace intermediary {

// Those that have not been tried, in order.
class Servers {
 public:
  Servers() = default;
  explicit Servers(std::vector<Hop> hops) : hops_(std::move(hops)) {}

  // REQUIRES: not empty.
  Hop take() {
    assert(!empty());
    return std::move(hops_[next_++]);
  }
  bool empty() const { return next_ == hops_.size(); }
  std::size_t size() const { return hops_.size() - next_; }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  std::vector<Hop> hops_;
  std::size_t next_ = 0;
};

// RFC 3263 §4.3: whether that answer is a failure of the server, for which the next one is tried: a 503, one that could
// not be reached, or silence. `heard`: a provisional answer came before.
bool is_servers_failure(const Answered& answer, bool heard);

// Servers that said 503 with Retry-After (RFC 3261 §21.5.4): for that long no request goes there as long as the target
// has another. Apart from what is remembered of DNS, and about servers alone: whatever else fails for one request is
// not held against the next.
class RestingServers {
 public:
  // No longer than limit::longest_rest; of more than limit::resting_servers the one that is ready first is forgotten.
  void rest(TimePoint now, const Hop& server, std::chrono::seconds how_long);
  // `hops` without those that rest; all of them where none is left.
  std::vector<Hop> awake(TimePoint now, std::vector<Hop> hops);

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  struct Server {
    Transport transport;
    Endpoint remote;
    friend auto operator<=>(const Server&, const Server&) = default;
  };
  std::map<Server, TimePoint> until_;
};

}  // namespace intermediary
