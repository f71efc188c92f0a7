// S/MIME of parties: protected copies (RFC 3261 §23.4) made and looked at, apart from lib/message and lib/policy.
//
// All trust one authority, and its keys are those of tests (policy/test_smime.h): the same run makes the same bytes.
#pragma once

#include <optional>
#include <string>

#include "policy/smime.h"
#include "sim/tls.h"
#include "sim/wire.h"

namespace intermediary::sim {

// What a node reads and makes copies with.
SmimeKeys node_smime_keys();

// A body that is a protected copy of the message as it stands, by the certificate that `host` shows first; where it has
// none, by one for `address` ("bob@example.com").
void sign(WireMessage& message, const TlsHost& host, const std::string& address);

// Why the body is no such copy, with a signature that all trust; nullopt: it is one. An answer has lost Vias since.
std::optional<std::string> copy_trouble(const WireMessage& message);

}  // namespace intermediary::sim
