// A request that we sent, read back: for the requests that a client transaction makes from it (ACK, CANCEL) and to know
// it again in an ICMP error, which quotes its beginning.
//
// No limit of what comes in applies: what we have added must not make our own request unreadable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary {

// Views into the bytes that were read; "" for what is not there.
struct SentRequest {
  std::string_view method, uri;
  std::string_view via;     // its topmost entry
  std::string_view branch;  // of that
  std::vector<std::string_view> routes;
  std::string_view from, to, call_id;
  std::string_view cseq;  // the number
};

// As far as the bytes go: the last line may be cut. nullopt: no request begins here.
std::optional<SentRequest> read_sent(const std::string& bytes);

// §17.1.1.3: the ACK of a non-2xx answer, from the INVITE as it was sent and the answer's To.
std::string make_ack(const SentRequest& invite, std::string_view to);
// §9.1: the CANCEL of a request as it was sent; `reason` is its Reason (RFC 3326), "" for none.
std::string make_cancel(const SentRequest& request, std::string_view reason = {});

}  // namespace intermediary
