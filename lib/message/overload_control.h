// The parameters of a Via for overload control (RFC 7339 §4, §9): what a client offers and a server says in them.
//
// All of it works on the text of one Via. Quoted strings are respected; what is against the grammar is as if it were
// not there. Of the algorithms, "loss" (§7) is known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace intermediary {

// What a client adds to the Via of its requests (§4.1, §4.2).
inline constexpr std::string_view overload_offer = ";oc;oc-algo=\"loss\"";

// What a server says to such a client.
struct OverloadWord {
  int reduction = 0;                        // oc: percent
  Duration validity{};                      // zero: no reduction is wanted, whatever `reduction` says (§5.7)
  std::optional<std::uint64_t> sequence{};  // oc-seq, in units of its fifth digit behind the point

  friend bool operator==(const OverloadWord&, const OverloadWord&) = default;
};

// Whether that Via of a request offers the algorithm "loss" by an "oc" without a value (§5.1).
bool offers_overload_control(std::string_view via);
// What that Via of a response says; nullopt: nothing, or nothing that could be followed.
std::optional<OverloadWord> overload_word(std::string_view via);
// ";oc=20;oc-algo="loss";oc-validity=500;oc-seq=…".
std::string to_parameters(const OverloadWord& word);
// The Via without any of the four parameters (§5.4, §5.6); nullopt: it has none.
std::optional<std::string> without_overload_control(std::string_view via);

// The sent-by of a Via as it stands, "host:port".
std::string_view sent_by_text(std::string_view via);
// The first Via of a message that was parsed, or made by us; "": it has none.
std::string_view first_via(std::string_view message);
// A response as it leaves: `parameters` in its first Via, in place of what stands there of the four, and no word of a
// server in any other (§5.4). Without `parameters` in none; what a client offers stays as it is. nullopt: no change.
std::optional<std::string> with_overload_word(std::string_view response, std::string_view parameters);

}  // namespace intermediary
