// What an operator may say about registrations.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace intermediary {

struct RegistrarSettings {
  std::chrono::seconds min_expires{60};  // less is refused (423), as far as the RFC allows: below one hour
  std::chrono::seconds default_expires{3600};
  std::chrono::seconds max_expires{86400};  // more is cut to this
  std::size_t max_contacts = 10;            // of one address of record
  // RFC 5626 §5.4: how often a user agent is told to say something on its connection; 0: it is told nothing.
  std::chrono::seconds flow_timer{120};
  std::vector<std::string> service_route{};  // RFC 3608: URIs, in the order in which requests pass them

  friend bool operator==(const RegistrarSettings&, const RegistrarSettings&) = default;
};

}  // namespace intermediary
