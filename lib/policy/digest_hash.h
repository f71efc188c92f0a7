// The hashes of digest authentication (RFC 7616 §3.3, RFC 8760 §2.1), and one of the core's two doors to OpenSSL.
//
// Pure: a library context of our own, so that no configuration file and no policy of the machine (FIPS) has a say in
// what a digest is.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace intermediary {

enum class DigestAlgorithm : std::uint8_t { Md5, Sha256, Sha512_256 };
inline constexpr std::size_t digest_algorithms = 3;

// As a challenge names it: "MD5", "SHA-256", "SHA-512-256".
std::string_view algorithm_name(DigestAlgorithm algorithm);
// Without case (RFC 3261 §7.3.1).
std::optional<DigestAlgorithm> parse_digest_algorithm(std::string_view name);
// Hexadecimal digits of a digest.
std::size_t digest_digits(DigestAlgorithm algorithm);

// H(a ":" b ":" …) in lower-case hexadecimal digits (RFC 8760 §2.2). "" when there is no memory for it: no digest that
// anybody could send is equal to that.
std::string digest_hash(DigestAlgorithm algorithm, std::initializer_list<std::string_view> parts);

}  // namespace intermediary
