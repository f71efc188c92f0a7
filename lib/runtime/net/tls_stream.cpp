#include "runtime/net/tls_stream.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "runtime/net/certificate_names.h"
#include "runtime/net/tls_files.h"

namespace intermediary {
namespace {

// ---- a BIO that writes to a socket without a signal when the peer is gone, as OpenSSL's own does not

int descriptor_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

bool is_passing(ssize_t count) { return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR); }

int bio_write(BIO* bio, const char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  const ssize_t written = send(descriptor_of(bio), bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
  if (is_passing(written)) BIO_set_retry_write(bio);
  return static_cast<int>(written);
}

int bio_read(BIO* bio, char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  const ssize_t read = recv(descriptor_of(bio), bytes, static_cast<std::size_t>(count), 0);
  if (is_passing(read)) BIO_set_retry_read(bio);
  if (read == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(read);
}

long bio_control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    default:
      return 0;
  }
}

BIO* make_bio(int descriptor) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  BIO* bio = BIO_new(method);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)));
  BIO_set_init(bio, 1);
  return bio;
}

// ----

class TlsStream : public ByteStream {
 public:
  TlsStream(SslPtr session, int descriptor, std::shared_ptr<const void> keeps)
      : keeps_(std::move(keeps)), session_(std::move(session)) {
    BIO* bio = make_bio(descriptor);
    SSL_set_bio(session_.get(), bio, bio);
  }

  IoResult shake_hands() override {
    ERR_clear_error();
    errno = 0;
    return result_of(SSL_do_handshake(session_.get()), 0);
  }

  IoResult read(std::span<char> target) override {
    std::size_t count = 0;
    ERR_clear_error();
    errno = 0;
    const int done = SSL_read_ex(session_.get(), target.data(), target.size(), &count);
    return result_of(done, count);
  }

  // One record at a time: a piece that was begun has to be offered again (SSL_write(3)).
  IoResult write(std::span<const std::string_view> pieces) override {
    std::size_t count = 0;
    ERR_clear_error();
    errno = 0;
    const int done = SSL_write_ex(session_.get(), pieces[0].data(), pieces[0].size(), &count);
    return result_of(done, count);
  }

  bool has_read_ahead() const override { return SSL_pending(session_.get()) > 0; }

  void say_goodbye() override {
    ERR_clear_error();
    SSL_shutdown(session_.get());
    ERR_clear_error();
  }

  std::expected<std::optional<CertificateNames>, std::string> peer() const override {
    const X509* certificate = SSL_get0_peer_certificate(session_.get());
    if (!certificate) return std::nullopt;
    auto names = names_in(*certificate);
    if (!names) return std::unexpected(std::move(names.error()));
    return std::move(*names);
  }

 private:
  IoResult result_of(int done, std::size_t bytes) const {
    if (done > 0) return {IoResult::Status::Done, bytes};
    switch (SSL_get_error(session_.get(), done)) {
      case SSL_ERROR_WANT_READ:
        return {IoResult::Status::WantsRead};
      case SSL_ERROR_WANT_WRITE:
        return {IoResult::Status::WantsWrite};
      case SSL_ERROR_ZERO_RETURN:
        return {IoResult::Status::Closed};
      case SSL_ERROR_SYSCALL:
        if (errno == 0) return {IoResult::Status::Closed};
        return {IoResult::Status::Failed, 0, std::generic_category().message(errno)};
      default:
        return {IoResult::Status::Failed, 0, "TLS: " + reason()};
    }
  }

  std::string reason() const {
    const long verdict = SSL_get_verify_result(session_.get());
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK) {
      ERR_clear_error();
      return std::string("the peer's certificate: ") + X509_verify_cert_error_string(verdict);
    }
    return openssl_reason();
  }

  std::shared_ptr<const void> keeps_;
  SslPtr session_;
};

}  // namespace

std::unique_ptr<ByteStream> make_tls_stream(SslPtr session, int descriptor, std::shared_ptr<const void> keeps) {
  return std::make_unique<TlsStream>(std::move(session), descriptor, std::move(keeps));
}

}  // namespace intermediary
