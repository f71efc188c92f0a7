// What an operator may say about registrations.
#pragma once

#include <chrono>
#include <cstddef>

namespace intermediary {

struct RegistrarSettings {
  std::chrono::seconds min_expires{60};  // less is refused (423), as far as the RFC allows: below one hour
  std::chrono::seconds default_expires{3600};
  std::chrono::seconds max_expires{86400};  // more is cut to this
  std::size_t max_contacts = 10;            // of one address of record

  friend bool operator==(const RegistrarSettings&, const RegistrarSettings&) = default;
};

}  // namespace intermediary
