#include "ua/protected_copy.h"

#include <algorithm>
#include <expected>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "message/date.h"
#include "message/multipart.h"
#include "message/values.h"

namespace intermediary {
namespace {

// §20.43: the cause for people at the other end, who see no log of ours.
UaAnswer forbidden(const std::string& cause) {
  UaAnswer answer = refuse(403, cause);
  answer.fields.emplace_back("Warning", "399 registrar " + quoted(cause));
  return answer;
}

// A fragment as a message: with a start line, and with a Via more than it needs.
std::string completed(std::string_view fragment, std::string_view start_line) {
  const std::size_t end = fragment.find("\r\n");
  if (end != std::string_view::npos && fragment.substr(0, end).ends_with(" SIP/2.0")) {
    start_line = fragment.substr(0, end);
    fragment.remove_prefix(end + 2);
  }
  return std::string(start_line) + "\r\nVia: SIP/2.0/UDP fragment.invalid\r\n" + std::string(fragment);
}

std::expected<MessagePtr, UaAnswer> read_copy(const SignedBody& body, const Message& request) {
  if (is_media_type(body.content_type, encrypted_type)) return std::unexpected(refuse(493, "its copy is encrypted"));
  const bool fragment = is_media_type(body.content_type, "message/sipfrag");
  if (!fragment && !is_media_type(body.content_type, "message/sip")) {
    UaAnswer answer = refuse(415, "what is signed is no message/sip");
    answer.fields.emplace_back("Accept", "message/sip, message/sipfrag");
    return std::unexpected(std::move(answer));
  }
  std::string bytes = fragment ? completed(body.content_body, request.start_line()) : std::string(body.content_body);
  if (!bytes.contains("\r\n\r\n")) bytes += "\r\n";  // its empty line was taken for the boundary's
  Limits room;
  room.stream_message_bytes = bytes.size();
  auto copy = Message::parse(std::move(bytes), Framing::Whole, room);
  if (!copy) return std::unexpected(refuse(400, "its protected copy: " + copy.error().error.to_string()));
  if ((*copy)->is_response()) return std::unexpected(forbidden("its protected copy is a response"));
  return *std::move(copy);
}

// ---- comparison (RFC 3261 §23.4.1.1, by the rules of §20). Parameters count even where §20 would overlook those that
// one side lacks: somebody between could have added them.

bool same_parameters(const Parameters& a, const Parameters& b) {
  return a.all.size() == b.all.size() && std::ranges::all_of(a.all, [&](const Parameters::Parameter& parameter) {
           const Parameters::Parameter* other = b.find(parameter.name);
           return other && other->value == parameter.value;
         });
}

bool same_address(const NameAddress& a, const NameAddress& b) {
  return equivalent(a.uri, b.uri) && equals_ignoring_case(a.uri.parameters, b.uri.parameters) &&
         same_parameters(a.parameters, b.parameters);
}

bool same_contacts(const Message& request, const Message& copy) {
  const auto ours = contacts(request), theirs = contacts(copy);
  if (!ours) return true;  // refused as such, later
  return theirs && ours->star == theirs->star && std::ranges::equal(ours->list, theirs->list, same_address);
}

bool same_person(FieldName field, const Message& request, const Message& copy) {
  const auto ours = parse_name_address(request.value(field)), theirs = parse_name_address(copy.value(field));
  return ours && theirs && same_address(*ours, *theirs);
}

bool same_value(FieldName field, const Message& request, const Message& copy) {
  return request.has(field) == copy.has(field) && unfold(request.value(field)) == unfold(copy.value(field));
}

// An option that one of them supports and the other does not; "" when there is none.
std::string_view missing_option(const Message& here, const Message& there) {
  const auto all = tokens(there, FieldName::Supported);
  for (const std::string_view option : tokens(here, FieldName::Supported)) {
    if (std::ranges::none_of(all, [&](std::string_view each) { return equals_ignoring_case(each, option); }))
      return option;
  }
  return {};
}

// What was changed on the way; "" when nothing was.
std::string discrepancy(const Message& request, const Message& copy) {
  std::string_view field;
  if (request.method() != copy.method() || request.cseq().number != copy.cseq().number) field = "CSeq";
  if (request.call_id() != copy.call_id()) field = "Call-ID";
  for (const FieldName each : {FieldName::From, FieldName::To}) {
    if (!same_person(each, request, copy)) field = field_text(each);
  }
  if (!same_contacts(request, copy)) field = "Contact";
  for (const FieldName each : {FieldName::Expires, FieldName::Date}) {
    if (!same_value(each, request, copy)) field = field_text(each);
  }
  if (!field.empty()) return "its " + std::string(field) + " is not that of its protected copy";
  // RFC 3327 §6.1.
  if (const auto added = missing_option(request, copy); !added.empty()) {
    return "it says Supported: " + std::string(added) + ", and its protected copy does not";
  }
  if (const auto lost = missing_option(copy, request); !lost.empty()) {
    return "its protected copy says Supported: " + std::string(lost) + ", and it does not";
  }
  return {};
}

// §23.4.2. Nobody can tell a copy without a Date from one that was kept for later.
std::string trouble_with_date(const Message& request, WallTime now) {
  if (!request.has(FieldName::Date)) return "its protected copy has no Date";
  const auto date = parse_date(unfold(request.value(FieldName::Date)));
  if (!date) return "its Date is none";
  if (*date - now <= most_clock_difference && now - *date <= most_clock_difference) return {};
  return "its Date is more than an hour from the time here";
}

// RFC 3261 §23.1: a user at a domain, and nothing else that a URI may say.
bool names(const std::string& identity, const std::string& address_of_record) {
  const auto uri = Uri::parse(identity);
  return uri && uri->is_sip() && uri->has_user && uri->password.empty() && uri->parameters.empty() &&
         uri->headers.empty() && intermediary::address_of_record(*uri) == address_of_record;
}

}  // namespace

bool has_protected_copy(const Message& request) {
  return is_media_type(request.value(FieldName::ContentType), signed_type);
}

std::optional<UaAnswer> check_protected_copy(const Smime& smime, WallTime now, const Message& request,
                                             const std::string& address_of_record) {
  const auto body = read_signed_body(request.value(FieldName::ContentType), request.body());
  if (!body) return refuse(400, body.error());
  const auto copy = read_copy(*body, request);
  if (!copy) return copy.error();
  const auto signer = smime.verify(now, body->content, body->signature);
  if (!signer) return forbidden(signer.error());
  const auto is_signer = [&](const std::string& identity) { return names(identity, address_of_record); };
  if (std::ranges::none_of(*signer, is_signer)) return forbidden("it is not signed by its address of record");
  if (const auto difference = discrepancy(request, **copy); !difference.empty()) return forbidden(difference);
  if (const auto trouble = trouble_with_date(**copy, now); !trouble.empty()) return forbidden(trouble);
  return std::nullopt;
}

ProtectedCopy make_protected_copy(const Smime& smime, WallTime now, std::string_view bytes, std::string_view token) {
  const std::string boundary = "copy-" + std::string(token);
  const std::string content = signed_part("message/sip", bytes);
  const std::string signature = smime.sign(now, content);
  if (signature.empty()) return {};
  return {signed_body_type(boundary), write_signed_body(content, signature, boundary)};
}

}  // namespace intermediary
