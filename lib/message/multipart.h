// Bodies of multipart/signed (RFC 1847 §2.1) with a detached CMS signature, as SIP has them (RFC 3261 §23.3): cut, and
// written. Of MIME no more than that: two parts, no nesting, no encoding of what is signed.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace intermediary {

// Whether a Content-Type is of that type, whatever its parameters; without case.
bool is_media_type(std::string_view content_type, std::string_view type);
// The value of a parameter without its quotes; nullopt when there is none.
std::optional<std::string> media_parameter(std::string_view content_type, std::string_view name);

struct SignedBody {
  std::string_view content;       // what is signed: the first part with its header lines, byte for byte
  std::string content_type;       // of the first part
  std::string_view content_body;  // its body
  std::string signature;          // DER
};

// REQUIRES: is_media_type(content_type, "multipart/signed"). Views are into `body`. The error is one line for people.
std::expected<SignedBody, std::string> read_signed_body(std::string_view content_type, std::string_view body);

// What is to be signed: a part of that type.
std::string signed_part(std::string_view type, std::string_view body);
// REQUIRES: no line of `content` begins with "--" and the boundary.
std::string write_signed_body(std::string_view content, std::string_view signature, std::string_view boundary);
std::string signed_body_type(std::string_view boundary);  // its Content-Type, for SHA-256

}  // namespace intermediary
