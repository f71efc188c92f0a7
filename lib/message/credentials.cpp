#include "message/credentials.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "message/scanner.h"
#include "message/value_error.h"
#include "message/values.h"

namespace intermediary {
namespace {

using Parameter = Credentials::Parameter;

std::string without_escapes(std::string_view quoted) {
  std::string text;
  text.reserve(quoted.size());
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] == '\\' && i + 1 < quoted.size()) ++i;
    text += quoted[i];
  }
  return text;
}

class CredentialsReader {
 public:
  // REQUIRES: `value` has no folds, and is followed by a byte that is part of no token.
  explicit CredentialsReader(std::string_view value) : scanner_(value) {}

  std::expected<Credentials, ValueError> read() {
    Credentials credentials;
    credentials.scheme = scanner_.run(character::Token);
    if (credentials.scheme.empty()) return wrong("no scheme");
    if (!credentials.is_digest()) return credentials;
    if (!character::is(scanner_.peek(), character::Space)) return wrong("no white space behind the scheme");
    scanner_.skip_space();
    do {
      auto parameter = read_parameter();
      if (!parameter) return std::unexpected(parameter.error());
      if (credentials.value(parameter->name)) return wrong("a second " + in_quotes(parameter->name));
      if (credentials.parameters.size() == limit::parameters) return wrong("more parameters than the limit");
      credentials.parameters.push_back(*std::move(parameter));
    } while (scanner_.separator(','));
    scanner_.skip_space();
    if (!scanner_.done()) return wrong("unexpected " + in_quotes(scanner_.rest().substr(0, 1)));
    return credentials;
  }

 private:
  std::unexpected<ValueError> wrong(std::string_view cause) const {
    return value_error(Fault::BadValue, scanner_.position(), "credentials: " + std::string(cause));
  }

  std::expected<Parameter, ValueError> read_parameter() {
    Parameter parameter;
    parameter.name = lowercase(scanner_.run(character::Token));
    if (parameter.name.empty()) return wrong("no parameter where one should be");
    if (!scanner_.separator('=')) return wrong("no '=' behind " + in_quotes(parameter.name));
    if (scanner_.peek() == '"') {
      const std::string_view from = scanner_.rest();
      if (!scanner_.skip_quoted()) return wrong("quotes are not closed");
      const std::size_t size = from.size() - scanner_.rest().size();
      parameter.value = without_escapes(from.substr(1, size - 2));
      parameter.quoted = true;
      return parameter;
    }
    parameter.value = scanner_.run(character::Token);
    if (parameter.value.empty()) return wrong("no value behind " + in_quotes(parameter.name));
    return parameter;
  }

  Scanner scanner_;
};

}  // namespace

bool Credentials::is_digest() const { return equals_ignoring_case(scheme, "Digest"); }

std::optional<std::string_view> Credentials::value(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  if (found == parameters.end()) return std::nullopt;
  return found->value;
}

std::expected<Credentials, ValueError> parse_credentials(std::string_view value) {
  if (value.size() > limit::line_bytes) {
    return value_error(Fault::LineTooLong, 0, "credentials: longer than the limit");
  }
  const std::string unfolded = unfold(value);  // and with a NUL behind it
  auto read = CredentialsReader(unfolded).read();
  // A fold before the place of the error moved it.
  if (!read) read.error().offset = std::min(read.error().offset, value.size());
  return read;
}

}  // namespace intermediary
