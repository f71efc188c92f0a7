// Patterns of the scenario language: literal text, `*` for anything, `$name` that binds once and must match afterwards.
//
// A header value is matched by parts: the head as a whole, then each `;parameter` that the pattern names, in any order;
// parameters that it does not name do not matter, `;!name` must be absent. `\` makes the next character literal.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary::sim {

using Bindings = std::map<std::string, std::string, std::less<>>;

// The whole text against the pattern. Binds only when it matches.
bool matches_text(std::string_view pattern, std::string_view text, Bindings& bindings);
// A header value, part by part as above.
bool matches_value(std::string_view pattern, std::string_view value, Bindings& bindings);

// The names that occur in a pattern, in order.
std::vector<std::string> variables_of(std::string_view pattern);
bool has_unbound(std::string_view pattern, const Bindings& bindings);
// Replaces `$name`s by what they are bound to and `*` by `rest`; takes escapes away. REQUIRES: no unbound name.
std::string fill_in(std::string_view pattern, const Bindings& bindings, std::string_view rest);
// What a stimulus writes for a header pattern whose default value is `usual`: `*` as head keeps the usual head and all
// usual parameters, a parameter pattern replaces the usual parameter of that name, `;!name` removes it.
std::string write_value(std::string_view pattern, const Bindings& bindings, std::string_view usual);

// A block's text: `\r`, `\n`, `\t`, `\\`, `\xNN`, and `\{name}` for what a name is bound to. An error is one line for
// people. With `bindings` null, only the escapes are checked.
std::expected<std::string, std::string> expand_block(std::string_view block, const Bindings* bindings);

}  // namespace intermediary::sim
