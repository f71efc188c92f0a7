// The names in a certificate, from its DER form as a peer sends it.
#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

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

}  // namespace

void intermediary::fuzzing::run(std::string_view input) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
  X509* certificate = d2i_X509(nullptr, &bytes, static_cast<long>(input.size()));
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
