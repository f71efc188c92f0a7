// What holds for all values: whatever is read is written so that it reads the same; any bytes are survived.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"
#include "message/sdp.h"
#include "message/sofia.h"
#include "message/values.h"

namespace intermediary {
namespace {

constexpr std::string_view letters = "abcxyzABCXYZ0189";

rc::Gen<std::string> word(std::string_view characters, int least, int most) {
  return rc::gen::mapcat(rc::gen::inRange(least, most + 1), [=](int size) {
    return rc::gen::container<std::string>(static_cast<std::size_t>(size), rc::gen::elementOf(std::string(characters)));
  });
}

// Characters of a part, now and then as an escape.
rc::Gen<std::string> escaped_word(std::string_view characters, int least, int most) {
  const auto piece = rc::gen::weightedOneOf<std::string>(
      {{6, word(characters, 1, 1)},
       {1, rc::gen::element<std::string>("%20", "%3a", "%3B", "%00", "%41", "%e2", "%25")}});
  return rc::gen::mapcat(rc::gen::inRange(least, most + 1), [=](int size) {
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(static_cast<std::size_t>(size), piece),
                        [](const std::vector<std::string>& pieces) {
                          std::string text;
                          for (const auto& each : pieces) text += each;
                          return text;
                        });
  });
}

template <class T>
T some(const rc::Gen<T>& gen) {
  return *gen;
}

bool chance() { return *rc::gen::arbitrary<bool>(); }

std::string some_host() {
  if (*rc::gen::inRange(0, 4) == 0)
    return *rc::gen::element<std::string>("[2001:db8::1]", "[::]", "[::ffff:192.0.2.1]");
  if (*rc::gen::inRange(0, 4) == 0) return *rc::gen::element<std::string>("192.0.2.1", "255.255.255.255");
  return some(word("abc-_019", 1, 10)) + ".x" + some(word(letters, 0, 5)) + (chance() ? "." : "");
}

std::string some_parameters() {
  std::string text;
  const int count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) {
    text += ";" + std::to_string(i) + some(escaped_word("-_.!~*'()[]/:&+$aZ", 0, 5));
    if (chance()) text += "=" + some(escaped_word("-_.!~*'()[]/:&+$aZ9", 1, 6));
  }
  return text;
}

std::string some_headers() {
  std::string text;
  const int count = *rc::gen::inRange(0, 3);
  for (int i = 0; i < count; ++i) {
    text += (i == 0 ? "?" : "&") + some(escaped_word("[]/?:+$-_.!~*'()aZ", 1, 5)) + "=" +
            some(escaped_word("[]/?:+$-_.!~*'()aZ", 0, 5));
  }
  return text;
}

std::string some_sip_uri() {
  std::string text = *rc::gen::element<std::string>("sip:", "sips:", "SIP:", "sIpS:");
  if (chance()) {
    text += some(escaped_word("&=+$,;?/-_.!~*'()#abcXYZ09", 1, 8));
    if (chance()) text += ":" + some(escaped_word("&=+$,-_.!~*'()abcXYZ09", 1, 5));
    text += "@";
  }
  text += some_host();
  if (chance()) text += ":" + std::to_string(*rc::gen::inRange(1, 65536));
  return text + some_parameters() + some_headers();
}

std::string some_uri() {
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return "tel:+" + some(word("0123456789-.()", 0, 9)) + "1" + (chance() ? ";ext=12" : "");
    case 1:
      return "x" + some(word("abc+-.", 0, 4)) + ":" + some(escaped_word("abc/?;@&=+$,#:", 1, 9));
    default:
      return some_sip_uri();
  }
}

// The same URI as somebody else might write it (RFC 3261 §19.1.4).
std::string rewritten(const Uri& uri) {
  Uri other = uri;
  for (char& c : other.host) c = chance() ? to_upper(c) : to_lower(c);
  if (uri.is_sip() && other.user.starts_with('a')) other.user.replace(0, 1, "%61");
  return other.to_string();
}

RC_GTEST_PROP(UriProperty, WhatIsReadIsWrittenAsItWas, ()) {
  const std::string text = some_uri();
  const auto uri = Uri::parse(text);
  RC_ASSERT(uri.has_value());
  RC_ASSERT(uri->to_string() == text);
  RC_ASSERT(Uri::parse(uri->to_string()).value() == *uri);
}

// Uri::parse cuts plain URIs itself. sofia-sip must take each of them, and cut it at the same places.
RC_GTEST_PROP(UriProperty, PlainUrisAreCutAsSofiaSipCutsThem, ()) {
  const auto plain = word("abcXYZ0189-_.+", 1, 6);
  std::string text = some(rc::gen::element<std::string>("sip:", "sips:", "SIP:"));
  if (chance()) text += some(plain) + "@";
  text += some(plain);
  if (chance()) text += ":" + some(word("0123456789", 1, 5));
  for (int i = some(rc::gen::inRange(0, 4)); i > 0; --i) {
    text += ";" + some(plain);
    if (chance()) text += "=" + some(plain);
  }
  const auto parts = sofia::split_url(text);
  RC_ASSERT(parts.has_value());
  const auto uri = Uri::parse(text);
  RC_PRE(uri.has_value());
  RC_ASSERT(uri->has_user == parts->user.has_value());
  RC_ASSERT(uri->user == parts->user.value_or(""));
  RC_ASSERT(uri->password.empty() && !parts->password && !parts->path && !parts->fragment && !parts->headers);
  RC_ASSERT(uri->host == parts->host.value_or(""));
  RC_ASSERT(uri->port.has_value() == parts->port.has_value());
  RC_ASSERT(uri->parameters == parts->parameters.value_or(""));
}

RC_GTEST_PROP(UriProperty, EquivalenceIsReflexiveAndSymmetric, ()) {
  const auto a = Uri::parse(some_uri()).value();
  RC_ASSERT(equivalent(a, a));
  const auto same = Uri::parse(rewritten(a)).value();
  RC_ASSERT(equivalent(a, same));
  RC_ASSERT(equivalent(same, a));
  RC_ASSERT(address_of_record(a) == address_of_record(same));
  const auto b = Uri::parse(chance() ? some_uri() : rewritten(a) + ";more").value_or(a);
  RC_ASSERT(equivalent(a, b) == equivalent(b, a));
}

RC_GTEST_PROP(UriProperty, AnAddressOfRecordIsAUriAndItsOwn, ()) {
  const std::string key = address_of_record(Uri::parse(some_uri()).value());
  const auto again = Uri::parse(key);
  RC_ASSERT(again.has_value());
  RC_ASSERT(address_of_record(*again) == key);
}

RC_GTEST_PROP(UriProperty, ParametersComeAndGo, ()) {
  const auto before = Uri::parse(some_sip_uri()).value();
  Uri uri = before;
  uri.set_parameter("lr", "on");
  RC_ASSERT(Uri::parse(uri.to_string()).value().parameter("LR") == "on");
  uri.remove_parameter("Lr");
  RC_ASSERT(uri == before);
}

RC_GTEST_PROP(NameAddressProperty, ReadsWhatIsPutTogether, ()) {
  const std::string uri = some_uri();
  const std::string name = *rc::gen::element<std::string>("", "Anna ", "\"A. \\\"Quill\\\" <x>, y;z\" ", "a b  c");
  const std::string parameters = *rc::gen::element<std::string>("", ";tag=1", " ; tag = 1;x=\"a,;>\\\"\"", ";lr;tag=1");
  const auto address = parse_name_address(name + "<" + uri + ">" + parameters);
  RC_ASSERT(address.has_value());
  RC_ASSERT(address->uri == Uri::parse(uri).value());
  RC_ASSERT(address->tag().has_value() == !parameters.empty());
}

// Bytes that look like something now and then.
rc::Gen<std::string> noise() {
  const auto piece =
      rc::gen::oneOf(rc::gen::element<std::string>("sip:", "tel:", "@", "[", "]", "<", ">", "\"", "\\", ";", ",", "?",
                                                   "%", "%4", "=", ":", " ", "\r\n ", "\r", "a.b", "192.0.2.1",
                                                   "SIP/2.0/UDP ", "m=audio 1 a b\r\n", "v=0\r\n"),
                     rc::gen::container<std::string>(1, rc::gen::arbitrary<char>()));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const std::vector<std::string>& pieces) {
    std::string text;
    for (const auto& each : pieces) text += each;
    return text;
  });
}

RC_GTEST_PROP(ValuesProperty, AnyBytesAreSurvived, ()) {
  const std::string bytes = *noise();
  if (const auto uri = Uri::parse(bytes)) {
    RC_ASSERT(Uri::parse(uri->to_string()).value() == *uri);
    RC_ASSERT(equivalent(*uri, *uri));
  }
  if (const auto sdp = Sdp::parse(bytes)) RC_ASSERT(sdp->to_string() == bytes);
  const auto address = parse_name_address(bytes);
  RC_ASSERT(address || address.error().offset <= bytes.size());
  const auto via = parse_via(bytes);
  RC_ASSERT(via || via.error().offset <= bytes.size());
}

}  // namespace
}  // namespace intermediary
