#include "sim/smime.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/text.h"
#include "policy/test_smime.h"

namespace intermediary::sim {
namespace {

constexpr std::string_view boundary = "a-copy";

std::string alternative_names(const TlsHost& host, const std::string& address) {
  if (host.certificates.empty()) return "email:" + address;
  std::string names;
  for (const std::string& uri : host.certificates.front().uris) names += (names.empty() ? "URI:" : ",URI:") + uri;
  for (const std::string& dns : host.certificates.front().dns_names) names += (names.empty() ? "DNS:" : ",DNS:") + dns;
  return names;
}

std::string base64_of(const std::string& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return text.substr(0, static_cast<std::size_t>(size));
}

std::string from_base64(std::string text) {
  std::erase_if(text, is_space);
  const auto padding = static_cast<std::size_t>(std::ranges::count(text, '='));
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  return size < 0 ? std::string() : bytes.substr(0, static_cast<std::size_t>(size) - padding);
}

// What a copy is compared by: all but what speaks about the body, and the Vias, which leave an answer one by one.
std::vector<std::string> lines_of(const WireMessage& message) {
  std::vector<std::string> lines{message.start_line};
  for (const WireHeader& header : message.headers) {
    const std::string name = lowercase(long_name(header.name));
    if (!name.starts_with("content-") && name != "via") lines.push_back(name + ": " + header.value);
  }
  return lines;
}

bool has_vias_of(const WireMessage& copy, const WireMessage& message) {
  const auto all = copy.values("Via"), left = message.values("Via");
  return all.size() >= left.size() && std::equal(left.rbegin(), left.rend(), all.rbegin());
}

// What stands between the first two of three delimiters, and between the last two.
std::optional<std::pair<std::string, std::string>> cut(const std::string& body, const std::string& dashes) {
  const std::size_t second = body.find("\r\n" + dashes + "\r\n"), third = body.find("\r\n" + dashes + "--");
  if (!body.starts_with(dashes + "\r\n") || second == std::string::npos || third == std::string::npos) return {};
  const std::size_t first = dashes.size() + 2, after = second + 2 + first;
  if (third < after) return {};
  return std::pair{body.substr(first, second - first), body.substr(after, third - after)};
}

}  // namespace

SmimeKeys node_smime_keys() { return test_smime::registrar_keys(); }

void sign(WireMessage& message, const TlsHost& host, const std::string& address) {
  const auto issuer = host.trusted ? test_smime::Issuer::Known : test_smime::Issuer::Stranger;
  const std::string content = "Content-Type: message/sip\r\n\r\n" + message.to_bytes();
  const std::string signature =
      test_smime::sign(content, test_smime::certificate_for(alternative_names(host, address), issuer));
  const std::string dashes = "--" + std::string(boundary);
  message.body = dashes + "\r\n" + content + "\r\n" + dashes +
                 "\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
                 base64_of(signature) + "\r\n" + dashes + "--\r\n";
  message.set("Content-Type", "multipart/signed;protocol=\"application/pkcs7-signature\";micalg=sha-256;boundary=" +
                                  std::string(boundary));
}

std::optional<std::string> copy_trouble(const WireMessage& message) {
  const std::string type = message.value("Content-Type");
  if (!type.starts_with("multipart/signed;")) return "its body is no multipart/signed";
  std::string dashes = "--" + parameter_of(type, "boundary");
  std::erase(dashes, '"');
  const auto parts = cut(message.body, dashes);
  if (!parts) return "its body has not two parts";
  const auto& [content, signature] = *parts;
  const std::size_t begin = signature.find("\r\n\r\n");
  if (begin == std::string::npos || !content.starts_with("Content-Type: message/sip\r\n\r\n")) {
    return "what is signed is no message/sip";
  }
  if (!test_smime::is_signed(content, from_base64(signature.substr(begin + 4)), test_smime::authority())) {
    return "its signature does not verify";
  }
  const auto copy = WireMessage::read(content.substr(content.find("\r\n\r\n") + 4));
  if (!copy || lines_of(*copy) != lines_of(message) || !has_vias_of(*copy, message))
    return "what is signed is not the same message";
  return std::nullopt;
}

}  // namespace intermediary::sim
