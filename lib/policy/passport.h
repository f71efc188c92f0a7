// PASSporTs: who calls whom and when, for somebody to sign (RFC 8225), and the Identity field that carries one
// (RFC 8224 §4). Read and written; signatures are policy/stir_keys.h's.
//
//   written    as RFC 8225 §9 says, so that the same facts make the same bytes
//   read       ES256 alone, and of extensions "shaken" (RFC 8588); the signature is of the bytes as they came
//
// Pure, on what comes from strangers: every error is one line for people, as in "its algorithm is 'none'".
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/uri.h"

namespace intermediary {

// Somebody as a PASSporT names him: a number without its '+', or the URI of an address of record.
struct PassportParty {
  bool is_number = false;
  std::string name;

  friend bool operator==(const PassportParty&, const PassportParty&) = default;
};

// RFC 8224 §8.1, §8.3, §8.5: a tel: URI, or a SIP URI that says user=phone or begins with '+', is a number, where it is
// one of up to 15 digits; anything else is a URI.
PassportParty passport_party(const Uri& uri);

// A key of the media (RFC 8225 §5.2.2): "sha-256", and its digest in upper case without colons.
struct MediaKey {
  std::string algorithm;
  std::string digest;

  friend auto operator<=>(const MediaKey&, const MediaKey&) = default;
};
// Of each a=fingerprint of a session description, in order, each once. Empty for what is none.
std::vector<MediaKey> media_keys(std::string_view sdp);

struct Passport {
  std::string certificate_url;  // "x5u"
  std::string extension{};      // "ppt": "", or "shaken"
  PassportParty origin{};
  std::vector<std::string> numbers{}, uris{};  // "dest"
  std::int64_t issued = 0;                     // "iat", seconds of Unix
  std::vector<MediaKey> media{};               // "mky"
  // RFC 8588, of "shaken" alone.
  std::string attest{};  // "A", "B" or "C"
  std::string origid{};

  bool is_for(const PassportParty& party) const;
  friend bool operator==(const Passport&, const Passport&) = default;
};

// What is signed (RFC 8225 §6): header and payload in base64url with a dot between them.
std::string signing_input(const Passport& passport);

// A full form that came. What it says is not proved before its signature is.
struct PassportRead {
  Passport passport;
  std::string signed_text;
  std::string signature;  // 64 octets
};
std::expected<PassportRead, std::string> read_passport(std::string_view token);

// RFC 8224 §4.
struct IdentityField {
  std::string token;                // as it stands, folds apart
  std::string certificate_url;      // "info"
  std::string algorithm = "ES256";  // "alg"
  std::string extension{};          // "ppt"
  bool is_compact() const { return token.starts_with(".."); }

  friend bool operator==(const IdentityField&, const IdentityField&) = default;
};
std::expected<IdentityField, std::string> read_identity_field(std::string_view value);
// The signature of a compact form (RFC 8225 §7): what it signs follows from the request.
std::expected<std::string, std::string> compact_signature(const IdentityField& field);
// The value of an Identity field with the full form. REQUIRES: the signature is one of the passport.
std::string identity_value(const Passport& passport, std::string_view signature);

}  // namespace intermediary
