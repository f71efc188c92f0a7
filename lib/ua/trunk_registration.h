// What an operator says about registering a trunk with whom it leads to: `register` of [trunk.NAME].
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "message/uri.h"
#include "policy/digest_client.h"

namespace intermediary {

// Between two attempts (RFC 5626 §4.5): twice as long after each that fails, from `base` to `max`; of that, a random
// part of half to all is waited. Whoever is refused waits `max` at once.
struct RegistrationRetry {
  Duration base = std::chrono::seconds(30);
  Duration max = std::chrono::minutes(30);

  friend bool operator==(const RegistrationRetry&, const RegistrationRetry&) = default;
};

struct TrunkRegistration {
  std::string trunk;  // of Config::groups, by name
  DigestLogin login{};
  std::optional<Uri> registrar{};          // where it is sent, without a user; nullopt: to the trunk's peers
  std::optional<Uri> address_of_record{};  // nullopt: the login's user at the registrar or the peer
  std::string contact_user;                // as it stands in a URI
  std::chrono::seconds expires{3600};
  RegistrationRetry retry{};
  std::vector<Cidr> gateways{};  // that send to our Contact too, from elsewhere than where it is registered

  friend bool operator==(const TrunkRegistration&, const TrunkRegistration&) = default;
};

}  // namespace intermediary
