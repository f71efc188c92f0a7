#include "sim/wire.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace intermediary::sim {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> compact_names{{
    {"a", "Accept-Contact"},
    {"b", "Referred-By"},
    {"c", "Content-Type"},
    {"e", "Content-Encoding"},
    {"f", "From"},
    {"i", "Call-ID"},
    {"k", "Supported"},
    {"l", "Content-Length"},
    {"m", "Contact"},
    {"o", "Event"},
    {"r", "Refer-To"},
    {"s", "Subject"},
    {"t", "To"},
    {"u", "Allow-Events"},
    {"v", "Via"},
    {"x", "Session-Expires"},
}};

constexpr std::array<std::string_view, 15> list_names{
    "Via",   "Route",     "Record-Route", "Contact", "Path",         "Service-Route", "Require",        "Proxy-Require",
    "Allow", "Supported", "Unsupported",  "Accept",  "Allow-Events", "In-Reply-To",   "Accept-Encoding"};

bool same_name(std::string_view a, std::string_view b) { return equals_ignoring_case(long_name(a), long_name(b)); }

std::vector<std::string_view> lines_of(std::string_view section) {
  std::vector<std::string_view> lines;
  while (!section.empty()) {
    std::size_t end = section.find("\r\n");
    lines.push_back(section.substr(0, end));
    if (end == std::string_view::npos) break;
    section.remove_prefix(end + 2);
  }
  return lines;
}

std::string_view word(std::string_view line, std::size_t index) {
  for (;; --index) {
    std::size_t space = line.find(' ');
    if (index == 0) return line.substr(0, space);
    if (space == std::string_view::npos) return {};
    line.remove_prefix(space + 1);
  }
}

bool is_sip_start_line(std::string_view line) {
  if (line.starts_with("SIP/")) return true;
  std::size_t last = line.rfind(' ');
  return last != std::string_view::npos && line.substr(last + 1).starts_with("SIP/");
}

}  // namespace

std::optional<WireMessage> WireMessage::read(std::string_view bytes) {
  std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  WireMessage message;
  bool first = true;
  for (std::string_view line : lines_of(bytes.substr(0, end))) {
    if (std::exchange(first, false)) {
      if (!is_sip_start_line(line)) return std::nullopt;
      message.start_line = line;
    } else if (!line.empty() && is_space(line.front()) && !message.headers.empty()) {
      message.headers.back().value += ' ' + std::string(trim(line));
    } else {
      std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) return std::nullopt;
      message.headers.push_back({std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))});
    }
  }
  if (message.start_line.empty()) return std::nullopt;
  message.body = bytes.substr(end + 4);
  return message;
}

std::string WireMessage::to_bytes() const {
  std::string bytes = start_line + "\r\n";
  for (const WireHeader& header : headers) bytes += header.name + ": " + header.value + "\r\n";
  if (adds_length && !has("Content-Length")) bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return bytes + "\r\n" + body;
}

std::string WireMessage::method() const { return is_request() ? std::string(word(start_line, 0)) : cseq_method(); }

std::string WireMessage::uri() const { return is_request() ? std::string(word(start_line, 1)) : std::string(); }

int WireMessage::status() const {
  if (!start_line.starts_with("SIP/")) return 0;
  return parse_decimal<int>(word(start_line, 1)).value_or(0);
}

bool WireMessage::has(std::string_view name) const {
  return std::ranges::any_of(headers, [&](const WireHeader& header) { return same_name(header.name, name); });
}

std::vector<std::string> WireMessage::values(std::string_view name) const {
  std::vector<std::string> found;
  for (const WireHeader& header : headers) {
    if (!same_name(header.name, name)) continue;
    if (!is_list_header(name)) {
      found.push_back(header.value);
      continue;
    }
    for (std::string& entry : split_outside_quotes(header.value, ',')) found.push_back(std::move(entry));
  }
  return found;
}

std::string WireMessage::value(std::string_view name) const {
  auto all = values(name);
  return all.empty() ? std::string() : all.front();
}

void WireMessage::set_values(std::string_view name, const std::vector<std::string>& values) {
  auto named = [&](const WireHeader& header) { return same_name(header.name, name); };
  auto place = std::ranges::find_if(headers, named) - headers.begin();
  std::erase_if(headers, named);
  std::vector<WireHeader> lines;
  lines.reserve(values.size());
  for (const std::string& value : values) lines.push_back({long_name(name), value});
  headers.insert(headers.begin() + place, lines.begin(), lines.end());
}

void WireMessage::add(std::string_view name, std::string_view value) {
  headers.push_back({std::string(name), std::string(value)});
}

std::uint32_t WireMessage::cseq_number() const {
  std::string cseq = value("CSeq");
  return parse_decimal<std::uint32_t>(word(cseq, 0)).value_or(0);
}

std::string WireMessage::cseq_method() const {
  std::string cseq = value("CSeq");
  std::size_t space = cseq.find_last_of(" \t");
  return space == std::string::npos ? std::string() : cseq.substr(space + 1);
}

std::string WireMessage::branch() const { return parameter_of(value("Via"), "branch"); }
std::string WireMessage::from_tag() const { return parameter_of(value("From"), "tag"); }
std::string WireMessage::to_tag() const { return parameter_of(value("To"), "tag"); }

std::string long_name(std::string_view name) {
  if (name.size() == 1) {
    for (auto [compact, full] : compact_names) {
      if (equals_ignoring_case(compact, name)) return std::string(full);
    }
  }
  return std::string(name);
}

bool is_list_header(std::string_view name) {
  std::string full = long_name(name);
  return std::ranges::any_of(list_names, [&](std::string_view known) { return equals_ignoring_case(known, full); });
}

std::vector<std::string> split_outside_quotes(std::string_view text, char separator) {
  std::vector<std::string> parts;
  bool quoted = false;
  int brackets = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '<' || c == '(')) {
      ++brackets;
    } else if (!quoted && (c == '>' || c == ')') && brackets > 0) {
      --brackets;
    } else if (!quoted && brackets == 0 && c == separator) {
      parts.emplace_back(trim(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  parts.emplace_back(trim(text.substr(std::min(begin, text.size()))));
  return parts;
}

ValueParts ValueParts::read(std::string_view value) {
  ValueParts parts;
  bool head = true;
  for (const std::string& piece : split_outside_quotes(value, ';')) {
    if (std::exchange(head, false)) {
      parts.head = piece;
      continue;
    }
    std::size_t equals = piece.find('=');
    Parameter parameter{std::string(trim(std::string_view(piece).substr(0, equals))), std::nullopt};
    if (equals != std::string::npos) parameter.value = trim(std::string_view(piece).substr(equals + 1));
    parts.parameters.push_back(std::move(parameter));
  }
  return parts;
}

const ValueParts::Parameter* ValueParts::find(std::string_view name) const {
  auto found = std::ranges::find_if(
      parameters, [&](const Parameter& parameter) { return equals_ignoring_case(parameter.name, name); });
  return found == parameters.end() ? nullptr : &*found;
}

void ValueParts::set(std::string_view name, std::optional<std::string> value) {
  for (Parameter& parameter : parameters) {
    if (!equals_ignoring_case(parameter.name, name)) continue;
    parameter.value = std::move(value);
    return;
  }
  parameters.push_back({std::string(name), std::move(value)});
}

void ValueParts::remove(std::string_view name) {
  std::erase_if(parameters, [&](const Parameter& parameter) { return equals_ignoring_case(parameter.name, name); });
}

std::string ValueParts::to_string() const {
  std::string text = head;
  for (const Parameter& parameter : parameters) {
    text += ';' + parameter.name;
    if (parameter.value) text += '=' + *parameter.value;
  }
  return text;
}

std::string parameter_of(std::string_view value, std::string_view name) {
  ValueParts parts = ValueParts::read(value);
  const auto* parameter = parts.find(name);
  return parameter && parameter->value ? *parameter->value : std::string();
}

std::string with_parameter(std::string_view value, std::string_view name, std::string_view parameter) {
  ValueParts parts = ValueParts::read(value);
  parts.set(name, std::string(parameter));
  return parts.to_string();
}

std::string uri_of(std::string_view value) {
  std::size_t open = value.find('<');
  if (open != std::string_view::npos) {
    std::size_t close = value.find('>', open);
    if (close == std::string_view::npos) close = value.size();
    return std::string(value.substr(open + 1, close - open - 1));
  }
  return ValueParts::read(value).head;
}

bool uri_has_parameter(std::string_view uri, std::string_view name) {
  return ValueParts::read(uri.substr(0, uri.find('?'))).find(name) != nullptr;
}

std::string host_port_of(std::string_view uri) {
  std::string_view rest = uri.substr(0, uri.find_first_of(";?"));
  std::size_t colon = rest.find(':');
  if (colon != std::string_view::npos) rest.remove_prefix(colon + 1);
  std::size_t at = rest.rfind('@');
  if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  return std::string(rest);
}

std::vector<std::string> cut_stream(std::string& buffer) {
  std::vector<std::string> cut;
  auto take = [&](std::size_t size) {
    cut.push_back(buffer.substr(0, size));
    buffer.erase(0, size);
  };
  while (!buffer.empty()) {
    if (buffer.starts_with("\r\n\r\n")) {
      take(4);
    } else if (buffer.starts_with("\r\n")) {
      take(2);
    } else {
      std::size_t end = buffer.find("\r\n\r\n");
      if (end == std::string::npos) return cut;
      auto head = WireMessage::read(std::string_view(buffer).substr(0, end + 4));
      std::size_t body = head ? parse_decimal<std::size_t>(head->value("Content-Length")).value_or(0) : 0;
      if (buffer.size() - end - 4 < body) return cut;
      take(end + 4 + body);
    }
  }
  return cut;
}

std::string short_label(std::string_view bytes) {
  if (bytes.empty()) return "empty";
  if (bytes == "\r\n\r\n") return "ping";
  if (bytes == "\r\n") return "pong";
  auto message = WireMessage::read(bytes);
  if (!message) return "raw";
  // Whoever sent it chose what stands there, and labels are for people.
  const std::string method = printable(message->method());
  if (message->is_request()) return method;
  std::string label = std::to_string(message->status());
  return method.empty() || method == "INVITE" ? label : label + ' ' + method;
}

}  // namespace intermediary::sim
