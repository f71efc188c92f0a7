// The PROXY header that an input begins with, read as from a socket: never more than it asks for.
#include <cstdlib>
#include <iostream>

#include "base/connection_limits.h"
#include "fuzz/one_input.h"
#include "transport/proxy_header.h"

namespace {

using namespace intermediary;

void require(bool truth, std::string_view what) {
  if (truth) return;
  std::cerr << "broken: " << what << std::endl;
  std::abort();
}

}  // namespace

void intermediary::fuzzing::run(std::string_view input) {
  std::size_t taken = 0;
  for (;;) {
    const auto header = read_proxy_header(input.substr(0, taken));
    if (!header) return require(!header.error().empty(), "an error says what is wrong");
    require(read_proxy_header(input.substr(0, taken)) == header, "the same bytes are the same header");
    if (header->needs == 0) break;
    taken += header->needs;
    require(taken <= limit::proxy_header_bytes, "a header is not longer than its limit");
    if (taken > input.size()) return;
  }
  require(looks_like_proxy_header(input.substr(0, taken)), "what is read as a header looks like one");
}
