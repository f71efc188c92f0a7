// What the doors of this room to OpenSSL share: owners of what it hands out, and the reading of PEM. For smime.cpp and
// stir_keys.cpp alone.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <expected>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"

namespace intermediary::openssl {

template <auto Free>
struct Freed {
  template <class Type>
  void operator()(Type* object) const {
    Free(object);
  }
};
inline void free_chain(STACK_OF(X509) * chain) { sk_X509_pop_free(chain, X509_free); }

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using ChainPtr = std::unique_ptr<STACK_OF(X509), Freed<free_chain>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

// 112 bits: level 2 of SSL_CTX_set_security_level(3).
inline constexpr int security_level = 2;

// A context of our own: no configuration file of the machine has a say in it.
OSSL_LIB_CTX* library();
// Its last word of what went wrong, which is forgotten then.
std::string reason();
BioPtr reader_of(std::string_view bytes);
std::time_t seconds_of(WallTime time);

// The certificates of a PEM text, at least one. The error, like the next one's, goes on behind "cannot be read: ".
std::expected<ChainPtr, std::string> read_chain(const std::string& pem,
                                                std::size_t most = std::numeric_limits<int>::max());
std::expected<KeyPtr, std::string> read_private_key(const std::string& pem);

}  // namespace intermediary::openssl
