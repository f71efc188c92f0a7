// Limits of signed bodies (limits.h says why there are any); their reasons stand in docs/security.md.
#pragma once

#include <cstddef>

namespace intermediary::limit {

inline constexpr std::size_t boundary_bytes = 70;  // RFC 2046 §5.1.1
inline constexpr std::size_t part_header_lines = 16;
inline constexpr std::size_t signature_bytes = std::size_t{16} * 1024;  // a CMS signature with its certificates
inline constexpr std::size_t signature_certificates = 8;
inline constexpr int certificate_depth = 4;  // from a signer to its authority

}  // namespace intermediary::limit
