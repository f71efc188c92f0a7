// GRUUs: URIs that lead to one user agent of an address of record (RFC 5627), without a table of them.
//
// A public one is the address of record with the instance-id as its `gr` parameter. A temporary one says neither: its
// user part is a text under a key, which holds the address of record, a hash of the instance, and the epoch in which it
// was made (Binding::gruu_epoch). It depends on the REGISTER that asked (Call-ID and CSeq), so that each refresh gives
// another one, and a repetition the same.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/keyed_hash.h"
#include "location/binding.h"
#include "message/uri.h"

namespace intermediary {

inline constexpr std::string_view gruu_parameter = "gr";

// REQUIRES: the instance is not empty.
std::string public_gruu(std::string_view address_of_record, std::string_view instance);
// Nullopt where the address of record is longer than limit::temporary_gruu_bytes: there is only a public one then.
// REQUIRES: the binding has an instance.
std::optional<std::string> temporary_gruu(const HashKey& key, std::string_view address_of_record,
                                          const Binding& binding);

// Whom a GRUU means.
struct Gruu {
  std::string address_of_record;
  std::string instance;             // of a public one
  std::uint64_t instance_hash = 0;  // of a temporary one
  std::uint32_t epoch = 0;          // likewise; 0: it is public

  bool is_temporary() const { return epoch != 0; }
};

// Nullopt for a URI with a `gr` that is no GRUU of ours: a temporary one that nobody made under this key.
// REQUIRES: the URI has a `gr`.
std::optional<Gruu> read_gruu(const HashKey& key, const Uri& uri);
// Whether that binding is one of the user agent that the GRUU means.
bool is_meant(const HashKey& key, const Gruu& gruu, const Binding& binding);

}  // namespace intermediary
