// What a record must not tell when it leaves: keys of media, credentials, and who called whom.
//
// Works on the text of messages, however broken they are, and keeps every length, so that Content-Length and offsets
// stay right:
//   keys and credentials     x for each character: SDES keys (RFC 4568), k= of SDP, ICE passwords (RFC 8839), nonces
//                            and responses of Digest, all of any other scheme, Identity (RFC 8224)
//   who                      user parts of SIP URIs, numbers of tel URIs, display names, user names of Digest, and the
//                            names in SDP become others of the same shape: digits stay digits, letters letters. The
//                            same name becomes the same throughout a masker's life; which, depends on its key.
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
  void mask_line(std::string& line, std::string_view field);
  void mask_credentials(std::string& line);
  void mask_description(std::string& line);
  void mask_users(std::string& line);
  void mask_display_names(std::string& line);
  void replace_name(std::string& line, std::size_t begin, std::size_t end);
  std::string drawn(std::string_view name, std::uint64_t attempt) const;

  HashKey key_;
  std::map<std::string, std::string, std::less<>> pseudonyms_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace intermediary::sim
