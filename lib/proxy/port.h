// What the proxy cores need from whoever assembles them.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/flow.h"
#include "base/strong_id.h"
#include "event/event.h"
#include "message/uri.h"
#include "proxy/refusal.h"

namespace intermediary {

// A question about hops that is answered later, through resolved().
struct HopQueryTag;
using HopQuery = StrongId<HopQueryTag>;

class ProxyPort {
 public:
  virtual ~ProxyPort() = default;
  // A hop for a URI: at once, later, or never.
  virtual std::variant<Hop, HopQuery, Refusal> find_hop(const Uri& uri) = 0;
  // Whether that connection is there.
  virtual bool has_flow(FlowId flow) const = 0;
  // Sends outside any transaction.
  virtual void send(const Hop& hop, std::string bytes) = 0;
  virtual void emit(Event event) = 0;
};

}  // namespace intermediary
