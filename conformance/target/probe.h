// Is anybody there? Asked before a run, so that a wrong address is one line and not a report full of silence.
#pragma once

#include <expected>
#include <string>

#include "conformance/target/cast.h"

namespace intermediary::conformance {

// "HOST:PORT", "HOST": an IPv4 endpoint. An error is one line for people.
std::expected<Endpoint, std::string> resolve_target(const std::string& text);

// For a target that is not on loopback: the address of this machine from which it is reached.
std::expected<IpAddress, std::string> local_address_towards(const Endpoint& target);

// Sends OPTIONS over each of the transports; what the server calls itself, "" when it does not. Any answer will do.
std::expected<std::string, std::string> probe(const Target& target);

}  // namespace intermediary::conformance
