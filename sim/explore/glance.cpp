#include "sim/explore/glance.h"

#include "base/text.h"

namespace intermediary::sim {
namespace {

std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

std::string_view next_word(std::string_view& rest) {
  const std::size_t space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  return word;
}

// Up to where a parameter or an entry ends.
std::string_view token(std::string_view text) { return text.substr(0, text.find_first_of(";, \t>")); }

std::string_view parameter(std::string_view value, std::string_view name) {
  for (std::size_t at = value.find(name); at != std::string_view::npos; at = value.find(name, at + 1)) {
    if (at > 0 && value[at - 1] == ';') return token(value.substr(at + name.size()));
  }
  return {};
}

// The field parameter "tag", which stands behind the URI.
std::string_view tag(std::string_view value) {
  const std::size_t bracket = value.rfind('>');
  return parameter(bracket == std::string_view::npos ? value : value.substr(bracket), "tag=");
}

std::size_t entries(std::string_view value) {
  std::size_t count = 1;
  bool bracketed = false;
  for (const char c : value) {
    if (c == '<' || c == '>') bracketed = c == '<';
    if (c == ',' && !bracketed) ++count;
  }
  return count;
}

void read_via(Glance& glance, std::string_view value) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    std::string_view via = trim(value.substr(0, comma));
    ++glance.vias;
    if (glance.vias <= 2) {
      const std::string_view branch = parameter(via, "branch=");
      if (glance.vias == 1) glance.rport = via.find(";rport") != std::string_view::npos;
      next_word(via);
      (glance.vias == 1 ? glance.branch : glance.branch_below) = branch;
      (glance.vias == 1 ? glance.sent_by : glance.sent_by_below) = token(via);
    }
    if (comma == std::string_view::npos) return;
    value.remove_prefix(comma + 1);
  }
}

void read_cseq(Glance& glance, std::string_view value) {
  glance.cseq = next_word(value);
  if (!glance.is_request()) glance.method = trim(value);
}

bool is(std::string_view name, std::string_view full, std::string_view compact) {
  return equals_ignoring_case(name, full) || equals_ignoring_case(name, compact);
}

void read_field(Glance& glance, std::string_view name, std::string_view value) {
  if (is(name, "Via", "v")) {
    read_via(glance, value);
  } else if (is(name, "From", "f")) {
    glance.from_tag = tag(value);
  } else if (is(name, "To", "t")) {
    glance.to_tag = tag(value);
  } else if (is(name, "Call-ID", "i")) {
    glance.call_id = value;
  } else if (is(name, "CSeq", "CSeq")) {
    read_cseq(glance, value);
  } else if (is(name, "Max-Forwards", "Max-Forwards")) {
    glance.max_forwards = parse_decimal<unsigned>(value);
  } else if (is(name, "Record-Route", "Record-Route")) {
    if (glance.record_routes == 0) glance.record_route = value.substr(0, value.find('>'));
    glance.record_routes += entries(value);
  } else if (is(name, "Route", "Route")) {
    glance.routes += entries(value);
  }
}

}  // namespace

std::optional<Glance> Glance::at(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  Glance glance;
  glance.bytes = bytes;
  std::string_view rest = bytes.substr(0, end);
  std::string_view start = next_line(rest);
  const std::string_view first = next_word(start);
  if (first.starts_with("SIP/")) {
    glance.status = parse_decimal<int>(next_word(start)).value_or(0);
    if (glance.status == 0) return std::nullopt;
  } else {
    glance.method = first;
    glance.uri = next_word(start);
    if (!start.starts_with("SIP/")) return std::nullopt;
  }
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    read_field(glance, trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  return glance;
}

std::string named(const Glance& request) { return std::string(request.method) + ' ' + std::string(request.uri); }

}  // namespace intermediary::sim
