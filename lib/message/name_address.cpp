// Name-addresses and Vias: what we check and cut ourselves, before and after sofia-sip has read the value.
#include <algorithm>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "message/characters.h"
#include "message/quick_values.h"
#include "message/sofia.h"
#include "message/value_error.h"
#include "message/values.h"

namespace intermediary {
namespace {

constexpr auto nowhere = std::string_view::npos;

bool is_control(char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f'; }

// Goes over a value once before sofia-sip sees it: length, control characters, quotes that are closed, and none of the
// characters named in `forbidden` outside of quotes.
std::optional<ValueError> check_bytes(std::string_view value, std::string_view what, std::string_view forbidden) {
  const auto wrong = [&](Fault fault, std::size_t at, std::string_view cause) {
    return ValueError{fault, at, std::string(what) + ": " + std::string(cause)};
  };
  if (value.empty()) return wrong(Fault::Empty, 0, "empty");
  if (value.size() > limit::line_bytes) return wrong(Fault::LineTooLong, 0, "longer than the limit");
  std::size_t quote = nowhere;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (character::is(value[i], character::Token)) continue;
    const bool quoted_pair = quote != nowhere && value[i] == '\\';  // may hide a control character (RFC 3261 §25.1)
    if (quoted_pair) {
      ++i;
    } else if (is_control(value[i])) {
      return wrong(Fault::ControlCharacter, i, "control character");
    } else if (value[i] == '"') {
      quote = quote == nowhere ? i : nowhere;
    } else if (quote == nowhere && forbidden.contains(value[i])) {
      return wrong(Fault::BadValue, i, "unexpected " + in_quotes(value.substr(i, 1)));
    }
  }
  if (quote != nowhere) return wrong(Fault::BadValue, quote, "quotes are not closed");
  return std::nullopt;
}

// An error within a part of the value, told from the value's begin.
ValueError moved(ValueError error, std::string_view value, std::string_view part) {
  error.offset += static_cast<std::size_t>(part.data() - value.data());
  return error;
}

// Where the parts of a name-addr or addr-spec stand.
struct Shape {
  std::string_view display;
  std::string_view uri;
  std::string_view tail;  // what follows: ";tag=…"
};

std::size_t end_of_quotes(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (value[i] == '\\')
      ++i;
    else if (value[i] == '"')
      return i + 1;
  }
  return value.size();
}

bool ends_addr_spec(char c) { return c == '<' || c == ';' || c == ',' || c == '?' || c == '"'; }

// RFC 3261 §20.10: without angle brackets a comma, question mark or semicolon is none of the URI's.
std::expected<Shape, ValueError> find_shape(std::string_view value) {
  const std::size_t name_end = value[0] == '"' ? end_of_quotes(value) : 0;
  std::size_t stop = name_end;
  while (stop < value.size() && !ends_addr_spec(value[stop])) ++stop;
  if (value.substr(stop).starts_with('<')) {
    const auto close = value.find('>', stop);
    if (close == nowhere) return value_error(Fault::BadValue, stop, "name-addr: '<' without '>'");
    return Shape{value.substr(0, stop), value.substr(stop + 1, close - stop - 1), value.substr(close + 1)};
  }
  if (stop != value.size() && value[stop] != ';') {
    return value_error(Fault::BadValue, stop, "addr-spec: needs angle brackets around its URI: " + in_quotes(value));
  }
  if (name_end != 0) return value_error(Fault::BadValue, 0, "name-addr: display name without a URI in '<>'");
  return Shape{{}, trim(value.substr(0, stop)), value.substr(stop)};
}

// A quoted-string without its quotes and backslashes; control characters fall out.
std::string plain_display_name(std::string_view display) {
  display = trim(display);
  if (display.empty() || display.front() != '"') return std::string(display);
  std::string plain;
  for (std::size_t i = 1; i + 1 < display.size(); ++i) {
    if (display[i] == '\\') ++i;
    if (!is_control(display[i])) plain += display[i];
  }
  return plain;
}

// Limits, and every name once (RFC 3261 §7.3.1).
std::optional<ValueError> check_parameters(const Parameters& parameters, std::string_view what) {
  if (parameters.all.size() > limit::parameters) {
    return ValueError{Fault::TooManyParameters, 0, std::string(what) + ": too many parameters"};
  }
  for (const auto& parameter : parameters.all) {
    if (parameters.find(parameter.name) != &parameter) {
      return ValueError{Fault::BadValue, 0, std::string(what) + ": parameter twice: " + in_quotes(parameter.name)};
    }
  }
  return std::nullopt;
}

bool is_folded(std::string_view value) { return value.contains('\n'); }

// "<sip:…>" and nothing else, as in most Routes: a sound URI has no byte that could end it. False for all others.
bool parse_bare_address(std::string_view value, NameAddress& address) {
  if (!value.starts_with('<') || value.find('>') != value.size() - 1) return false;
  return !Uri::parse_into(address.uri, value.substr(1, value.size() - 2));
}

std::expected<NameAddress, ValueError> parse_unfolded_name_address(std::string_view value) {
  constexpr std::string_view what = "name-addr";
  std::expected<NameAddress, ValueError> bare;
  if (parse_bare_address(value, *bare)) return bare;
  if (auto error = check_bytes(value, what, "")) return std::unexpected(*error);
  const auto shape = find_shape(value);
  if (!shape) return std::unexpected(shape.error());
  auto uri = Uri::parse(shape->uri);
  if (!uri) return std::unexpected(moved(uri.error(), value, shape->uri));
  if (shape->tail.find_first_of("(,") != nowhere) {  // inside of quotes they are welcome
    if (auto error = check_bytes(shape->tail, what, "(,")) return std::unexpected(moved(*error, value, shape->tail));
  }
  auto parameters = sofia::name_address_parameters(value, shape->uri);
  if (!parameters)
    return value_error(Fault::BadValue, 0, "name-addr: neither name-addr nor addr-spec: " + in_quotes(value));
  if (auto error = check_parameters(*parameters, what)) return std::unexpected(*error);
  return NameAddress{plain_display_name(shape->display), *std::move(uri), *std::move(parameters)};
}

// Our own scanner looks first, which the topmost Via has to please, too: sofia-sip asks for no white space before
// sent-by and for no address in an IPv6 reference.
std::expected<Via, ValueError> parse_unfolded_via(const std::string& value) {  // the scanner reads the byte at its end
  if (auto error = check_bytes(value, "Via", "(),<>")) return std::unexpected(*error);
  TopVia scanned;
  if (auto error = scan_via(value, 0, value.size(), scanned)) return std::unexpected(*error);
  auto parts = sofia::split_via(value);
  const auto slash = parts ? parts->sent_protocol.rfind('/') : nowhere;
  if (slash == nowhere) return value_error(Fault::BadValue, 0, "Via: not an entry of a Via: " + in_quotes(value));
  Via via{parts->sent_protocol.substr(0, slash), parts->sent_protocol.substr(slash + 1), parts->host, std::nullopt,
          std::move(parts->parameters)};
  if (via.host.starts_with('[')) via.host = via.host.substr(1, via.host.size() - 2);
  if (parts->port) via.port = parse_decimal<std::uint16_t>(*parts->port);
  if (auto error = check_parameters(via.parameters, "Via")) return std::unexpected(*error);
  return via;
}

}  // namespace

const Parameters::Parameter* Parameters::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(all, [&](const Parameter& each) { return equals_ignoring_case(each.name, name); });
  return found == all.end() ? nullptr : &*found;
}

std::optional<std::string_view> Parameters::value(std::string_view name) const {
  const Parameter* parameter = find(name);
  if (parameter == nullptr) return std::nullopt;
  return parameter->value ? std::string_view(*parameter->value) : std::string_view();
}

std::string Parameters::to_string() const {
  std::string text;
  for (const auto& parameter : all) {
    text.append(";").append(parameter.name);
    if (parameter.value) text.append("=").append(*parameter.value);
  }
  return text;
}

std::expected<NameAddress, ValueError> parse_name_address(std::string_view value) {
  value = trim(value);
  return is_folded(value) ? parse_unfolded_name_address(unfold(value)) : parse_unfolded_name_address(value);
}

std::expected<std::vector<NameAddress>, ValueError> name_addresses(const Message& message, FieldName name) {
  const auto list = entries(message, name);
  if (list.size() > limit::list_entries) {
    return value_error(Fault::TooManyEntries, 0, std::string(field_text(name)) + ": too many entries");
  }
  std::vector<NameAddress> addresses;
  addresses.reserve(list.size());
  for (const auto& entry : list) {
    auto address = parse_name_address(text(message, entry));
    if (!address) {
      auto error = std::move(address.error());
      error.detail = std::string(field_text(name)) + ": " + error.detail;
      return std::unexpected(std::move(error));
    }
    addresses.push_back(*std::move(address));
  }
  return addresses;
}

// RFC 3261 §20.10: "*" stands alone.
std::expected<Contacts, ValueError> contacts(const Message& message) {
  const auto list = entries(message, FieldName::Contact);
  const bool star = std::ranges::any_of(list, [&](const Entry& entry) { return text(message, entry) == "*"; });
  if (star && list.size() != 1) return value_error(Fault::BadValue, 0, "Contact: '*' beside other contacts");
  if (star) return Contacts{true, {}};
  auto addresses = name_addresses(message, FieldName::Contact);
  if (!addresses) return std::unexpected(std::move(addresses.error()));
  return Contacts{false, *std::move(addresses)};
}

std::expected<Via, ValueError> parse_via(std::string_view value) {
  value = trim(value);
  return parse_unfolded_via(unfold(value));
}

}  // namespace intermediary
