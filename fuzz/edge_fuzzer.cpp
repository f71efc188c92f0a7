// What strangers bring to the first hop, under any bytes. The first byte of an input chooses the kind, the rest is its
// text: 0 a datagram of STUN, 1 the user part of a Route as a flow token, 2 the user part of a Request-URI as a
// temporary GRUU.
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "fuzz/one_input.h"
#include "location/gruu.h"
#include "proxy/flow_token.h"
#include "transport/stun.h"

namespace {

using namespace intermediary;

void require(bool truth, std::string_view what) {
  if (truth) return;
  std::cerr << "broken: " << what << std::endl;
  std::abort();
}

void fuzz_stun(std::string_view datagram) {
  const auto answer = answer_stun(datagram, *Endpoint::parse("[2001:db8::1]:5060"));
  if (!answer) return;
  require(is_stun(datagram), "an answer is for STUN alone");
  require(answer->size() * 10 <= datagram.size() * 22, "an answer is little longer than its request");
  require(!answer_stun(*answer, *Endpoint::parse("192.0.2.1:5060")), "an answer gets none");
}

void fuzz_flow_token(std::string_view user) {
  const std::string token = "ft-" + std::string(user);
  const auto flow = read_flow_token({{1, 2}, 3}, token);
  if (flow) require(flow_token({{1, 2}, 3}, *flow) == token, "one token for a flow");
}

void fuzz_gruu(std::string_view user) {
  const auto uri = Uri::parse("sip:tgruu." + std::string(user) + "@example.com;gr");
  if (!uri) return;
  const auto gruu = read_gruu({1, 2}, *uri);
  if (gruu) require(gruu->is_temporary() && gruu->address_of_record.ends_with("@example.com"), "a GRUU stays at home");
}

}  // namespace

namespace intermediary::fuzzing {

void run(std::string_view input) {
  if (input.empty()) return;
  const std::string_view text = input.substr(1);
  switch (input.front() % 3) {
    case 0:
      return fuzz_stun(text);
    case 1:
      return fuzz_flow_token(text);
    default:
      return fuzz_gruu(text);
  }
}

}  // namespace intermediary::fuzzing
