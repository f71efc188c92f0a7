// Protected copies of registrations and of their answers (RFC 3327 §6, by RFC 3261 §23.4): a whole message as the
// signed part of a multipart/signed, beside a detached signature.
//
// Of a REGISTER, the signer is the address of record itself, the copy no older and no younger than an hour (§23.4.2),
// and all that the registrar goes by is the same in the copy: From, To, Call-ID, CSeq, Contact, Expires, Date and
// Supported. So a Path counts only where the user agent itself has said that it supports that. What proxies may change
// (§23.4.1.1), add for Path (RFC 3327 §5.2: Path, Require) or answer for us (Authorization) is not compared.
//
//   not two parts, no message, a field against its grammar   400
//   not signed, signed by another, old, or not the same      403 with a Warning that names the cause (§23.4.2)
//   the copy is encrypted                                    493 (§23.2)
//   the copy is neither message/sip nor message/sipfrag      415
//
// A fragment (RFC 3420) need not have a start line or a Via.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "message/message.h"
#include "policy/smime.h"
#include "ua/answer.h"

namespace intermediary {

inline constexpr std::string_view signed_type = "multipart/signed";
inline constexpr std::string_view encrypted_type = "application/pkcs7-mime";
// RFC 3261 §23.4.2: "on the order of an hour".
inline constexpr Duration most_clock_difference = std::chrono::hours(1);

// Whether the body is signed, whatever its Content-Disposition says of it.
bool has_protected_copy(const Message& request);
// Nullopt: all is well. REQUIRES: has_protected_copy(request).
std::optional<UaAnswer> check_protected_copy(const Smime& smime, WallTime now, const Message& request,
                                             const std::string& address_of_record);

struct ProtectedCopy {
  std::string content_type;
  std::string body;
};
// Of the whole response `bytes`. REQUIRES: nobody could guess `token`, and it may stand in a boundary.
ProtectedCopy make_protected_copy(const Smime& smime, WallTime now, std::string_view bytes, std::string_view token);

}  // namespace intermediary
