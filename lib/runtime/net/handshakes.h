// Connections that are not open yet: accepted, and still in a PROXY header, a TLS or a WebSocket handshake. The engine
// hears of a connection when it is whole, so these are counted here (docs/adr/0021-handshakes-are-counted-apart.md);
// and those that end, of which it hears no more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/address.h"

namespace intermediary {

class Handshakes {
 public:
  // `most_of` says how many one source may have; limit::handshakes is for all together.
  explicit Handshakes(std::function<std::size_t(const IpAddress&)> most_of) : most_of_(std::move(most_of)) {}

  // One connection's place; gives it back at its end. Empty: there is none.
  using Place = std::shared_ptr<void>;
  Place place_for(const IpAddress& source);
  // The same for a new connection; that there is none is counted.
  Place admit(const IpAddress& source);

  std::size_t under_way() const { return live_->all; }

  // Since the start.
  std::uint64_t failed = 0;
  std::uint64_t refused = 0;

 private:
  struct Live {
    std::size_t all = 0;
    std::map<IpAddress, std::size_t> by_source;
  };
  std::function<std::size_t(const IpAddress&)> most_of_;
  std::shared_ptr<Live> live_ = std::make_shared<Live>();  // places outlive us
};

}  // namespace intermediary
