#include "routing/transformation.h"

#include <algorithm>

#include "base/text.h"
#include "message/editor.h"

namespace intermediary {

namespace {

bool is_named(const Message& message, const Field& field, std::string_view name) {
  const FieldName known = field_name(name);
  return known == FieldName::Other ? equals_ignoring_case(message.name_text(field), name) : field.name == known;
}

}  // namespace

std::vector<std::string> values_of(const Message& message, std::string_view name) {
  std::vector<std::string> values;
  for (const Field& field : message.fields()) {
    if (is_named(message, field, name)) values.emplace_back(message.value(field));
  }
  return values;
}

std::string_view protected_field(std::string_view name) {
  switch (field_name(name)) {
    case FieldName::Via:
    case FieldName::Route:
    case FieldName::RecordRoute:
    case FieldName::Path:
    case FieldName::ServiceRoute:
    case FieldName::MaxForwards:
    case FieldName::MaxBreadth:
      return "it is for routing";
    case FieldName::From:
    case FieldName::To:
    case FieldName::CallId:
    case FieldName::CSeq:
    case FieldName::Contact:
    case FieldName::RSeq:
    case FieldName::RAck:
      return "it belongs to the dialog and its transactions";
    case FieldName::ContentLength:
    case FieldName::ContentType:
    case FieldName::ContentEncoding:
      return "it says what the body is";
    default:
      return "";
  }
}

MessagePtr changed(const Message& request, const std::vector<HeaderChange>& changes, const Limits& limits) {
  Editor editor(request);
  for (const Field& field : request.fields()) {
    const bool goes = std::ranges::any_of(changes, [&](const HeaderChange& change) {
      return change.kind != HeaderChange::Kind::Add && is_named(request, field, change.name);
    });
    if (goes) editor.remove(field);
  }
  for (const HeaderChange& change : changes) {
    if (change.kind != HeaderChange::Kind::Remove) editor.append(change.name, change.value);
  }
  auto message = Message::parse(editor.finish(), Framing::Datagram, limits);
  return message ? *message : nullptr;
}

std::optional<Uri> changed(const Uri& uri, const UriChange& change) {
  Uri result = uri;
  if (uri.has_user) {
    const std::string user = unescaped_user(uri.user);
    for (const NumberRewrite& rewrite : change.user) {
      const auto with = rewrite.match.replaced(user, rewrite.with);
      if (!with) continue;
      if (with->empty()) return std::nullopt;
      result.user = escaped_user(*with);
      break;
    }
  }
  if (!change.domain.empty() && uri.is_sip()) {
    result.host = change.domain;
    result.port.reset();
    result.remove_parameter("maddr");
  }
  return result;
}

}  // namespace intermediary
