// Is anybody there, and is it set up as it was said? Asked before a run, so that a wrong address or a missing domain is
// one line and not a report full of silence.
#pragma once

#include <expected>
#include <string>

#include "conformance/target/cast.h"

namespace intermediary::conformance {

// "HOST:PORT", "HOST": an IPv4 endpoint. An error is one line for people.
std::expected<Endpoint, std::string> resolve_target(const std::string& text);

// For a target that is not on loopback: the address of this machine from which it is reached.
std::expected<IpAddress, std::string> local_address_towards(const Endpoint& target);
// Whether that is an address of this machine.
std::expected<void, std::string> check_local(const IpAddress& address);

// Sends OPTIONS over each of the transports; what the server calls itself, "" when it does not. Any answer will do.
std::expected<std::string, std::string> probe(const Target& target);
// Asks for the bindings of a user that nobody knows; all is well where the answer is 2xx.
std::expected<void, std::string> probe_registrar(const Target& target);

// An OPTIONS from that address, fresh each time.
std::string options_request(const Target& target, const Endpoint& here, Transport transport);

}  // namespace intermediary::conformance
