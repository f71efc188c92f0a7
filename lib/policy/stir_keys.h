// Keys and certificates of signed identities: ES256 (RFC 7518 §3.4) made and judged, and for which numbers a
// certificate speaks (RFC 8226). The core's third door to OpenSSL.
//
// Pure: keys and certificates come in as text, the time as an argument. Signing draws nothing: the secret number of a
// signature follows from key and text (RFC 6979 §3.2), so the same text under the same key gets the same signature.
//
//   certificates   lead to one of the authorities at that time; keys are of P-256; no revocation lists
//   numbers        of TNAuthList, ranges and single numbers; which are those of a service provider code, nobody here
//                  knows, so a code speaks for any number; a list by reference is not fetched
//   JWTClaimConstraints (RFC 8226 §8)   are not judged: a certificate that has any is not supported
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace intermediary {

// RFC 8226 §9.
struct NumberAuthority {
  struct Range {
    std::string first;
    std::uint64_t count = 1;
    friend bool operator==(const Range&, const Range&) = default;
  };
  bool is_listed = false;  // the certificate has such a list
  std::vector<std::string> providers{};
  std::vector<Range> ranges{};

  bool covers(std::string_view number) const;
  friend bool operator==(const NumberAuthority&, const NumberAuthority&) = default;
};
// DER. The error is one line for people.
std::expected<NumberAuthority, std::string> read_number_authority(std::string_view der);

// The contents of PEM files.
struct SignerKeys {
  std::string chain;  // our certificate first
  std::string key;    // of P-256, without passphrase

  friend bool operator==(const SignerKeys&, const SignerKeys&) = default;
};

// Whom a certificate names, and its public key.
class StirCertificate {
 public:
  bool verifies(std::string_view text, std::string_view signature) const;
  // Whether it may speak for that number, or that domain (RFC 8224 §8.4): "" where it may, else why not.
  std::string problem_with_number(std::string_view number) const;
  std::string problem_with_domain(std::string_view domain) const;

  struct Parts;
  explicit StirCertificate(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}

 private:
  std::shared_ptr<const Parts> parts_;
};

class StirSigner {
 public:
  static std::expected<StirSigner, std::string> open(const SignerKeys& keys);

  // 64 octets; "" where OpenSSL has no memory for it.
  std::string sign(std::string_view text) const;
  const StirCertificate& certificate() const { return certificate_; }
  bool is_valid_at(WallTime time) const;

 private:
  struct Key;
  StirSigner(StirCertificate certificate, std::shared_ptr<const Key> key)
      : certificate_(std::move(certificate)), key_(std::move(key)) {}
  StirCertificate certificate_;
  std::shared_ptr<const Key> key_;
};

class StirAuthorities {
 public:
  static std::expected<StirAuthorities, std::string> open(const std::string& pem);

  // The first certificate of that chain, where it counts at that time; the error says why it does not.
  std::expected<StirCertificate, std::string> check(const std::string& chain, WallTime time) const;

 private:
  struct Store;
  explicit StirAuthorities(std::shared_ptr<const Store> store) : store_(std::move(store)) {}
  std::shared_ptr<const Store> store_;
};

}  // namespace intermediary
