// What a record must not tell when it leaves: keys of media, credentials, and who called whom.
//
// Works on the text of messages, however broken they are, and keeps every length, so that Content-Length and offsets
// stay right:
//   keys and credentials     x for each character: SDES keys (RFC 4568), k= of SDP, ICE passwords (RFC 8839), what is
//                            proof in Digest, all of any other scheme, Identity (RFC 8224)
//   who                      user parts of URIs, numbers of tel URIs and devices, display names, user names of Digest,
//                            subjects and other words, and the names in SDP and XML become others of the same shape:
//                            digits stay digits, letters letters. The same name becomes the same throughout a masker's
//                            life; which, depends on its key.
//   what nobody knows        header fields and bodies that are not known here: x, white space apart
// Hosts, addresses, tags, branches and Call-IDs stay: a ladder is of no use without them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/keyed_hash.h"

namespace intermediary::sim {

class Masker {
 public:
  explicit Masker(const HashKey& key) : key_(key) {}

  std::string masked(std::string_view message);
  // What stands for that user part, number or name.
  std::string pseudonym(std::string_view name);

 private:
  struct BodyType {
    std::string media{};      // Content-Type as it stands there
    bool is_encoded = false;  // not to be read as it is
  };

  std::string masked_message(std::string_view message, int depth, bool is_part);
  void mask_field(std::string& line, std::string_view field);
  void mask_credentials(std::string& line, std::string_view field);
  void mask_digest(std::string& line, std::size_t begin, std::size_t end);
  void mask_uris(std::string& line);
  void mask_users(std::string& line, std::string_view scheme);
  void mask_numbers(std::string& line, std::string_view scheme);
  void mask_quoted_and_display_names(std::string& line, bool with_parameters);
  std::string masked_body(std::string_view body, const BodyType& type, int depth);
  std::string masked_parts(std::string_view body, const std::string& boundary, int depth);
  std::string masked_description(std::string_view body);
  void mask_description_line(std::string& line);
  void mask_attribute(std::string& line, std::size_t end);
  std::string masked_xml(std::string_view body);
  void mask_xml_text(std::string& text, std::size_t begin, std::size_t end);
  void replace_name(std::string& line, std::size_t begin, std::size_t end);
  std::string drawn(std::string_view name, std::uint64_t attempt) const;

  HashKey key_;
  std::map<std::string, std::string, std::less<>> pseudonyms_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace intermediary::sim
