// Which URIs are the same: RFC 3261 §19.1.4 and RFC 3966 §5; and the one form that stands for all that are.
#include <algorithm>
#include <array>
#include <vector>

#include "message/uri.h"
#include "message/uri_text.h"

namespace intermediary {
namespace {

using namespace uri_text;

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
  if (uri.port) text.append(std::string_view(":")).append(std::to_string(*uri.port));
}

// A local number means nothing without its context (RFC 3966 §5.1.5), so this parameter stays.
std::string canonical_tel(const Uri& uri) {
  std::string canonical = "tel:" + bare_number(uri.user);
  if (const auto context = uri.parameter("phone-context")) {
    canonical += ";phone-context=" + (context->starts_with('+') ? bare_number(*context) : lowercase(*context));
  }
  return canonical;
}

}  // namespace

bool equivalent(const Uri& a, const Uri& b) {
  if (a.scheme != b.scheme) return false;
  if (a.is_sip()) return equivalent_sip(a, b);
  if (a.scheme == Uri::Scheme::Tel) return equivalent_tel(a, b);
  return equals_ignoring_case(a.scheme_text(), b.scheme_text()) && same_text(a.user, b.user, Case::Matters);
}

std::string unescaped_user(std::string_view user) {
  std::string plain;
  plain.reserve(user.size());
  FoldedText text(user);
  for (int c = text.next(); c != FoldedText::end; c = text.next()) plain += static_cast<char>(c & ~FoldedText::escaped);
  return plain;
}

std::string escaped_user(std::string_view user) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char c : user) {
    if (c != '%' && c != '#' && may_stand(c, User)) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return text;
}

std::string address_of_record(const Uri& uri) {
  if (uri.scheme == Uri::Scheme::Tel) return canonical_tel(uri);
  if (uri.scheme == Uri::Scheme::Other) return lowercase(uri.scheme_text()) + ":" + uri.user;
  std::string text;
  text.reserve(16 + uri.user.size() + uri.host.size());
  text += "sip:";
  if (uri.has_user) text.append(canonical_user(uri.user)).append(std::string_view("@"));
  append_canonical_host(text, uri);
  return text;
}

}  // namespace intermediary
