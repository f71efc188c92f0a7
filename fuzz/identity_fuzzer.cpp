// Signed identities of callers, as strangers send them. The first byte of an input chooses: 0, the rest is the value of
// an Identity field; 1, a PASSporT in full, its header and payload as JSON with a NUL between them; 2, a TN
// authorization list in DER; 3, a URI.
#include <cstdlib>
#include <iostream>

#include "base/base64url.h"
#include "fuzz/one_input.h"
#include "policy/passport.h"
#include "policy/stir_keys.h"

namespace {

using namespace intermediary;

void hold(bool truth, std::string_view what) {
  if (truth) return;
  std::cerr << "broken: " << what << std::endl;
  std::abort();
}

// What is believed is written as it was read, but for the order of what is called.
void check_passport(std::string_view token) {
  const auto read = read_passport(token);
  if (!read) return hold(!read.error().empty(), "an error says what is wrong");
  const Passport& passport = read->passport;
  hold(read->signature.size() == 64, "a signature has its size");
  hold(token.starts_with(read->signed_text + "."), "what is signed is what came");
  hold(!passport.origin.name.empty() && !(passport.numbers.empty() && passport.uris.empty()),
       "somebody calls somebody");
  const auto again = read_passport(signing_input(passport) + "." + to_base64url(read->signature));
  hold(again && again->passport.origin == passport.origin && again->passport.issued == passport.issued &&
           again->passport.media == passport.media && again->passport.attest == passport.attest,
       "what was read can be written, and read again");
  hold(signing_input(again->passport) == again->signed_text, "the same facts make the same bytes");
}

void check_field(std::string_view value) {
  const auto field = read_identity_field(value);
  if (!field) return hold(!field.error().empty(), "an error says what is wrong");
  hold(!field->token.empty() && !field->certificate_url.empty(), "a field has its parts");
  if (field->is_compact()) {
    const auto signature = compact_signature(*field);
    hold(!signature || signature->size() == 64, "a signature has its size");
  } else {
    check_passport(field->token);
  }
}

void check_numbers(std::string_view der) {
  const auto numbers = read_number_authority(der);
  if (!numbers) return;
  hold(!numbers->providers.empty() || !numbers->ranges.empty(), "a list is of something");
  for (const NumberAuthority::Range& range : numbers->ranges) {
    hold(numbers->covers(range.first), "a range has its first number");
  }
}

void check_party(std::string_view text) {
  const auto uri = Uri::parse(text);
  if (!uri) return;
  const PassportParty party = passport_party(*uri);
  hold(party.is_number == (party.name.find_first_not_of("0123456789#*") == std::string::npos), "a number is of digits");
  hold(!party.is_number || (!party.name.empty() && party.name.size() <= 15), "a number has its length");
}

}  // namespace

void intermediary::fuzzing::run(std::string_view input) {
  if (input.empty()) return;
  const auto kind = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  if (kind == 0) return check_field(input);
  if (kind == 2) return check_numbers(input);
  if (kind == 3) return check_party(input);
  const std::size_t nul = input.find('\0');
  if (nul == input.npos) return;
  check_passport(to_base64url(input.substr(0, nul)) + "." + to_base64url(input.substr(nul + 1)) + "." +
                 to_base64url(std::string(64, 's')));
}
