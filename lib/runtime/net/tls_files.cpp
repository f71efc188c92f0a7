#include "runtime/net/tls_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <iterator>
#include <system_error>

namespace intermediary {
namespace {

using Error = std::unexpected<std::string>;

constexpr std::time_t seconds_a_day = std::time_t{24} * 3600;
constexpr std::uintmax_t file_bytes = std::uintmax_t{4} * 1024 * 1024;

std::expected<OpenSslPtr<BIO>, std::string> open(const std::string& file, std::string& text) {
  const auto fail = [&](const std::string& why) { return Error("cannot read '" + file + "': " + why); };
  struct stat status{};
  if (stat(file.c_str(), &status) != 0) return fail(std::generic_category().message(errno));
  if (!S_ISREG(status.st_mode)) return fail("it is no regular file");
  if (static_cast<std::uintmax_t>(status.st_size) > file_bytes) return fail("it is too large");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(std::generic_category().message(errno));
  text.assign(std::istreambuf_iterator<char>(stream), {});
  if (stream.bad()) return fail("it cannot be read to its end");
  return OpenSslPtr<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Nobody is there to type a passphrase.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return 0;
}

X509Ptr next_certificate(BIO* bio) {
  bool asked = false;
  return X509Ptr(PEM_read_bio_X509(bio, nullptr, no_passphrase, &asked));
}

// Whether the file's end, and nothing worse, was the cause that no more came.
bool at_end() {
  const bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (end) ERR_clear_error();
  return end;
}

std::expected<void, std::string> load_chain(LoadedCertificate& loaded, const std::string& file) {
  std::string text;
  const auto bio = open(file, text);
  if (!bio) return Error(bio.error());
  loaded.leaf = next_certificate(bio->get());
  if (!loaded.leaf) {
    return Error("'" + file + "' " + (at_end() ? "holds no certificate" : "cannot be read: " + openssl_reason()));
  }
  loaded.chain.reset(sk_X509_new_null());
  while (X509Ptr next = next_certificate(bio->get())) sk_X509_push(loaded.chain.get(), next.release());
  if (!at_end()) return Error("'" + file + "' cannot be read: " + openssl_reason());
  return {};
}

std::expected<void, std::string> load_key(LoadedCertificate& loaded, const std::string& file) {
  std::string text;
  const auto bio = open(file, text);
  if (!bio) return Error(bio.error());
  bool asked = false;
  loaded.key.reset(PEM_read_bio_PrivateKey(bio->get(), nullptr, no_passphrase, &asked));
  const bool has_key = text.find("PRIVATE KEY-----") != std::string::npos;
  OPENSSL_cleanse(text.data(), text.size());
  if (loaded.key) return {};
  if (asked) {
    ERR_clear_error();
    return Error("'" + file + "' is protected by a passphrase: keys have to be readable without one");
  }
  const std::string reason = openssl_reason();
  return Error("'" + file + "' " + (has_key ? "cannot be read: " + reason : "holds no private key"));
}

std::expected<void, std::string> load(LoadedCertificate& loaded, const CertificateConfig& config) {
  ERR_clear_error();
  if (auto done = load_chain(loaded, config.chain_file); !done) return done;
  if (auto done = load_key(loaded, config.key_file); !done) return done;
  if (X509_check_private_key(loaded.leaf.get(), loaded.key.get()) == 1) return {};
  ERR_clear_error();
  return Error("the key in '" + config.key_file + "' is not that of the certificate in '" + config.chain_file + "'");
}

}  // namespace

std::expected<LoadedCertificate, std::string> load_certificate(const CertificateConfig& config) {
  LoadedCertificate loaded;
  loaded.name = config.name;
  if (const auto done = load(loaded, config); !done) return Error("certificate '" + config.name + "': " + done.error());
  return loaded;
}

std::string problem_with_age(const LoadedCertificate& certificate, int days) {
  std::time_t soon = std::time(nullptr) + std::time_t{days} * seconds_a_day;
  const ASN1_TIME* end = X509_get0_notAfter(certificate.leaf.get());
  if (X509_cmp_time(end, &soon) >= 0) return "";
  if (X509_cmp_current_time(end) < 0) return "it has expired";
  return "it expires within " + (days == 7 ? std::string("a week") : std::to_string(days) + " days");
}

std::expected<StorePtr, std::string> load_authorities(const std::string& file) {
  ERR_clear_error();
  StorePtr store(X509_STORE_new());
  if (file.empty()) {
    X509_STORE_set_default_paths(store.get());  // none there: then nobody is trusted
    ERR_clear_error();
    return store;
  }
  std::string text;
  const auto bio = open(file, text);
  if (!bio) return Error("authorities: " + bio.error());
  int count = 0;
  for (; const X509Ptr next = next_certificate(bio->get()); ++count) X509_STORE_add_cert(store.get(), next.get());
  if (!at_end()) return Error("authorities: '" + file + "' cannot be read: " + openssl_reason());
  if (count == 0) return Error("authorities: '" + file + "' holds no certificate");
  return store;
}

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "unknown error";
}

}  // namespace intermediary
