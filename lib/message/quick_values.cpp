#include "message/quick_values.h"

#include <limits>

#include "message/byte_search.h"
#include "message/scanner.h"
#include "message/start_line.h"

namespace intermediary {
namespace {

std::unexpected<ValueError> bad(std::size_t offset, std::string detail, Fault fault = Fault::BadValue) {
  return std::unexpected(ValueError{fault, offset, std::move(detail)});
}

// A run of digits of any length; a number that needs more than 19 of them is the greatest there is. nullopt when it is
// empty or anything else.
[[gnu::always_inline]] inline std::optional<std::uint64_t> parse_digits(std::string_view text) {
  constexpr std::size_t digits_that_fit = std::numeric_limits<std::uint64_t>::digits10;
  if (text.empty()) return std::nullopt;
  while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
  std::uint64_t value = 0;
  for (char c : text) {
    const auto digit = static_cast<unsigned>(c) - '0';
    if (digit > 9) return std::nullopt;
    value = value * 10 + digit;
  }
  return text.size() > digits_that_fit ? std::numeric_limits<std::uint64_t>::max() : value;
}

[[gnu::always_inline]] inline std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_digits(text);
  if (!port || *port == 0 || *port > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

// One ";name=value" as it stands. `value` keeps its quotes.
struct Parameter {
  std::string_view name{};
  std::string_view value{};
  bool has_value = false;
  bool is_token = false;    // the value is
  std::uint32_t begin = 0;  // of the name
  std::uint32_t end = 0;    // one past the value, or past a bare name
};

// *( SEMI generic-param ) (RFC 3261 §25.1): calls `found` for each; ends where no semicolon follows.
template <class Found>
std::optional<ValueError> scan_parameters(Scanner& scanner, std::uint32_t origin, Found found) {
  for (std::size_t count = 0; scanner.separator(';'); ++count) {
    if (count == limit::parameters) {
      return ValueError{Fault::TooManyParameters, scanner.position() - origin,
                        "more than " + std::to_string(limit::parameters) + " parameters"};
    }
    Parameter parameter{.begin = scanner.position()};
    parameter.name = scanner.run(character::Token);
    if (parameter.name.empty())
      return ValueError{Fault::BadValue, parameter.begin - origin, "parameter without a name"};
    parameter.end = scanner.position();
    if (scanner.separator('=')) {
      const std::string_view from_value = scanner.rest();
      if (scanner.peek() != '"') {
        parameter.value = scanner.run(character::Token);
        parameter.is_token = !character::is(scanner.peek(), character::Value);
        if (!parameter.is_token)
          parameter.value = from_value.substr(0, parameter.value.size() + scanner.run(character::Value).size());
      } else if (scanner.skip_quoted()) {
        parameter.value = from_value.substr(0, from_value.size() - scanner.rest().size());
      } else {
        return ValueError{Fault::BadValue, parameter.begin - origin, "quote is not closed"};
      }
      parameter.has_value = true;
      parameter.end = scanner.position();
      if (parameter.value.empty()) {
        return ValueError{Fault::BadValue, parameter.end - origin, "no value behind '" + shown(parameter.name) + "='"};
      }
    }
    if (auto error = found(parameter)) return ValueError{Fault::BadValue, parameter.begin - origin, std::move(*error)};
  }
  return std::nullopt;
}

// sent-protocol = protocol-name SLASH protocol-version SLASH transport
std::optional<ValueError> scan_sent_protocol(Scanner& scanner, std::uint32_t origin, TopVia& via) {
  bool ours = scanner.take("SIP/2.0/");  // as nearly everybody writes it
  bool complete = ours;
  if (!ours) {
    const std::string_view name = scanner.run(character::Token);
    const bool named = !name.empty() && scanner.separator('/');
    const std::string_view version = scanner.run(character::Token);
    complete = named && !version.empty() && scanner.separator('/');
    ours = character::is_named(name, "sip") && version == "2.0";
  }
  const std::string_view transport = scanner.run(character::Token);
  if (!complete || transport.empty()) {
    return ValueError{Fault::BadValue, scanner.position() - origin, "no sent-protocol like SIP/2.0/UDP"};
  }
  if (ours) via.transport = parse_transport(transport);
  return std::nullopt;
}

// sent-by = host [ COLON port ]
std::optional<ValueError> scan_sent_by(Scanner& scanner, std::uint32_t origin, TopVia& via) {
  if (scanner.take('[')) {
    const std::string_view inside = scanner.rest();
    via.host = inside.substr(0, inside.find_first_not_of("0123456789abcdefABCDEF:."));
    for (std::size_t i = 0; i < via.host.size(); ++i) scanner.advance();
    if (!scanner.take(']') || !IpAddress::parse(via.host)) via.host = {};
  } else {
    via.host = scanner.run(character::Host);
  }
  if (via.host.empty()) return ValueError{Fault::BadValue, scanner.position() - origin, "no host in sent-by"};
  if (!scanner.separator(':')) return std::nullopt;
  const std::uint32_t at = scanner.position();
  const std::string_view port = scanner.run(character::Token);
  via.port = parse_port(port);
  if (!via.port)
    return ValueError{Fault::BadValue, at - origin, "port is no number from 1 to 65535: '" + shown(port) + "'"};
  return std::nullopt;
}

// What of a parameter this library needs; an error's text when it is wrong.
std::optional<std::string> note_via_parameter(const Parameter& parameter, TopVia& via) {
  if (character::is_named(parameter.name, "branch")) {
    if (!via.branch.empty()) return "a second branch";
    if (!parameter.is_token) return "branch is no token: '" + shown(parameter.value) + "'";
    via.branch = parameter.value;
  } else if (character::is_named(parameter.name, "received")) {
    if (via.received_end != 0) return "a second received";
    if (!parameter.has_value || parameter.value.front() == '"') return "received is no address";
    via.received = parameter.value;
    via.received_begin = parameter.begin;
    via.received_end = parameter.end;
  } else if (character::is_named(parameter.name, "rport")) {
    if (via.has_rport) return "a second rport";
    if (parameter.has_value) via.rport = parse_port(parameter.value);
    if (parameter.has_value && !via.rport)
      return "rport is no number from 1 to 65535: '" + shown(parameter.value) + "'";
    via.has_rport = true;
    via.rport_begin = parameter.begin;
    via.rport_end = parameter.end;
  }
  return std::nullopt;
}

// Past the display name and the URI of a name-addr or addr-spec, in front of its parameters.
std::optional<ValueError> skip_address(Scanner& scanner) {
  if (scanner.peek() == '"') {
    if (!scanner.skip_quoted()) return ValueError{Fault::BadValue, 0, "quote of the display name is not closed"};
    scanner.skip_space();
    if (scanner.peek() != '<') return ValueError{Fault::BadValue, scanner.position(), "no '<' behind the display name"};
  } else {
    scanner.skip_to('<', ';');
  }
  const std::uint32_t at = scanner.position();
  if (scanner.peek() != '<') {
    return at == 0 ? std::optional(ValueError{Fault::BadValue, 0, "no address"}) : std::nullopt;
  }
  scanner.skip_to('>');
  if (!scanner.take('>')) return ValueError{Fault::BadValue, at, "'<' is not closed"};
  if (scanner.position() == at + 2) return ValueError{Fault::BadValue, at, "no address between '<' and '>'"};
  return std::nullopt;
}

}  // namespace

std::optional<ValueError> scan_via(std::string_view bytes, std::size_t begin, std::size_t end, TopVia& via) {
  Scanner scanner(bytes, begin, end);
  const auto origin = static_cast<std::uint32_t>(begin);
  via.begin = origin;
  if (auto error = scan_sent_protocol(scanner, origin, via)) return error;
  if (!character::is(scanner.peek(), character::Space)) {
    return ValueError{Fault::BadValue, scanner.position() - origin, "no space before sent-by"};
  }
  scanner.skip_space();
  if (auto error = scan_sent_by(scanner, origin, via)) return error;
  via.end = scanner.position();
  auto error = scan_parameters(scanner, origin, [&via](const Parameter& parameter) {
    via.end = parameter.end;
    return note_via_parameter(parameter, via);
  });
  if (error) return error;
  scanner.skip_space();
  if (!scanner.done() && scanner.peek() != ',') {
    return ValueError{Fault::BadValue, scanner.position() - origin,
                      "unexpected '" + shown(scanner.rest().substr(0, 1)) + "'"};
  }
  return std::nullopt;
}

std::expected<CSeq, ValueError> scan_cseq(std::string_view value) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  Scanner scanner(value);
  const std::string_view digits = scanner.run(character::Token);
  const auto number = parse_digits(digits);
  if (!number) return bad(0, "the number is not a number: '" + shown(digits) + "'");
  if (*number > most) return bad(0, "the number is above 2**32-1: '" + shown(digits) + "'");
  scanner.skip_space();
  const std::string_view method = scanner.run(character::Token);
  if (method.empty() || !scanner.done())
    return bad(scanner.position(), "no method behind the number: '" + shown(value) + "'");
  return CSeq{static_cast<std::uint32_t>(*number), method};
}

std::expected<std::string_view, ValueError> scan_tag(std::string_view value) {
  Scanner scanner(value);
  if (auto error = skip_address(scanner)) return std::unexpected(std::move(*error));
  std::string_view tag;
  auto error = scan_parameters(scanner, 0, [&tag](const Parameter& parameter) -> std::optional<std::string> {
    if (!character::is_named(parameter.name, "tag")) return std::nullopt;
    if (!tag.empty()) return "a second tag";
    if (!parameter.has_value || parameter.value.front() == '"') return "tag is no token";
    tag = parameter.value;
    return std::nullopt;
  });
  if (error) return std::unexpected(std::move(*error));
  if (!scanner.done()) {
    return bad(scanner.position(), "unexpected '" + shown(scanner.rest().substr(0, 1)) + "' behind the address");
  }
  return tag;
}

std::expected<std::string_view, ValueError> scan_call_id(std::string_view value) {
  if (value.empty()) return bad(0, "empty");
  const char* const end = value.data() + value.size();
  if (find_space_or_control(value.data(), end) != end) {
    return bad(0, "holds white space: '" + shown(value) + "'");
  }
  return value;
}

std::optional<std::uint8_t> scan_max_forwards(std::string_view value) {
  const auto number = parse_digits(value);
  if (!number || *number > std::numeric_limits<std::uint8_t>::max()) return std::nullopt;
  return static_cast<std::uint8_t>(*number);
}

std::optional<std::size_t> scan_content_length(std::string_view value) { return parse_digits(value); }

ValueError not_a_length(std::string_view value) {
  return {Fault::BadContentLength, 0, "not a number: '" + shown(value) + "'"};
}

}  // namespace intermediary
