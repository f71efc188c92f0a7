// Telephone numbers in Request-URIs: what a caller has dialled, as the number that it means, and that number as another
// network wants it (RFC 3966, RFC 3261 §19.1.6, ITU-T E.164).
//
// The number is the user of a SIP URI, up to the first ';', or what a tel: URI names. What stands behind that ';' are
// parameters (isub, rn, npdi: RFC 4694), which stay as they are.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern.h"
#include "message/uri.h"

namespace intermediary {

// What stands for what `match` finds; "\1" to "\9" are its groups, "\0" all of it.
struct NumberRewrite {
  Pattern match;
  std::string with;

  friend bool operator==(const NumberRewrite&, const NumberRewrite&) = default;
};

struct NumberPlan {
  std::string name;
  std::string country{};        // "31"
  std::string national{};       // the prefix of national numbers, "0"; "": there is none, and a number is national
  std::string international{};  // "00"
  std::string area{};           // of subscriber numbers, without the national prefix; "": they stay as they are
  std::vector<Pattern> keep{};  // numbers that are none of the public network: "^112$"
  std::vector<NumberRewrite> rewrite{};  // before anything else; the first that matches

  friend bool operator==(const NumberPlan&, const NumberPlan&) = default;
};

// How a number is written for another network. What is not global stays as it is.
struct NumberFormat {
  enum class Kind : std::uint8_t {
    E164,           // +31201234567
    Digits,         // 31201234567
    International,  // 0031201234567
    National,       // 0201234567, and other countries' as International
  };
  Kind kind = Kind::E164;
  std::string prefix{};                  // before all of it, as some carriers ask for
  std::vector<NumberRewrite> rewrite{};  // last; the first that matches

  friend bool operator==(const NumberFormat&, const NumberFormat&) = default;
};

// The number of a URI as it stands, without visual separators (RFC 3966 §5.1.1); nullopt when its user is none: digits,
// '*', '#' and 'A' to 'D', one '+' before all.
std::optional<std::string> number_of(const Uri& uri);

// The number that was dialled: "+31201234567" where that is known, else as it is: those that the plan keeps, of a
// private plan (a phone-context, which stays: RFC 3966 §5.1.5), without a rule for it. An error for what would be
// longer than E.164 allows.
std::expected<std::string, std::string> dialled(const NumberPlan& plan, const Uri& uri);

// The same URI with that number: a SIP URI has user=phone then (RFC 3261 §19.1.1).
Uri with_number(Uri uri, std::string_view number);

// The number as it leaves. `plan`: whose national and international prefixes; null: "+" alone is known.
std::string written(std::string_view number, const NumberFormat& format, const NumberPlan* plan);

// RFC 3261 §19.1.6: a tel: URI as a SIP URI at a host: "sip:+31201234567;npdi@sip.acme.net;user=phone".
Uri sip_uri_of(const Uri& tel, const Uri& host);

}  // namespace intermediary
