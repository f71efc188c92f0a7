#include "policy/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <chrono>

namespace intermediary::openssl {

namespace {

// Nobody is there to type one; `asked` may be null.
int no_passphrase(char*, int, int, void* asked) {
  if (asked != nullptr) *static_cast<bool*>(asked) = true;
  return 0;
}

}  // namespace

OSSL_LIB_CTX* library() {
  static OSSL_LIB_CTX* const context = OSSL_LIB_CTX_new();
  return context;
}

std::string reason() {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  const char* text = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return text ? text : "unknown error";
}

BioPtr reader_of(std::string_view bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::time_t seconds_of(WallTime time) {
  return static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

std::expected<ChainPtr, std::string> read_chain(const std::string& pem, std::size_t most) {
  ERR_clear_error();
  const BioPtr bio = reader_of(pem);
  ChainPtr chain(sk_X509_new_null());
  while (true) {
    X509* next = X509_new_ex(library(), nullptr);
    if (!PEM_read_bio_X509(bio.get(), &next, no_passphrase, nullptr)) {
      X509_free(next);
      break;
    }
    sk_X509_push(chain.get(), next);
    if (static_cast<std::size_t>(sk_X509_num(chain.get())) > most) return std::unexpected("there are too many");
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end) return std::unexpected(reason());
  ERR_clear_error();
  if (sk_X509_num(chain.get()) == 0) return std::unexpected("there is none");
  return chain;
}

std::expected<KeyPtr, std::string> read_private_key(const std::string& pem) {
  const BioPtr bio = reader_of(pem);
  bool asked = false;
  KeyPtr key(PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, no_passphrase, &asked, library(), nullptr));
  const std::string why = reason();
  if (asked) return std::unexpected("it is protected by a passphrase: keys have to be readable without one");
  if (!key) return std::unexpected(why);
  return key;
}

}  // namespace intermediary::openssl
