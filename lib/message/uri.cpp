#include "message/uri.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/limits.h"
#include "base/text.h"
#include "message/sofia.h"
#include "message/value_error.h"

namespace intermediary {
namespace {

// Which characters may stand in which part (RFC 3261 §25.1), '%' apart. Tolerated beyond the grammar, because user
// agents in use send them and they cannot be mistaken for a delimiter: '#' in a user, '_' in a host.
enum Part : std::uint8_t { User = 1, Password = 2, Host = 4, Parameter = 8, Header = 16, Anywhere = 32, Plain = 64 };

constexpr std::array<std::uint8_t, 256> make_allowed() {
  std::array<std::uint8_t, 256> allowed{};
  auto allow = [&](std::string_view characters, unsigned parts) {
    for (char c : characters) {
      auto& entry = allowed[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | parts | Anywhere);
    }
  };
  for (char c = 'a'; c <= 'z'; ++c) {
    const std::array<char, 2> both{c, to_upper(c)};
    allow(std::string_view(both.data(), 2), User | Password | Host | Parameter | Header | Plain);
  }
  allow("0123456789", User | Password | Host | Parameter | Header | Plain);
  allow("-_.", User | Password | Host | Parameter | Header | Plain);
  allow("+", Plain);
  allow("!~*'()", User | Password | Parameter | Header);
  allow("&=+$,", User | Password);
  allow(";?/#", User);
  allow("[]/:&+$", Parameter);
  allow("[]/?:+$", Header);
  allow("@", 0);
  allowed['%'] = User | Password | Parameter | Header;  // where it may stand: check_bytes() sees to its digits
  return allowed;
}
constexpr auto allowed = make_allowed();

bool may_stand(char c, Part part) { return (allowed[static_cast<unsigned char>(c)] & part) != 0; }

bool may_all_stand(std::string_view text, Part part) {
  unsigned common = part;
  for (char c : text) common &= allowed[static_cast<unsigned char>(c)];
  return common != 0;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_escape(std::string_view text) {
  return text.size() >= 3 && text[0] == '%' && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0;
}

// Reads a text with its escapes folded: a plain character, or one that "%HH" stands for. An escaped character that
// means something else when it is not escaped keeps a mark (RFC 3261 §19.1.4, reserved set of RFC 2396 §2.2; also '%').
class FoldedText {
 public:
  static constexpr int end = -1;
  static constexpr int escaped = 0x100;

  explicit FoldedText(std::string_view text) : rest_(text) {}

  int next() {
    if (rest_.empty()) return end;
    if (!is_escape(rest_)) return take(1, static_cast<unsigned char>(rest_[0]));
    const int c = hex_value(rest_[1]) * 16 + hex_value(rest_[2]);
    const bool reserved = c != 0 && c < 0x80 && std::string_view(";/?:@&=+$,%").contains(static_cast<char>(c));
    return take(3, reserved ? c | escaped : c);
  }

 private:
  int take(std::size_t count, int c) {
    rest_.remove_prefix(count);
    return c;
  }
  std::string_view rest_;
};

enum class Case : std::uint8_t { Matters, Ignored };

int without_case(int c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

bool same_folded_text(std::string_view a, std::string_view b, Case rule) {
  FoldedText left(a), right(b);
  while (true) {
    int x = left.next();
    int y = right.next();
    if (rule == Case::Ignored) {
      x = without_case(x);
      y = without_case(y);
    }
    if (x != y) return false;
    if (x == FoldedText::end) return true;
  }
}

bool same_text(std::string_view a, std::string_view b, Case rule) {
  std::size_t plain = 0;  // mostly there is no escape, and the first characters differ
  for (; plain < a.size() && plain < b.size() && a[plain] != '%' && b[plain] != '%'; ++plain) {
    const bool same = rule == Case::Ignored ? to_lower(a[plain]) == to_lower(b[plain]) : a[plain] == b[plain];
    if (!same) return false;
  }
  if (plain == a.size() && plain == b.size()) return true;
  return same_folded_text(a.substr(plain), b.substr(plain), rule);
}

// A name, and the value behind its '=' where there is one.
struct Pair {
  std::string_view text;
  std::string_view name;
  std::string_view value;
  bool has_value = false;
};

// Goes through "a=b;c" or "a=b&c=d".
class Pairs {
 public:
  Pairs(std::string_view text, char separator) : rest_(text), separator_(separator), done_(text.empty()) {}

  std::optional<Pair> next() {
    if (done_) return std::nullopt;
    const auto length = rest_.find(separator_);
    Pair pair;
    pair.text = rest_.substr(0, length);
    done_ = length == std::string_view::npos;
    if (!done_) rest_.remove_prefix(length + 1);
    const auto equals = pair.text.find('=');
    pair.has_value = equals != std::string_view::npos;
    pair.name = pair.text.substr(0, equals);
    if (pair.has_value) pair.value = pair.text.substr(equals + 1);
    return pair;
  }

 private:
  std::string_view rest_;
  char separator_;
  bool done_;
};

std::optional<Pair> find_pair(std::string_view pairs, std::string_view name) {
  Pairs rest(pairs, ';');
  while (auto pair = rest.next()) {
    if (same_text(pair->name, name, Case::Ignored)) return pair;
  }
  return std::nullopt;
}

// ---- parsing ----

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
    uri_.scheme_text = "sips";
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
    if (scheme != uri_.scheme_text) uri_.scheme_text = scheme;
    uri_.scheme = scheme_of(scheme);
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

// ---- comparison ----

// Hosts without case, IPv6 addresses by their value (RFC 5954 §4.1).
bool same_host(std::string_view a, std::string_view b) {
  if (equals_ignoring_case(a, b)) return true;
  return a.contains(':') && b.contains(':') && IpAddress::parse(a) == IpAddress::parse(b);
}

bool must_be_in_both(std::string_view name) {
  return std::ranges::any_of(std::array<std::string_view, 5>{"user", "ttl", "method", "maddr", "transport"},
                             [&](std::string_view known) { return same_text(name, known, Case::Ignored); });
}

bool same_value(const Pair& a, const Pair& b) {
  return a.has_value == b.has_value && same_text(a.value, b.value, Case::Ignored);
}

// Every parameter of `a` agrees with `b`; one that `b` lacks is no matter, but for the five named in §19.1.4.
bool parameters_agree(std::string_view a, std::string_view b) {
  Pairs rest(a, ';');
  while (auto pair = rest.next()) {
    const auto other = find_pair(b, pair->name);
    if (other ? !same_value(*pair, *other) : must_be_in_both(pair->name)) return false;
  }
  return true;
}

// The same headers in any order. Each header of `a` uses up one of `b`.
bool same_headers(std::string_view a, std::string_view b) {
  std::vector<Pair> unmatched;
  Pairs right(b, '&');
  while (auto pair = right.next()) unmatched.push_back(*pair);
  Pairs left(a, '&');
  while (auto pair = left.next()) {
    const auto twin = std::ranges::find_if(unmatched, [&](const Pair& other) {
      return same_text(pair->name, other.name, Case::Ignored) && same_value(*pair, other);
    });
    if (twin == unmatched.end()) return false;
    unmatched.erase(twin);
  }
  return unmatched.empty();
}

bool equivalent_sip(const Uri& a, const Uri& b) {
  return a.has_user == b.has_user && a.port == b.port && same_host(a.host, b.host) &&
         same_text(a.user, b.user, Case::Matters) && same_text(a.password, b.password, Case::Matters) &&
         parameters_agree(a.parameters, b.parameters) && parameters_agree(b.parameters, a.parameters) &&
         same_headers(a.headers, b.headers);
}

// RFC 3966 §5.1.1: visual separators mean nothing.
std::string bare_number(std::string_view number) {
  std::string digits;
  for (char c : number) {
    if (!std::string_view("-.()").contains(c)) digits += to_lower(c);
  }
  return digits;
}

bool same_tel_value(const Pair& a, const Pair& b) {
  const bool number = equals_ignoring_case(a.name, "ext") ||
                      (equals_ignoring_case(a.name, "phone-context") && a.value.starts_with('+'));
  return number ? bare_number(a.value) == bare_number(b.value) : same_value(a, b);
}

bool tel_parameters_within(std::string_view a, std::string_view b) {
  Pairs rest(a, ';');
  while (auto pair = rest.next()) {
    const auto other = find_pair(b, pair->name);
    if (!other || !same_tel_value(*pair, *other)) return false;
  }
  return true;
}

bool equivalent_tel(const Uri& a, const Uri& b) {
  return bare_number(a.user) == bare_number(b.user) && tel_parameters_within(a.parameters, b.parameters) &&
         tel_parameters_within(b.parameters, a.parameters);
}

// ---- canonical form ----

void append_escaped(std::string& out, int c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  out += '%';
  out += digits[static_cast<std::size_t>(c) / 16 % 16];
  out += digits[static_cast<std::size_t>(c) % 16];
}

// RFC 3261 §10.3 step 5 undoes every escape. What cannot stand in a user unescaped keeps one, always in the same form,
// so that the key remains a URI and carries no control character.
std::string canonical_user(std::string_view user) {
  if (!user.contains('%') && may_all_stand(user, User)) return std::string(user);
  std::string canonical;
  FoldedText text(user);
  for (int next = text.next(); next != FoldedText::end; next = text.next()) {
    const int c = next & ~FoldedText::escaped;
    if (c != '%' && may_stand(static_cast<char>(c), User)) {
      canonical += static_cast<char>(c);
    } else {
      append_escaped(canonical, c);
    }
  }
  return canonical;
}

void append_canonical_host(std::string& text, const Uri& uri) {
  const bool ipv6 = uri.host.contains(':');  // of the others, addresses have one spelling
  if (const auto address = ipv6 ? uri.address() : std::nullopt) {
    text += address->to_host();
  } else {
    for (const char c : uri.host) text += to_lower(c);
  }
  if (uri.port) text.append(":").append(std::to_string(*uri.port));
}

// A local number means nothing without its context (RFC 3966 §5.1.5), so this parameter stays.
std::string canonical_tel(const Uri& uri) {
  std::string canonical = "tel:" + bare_number(uri.user);
  if (const auto context = uri.parameter("phone-context")) {
    canonical += ";phone-context=" + (context->starts_with('+') ? bare_number(*context) : lowercase(*context));
  }
  return canonical;
}

void append_host_port(std::string& text, const Uri& uri) {
  if (uri.host.contains(':')) {
    text.append("[").append(uri.host).append("]");
  } else {
    text += uri.host;
  }
  if (uri.port) text.append(":").append(std::to_string(*uri.port));
}

}  // namespace

std::expected<Uri, ValueError> Uri::parse(std::string_view text) {
  std::expected<Uri, ValueError> result;
  UriParser parser(text, *result);
  if (!parser.parse()) result = std::unexpected(parser.take_error());
  return result;
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
  text.reserve(scheme_text.size() + user.size() + password.size() + host.size() + parameters.size() + headers.size() +
               12);
  text.append(scheme_text).append(":");
  if (has_user) {
    text += user;
    if (!password.empty()) text.append(":").append(password);
  }
  if (is_sip()) {
    if (has_user) text += '@';
    append_host_port(text, *this);
  }
  if (!parameters.empty()) text.append(";").append(parameters);
  if (!headers.empty()) text.append("?").append(headers);
  return text;
}

bool equivalent(const Uri& a, const Uri& b) {
  if (a.scheme != b.scheme) return false;
  if (a.is_sip()) return equivalent_sip(a, b);
  if (a.scheme == Uri::Scheme::Tel) return equivalent_tel(a, b);
  return equals_ignoring_case(a.scheme_text, b.scheme_text) && same_text(a.user, b.user, Case::Matters);
}

std::string address_of_record(const Uri& uri) {
  if (uri.scheme == Uri::Scheme::Tel) return canonical_tel(uri);
  if (uri.scheme == Uri::Scheme::Other) return lowercase(uri.scheme_text) + ":" + uri.user;
  std::string text;
  text.reserve(16 + uri.user.size() + uri.host.size());
  text += uri.is_sips() ? "sips:" : "sip:";
  if (uri.has_user) text.append(canonical_user(uri.user)).append("@");
  append_canonical_host(text, uri);
  return text;
}

}  // namespace intermediary
