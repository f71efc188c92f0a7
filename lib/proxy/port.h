// What the proxy cores need from whoever assembles them.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/flow.h"
#include "base/hop_order.h"
#include "base/strong_id.h"
#include "event/event.h"
#include "message/message.h"
#include "message/uri.h"
#include "proxy/preprocess.h"
#include "proxy/refusal.h"
#include "routing/peer_table.h"

namespace intermediary {

// A question about hops that is answered later, through resolved().
struct HopQueryTag;
using HopQuery = StrongId<HopQueryTag>;

// One hop where no name had to be asked for; hops in the order in which they are tried.
using FoundHop = std::variant<Hop, std::vector<Hop>, HopQuery, Refusal>;
// What a question has come to: hops, at least one, or why there are none.
using ResolvedHops = std::expected<std::vector<Hop>, std::string>;

class ProxyPort {
 public:
  virtual ~ProxyPort() = default;
  // Where a URI leads: at once, later, or never.
  virtual FoundHop find_hop(const Uri& uri, HopOrder order) = 0;
  // Nobody waits for that answer any more.
  virtual void forget_query(HopQuery query) = 0;
  // Whether that connection is there.
  virtual bool has_flow(FlowId flow) const = 0;
  // What became of a request to that peer; `rest`: its Retry-After.
  virtual void heard_of(PeerId peer, PeerOutcome outcome, std::optional<std::chrono::seconds> rest,
                        const std::string& reason) = 0;
  // Before a request goes to a peer: why it may not, by the limits of its group; "" and it is counted. `before`: the
  // peer that it went to last, which had a place for it.
  virtual std::string refuse_peer(const Preprocessed& request, bool priority, PeerId peer, PeerId before) = 0;
  // Further parameters of our Via on the way to a hop, of that peer where there is one.
  virtual std::string_view via_parameters(PeerId peer, const Hop& hop) = 0;
  // Before a request goes there: whether it may, or is held back because the hop wants less (RFC 7339 §5.5).
  virtual bool may_go_to(const Hop& hop, const Message& request, bool priority) = 0;
  // Sends outside any transaction.
  virtual void send(const Hop& hop, std::string bytes) = 0;
  virtual void emit(Event event) = 0;
};

}  // namespace intermediary
