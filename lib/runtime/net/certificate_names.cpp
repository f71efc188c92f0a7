#include "runtime/net/certificate_names.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/connection_limits.h"
#include "base/utf8.h"

namespace intermediary {
namespace {

using Error = std::unexpected<std::string>;

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
struct FreeText {
  void operator()(unsigned char* text) const { OPENSSL_free(text); }
};

std::expected<std::string, std::string> checked(std::string_view name) {
  if (name.size() > limit::certificate_name_bytes) return Error("a name in the certificate is too long");
  if (std::ranges::any_of(name, is_control)) return Error("a name in the certificate has a control character");
  return std::string(name);
}

// An IA5String, as it stands in the certificate (RFC 5280 §4.2.1.6).
std::expected<std::string, std::string> text_of(const ASN1_IA5STRING* text) {
  return checked(
      {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text))});
}

std::expected<void, std::string> add(CertificateNames& names, const GENERAL_NAME& name) {
  int type = 0;
  const auto* value = static_cast<const ASN1_IA5STRING*>(GENERAL_NAME_get0_value(&name, &type));
  if (type != GEN_URI && type != GEN_DNS) return {};
  if (names.uris.size() + names.dns_names.size() == limit::certificate_names) {
    return Error("too many names in the certificate");
  }
  auto text = text_of(value);
  if (!text) return Error(std::move(text.error()));
  (type == GEN_URI ? names.uris : names.dns_names).push_back(std::move(*text));
  return {};
}

std::expected<void, std::string> add_alternative_names(CertificateNames& names, const X509& certificate) {
  int critical = 0;
  const std::unique_ptr<GENERAL_NAMES, FreeNames> alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, &critical, nullptr)));
  if (!alternatives) {
    if (critical == -1) return {};  // there is none
    return Error("the certificate's subjectAltName cannot be read, or is there twice");
  }
  names.has_alternatives = true;
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    if (auto added = add(names, *sk_GENERAL_NAME_value(alternatives.get(), i)); !added) return added;
  }
  return {};
}

std::expected<void, std::string> add_common_name(CertificateNames& names, const X509& certificate) {
  const X509_NAME* subject = X509_get_subject_name(&certificate);
  int last = -1;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) last = at;
  if (last < 0) return {};
  unsigned char* bytes = nullptr;
  const int length = ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
  const std::unique_ptr<unsigned char, FreeText> owner(bytes);
  if (length < 0) return Error("the certificate's common name cannot be read");
  auto name = checked({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length)});
  if (!name) return Error(std::move(name.error()));
  names.common_name = std::move(*name);
  return {};
}

}  // namespace

std::expected<CertificateNames, std::string> names_in(const X509& certificate) {
  CertificateNames names;
  if (auto added = add_alternative_names(names, certificate); !added) return Error(std::move(added.error()));
  if (auto added = add_common_name(names, certificate); !added) return Error(std::move(added.error()));
  return names;
}

}  // namespace intermediary
