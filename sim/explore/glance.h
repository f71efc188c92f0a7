// What one look at a SIP message tells whoever watches a node from outside: no copies, one pass, nothing judged.
//
// Not lib/message, for the reason that sim/wire.h gives; and not WireMessage, since a random world looks at every
// message twice.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace intermediary::sim {

// Views of the bytes that were read.
struct Glance {
  std::string_view bytes;
  int status = 0;           // 0: a request
  std::string_view method;  // of a response the CSeq's
  std::string_view uri;
  // Of the topmost Via, and of the one below it.
  std::string_view branch, sent_by;
  bool rport = false;
  std::string_view branch_below, sent_by_below;
  std::size_t vias = 0;
  std::size_t record_routes = 0;
  std::string_view record_route;  // the first
  std::size_t routes = 0;
  std::string_view call_id, cseq, from_tag, to_tag;
  std::optional<unsigned> max_forwards;

  bool is_request() const { return status == 0; }
  bool is_final() const { return status >= 200; }

  // nullopt: no SIP message. REQUIRES: `bytes` outlives what is read.
  static std::optional<Glance> at(std::string_view bytes);
};

// A request, for people: its method and Request-URI.
std::string named(const Glance& request);

}  // namespace intermediary::sim
