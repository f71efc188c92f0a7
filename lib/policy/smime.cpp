#include "policy/smime.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/smime_limits.h"
#include "policy/openssl.h"

namespace intermediary {
namespace {

using namespace openssl;

using Error = std::unexpected<std::string>;

constexpr int least_rsa_bits = 2048;

void free_signers(STACK_OF(X509) * signers) { sk_X509_free(signers); }

using SignersPtr = std::unique_ptr<STACK_OF(X509), Freed<free_signers>>;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, Freed<CMS_ContentInfo_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, Freed<ASN1_TIME_free>>;

std::expected<KeyPtr, std::string> read_key(const std::string& text) {
  auto key = read_private_key(text);
  if (!key) return key;
  // Others draw a random number for each signature, and what an engine says has to follow from what it heard.
  if (EVP_PKEY_get_base_id(key->get()) != EVP_PKEY_RSA) {
    const char* kind = EVP_PKEY_get0_type_name(key->get());
    return Error("it is " + std::string(kind ? kind : "of another kind") + ", and signatures need an RSA key");
  }
  if (EVP_PKEY_get_bits(key->get()) < least_rsa_bits) {
    return Error("it has less than " + std::to_string(least_rsa_bits) + " bits");
  }
  return key;
}

// What a verification says that failed: the certificate's trouble where that was the cause.
std::string failure() {
  std::string reason;
  const char* data = nullptr;
  int flags = 0;
  while (const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    const int why = ERR_GET_LIB(code) == ERR_LIB_CMS ? ERR_GET_REASON(code) : 0;
    if (why == CMS_R_CERTIFICATE_VERIFY_ERROR) {
      std::string_view detail = (flags & ERR_TXT_STRING) != 0 ? data : "";
      if (detail.starts_with("Verify error: ")) detail.remove_prefix(14);
      if (detail.starts_with("Verify error:")) detail.remove_prefix(13);
      reason = "its signer's certificate does not count: " + std::string(detail);
    } else if (why == CMS_R_SIGNER_CERTIFICATE_NOT_FOUND) {
      reason = "its signature does not hold the signer's certificate";
    } else if (reason.empty()) {
      const char* text = ERR_reason_error_string(code);
      reason = "its signature does not verify: " + std::string(text ? text : "unknown error");
    }
  }
  return reason.empty() ? "its signature does not verify" : reason;
}

bool is_strong_digest(CMS_SignerInfo* signer) {
  X509_ALGOR* digest = nullptr;
  CMS_SignerInfo_get0_algs(signer, nullptr, nullptr, &digest, nullptr);
  const ASN1_OBJECT* algorithm = nullptr;
  X509_ALGOR_get0(&algorithm, nullptr, nullptr, digest);
  const int nid = OBJ_obj2nid(algorithm);
  return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

// The shape that RFC 3261 §23.2 and §23.3 ask for: a detached signature by one signer.
std::expected<CmsPtr, std::string> read_signature(std::string_view der) {
  if (der.size() > limit::signature_bytes) return Error("its signature is too large");
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = at + der.size();
  CMS_ContentInfo* made = CMS_ContentInfo_new_ex(library(), nullptr);
  d2i_CMS_ContentInfo(&made, &at, static_cast<long>(der.size()));  // frees what it was given where it fails
  CmsPtr cms(made);
  if (!cms || at != end || OBJ_obj2nid(CMS_get0_type(cms.get())) != NID_pkcs7_signed) {
    return Error("its signature is no SignedData of CMS");
  }
  if (CMS_is_detached(cms.get()) != 1) return Error("its signature is not detached");
  STACK_OF(CMS_SignerInfo)* signers = CMS_get0_SignerInfos(cms.get());
  if (sk_CMS_SignerInfo_num(signers) != 1) return Error("it is not signed by one signer");
  if (!is_strong_digest(sk_CMS_SignerInfo_value(signers, 0))) return Error("its digest is weaker than SHA-256");
  const ChainPtr certificates(CMS_get1_certs(cms.get()));
  if (certificates && sk_X509_num(certificates.get()) > static_cast<int>(limit::signature_certificates)) {
    return Error("its signature holds too many certificates");
  }
  return cms;
}

std::vector<std::string> addresses_in(X509* certificate) {
  std::vector<std::string> addresses;
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
    if (type != GEN_EMAIL && type != GEN_URI) continue;
    const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                static_cast<std::size_t>(ASN1_STRING_length(value)));
    addresses.push_back((type == GEN_EMAIL ? "sip:" : "") + std::string(text));
  }
  return addresses;
}

}  // namespace

struct Smime::Keys {
  CertificatePtr certificate;
  ChainPtr others;  // of our chain
  KeyPtr key;
  StorePtr authorities;
};

std::expected<Smime, std::string> Smime::open(const SmimeKeys& keys) {
  ERR_clear_error();
  auto opened = std::make_shared<Keys>();
  auto chain = read_chain(keys.chain);
  if (!chain) return Error("the certificate cannot be read: " + chain.error());
  opened->certificate.reset(sk_X509_shift(chain->get()));
  opened->others = *std::move(chain);
  auto key = read_key(keys.key);
  if (!key) return Error("the key cannot be used: " + key.error());
  opened->key = *std::move(key);
  if (X509_check_private_key(opened->certificate.get(), opened->key.get()) != 1) {
    ERR_clear_error();
    return Error("the key is not that of the certificate");
  }
  const auto authorities = read_chain(keys.authorities);
  if (!authorities) return Error("the authorities cannot be read: " + authorities.error());
  opened->authorities.reset(X509_STORE_new());
  for (int i = 0; i < sk_X509_num(authorities->get()); ++i) {
    X509_STORE_add_cert(opened->authorities.get(), sk_X509_value(authorities->get(), i));
  }
  X509_VERIFY_PARAM* parameters = X509_STORE_get0_param(opened->authorities.get());
  X509_VERIFY_PARAM_set_auth_level(parameters, security_level);
  X509_VERIFY_PARAM_set_depth(parameters, limit::certificate_depth);
  ERR_clear_error();
  return Smime(std::move(opened));
}

std::string Smime::sign(WallTime now, std::string_view content) const {
  constexpr unsigned int flags = CMS_DETACHED | CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;  // we decrypt nothing
  const CmsPtr cms(CMS_sign_ex(nullptr, nullptr, keys_->others.get(), nullptr, flags, library(), nullptr));
  CMS_SignerInfo* signer =
      cms ? CMS_add1_signer(cms.get(), keys_->certificate.get(), keys_->key.get(), EVP_sha256(), flags) : nullptr;
  // Where there is none, OpenSSL asks the clock of the machine.
  const TimePtr time(ASN1_TIME_set(nullptr, seconds_of(now)));
  const bool timed =
      signer && time &&
      CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_signingTime, ASN1_STRING_type(time.get()), time.get(), -1) == 1;
  const BioPtr data = reader_of(content);
  std::string signature;
  if (timed && data && CMS_final(cms.get(), data.get(), nullptr, flags) == 1) {
    unsigned char* der = nullptr;
    const int size = i2d_CMS_ContentInfo(cms.get(), &der);
    if (size > 0) signature.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
  }
  ERR_clear_error();
  return signature;
}

std::expected<std::vector<std::string>, std::string> Smime::verify(WallTime now, std::string_view content,
                                                                   std::string_view signature) const {
  ERR_clear_error();
  const auto cms = read_signature(signature);
  if (!cms) {
    ERR_clear_error();
    return Error(cms.error());
  }
  X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(keys_->authorities.get()), seconds_of(now));
  const BioPtr data = reader_of(content);
  if (CMS_verify(cms->get(), nullptr, keys_->authorities.get(), data.get(), nullptr, CMS_BINARY) != 1) {
    return Error(failure());
  }
  const SignersPtr signers(CMS_get0_signers(cms->get()));
  auto addresses = addresses_in(sk_X509_value(signers.get(), 0));
  ERR_clear_error();
  return addresses;
}

}  // namespace intermediary
