#include "message/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace intermediary {
namespace {

Uri uri(std::string_view text) {
  auto parsed = Uri::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().detail);
  return parsed.value_or(Uri{});
}

ValueError error_of(std::string_view text) {
  auto parsed = Uri::parse(text);
  EXPECT_FALSE(parsed) << text << " should be refused";
  return parsed ? ValueError{} : parsed.error();
}

// ---- parts ----

TEST(UriTest, TakesASipUriApart) {
  const Uri all = uri("sip:alice:secret@atlanta.example.com:5070;transport=tcp;lr?Subject=lunch&Priority=urgent");
  EXPECT_EQ(all.scheme, Uri::Scheme::Sip);
  EXPECT_EQ(all.user, "alice");
  EXPECT_EQ(all.password, "secret");
  EXPECT_EQ(all.host, "atlanta.example.com");
  EXPECT_EQ(all.port, 5070);
  EXPECT_EQ(all.parameters, "transport=tcp;lr");
  EXPECT_EQ(all.headers, "Subject=lunch&Priority=urgent");
}

TEST(UriTest, AHostAloneHasNoUser) {
  const Uri host = uri("sips:example.net");
  EXPECT_TRUE(host.is_sips());
  EXPECT_FALSE(host.has_user);
  EXPECT_EQ(host.host, "example.net");
  EXPECT_EQ(host.port, std::nullopt);
}

TEST(UriTest, SchemesAreComparedWithoutCase) {
  EXPECT_EQ(uri("SIP:a@b.example").scheme, Uri::Scheme::Sip);
  EXPECT_EQ(uri("sIpS:a@b.example").scheme, Uri::Scheme::Sips);
  EXPECT_EQ(uri("Tel:+1-201-555-0123").scheme, Uri::Scheme::Tel);
}

TEST(UriTest, Ipv6HostsLoseTheirBracketsAndGetThemBack) {
  const Uri v6 = uri("sip:carol@[2001:db8::9:1]:5080");
  EXPECT_EQ(v6.host, "2001:db8::9:1");
  EXPECT_EQ(v6.port, 5080);
  EXPECT_EQ(v6.host_port(), "[2001:db8::9:1]:5080");
  EXPECT_EQ(v6.to_string(), "sip:carol@[2001:db8::9:1]:5080");
  EXPECT_EQ(v6.address(), IpAddress::parse("2001:db8::9:1"));
}

TEST(UriTest, EscapesStayAsTheyStand) {
  const Uri escaped = uri("sip:sips%3Auser%40a.example@example.net;%6C%72;n%61me=v%61lue%25%34%31");
  EXPECT_EQ(escaped.user, "sips%3Auser%40a.example");
  EXPECT_EQ(escaped.host, "example.net");
  EXPECT_EQ(escaped.parameters, "%6C%72;n%61me=v%61lue%25%34%31");
  EXPECT_EQ(uri("sip:%00%00@h.example").user, "%00%00");
}

// RFC 4475 §3.1.1.9: what looks like a parameter before the '@' belongs to the user.
TEST(UriTest, ASemicolonBeforeTheAtSignBelongsToTheUser) {
  const Uri odd = uri("sip:desk;ext=9%40pbx@example.com");
  EXPECT_EQ(odd.user, "desk;ext=9%40pbx");
  EXPECT_EQ(odd.host, "example.com");
  EXPECT_EQ(odd.parameters, "");
}

TEST(UriTest, TheUserMayHoldTheGrammarsOddestCharacters) {
  const Uri odd = uri("sip:1_a.B~(c!d)&e'f+g$/h?,/;;*:&i+j=1,k!*l$m~n_o.(p'q)@example.com");
  EXPECT_EQ(odd.user, "1_a.B~(c!d)&e'f+g$/h?,/;;*");
  EXPECT_EQ(odd.password, "&i+j=1,k!*l$m~n_o.(p'q)");
}

TEST(UriTest, ToleratesNumberSignsInUsersAndUnderscoresInHosts) {
  EXPECT_EQ(uri("sip:#31#5550123@example.com").user, "#31#5550123");
  EXPECT_EQ(uri("sip:app@my_service:5060").host, "my_service");
}

TEST(UriTest, TelephoneNumbersKeepTheirSeparators) {
  const Uri global = uri("tel:+1-201-555-0123;ext=17");
  EXPECT_EQ(global.user, "+1-201-555-0123");
  EXPECT_EQ(global.parameters, "ext=17");
  EXPECT_EQ(global.to_string(), "tel:+1-201-555-0123;ext=17");
  EXPECT_EQ(uri("tel:*21*7042#;phone-context=example.com").user, "*21*7042#");
}

TEST(UriTest, OtherSchemesKeepWhatStandsBehindTheColon) {
  for (const auto* text : {"http://www.example.com/a?b=c", "isbn:2983792873", "urn:service:sos", "x.y+z-1:opaque"}) {
    const Uri other = uri(text);
    EXPECT_EQ(other.scheme, Uri::Scheme::Other);
    EXPECT_EQ(other.to_string(), text);
  }
}

TEST(UriTest, WritesWhatItRead) {
  for (const auto* text : {"sip:a@b.example", "sip:b.example", "sips:b.example:5061;lr",
                           "sip:a:b@c.example:1;x=y;z?h=v&w=", "SIP:%61@B.example", "sip:a@192.0.2.1",
                           "sip:[2001:db8::1];transport=udp", "sip:h.example.;lr"}) {
    EXPECT_EQ(uri(text).to_string(), text);
  }
}

// ---- refusals ----

TEST(UriTest, RefusesWhatTheGrammarForbids) {
  for (const auto* text : {
           "example.com",             // no scheme
           "alice@example.com",       //
           ":a@b.example",            // empty scheme
           "1sip:a@b.example",        // a scheme begins with a letter
           "s_p:a@b.example",         //
           "*",                       //
           "sip:",                    // nothing behind it
           "urn:",                    //
           "sip:@example.com",        // empty user
           "sip::pw@example.com",     //
           "sip:alice@",              // empty host
           "sip:alice@:5060",         //
           "sip:;lr",                 //
           "sip:?a=b",                //
           "sip:a@b.example:",        // ports
           "sip:a@b.example:0",       //
           "sip:a@b.example:65536",   //
           "sip:a@b.example:-1",      //
           "sip:a@b.example:50 60",   //
           "sip:a@b.example:sip",     //
           "sip:a@b@c.example",       // two '@'
           "sip:a:b:c@d.example",     // two passwords
           "sip:a%4@b.example",       // escapes
           "sip:a%zz@b.example",      //
           "sip:a@b.example;x=%",     //
           "sip:a@b%2Eexample",       // none in a host
           "sip:a@b..example",        // host names
           "sip:a@.b.example",        //
           "sip:a@.",                 //
           "sip:a@b.example..",       //
           "sip:a@256.0.2.1",         //
           "sip:a@192.0.2",           //
           "sip:a@b,c",               //
           "sip:a@2001:db8::1",       // brackets are missing
           "sip:a@[2001:db8::1",      //
           "sip:a@[2001:db8::g]",     //
           "sip:a@[192.0.2.1]",       //
           "sip:a@[]",                //
           "sip:a@[2001:db8::1]x",    //
           "sip:a@[fe80::1%25eth0]",  // no zones
           "sip:a@b.example;",        // empty parameters
           "sip:a@b.example;;lr",     //
           "sip:a@b.example;=v",      //
           "sip:a@b.example;x=a=b",   //
           "sip:a@b.example;x=a@b",   //
           "sip:a@b.example?",        // empty headers
           "sip:a@b.example?a=b&",    //
           "sip:a@b.example?a",       //
           "sip:a@b.example?=b",      //
           "sip:a@b.example?a=b=c",   //
           "sip:a@b.example/path",    // nothing of a web address
           "sip:a@b.example#part",    //
           "sip://b.example",         //
           "<sip:a@b.example>",       // the URI alone
           "\"A\" <sip:a@b.example>",
           "sip:a@b.example ",
           " sip:a@b.example",
           "sip:a b@c.example",
           "sip:a\\b@c.example",
           "sip:a@b.example;x=\"y\"",
           "sip:\xC3\xA9@b.example",  // UTF-8 must be escaped
           "tel:",                    //
           "tel:+",                   //
           "tel:+12a4",               //
           "tel:hello",               //
           "tel:--",                  //
           "tel:112;",
       }) {
    EXPECT_EQ(error_of(text).fault, Fault::BadValue) << text;
  }
  EXPECT_EQ(error_of("").fault, Fault::Empty);
}

TEST(UriTest, RefusesControlCharacters) {
  EXPECT_EQ(error_of(std::string_view("sip:a\0b@c.example", 17)).fault, Fault::ControlCharacter);
  EXPECT_EQ(error_of("sip:a@b.example\r\nRoute: <sip:evil.example>").fault, Fault::ControlCharacter);
  EXPECT_EQ(error_of("sip:a@b.example\t;lr").fault, Fault::ControlCharacter);
  EXPECT_EQ(error_of("sip:a@b.example\x7f").fault, Fault::ControlCharacter);
}

TEST(UriTest, ErrorsNamePlaceAndCause) {
  const auto port = error_of("sip:a@b.example:65536");
  EXPECT_EQ(port.offset, 16);
  EXPECT_EQ(port.detail, "URI: port is not a number from 1 to 65535: '65536'");
  EXPECT_EQ(error_of("sip:a@b.example:x").detail, "URI: not a SIP URI: 'sip:a@b.example:x'");
  EXPECT_EQ(error_of("sip:a@b.example;lr;LR").offset, 19);
  EXPECT_EQ(error_of("sip:a@b.example;x=%0").offset, 18);
}

TEST(UriTest, LimitsLengthAndParameters) {
  const std::string longest = "sip:" + std::string(limit::uri_bytes - 12, 'a') + "@b.example";
  EXPECT_EQ(error_of(longest + "x" + longest).fault, Fault::UriTooLong);
  const std::string fits = "sip:" + std::string(limit::uri_bytes - 14, 'a') + "@b.example";
  ASSERT_EQ(fits.size(), limit::uri_bytes);
  EXPECT_EQ(uri(fits).user.size(), limit::uri_bytes - 14);
  EXPECT_EQ(error_of(fits + "x").fault, Fault::UriTooLong);

  std::string many = "sip:b.example";
  for (std::size_t i = 0; i < limit::parameters; ++i) many += ";p" + std::to_string(i);
  EXPECT_TRUE(uri(many).has_parameter("p63"));
  EXPECT_EQ(error_of(many + ";one-more").fault, Fault::TooManyParameters);
}

// ---- parameters ----

TEST(UriParameterTest, AreFoundWithoutCaseAndThroughEscapes) {
  const Uri target = uri("sip:a@b.example;Transport=TCP;%6C%72;empty=;maddr=192.0.2.9");
  EXPECT_EQ(target.parameter("transport"), "TCP");
  EXPECT_EQ(target.parameter("lr"), "");
  EXPECT_EQ(target.parameter("empty"), "");
  EXPECT_EQ(target.parameter("MADDR"), "192.0.2.9");
  EXPECT_EQ(target.parameter("mad"), std::nullopt);
  EXPECT_FALSE(target.has_parameter("b"));
}

TEST(UriParameterTest, AreNamedOnceOnly) {
  EXPECT_EQ(error_of("sip:b.example;transport=udp;Transport=tcp").fault, Fault::BadValue);
  EXPECT_EQ(error_of("sip:b.example;lr;%6cr").fault, Fault::BadValue);
}

TEST(UriParameterTest, AreRemovedWhereverTheyStand) {
  auto without_x = [](std::string_view text) {
    Uri target = uri(text);
    target.remove_parameter("X");
    return target.to_string();
  };
  EXPECT_EQ(without_x("sip:b.example;x=1;y;z"), "sip:b.example;y;z");
  EXPECT_EQ(without_x("sip:b.example;y;x=1;z"), "sip:b.example;y;z");
  EXPECT_EQ(without_x("sip:b.example;y;z;x=1"), "sip:b.example;y;z");
  EXPECT_EQ(without_x("sip:b.example;x"), "sip:b.example");
  EXPECT_EQ(without_x("sip:b.example;xx"), "sip:b.example;xx");
}

TEST(UriParameterTest, AreSetInPlaceOrBehindTheOthers) {
  Uri target = uri("sip:b.example");
  target.set_parameter("transport", "tcp");
  target.set_parameter("lr", "");
  EXPECT_EQ(target.to_string(), "sip:b.example;transport=tcp;lr");
  target.set_parameter("transport", "udp");
  EXPECT_EQ(target.to_string(), "sip:b.example;transport=udp;lr");
}

// ---- RFC 3261 §19.1.4 ----

bool same(std::string_view a, std::string_view b) {
  const bool forward = equivalent(uri(a), uri(b));
  EXPECT_EQ(forward, equivalent(uri(b), uri(a))) << a << " and " << b << " in either order";
  return forward;
}

TEST(UriComparisonTest, EquivalentByTheExamplesOfTheRfc) {
  EXPECT_TRUE(same("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"));
  EXPECT_TRUE(same("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
  EXPECT_TRUE(same("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"));
  EXPECT_TRUE(same("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                   "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"));
  EXPECT_TRUE(same("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                   "sip:alice@atlanta.com?priority=urgent&subject=project%20x"));
}

TEST(UriComparisonTest, DifferentByTheExamplesOfTheRfc) {
  EXPECT_FALSE(same("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
  EXPECT_FALSE(same("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
  EXPECT_FALSE(same("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
  EXPECT_FALSE(same("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"));
  EXPECT_FALSE(same("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"));
  EXPECT_FALSE(same("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"));
  EXPECT_FALSE(same("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"));
}

TEST(UriComparisonTest, SchemesUsersAndPasswordsMustMatch) {
  EXPECT_FALSE(same("sip:a@b.example", "sips:a@b.example"));
  EXPECT_FALSE(same("sip:a@b.example", "sip:b.example"));
  EXPECT_FALSE(same("sip:a:pw@b.example", "sip:a@b.example"));
  EXPECT_FALSE(same("sip:a:pw@b.example", "sip:a:PW@b.example"));
  EXPECT_FALSE(same("tel:+12015550123", "sip:+12015550123@b.example;user=phone"));
}

TEST(UriComparisonTest, UserTtlMethodMaddrAndTransportAreInBothOrInNeither) {
  for (const auto* parameter : {"user=phone", "ttl=1", "method=INVITE", "maddr=192.0.2.1", "transport=udp"}) {
    EXPECT_FALSE(same("sip:a@b.example", std::string("sip:a@b.example;") + parameter));
  }
}

TEST(UriComparisonTest, ReservedCharactersDifferFromTheirEscapes) {
  EXPECT_TRUE(same("sip:a%2Db@c.example", "sip:a-b@c.example"));
  EXPECT_FALSE(same("sip:a%3Bb@c.example", "sip:a;b@c.example"));
  EXPECT_TRUE(same("sip:a%3bb@c.example", "sip:a%3Bb@c.example"));
  EXPECT_FALSE(same("sip:a%253B@c.example", "sip:a%3B@c.example"));
  EXPECT_FALSE(same("sip:%00@c.example", "sip:%00%00@c.example"));
}

TEST(UriComparisonTest, Ipv6AddressesAreComparedByValue) {
  EXPECT_TRUE(same("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0:0:0:0:1]"));
  EXPECT_FALSE(same("sip:a@[2001:db8::1]", "sip:a@[2001:db8::2]"));
}

TEST(UriComparisonTest, RepeatedHeadersCountEach) {
  EXPECT_FALSE(same("sip:a.example?x=1&x=1", "sip:a.example?x=1"));
  EXPECT_FALSE(same("sip:a.example?x=1&x=1", "sip:a.example?x=1&x=2"));
  EXPECT_TRUE(same("sip:a.example?x=1&x=2", "sip:a.example?X=2&x=1"));
}

// RFC 3966 §4.
TEST(UriComparisonTest, TelephoneNumbersWithoutVisualSeparators) {
  EXPECT_TRUE(same("tel:+1-201-555-0123", "tel:+1(201)555.0123"));
  EXPECT_FALSE(same("tel:+12015550123", "tel:12015550123"));
  EXPECT_TRUE(same("tel:7042;phone-context=Example.com", "tel:70-42;PHONE-CONTEXT=example.com"));
  EXPECT_TRUE(same("tel:863-1234;phone-context=+1-914", "tel:8631234;phone-context=+1914"));
  EXPECT_TRUE(same("tel:+123;ext=1-2;a=b", "tel:+123;a=B;ext=12"));
  EXPECT_FALSE(same("tel:+123;ext=1", "tel:+123"));
  EXPECT_TRUE(same("tel:1a#", "tel:1A#"));
}

TEST(UriComparisonTest, OtherSchemesByTheirText) {
  EXPECT_TRUE(same("URN:service:sos", "urn:service:%73os"));
  EXPECT_FALSE(same("urn:service:sos", "urn:service:SOS"));
  EXPECT_FALSE(same("urn:service:sos", "urx:service:sos"));
}

// ---- RFC 3261 §10.3 step 5 ----

TEST(AddressOfRecordTest, LosesParametersHeadersPasswordAndCase) {
  EXPECT_EQ(address_of_record(uri("SIP:Alice:pw@Example.COM;transport=tcp?x=y")), "sip:Alice@example.com");
  EXPECT_EQ(address_of_record(uri("sips:alice@example.com:5061")), "sip:alice@example.com:5061");
  EXPECT_EQ(address_of_record(uri("sip:Example.com")), "sip:example.com");
  EXPECT_EQ(address_of_record(uri("sip:a@[2001:DB8:0::1]")), "sip:a@[2001:db8::1]");
}

TEST(AddressOfRecordTest, UnescapesTheUser) {
  EXPECT_EQ(address_of_record(uri("sip:%61li%63e@example.com")), "sip:alice@example.com");
  EXPECT_EQ(address_of_record(uri("sip:a%3bb@example.com")), address_of_record(uri("sip:a;b@example.com")));
}

// What cannot stand unescaped keeps its escape: no cut at NUL, no second '@', no line break in a log.
TEST(AddressOfRecordTest, StaysAUri) {
  EXPECT_EQ(address_of_record(uri("sip:null-%00-null@example.com")), "sip:null-%00-null@example.com");
  EXPECT_EQ(address_of_record(uri("sip:a%40b%3ac%25@example.com")), "sip:a%40b%3Ac%25@example.com");
  EXPECT_EQ(address_of_record(uri("sip:a%0d%0ab@example.com")), "sip:a%0D%0Ab@example.com");
}

TEST(AddressOfRecordTest, OfATelephoneNumber) {
  EXPECT_EQ(address_of_record(uri("tel:+1-201-555-0123;ext=7")), "tel:+12015550123");
  EXPECT_EQ(address_of_record(uri("tel:70-42;phone-context=Example.com")), "tel:7042;phone-context=example.com");
}

}  // namespace
}  // namespace intermediary
