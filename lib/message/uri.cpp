#include "message/uri.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/text.h"
#include "message/sofia.h"
#include "message/uri_text.h"
#include "message/value_error.h"

namespace intermediary {

using namespace std::string_view_literals;

namespace {

using namespace uri_text;

std::string_view take_plain(std::string_view& rest) {
  std::size_t size = 0;
  while (size < rest.size() && may_stand(rest[size], Plain)) ++size;
  const std::string_view run = rest.substr(0, size);
  rest.remove_prefix(size);
  return run;
}

// The cuts of a plain SIP URI, as most are: behind the scheme, words of letters, digits and "-_.+" with nothing between
// them but '@', ':' and ';' where they have one meaning. Nullopt for all others: those are sofia-sip's to cut. That
// both cut alike is a property (values_property_test.cpp).
std::optional<sofia::UrlParts> cut_plain(std::string_view rest) {
  sofia::UrlParts parts;
  parts.host = take_plain(rest);
  if (rest.starts_with('@')) {
    rest.remove_prefix(1);
    parts.user = parts.host;
    parts.host = take_plain(rest);
  }
  if (parts.host->empty() || (parts.user && parts.user->empty())) return std::nullopt;
  if (rest.starts_with(':')) {
    rest.remove_prefix(1);
    parts.port = take_plain(rest);
    if (!parse_decimal<std::uint16_t>(*parts.port)) return std::nullopt;
  }
  if (rest.empty()) return parts;
  if (!rest.starts_with(';')) return std::nullopt;
  parts.parameters = rest.substr(1);
  bool has_value = false;  // the parameter that is being read
  while (rest.starts_with(';') || (rest.starts_with('=') && !has_value)) {
    has_value = rest.front() == '=';
    rest.remove_prefix(1);
    if (take_plain(rest).empty()) return std::nullopt;
  }
  return rest.empty() ? std::optional(parts) : std::nullopt;
}

// Takes a URI's text apart into a fresh Uri. Each step says whether the text is good so far; the first that does not
// leaves an error with its place in the whole text.
class UriParser {
 public:
  UriParser(std::string_view text, Uri& uri) : text_(text), uri_(uri) {}

  bool parse() {
    if (const auto parts = plain_parts()) {
      plain_ = true;
      return read_parts(*parts);
    }
    return check_bytes() && read_scheme() && read_rest();
  }
  ValueError take_error() { return std::move(error_); }

 private:
  bool wrong(std::string_view where, std::string detail, Fault fault = Fault::BadValue) {
    error_ = {fault, static_cast<std::size_t>(where.data() - text_.data()), "URI: " + std::move(detail)};
    return false;
  }

  // "sip:" or "sips:", and plain words behind it.
  std::optional<sofia::UrlParts> plain_parts() {
    const bool sips = text_.starts_with("sips:");
    if (text_.size() > limit::uri_bytes || !(sips || text_.starts_with("sip:"))) return std::nullopt;
    rest_ = text_.substr(sips ? 5 : 4);
    const auto parts = cut_plain(rest_);
    if (!parts || !sips) return parts;
    uri_.scheme = Uri::Scheme::Sips;
    return parts;
  }

  // Before anybody else looks: size, characters that stand in no URI at all, escapes.
  bool check_bytes() {
    if (text_.empty()) return wrong(text_, "empty", Fault::Empty);
    if (text_.size() > limit::uri_bytes) return wrong(text_, "longer than the limit", Fault::UriTooLong);
    if (may_all_stand(text_, Anywhere)) return true;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (may_stand(text_[i], Anywhere)) continue;
      if (!is_escape(text_.substr(i))) return bad_byte(text_.substr(i));
      i += 2;
    }
    return true;
  }

  bool bad_byte(std::string_view at) {
    if (at[0] == '%') return wrong(at, "'%' without two hexadecimal digits: " + in_quotes(at));
    const bool control = static_cast<unsigned char>(at[0]) < ' ' || at[0] == '\x7f';
    if (control) return wrong(at, "control character", Fault::ControlCharacter);
    return wrong(at, "character that may not stand in a URI: " + in_quotes(at.substr(0, 1)));
  }

  // RFC 3261 §25.1: scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ).
  bool read_scheme() {
    const auto colon = text_.find(':');
    if (colon == std::string_view::npos) return wrong(text_, "no scheme: " + in_quotes(text_));
    const auto scheme = text_.substr(0, colon);
    const bool legal = !scheme.empty() && is_alpha(scheme[0]) && std::ranges::all_of(scheme, [](char c) {
      return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
    });
    if (!legal) return wrong(scheme, "not a scheme: " + in_quotes(scheme));
    uri_.scheme = scheme_of(scheme);
    if (scheme != uri_.scheme_text()) uri_.written_scheme = scheme;
    rest_ = text_.substr(colon + 1);
    return !rest_.empty() || wrong(rest_, "nothing behind the scheme");
  }

  static Uri::Scheme scheme_of(std::string_view text) {
    if (text == "sip" || equals_ignoring_case(text, "sip")) return Uri::Scheme::Sip;
    if (equals_ignoring_case(text, "sips")) return Uri::Scheme::Sips;
    if (equals_ignoring_case(text, "tel")) return Uri::Scheme::Tel;
    return Uri::Scheme::Other;
  }

  bool read_rest() {
    if (uri_.is_sip()) return read_sip();
    if (uri_.scheme == Uri::Scheme::Tel) return read_tel();
    uri_.user = rest_;
    uri_.has_user = true;
    return true;
  }

  bool read_sip() {
    const auto parts = sofia::split_url(text_);
    if (!parts) return wrong(rest_, "not a SIP URI: " + in_quotes(text_));
    if (parts->path || parts->fragment)
      return wrong(rest_, "a SIP URI has no path and no fragment: " + in_quotes(text_));
    return read_parts(*parts);
  }

  bool read_parts(const sofia::UrlParts& parts) {
    return read_user(parts) && read_host(parts.host.value_or(rest_.substr(0, 0))) && read_port(parts.port) &&
           read_parameters(parts.parameters) && read_headers(parts.headers);
  }

  bool check_part(std::string_view part, Part kind, std::string_view what) {
    const bool known_good = plain_ && kind != Host;  // what is plain may stand anywhere but for a '+' in a host
    if (known_good || may_all_stand(part, kind)) return true;
    const auto bad = std::ranges::find_if_not(part, [kind](char c) { return may_stand(c, kind); });
    const auto rest = part.substr(static_cast<std::size_t>(bad - part.begin()));
    return wrong(rest,
                 "character that may not stand in the " + std::string(what) + ": " + in_quotes(rest.substr(0, 1)));
  }

  bool read_user(const sofia::UrlParts& parts) {
    if (!parts.user) return true;
    if (parts.user->empty()) return wrong(*parts.user, "empty user before '@'");
    uri_.has_user = true;
    uri_.user = *parts.user;
    if (parts.password) uri_.password = *parts.password;
    return check_part(*parts.user, User, "user") &&
           (!parts.password || check_part(*parts.password, Password, "password"));
  }

  // RFC 3261 §25.1: hostname / IPv4address / IPv6reference. A last label that begins with a digit is an IPv4 address.
  bool read_host(std::string_view host) {
    if (host.empty()) return wrong(host, "no host");
    if (host[0] == '[') return read_ipv6_reference(host);
    uri_.host = host;
    if (is_digit(host.back()) && is_v4_address(host)) return true;
    if (!check_part(host, Host, "host")) return false;
    const auto name = host.back() == '.' ? host.substr(0, host.size() - 1) : host;
    if (has_empty_label(name)) return wrong(host, "empty label in the host: " + in_quotes(host));
    const bool numeric = is_digit(name[name.rfind('.') + 1]);
    return !numeric || wrong(host, "neither a name nor an address: " + in_quotes(host));
  }

  static bool is_v4_address(std::string_view host) {
    const auto address = IpAddress::parse(host);
    return address && address->is_v4();
  }

  static bool has_empty_label(std::string_view name) {
    char before = '.';
    for (const char c : name) {
      if (c == '.' && before == '.') return true;
      before = c;
    }
    return before == '.';
  }

  bool read_ipv6_reference(std::string_view host) {
    if (host.back() != ']' || !IpAddress::parse(host)) return wrong(host, "not an IPv6 address: " + in_quotes(host));
    uri_.host = host.substr(1, host.size() - 2);
    return true;
  }

  bool read_port(std::optional<std::string_view> port) {
    if (!port) return true;
    uri_.port = parse_decimal<std::uint16_t>(*port);
    return uri_.port.value_or(0) != 0 || wrong(*port, "port is not a number from 1 to 65535: " + in_quotes(*port));
  }

  bool read_parameters(std::optional<std::string_view> parameters) {
    if (!parameters) return true;
    uri_.parameters = *parameters;
    if (parameters->empty()) return wrong(*parameters, "empty parameter");
    std::size_t count = 0;
    Pairs rest(*parameters, ';');
    while (auto pair = rest.next()) {
      if (++count > limit::parameters) return wrong(pair->text, "too many parameters", Fault::TooManyParameters);
      if (!check_parameter(*pair, *parameters)) return false;
    }
    return true;
  }

  // A name is there once (RFC 3261 §19.1.1). "name=" is tolerated: it cannot be read in two ways.
  bool check_parameter(const Pair& pair, std::string_view all) {
    if (pair.name.empty()) return wrong(pair.text, "parameter without a name");
    const auto before = all.substr(0, static_cast<std::size_t>(pair.text.data() - all.data()));
    if (find_pair(before, pair.name)) return wrong(pair.text, "parameter twice: " + in_quotes(pair.name));
    return check_part(pair.name, Parameter, "parameter") && check_part(pair.value, Parameter, "parameter");
  }

  // RFC 3261 §25.1: header = hname "=" hvalue, the value may be empty.
  bool read_headers(std::optional<std::string_view> headers) {
    if (!headers) return true;
    uri_.headers = *headers;
    if (headers->empty()) return wrong(*headers, "nothing behind '?'");
    Pairs rest(*headers, '&');
    while (auto pair = rest.next()) {
      if (pair->name.empty() || !pair->has_value) return wrong(pair->text, "not a header: " + in_quotes(pair->text));
      if (!check_part(pair->name, Header, "headers") || !check_part(pair->value, Header, "headers")) return false;
    }
    return true;
  }

  // RFC 3966 §3. Cut by us: to sofia-sip a '#', which is a digit here, begins a fragment. A local number without its
  // phone-context is tolerated: user agents send "tel:112".
  bool read_tel() {
    const auto length = rest_.find(';');
    const auto number = rest_.substr(0, length);
    if (!is_telephone_number(number)) return wrong(number, "not a telephone number: " + in_quotes(number));
    uri_.user = number;
    uri_.has_user = true;
    return length == std::string_view::npos || read_parameters(rest_.substr(length + 1));
  }

  static bool is_telephone_number(std::string_view number) {
    const bool global = number.starts_with('+');
    bool has_digit = false;
    for (char c : number.substr(global ? 1 : 0)) {
      if (std::string_view("-.()").contains(c)) continue;
      const bool digit = is_digit(c) || (!global && (hex_value(c) >= 0 || c == '*' || c == '#'));
      if (!digit) return false;
      has_digit = true;
    }
    return has_digit;
  }

  std::string_view text_;
  std::string_view rest_;  // behind the scheme
  bool plain_ = false;     // cut_plain() has seen each character
  Uri& uri_;
  ValueError error_;
};

void append_host_port(std::string& text, const Uri& uri) {
  if (uri.host.contains(':')) {
    text.append("["sv).append(uri.host).append("]"sv);
  } else {
    text += uri.host;
  }
  if (uri.port) text.append(":"sv).append(std::to_string(*uri.port));
}

}  // namespace

std::expected<Uri, ValueError> Uri::parse(std::string_view text) {
  std::expected<Uri, ValueError> result;
  if (auto error = parse_into(*result, text)) result = std::unexpected(*std::move(error));
  return result;
}

std::optional<ValueError> Uri::parse_into(Uri& fresh, std::string_view text) {
  UriParser parser(text, fresh);
  return parser.parse() ? std::nullopt : std::optional(parser.take_error());
}

std::string_view Uri::scheme_text() const {
  if (!written_scheme.empty()) return written_scheme;
  return scheme == Scheme::Sip ? "sip"sv : scheme == Scheme::Sips ? "sips"sv : "tel"sv;
}

std::optional<std::string_view> Uri::parameter(std::string_view name) const {
  return find_pair(parameters, name).transform([](const Pair& pair) { return pair.value; });
}

void Uri::remove_parameter(std::string_view name) {
  const auto pair = find_pair(parameters, name);
  if (!pair) return;
  const auto begin = static_cast<std::size_t>(pair->text.data() - parameters.data());
  const bool first = begin == 0;
  parameters.erase(first ? 0 : begin - 1, pair->text.size() + 1);  // with one of the ';' beside it
}

void Uri::set_parameter(std::string_view name, std::string_view value) {
  std::string text(name);
  if (!value.empty()) text.append("=").append(value);
  if (const auto pair = find_pair(parameters, name)) {
    parameters.replace(static_cast<std::size_t>(pair->text.data() - parameters.data()), pair->text.size(), text);
  } else {
    parameters += (parameters.empty() ? "" : ";") + text;
  }
}

std::string Uri::host_port() const {
  std::string text;
  append_host_port(text, *this);
  return text;
}

std::string Uri::to_string() const {
  std::string text;
  const std::string_view scheme_name = scheme_text();
  text.reserve(scheme_name.size() + user.size() + password.size() + host.size() + parameters.size() + headers.size() +
               12);
  text.append(scheme_name).append(":"sv);
  if (has_user) {
    text += user;
    if (!password.empty()) text.append(":"sv).append(password);
  }
  if (is_sip()) {
    if (has_user) text += '@';
    append_host_port(text, *this);
  }
  if (!parameters.empty()) text.append(";"sv).append(parameters);
  if (!headers.empty()) text.append("?"sv).append(headers);
  return text;
}

}  // namespace intermediary
