#include "policy/stir_keys.h"

#include <openssl/asn1t.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/stir_limits.h"
#include "base/text.h"
#include "policy/openssl.h"

namespace intermediary {
namespace {

using namespace openssl;
using Trouble = std::unexpected<std::string>;

constexpr std::size_t scalar_octets = 32;

using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Freed<BN_clear_free>>;
using NumbersPtr = std::unique_ptr<BN_CTX, Freed<BN_CTX_free>>;
using GroupPtr = std::unique_ptr<EC_GROUP, Freed<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, Freed<EC_POINT_clear_free>>;
using ObjectPtr = std::unique_ptr<ASN1_OBJECT, Freed<ASN1_OBJECT_free>>;

const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// PEM, or DER, as application/pkix-cert has one certificate (RFC 8224 §7.4).
std::expected<ChainPtr, std::string> read_certificates(const std::string& text) {
  if (!text.starts_with('\x30')) return read_chain(text, limit::stir_certificates);
  ERR_clear_error();
  ChainPtr chain(sk_X509_new_null());
  const unsigned char* at = octets(text);
  X509* only = X509_new_ex(library(), nullptr);
  if (!d2i_X509(&only, &at, static_cast<long>(text.size()))) return Trouble(reason());
  sk_X509_push(chain.get(), only);
  return chain;
}

bool is_p256(EVP_PKEY* key) {
  std::array<char, 32> group{};
  std::size_t size = 0;
  return key && EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         OBJ_txt2nid(group.data()) == NID_X9_62_prime256v1;
}

// ---- DER, as far as RFC 8226 needs it: tags of one octet, lengths of up to four

struct Element {
  unsigned char tag = 0;
  std::string_view content;
};

// Takes one off the front; nullopt where none stands there whole.
std::optional<Element> take_element(std::string_view& der) {
  if (der.size() < 2) return std::nullopt;
  const auto octet = [&](std::size_t at) { return static_cast<unsigned char>(der[at]); };
  Element element{octet(0), {}};
  std::size_t length = octet(1), header = 2;
  if (length > 0x80 && length <= 0x84) {
    const std::size_t count = length & 0x7F;
    if (der.size() < header + count) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < count; ++i) length = length << 8 | octet(header++);
  } else if (length >= 0x80) {
    return std::nullopt;
  }
  if (der.size() - header < length) return std::nullopt;
  element.content = der.substr(header, length);
  der.remove_prefix(header + length);
  return element;
}

// Of an explicitly tagged element, what stands within.
std::optional<Element> inner(std::string_view content) {
  const auto element = take_element(content);
  return content.empty() ? element : std::nullopt;
}

constexpr unsigned char tag_integer = 0x02, tag_ia5 = 0x16, tag_sequence = 0x30;

bool is_telephone_number(std::string_view text) {
  const bool allowed = std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '#' || c == '*'; });
  return allowed && !text.empty() && text.size() <= 15;
}

// §9: it counts two or more, and makes no number longer.
std::optional<NumberAuthority::Range> read_range(std::string_view content) {
  const auto first = take_element(content), count = take_element(content);
  if (!first || !count || first->tag != tag_ia5 || count->tag != tag_integer) return std::nullopt;
  const auto number = parse_decimal<std::uint64_t>(first->content);
  if (!is_telephone_number(first->content) || !number || count->content.empty() || count->content.size() > 8 ||
      (static_cast<unsigned char>(count->content.front()) & 0x80) != 0) {
    return std::nullopt;
  }
  NumberAuthority::Range range{std::string(first->content), 0};
  for (const char c : count->content) range.count = range.count << 8 | static_cast<unsigned char>(c);
  std::uint64_t end = 1;
  for (std::size_t i = 0; i < range.first.size(); ++i) end *= 10;
  if (range.count < 2 || range.count >= end || *number + range.count > end) return std::nullopt;
  return range;
}

bool take_entry(const Element& entry, NumberAuthority& authority) {
  const unsigned kind = entry.tag & 0x1FU;
  if ((entry.tag & 0xE0U) != 0xA0U) return false;  // context-specific, constructed: the module's tags are explicit
  const auto content = inner(entry.content);
  if (!content) return false;
  if (kind == 0 && content->tag == tag_ia5) {
    authority.providers.emplace_back(content->content);
    return true;
  }
  if (kind == 1 && content->tag == tag_sequence) {
    const auto range = read_range(content->content);
    if (range) authority.ranges.push_back(*range);
    return range.has_value();
  }
  if (kind != 2 || content->tag != tag_ia5 || !is_telephone_number(content->content)) return false;
  authority.ranges.push_back({std::string(content->content), 1});
  return true;
}

// id-pe 26, 27.
constexpr const char* number_list_oid = "1.3.6.1.5.5.7.1.26";
constexpr const char* claim_constraints_oid = "1.3.6.1.5.5.7.1.27";

// The value of an extension; nullopt where the certificate has none of that name.
std::optional<std::string_view> extension_of(X509* certificate, const char* oid) {
  const ObjectPtr name(OBJ_txt2obj(oid, 1));
  const int at = X509_get_ext_by_OBJ(certificate, name.get(), -1);
  if (at < 0) return std::nullopt;
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(X509_get_ext(certificate, at));
  return std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                          static_cast<std::size_t>(ASN1_STRING_length(value)));
}

// RFC 5922 §7.1: "sip:" URIs without a user; where there is none, DNS names. In lower case.
std::vector<std::string> domains_of(X509* certificate) {
  std::vector<std::string> uris, hosts;
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
    if (type != GEN_URI && type != GEN_DNS) continue;
    const std::string text = lowercase({reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                        static_cast<std::size_t>(ASN1_STRING_length(value))});
    if (type == GEN_DNS) hosts.push_back(text);
    if (type == GEN_URI && text.starts_with("sip:") && text.find('@') == text.npos) uris.push_back(text.substr(4));
  }
  return uris.empty() ? hosts : uris;
}

}  // namespace

// ---- numbers

bool NumberAuthority::covers(std::string_view number) const {
  if (!providers.empty()) return true;
  const auto wanted = parse_decimal<std::uint64_t>(number);
  return std::ranges::any_of(ranges, [&](const Range& range) {
    if (range.count == 1) return range.first == number;
    const auto first = parse_decimal<std::uint64_t>(range.first);
    return first && wanted && range.first.size() == number.size() && *wanted >= *first &&
           *wanted - *first < range.count;
  });
}

std::expected<NumberAuthority, std::string> read_number_authority(std::string_view der) {
  NumberAuthority authority;
  authority.is_listed = true;
  const auto list = inner(der);
  if (!list || list->tag != tag_sequence || list->content.empty()) {
    return Trouble("its list of numbers cannot be read");
  }
  std::string_view rest = list->content;
  while (!rest.empty()) {
    const auto entry = take_element(rest);
    if (!entry || !take_entry(*entry, authority)) return Trouble("its list of numbers cannot be read");
    if (authority.providers.size() + authority.ranges.size() > limit::number_entries) {
      return Trouble("its list of numbers is too long");
    }
  }
  return authority;
}

// ---- certificates

struct StirCertificate::Parts {
  KeyPtr key;
  NumberAuthority numbers;
  std::vector<std::string> domains;
};

namespace {

std::expected<StirCertificate, std::string> open_certificate(X509* certificate) {
  auto parts = std::make_shared<StirCertificate::Parts>();
  parts->key.reset(X509_get_pubkey(certificate));
  if (!is_p256(parts->key.get())) return Trouble("its key is not one of ES256, on the curve P-256");
  if (extension_of(certificate, claim_constraints_oid)) {
    return Trouble("it constrains claims (JWTClaimConstraints), which is not supported");
  }
  if (const auto list = extension_of(certificate, number_list_oid)) {
    auto numbers = read_number_authority(*list);
    if (!numbers) return Trouble(numbers.error());
    parts->numbers = *std::move(numbers);
  }
  parts->domains = domains_of(certificate);
  ERR_clear_error();
  return StirCertificate(std::move(parts));
}

}  // namespace

bool StirCertificate::verifies(std::string_view text, std::string_view signature) const {
  if (signature.size() != 2 * scalar_octets) return false;
  const SignaturePtr numbers(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(octets(signature), scalar_octets, nullptr);
  BIGNUM* s = BN_bin2bn(octets(signature) + scalar_octets, scalar_octets, nullptr);
  ECDSA_SIG_set0(numbers.get(), r, s);
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(numbers.get(), &der);
  const DigestPtr digest(EVP_MD_CTX_new());
  const bool good =
      size > 0 &&
      EVP_DigestVerifyInit_ex(digest.get(), nullptr, "SHA2-256", library(), nullptr, parts_->key.get(), nullptr) == 1 &&
      EVP_DigestVerify(digest.get(), der, static_cast<std::size_t>(size), octets(text), text.size()) == 1;
  OPENSSL_free(der);
  ERR_clear_error();
  return good;
}

std::string StirCertificate::problem_with_number(std::string_view number) const {
  if (!parts_->numbers.is_listed) return "its certificate lists no numbers (TNAuthList)";
  if (parts_->numbers.covers(number)) return {};
  return "its certificate does not cover the number " + std::string(number);
}

std::string StirCertificate::problem_with_domain(std::string_view domain) const {
  if (std::ranges::find(parts_->domains, lowercase(domain)) != parts_->domains.end()) return {};
  return "its certificate does not name the domain " + std::string(domain);
}

// ---- signing

struct StirSigner::Key {
  CertificatePtr certificate;
  GroupPtr group;
  NumberPtr scalar;
};

namespace {

// RFC 6979 §3.2 for P-256 with SHA-256, where numbers and digests are of one length. What it gives stays secret.
class SecretNumbers {
 public:
  using Octets = std::array<unsigned char, scalar_octets>;

  SecretNumbers(const Octets& scalar, const Octets& digest) {
    value_.fill(0x01);
    key_.fill(0x00);
    mix(0x00, &scalar, &digest);
    mix(0x01, &scalar, &digest);
  }
  SecretNumbers(const SecretNumbers&) = delete;
  SecretNumbers& operator=(const SecretNumbers&) = delete;
  ~SecretNumbers() {
    OPENSSL_cleanse(key_.data(), key_.size());
    OPENSSL_cleanse(value_.data(), value_.size());
  }

  // The next one that is from 1 to `order` - 1.
  NumberPtr next(const BIGNUM* order) {
    while (true) {
      value_ = hash({value_.data(), value_.size()});
      NumberPtr number(BN_bin2bn(value_.data(), scalar_octets, nullptr));
      BN_set_flags(number.get(), BN_FLG_CONSTTIME);
      const bool fits = BN_is_zero(number.get()) == 0 && BN_cmp(number.get(), order) < 0;
      mix(0x00, nullptr, nullptr);  // step h.3, for whoever needs another one
      if (fits) return number;
    }
  }

 private:
  Octets hash(std::pair<const unsigned char*, std::size_t> text) const {
    Octets result{};
    EVP_Q_mac(library(), "HMAC", nullptr, "SHA2-256", nullptr, key_.data(), key_.size(), text.first, text.second,
              result.data(), result.size(), nullptr);
    return result;
  }

  void mix(unsigned char step, const Octets* scalar, const Octets* digest) {
    std::array<unsigned char, 3 * scalar_octets + 1> text{};
    auto at = std::ranges::copy(value_, text.begin()).out;
    *at++ = step;
    if (scalar) at = std::ranges::copy(*scalar, at).out;
    if (digest) at = std::ranges::copy(*digest, at).out;
    key_ = hash({text.data(), static_cast<std::size_t>(at - text.begin())});
    value_ = hash({value_.data(), value_.size()});
    OPENSSL_cleanse(text.data(), text.size());
  }

  Octets key_{}, value_{};
};

NumberPtr scalar_of(EVP_PKEY* key) {
  BIGNUM* scalar = nullptr;
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &scalar);
  if (scalar) BN_set_flags(scalar, BN_FLG_CONSTTIME);
  return NumberPtr(scalar);
}

// By Fermat's theorem, for `order` is prime: the time that it takes tells nothing of the number.
NumberPtr inverse_of(const BIGNUM* number, const BIGNUM* order, BN_CTX* room) {
  NumberPtr exponent(BN_dup(order)), result(BN_new());
  BN_sub_word(exponent.get(), 2);
  if (BN_mod_exp_mont_consttime(result.get(), number, exponent.get(), order, room, nullptr) != 1) result.reset();
  return result;
}

// x of the point `secret` times the generator, modulo the order.
NumberPtr point_number(const EC_GROUP* group, const BIGNUM* secret, const BIGNUM* order, BN_CTX* room) {
  const PointPtr point(EC_POINT_new(group));
  NumberPtr x(BN_new());
  const bool good = EC_POINT_mul(group, point.get(), secret, nullptr, nullptr, room) == 1 &&
                    EC_POINT_get_affine_coordinates(group, point.get(), x.get(), nullptr, room) == 1 &&
                    BN_nnmod(x.get(), x.get(), order, room) == 1;
  if (!good) x.reset();
  return x;
}

// s = (e + r d) / k, where e, d and k are blinded: so what multiplies them has no secret alone in its hands.
NumberPtr signature_number(const BIGNUM* digest, const BIGNUM* r, const BIGNUM* scalar, const BIGNUM* secret,
                           const BIGNUM* blind, const BIGNUM* order, BN_CTX* room) {
  NumberPtr blinded(BN_new()), product(BN_new()), sum(BN_new()), divisor(BN_new()), result(BN_new());
  const bool good = BN_mod_mul(blinded.get(), blind, scalar, order, room) == 1 &&
                    BN_mod_mul(product.get(), blinded.get(), r, order, room) == 1 &&
                    BN_mod_mul(sum.get(), blind, digest, order, room) == 1 &&
                    BN_mod_add(sum.get(), sum.get(), product.get(), order, room) == 1 &&
                    BN_mod_mul(divisor.get(), blind, secret, order, room) == 1;
  const NumberPtr inverse = good ? inverse_of(divisor.get(), order, room) : nullptr;
  if (!inverse || BN_mod_mul(result.get(), sum.get(), inverse.get(), order, room) != 1) result.reset();
  return result;
}

}  // namespace

std::expected<StirSigner, std::string> StirSigner::open(const SignerKeys& keys) {
  auto chain = read_chain(keys.chain, limit::stir_certificates);
  if (!chain) return Trouble("the certificate cannot be read: " + chain.error());
  auto key = std::make_shared<Key>();
  key->certificate.reset(sk_X509_shift(chain->get()));
  auto certificate = open_certificate(key->certificate.get());
  if (!certificate) return Trouble("the certificate cannot be used: " + certificate.error());
  const auto opened = read_private_key(keys.key);
  if (!opened) return Trouble("the key cannot be read: " + opened.error());
  const KeyPtr& secret = *opened;
  if (!is_p256(secret.get())) return Trouble("the key is not one of ES256, on the curve P-256");
  if (X509_check_private_key(key->certificate.get(), secret.get()) != 1) {
    ERR_clear_error();
    return Trouble("the key is not that of the certificate");
  }
  key->scalar = scalar_of(secret.get());
  key->group.reset(EC_GROUP_new_by_curve_name_ex(library(), nullptr, NID_X9_62_prime256v1));
  ERR_clear_error();
  if (!key->scalar || !key->group) return Trouble("the key cannot be used");
  return StirSigner(*std::move(certificate), std::move(key));
}

std::string StirSigner::sign(std::string_view text) const {
  SecretNumbers::Octets digest{}, scalar{};
  std::size_t digest_size = 0;
  if (EVP_Q_digest(library(), "SHA2-256", nullptr, text.data(), text.size(), digest.data(), &digest_size) != 1 ||
      BN_bn2binpad(key_->scalar.get(), scalar.data(), scalar_octets) < 0) {
    return {};
  }
  const NumbersPtr room(BN_CTX_secure_new_ex(library()));
  const BIGNUM* order = EC_GROUP_get0_order(key_->group.get());
  const NumberPtr number(BN_bin2bn(digest.data(), scalar_octets, nullptr));
  BN_nnmod(number.get(), number.get(), order, room.get());
  SecretNumbers::Octets reduced{};  // bits2octets
  BN_bn2binpad(number.get(), reduced.data(), scalar_octets);
  SecretNumbers secrets(scalar, reduced);
  OPENSSL_cleanse(scalar.data(), scalar.size());
  std::string signature;
  while (signature.empty()) {
    const NumberPtr secret = secrets.next(order);
    const NumberPtr blind = secrets.next(order);
    const NumberPtr r = point_number(key_->group.get(), secret.get(), order, room.get());
    if (!r) break;
    const NumberPtr s =
        signature_number(number.get(), r.get(), key_->scalar.get(), secret.get(), blind.get(), order, room.get());
    if (!s) break;
    if (BN_is_zero(r.get()) != 0 || BN_is_zero(s.get()) != 0) continue;
    std::array<unsigned char, 2 * scalar_octets> raw{};
    BN_bn2binpad(r.get(), raw.data(), scalar_octets);
    BN_bn2binpad(s.get(), raw.data() + scalar_octets, scalar_octets);
    signature.assign(reinterpret_cast<const char*>(raw.data()), raw.size());
  }
  ERR_clear_error();
  return signature;
}

bool StirSigner::is_valid_at(WallTime time) const {
  std::time_t seconds = seconds_of(time);
  return X509_cmp_time(X509_get0_notBefore(key_->certificate.get()), &seconds) < 0 &&
         X509_cmp_time(X509_get0_notAfter(key_->certificate.get()), &seconds) > 0;
}

// ---- authorities

struct StirAuthorities::Store {
  StorePtr store;
};

std::expected<StirAuthorities, std::string> StirAuthorities::open(const std::string& pem) {
  constexpr std::size_t most = 1000;
  const auto authorities = read_chain(pem, most);
  if (!authorities) return Trouble("the authorities cannot be read: " + authorities.error());
  auto store = std::make_shared<Store>();
  store->store.reset(X509_STORE_new());
  for (int i = 0; i < sk_X509_num(authorities->get()); ++i) {
    X509_STORE_add_cert(store->store.get(), sk_X509_value(authorities->get(), i));
  }
  ERR_clear_error();
  return StirAuthorities(std::move(store));
}

std::expected<StirCertificate, std::string> StirAuthorities::check(const std::string& chain, WallTime time) const {
  if (chain.size() > limit::stir_certificate_bytes) return Trouble("the certificate is too large");
  const auto certificates = read_certificates(chain);
  if (!certificates) return Trouble("the certificate cannot be read: " + certificates.error());
  const CertificatePtr first(sk_X509_shift(certificates->get()));
  const StoreContextPtr context(X509_STORE_CTX_new_ex(library(), nullptr));
  if (!context || X509_STORE_CTX_init(context.get(), store_->store.get(), first.get(), certificates->get()) != 1) {
    return Trouble("the certificate cannot be checked: " + reason());
  }
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_auth_level(parameters, security_level);
  X509_VERIFY_PARAM_set_depth(parameters, limit::stir_certificate_depth);
  X509_VERIFY_PARAM_set_time(parameters, seconds_of(time));
  if (X509_verify_cert(context.get()) != 1) {
    const char* reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
    ERR_clear_error();
    return Trouble("the certificate does not count: " + std::string(reason ? reason : "unknown error"));
  }
  auto opened = open_certificate(first.get());
  if (!opened) return Trouble("the certificate is not supported: " + opened.error());
  return opened;
}

}  // namespace intermediary
