// RFC 6116 as a function of what name servers have said: from an E.164 number to the SIP URIs that its NAPTR records
// stand for, in their order.
//
// Nothing waits here. What is not known yet is named in `missing`; whoever calls asks for it and calls again. Rules
// that are of no use are passed over, never an error (§5.2): other flags and services, expressions that are none or do
// not match, loops.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/uri.h"
#include "transport/locate.h"

namespace intermediary {

struct EnumFound {
  std::optional<DnsQuestion> missing{};  // there: the rest says nothing yet
  // Of the first domain that has any, and there of the rules of one ORDER: the best first.
  std::vector<Uri> uris{};
  std::string trouble{};  // why a domain could not be asked; "": all could
};

// Suffixes are asked one after the other, until one has a URI. REQUIRES: `number` is '+' and digits.
EnumFound search_enum(std::string_view number, const std::vector<std::string>& suffixes, const DnsAnswers& known);

// RFC 6116 §3.2: "4.3.2.1.e164.arpa".
std::string enum_domain(std::string_view number, std::string_view suffix);
// RFC 3402 §3.2: what "!^(.*)$!sip:\1@example.com!i" makes of the subject. The error is one line for people.
std::expected<std::string, std::string> substituted(std::string_view expression, std::string_view subject);

}  // namespace intermediary
