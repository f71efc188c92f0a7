// Limits of signed identities of callers (limits.h says why there are any); their reasons stand in docs/security.md.
#pragma once

#include <cstddef>

namespace intermediary::limit {

inline constexpr std::size_t passport_bytes = std::size_t{8} * 1024;           // of an Identity field, and of its JSON
inline constexpr std::size_t identity_fields = 8;                              // of one request; more are not looked at
inline constexpr std::size_t stir_certificate_bytes = std::size_t{32} * 1024;  // a chain, as PEM
inline constexpr std::size_t stir_certificates = 8;                            // in a chain
inline constexpr int stir_certificate_depth = 6;                               // from a signer to its authority
inline constexpr std::size_t number_entries = 10'000;                          // of a TN authorization list
inline constexpr std::size_t cached_certificates = 512;                        // fetched ones that count
inline constexpr std::size_t failed_certificates = 512;  // that could not be fetched or do not count, for a while
inline constexpr std::size_t passports_seen = 100'000;   // of the last minutes: one that comes again is a replay
inline constexpr std::size_t certificate_waits = 1'000;  // requests that wait for a certificate

}  // namespace intermediary::limit
