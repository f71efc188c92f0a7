// The names in a peer's certificate. The first byte of an input chooses: 0, the rest is the certificate in DER; 1, it
// is the value of its subjectAltName; any other, its common name, in a string type that the byte names.
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include "base/connection_limits.h"
#include "fuzz/one_input.h"
#include "runtime/net/certificate_names.h"

namespace {

using namespace intermediary;

void require(bool truth, std::string_view what) {
  if (truth) return;
  std::cerr << "broken: " << what << std::endl;
  std::abort();
}

void check_name(const std::string& name) {
  require(name.size() <= limit::certificate_name_bytes, "a name has a limit");
  require(std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
          "a name has no control characters");
}

X509* from_der(std::string_view bytes) {
  const auto* begin = reinterpret_cast<const unsigned char*>(bytes.data());
  return d2i_X509(nullptr, &begin, static_cast<long>(bytes.size()));
}

X509* with_alternative_names(std::string_view bytes) {
  X509* certificate = X509_new();
  ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(value, reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  X509_EXTENSION* extension = X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(value);
  return certificate;
}

X509* with_common_name(std::string_view bytes, int type) {
  constexpr int types[] = {V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING, V_ASN1_T61STRING,
                           V_ASN1_BMPSTRING,  V_ASN1_UNIVERSALSTRING, V_ASN1_IA5STRING};
  X509* certificate = X509_new();
  X509_NAME_add_entry_by_NID(
      X509_get_subject_name(certificate), NID_commonName, types[static_cast<std::size_t>(type) % std::size(types)],
      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), -1, 0);
  return certificate;
}

X509* make(std::string_view input) {
  const auto first = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  if (first == 0) return from_der(input);
  return first == 1 ? with_alternative_names(input) : with_common_name(input, first);
}

}  // namespace

void intermediary::fuzzing::run(std::string_view input) {
  if (input.empty()) return;
  X509* certificate = make(input);
  ERR_clear_error();
  if (!certificate) return;
  const auto names = names_in(*certificate);
  X509_free(certificate);
  ERR_clear_error();
  if (!names) return require(!names.error().empty(), "an error says what is wrong");
  require(names->uris.size() + names->dns_names.size() <= limit::certificate_names, "names have a limit");
  std::ranges::for_each(names->uris, check_name);
  std::ranges::for_each(names->dns_names, check_name);
  check_name(names->common_name);
}
