#include "ua/inspection.h"

#include <algorithm>

#include "base/text.h"
#include "message/multipart.h"
#include "message/values.h"
#include "ua/protected_copy.h"

namespace intermediary {
namespace {

std::string join(const std::vector<std::string_view>& list) {
  std::string text;
  for (const std::string_view entry : list) {
    if (!text.empty()) text += ", ";
    text += entry;
  }
  return text;
}

// RFC 3261 §8.2.1, §21.5.2.
std::optional<UaAnswer> inspect_method(const Message& request, const Capabilities& capabilities) {
  const std::string method(request.method_text());
  if (request.method() == Method::Other) return refuse(501, "nobody knows the method " + method);
  if (std::ranges::find(capabilities.methods, request.method()) != capabilities.methods.end()) return std::nullopt;
  UaAnswer answer = refuse(405, method + " is not for this server itself");
  std::vector<std::string_view> allowed;
  allowed.reserve(capabilities.methods.size());
  for (const Method each : capabilities.methods) allowed.push_back(method_text(each));
  answer.fields.emplace_back("Allow", join(allowed));
  return answer;
}

// RFC 3261 §20.11: "handling=optional" leaves the body to our pleasure.
bool is_optional_body(const Message& request) {
  for (const Field& field : request.fields()) {
    if (!equals_ignoring_case(request.name_text(field), "Content-Disposition")) continue;
    const std::string value = lowercase(unfold(request.value(field)));
    return value.find("handling=optional") != std::string::npos;
  }
  return false;
}

// RFC 3261 §8.2.3; §23.2: a 493 without a certificate says that signatures may be understood all the same.
std::optional<UaAnswer> inspect_body(const Message& request, const Capabilities& capabilities) {
  if (request.body().empty()) return std::nullopt;
  const std::string_view type = request.value(FieldName::ContentType);
  const bool takes_signed = capabilities.signed_registrations && request.method() == Method::Register;
  if (takes_signed && is_media_type(type, encrypted_type)) return refuse(493, "its body is encrypted");
  if (is_optional_body(request)) return std::nullopt;
  for (const std::string_view encoding : tokens(request, FieldName::ContentEncoding)) {
    if (equals_ignoring_case(encoding, accepted_encoding)) continue;
    UaAnswer answer = refuse(415, "its body is encoded");
    answer.fields.emplace_back("Accept-Encoding", accepted_encoding);
    return answer;
  }
  if (is_media_type(type, accepted_type) || (takes_signed && is_media_type(type, signed_type))) return std::nullopt;
  UaAnswer answer = refuse(415, "its body is not " + std::string(accepted_type));
  answer.fields.emplace_back("Accept", accepted_type);
  if (takes_signed) answer.fields.emplace_back("Accept", std::string(signed_type) + ", application/pkcs7-signature");
  return answer;
}

}  // namespace

Capabilities own_capabilities(bool registrar, bool signed_registrations) {
  Capabilities capabilities{{Method::Options}, {}, signed_registrations};
  if (registrar) {
    capabilities.methods.push_back(Method::Register);
    capabilities.extensions.insert(capabilities.extensions.end(), {"path", "outbound", "gruu"});
  }
  return capabilities;
}

// RFC 3261 §8.2.2.3.
std::optional<UaAnswer> inspect_extensions(const Message& request, const Capabilities& capabilities) {
  std::vector<std::string_view> unsupported;
  for (const std::string_view option : tokens(request, FieldName::Require)) {
    const bool known = std::ranges::any_of(capabilities.extensions,
                                           [&](std::string_view ours) { return equals_ignoring_case(ours, option); });
    if (!known) unsupported.push_back(option);
  }
  if (unsupported.empty()) return std::nullopt;
  UaAnswer answer = refuse(420, "it requires " + join(unsupported));
  answer.fields.emplace_back("Unsupported", join(unsupported));
  return answer;
}

std::optional<UaAnswer> inspect(const Message& request, const Capabilities& capabilities) {
  if (auto answer = inspect_method(request, capabilities)) return answer;
  if (auto answer = inspect_extensions(request, capabilities)) return answer;
  return inspect_body(request, capabilities);
}

bool lists_option(const Message& request, FieldName list, std::string_view option) {
  return std::ranges::any_of(tokens(request, list),
                             [&](std::string_view each) { return equals_ignoring_case(each, option); });
}

}  // namespace intermediary
