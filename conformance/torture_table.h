// The verdict tables of conformance/torture and the messages that they judge.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace intermediary::conformance {

// One row of a table; conformance/torture/README.md says what the columns mean. `stream` is never "-".
struct Verdict {
  std::string name, rule, kind, datagram, stream, proxy, why;
};

struct TortureTable {
  std::vector<Verdict> verdicts;
  std::filesystem::path folder;  // of the messages
  std::string extension;

  // The bytes of that row's message.
  std::string message(const Verdict& verdict) const;
};

// Our own messages, and those of RFC 4475 as they lie in the shared test data: their folder may be missing.
TortureTable our_messages();
TortureTable messages_of_rfc4475();

}  // namespace intermediary::conformance
