// What `run` does without a file, as the operator would write it.
#pragma once

#include <string_view>

namespace intermediary::cli {

inline constexpr std::string_view default_config = R"(# Registrar and stateful proxy for this machine alone, in memory.

listen = [
  { name = "udp4", on = "udp:127.0.0.1:5060" },
  { name = "tcp4", on = "tcp:127.0.0.1:5060" },
  { name = "udp6", on = "udp:[::1]:5060" },
  { name = "tcp6", on = "tcp:[::1]:5060" },
]
domains = ["localhost"]                      # "local" below: this, and the addresses above

[proxy]
mode = "stateful"
record_route = true

[[rule]]
name = "registrations"
when = { method = "REGISTER", ruri_domain = "local" }
do   = { register = "location" }

[[rule]]
name = "to-users"
when = { ruri_domain = "local" }
do   = { lookup = "location", fork = "parallel" }

# What no rule takes gets 404: nothing is relayed for strangers.
)";

}  // namespace intermediary::cli
