// Owners of what OpenSSL hands out.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace intermediary {

struct FreeOpenSsl {
  void operator()(SSL* p) const { SSL_free(p); }
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_pop_free(p, X509_free); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
};

template <class Thing>
using OpenSslPtr = std::unique_ptr<Thing, FreeOpenSsl>;

using SslPtr = OpenSslPtr<SSL>;
using ContextPtr = OpenSslPtr<SSL_CTX>;
using X509Ptr = OpenSslPtr<X509>;
using StorePtr = OpenSslPtr<X509_STORE>;
using ChainPtr = OpenSslPtr<STACK_OF(X509)>;
using KeyPtr = OpenSslPtr<EVP_PKEY>;

}  // namespace intermediary
