#include "policy/digest_hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "base/text.h"

namespace intermediary {
namespace {

struct HashKind {
  std::string_view name;
  const char* fetched_as;
  std::size_t bytes;
};
constexpr std::array<HashKind, digest_algorithms> kinds{
    {{"MD5", "MD5", 16}, {"SHA-256", "SHA2-256", 32}, {"SHA-512-256", "SHA2-512/256", 32}}};

const HashKind& kind_of(DigestAlgorithm algorithm) { return kinds[static_cast<std::size_t>(algorithm)]; }

// Fetched once: each implicit fetch costs more than the hash of a short text.
class Functions {
 public:
  Functions() : library_(OSSL_LIB_CTX_new()) {
    for (std::size_t i = 0; i < kinds.size(); ++i) functions_[i] = EVP_MD_fetch(library_, kinds[i].fetched_as, nullptr);
  }
  const EVP_MD* of(DigestAlgorithm algorithm) const { return functions_[static_cast<std::size_t>(algorithm)]; }

 private:
  OSSL_LIB_CTX* library_;
  std::array<EVP_MD*, kinds.size()> functions_{};
};

const EVP_MD* function_of(DigestAlgorithm algorithm) {
  static const Functions functions;
  return functions.of(algorithm);
}

std::string in_hexadecimal(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

}  // namespace

std::string_view algorithm_name(DigestAlgorithm algorithm) { return kind_of(algorithm).name; }

std::optional<DigestAlgorithm> parse_digest_algorithm(std::string_view name) {
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (equals_ignoring_case(kinds[i].name, name)) return static_cast<DigestAlgorithm>(i);
  }
  return std::nullopt;
}

std::size_t digest_digits(DigestAlgorithm algorithm) { return 2 * kind_of(algorithm).bytes; }

std::string digest_hash(DigestAlgorithm algorithm, std::initializer_list<std::string_view> parts) {
  const EVP_MD* function = function_of(algorithm);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!function || !context || EVP_DigestInit_ex2(context.get(), function, nullptr) != 1) return {};
  bool first = true;
  for (const std::string_view part : parts) {
    if (!first && EVP_DigestUpdate(context.get(), ":", 1) != 1) return {};
    if (EVP_DigestUpdate(context.get(), part.data(), part.size()) != 1) return {};
    first = false;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int count = 0;
  if (EVP_DigestFinal_ex(context.get(), bytes.data(), &count) != 1) return {};
  return in_hexadecimal(bytes.data(), count);
}

}  // namespace intermediary
