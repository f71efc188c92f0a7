// The bytes of a request on its way out: RFC 3261 §16.6 steps 1 to 9, as splices on what came in. And a response
// without our Via (§16.7 step 3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/local_names.h"
#include "message/editor.h"
#include "message/message.h"
#include "proxy/preprocess.h"
#include "proxy/settings.h"
#include "routing/target_set.h"

namespace intermediary {

struct Forwarding {
  const Preprocessed& request;
  const Target& target;
  Hop hop;                          // with its listener set
  const LocalNames::Listener& in;   // where the request came in
  Transport in_transport;           // and how: a listener may have several
  const LocalNames::Listener& out;  // where it leaves
  std::string_view branch;          // of our Via
  std::string_view via_parameters;  // further ones, ";a=b"; "" for none
  bool record_route = false;
  std::uint32_t breadth = 0;                    // its Max-Breadth; 0: none (CANCEL)
  std::optional<std::uint32_t> stated_breadth;  // what the request says of it
  bool followed = false;  // the Record-Route says that this run of ours follows the dialog (docs/adr/0026)
};

// The URI whose hop the request needs (§16.6 steps 6 and 7): the target's path, the topmost Route, or the target
// itself. For a SIPS target it is a SIPS URI, whoever names the hop. It may stand in `room`. An error when the path
// cannot be read.
std::expected<const Uri*, Refusal> next_hop(const Preprocessed& request, const Target& target, Uri& room);

// Whether the request leaves with a SIPS URI as Request-URI or topmost Route.
bool leaves_as_sips(const Preprocessed& request, const Target& target);

std::string forward_request(const Forwarding& forwarding, const ProxySettings& settings);

// The response as it goes back (§16.7 step 9): without its topmost Via and the entries `removed`, with the lines
// `added`, and with a Content-Length, which it may lack as a datagram but not on a stream (§18.3, §20.14). "" when
// there is no other Via: it was meant for us.
std::string pass_back(const Message& response, const std::vector<FieldLine>& added = {},
                      const std::vector<Entry>& removed = {});

}  // namespace intermediary
