#include "conformance/target/translation.h"

#include <algorithm>

#include "base/text.h"

namespace intermediary::conformance {
namespace {

constexpr std::string_view cookie = "z9hG4bK";  // RFC 3261 §8.1.1.7
constexpr char theirs = '~';

bool is_name_char(char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; }

// Digits and dots from `position` on, without dots that end a sentence.
std::string_view address_at(std::string_view text, std::size_t position) {
  std::size_t end = position;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
  while (end > position && text[end - 1] == '.') --end;
  return text.substr(position, end - position);
}

// ":5060" at `position`: its length, 0 for none.
std::size_t port_at(std::string_view text, std::size_t position, std::uint16_t& port) {
  if (position >= text.size() || text[position] != ':') return 0;
  std::size_t end = position + 1;
  while (end < text.size() && is_digit(text[end])) ++end;
  auto number = parse_decimal<std::uint16_t>(text.substr(position + 1, end - position - 1));
  if (!number) return 0;
  port = *number;
  return end - position;
}

bool begins_word(std::string_view text, std::size_t position) {
  return position == 0 || !is_name_char(text[position - 1]);
}

bool is_call_id_name(std::string_view name) {
  return equals_ignoring_case(name, "Call-ID") || equals_ignoring_case(name, "i");
}
bool is_length_name(std::string_view name) {
  return equals_ignoring_case(name, "Content-Length") || equals_ignoring_case(name, "l");
}

}  // namespace

void Translation::add(const Endpoint& scenario, const Endpoint& real) {
  real_.emplace(scenario, real);
  scenario_.emplace(real, scenario);
  add(scenario.address, real.address);
}

void Translation::add(const IpAddress& scenario, const IpAddress& real) {
  real_addresses_.emplace(scenario, real);
  scenario_addresses_.emplace(real, scenario);
}

void Translation::add_node(const Endpoint& scenario, const Endpoint& target) {
  add(scenario, target);
  if (node_) return;
  node_ = scenario;
  target_ = target;
  node_needs_port_ = scenario.port != target.port;
}

void Translation::add_domain(std::string scenario, std::string real) {
  real_domains_.emplace(scenario, real);
  scenario_domains_.emplace(std::move(real), std::move(scenario));
}

Endpoint Translation::real(const Endpoint& scenario) const {
  auto known = real_.find(scenario);
  if (known != real_.end()) return known->second;
  auto address = real_addresses_.find(scenario.address);
  return address == real_addresses_.end() ? scenario : Endpoint{address->second, scenario.port};
}

std::string Translation::to_real(std::string_view message) const { return converted(message, true); }
std::string Translation::to_scenario(std::string_view message) const { return converted(message, false); }

std::string Translation::without_port_of_node(std::string text) const {
  if (!node_needs_port_) return text;
  const std::string full = node_->to_string();
  const std::string bare = node_->address.to_host();
  for (std::size_t at = text.find(full); at != std::string::npos; at = text.find(full, at + 1)) {
    if (at + full.size() < text.size() && is_digit(text[at + full.size()])) continue;
    text.replace(at, full.size(), bare);
  }
  return text;
}

std::string Translation::converted(std::string_view message, bool to_real) const {
  const std::size_t end = message.find("\r\n\r\n");
  if (end == std::string_view::npos) return header_lines(message, to_real, 0);
  const std::string_view body = message.substr(end + 4);
  const std::string new_body = replaced(body, to_real);
  const auto growth = static_cast<std::ptrdiff_t>(new_body.size()) - static_cast<std::ptrdiff_t>(body.size());
  return header_lines(message.substr(0, end), to_real, growth) + "\r\n\r\n" + new_body;
}

std::string Translation::header_lines(std::string_view lines, bool to_real, std::ptrdiff_t body_growth) const {
  std::string out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size() - 1) + 1;
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end);
    const std::string_view content = trim(line);
    const std::size_t colon = line.find(':');
    const std::string_view name = colon == std::string_view::npos ? line : trim(line.substr(0, colon));
    if (colon != std::string_view::npos && is_call_id_name(name)) {
      const std::string_view value = trim(line.substr(colon + 1));
      const std::size_t begin = value.empty() ? line.size() : static_cast<std::size_t>(value.data() - line.data());
      out += line.substr(0, begin);
      out += call_id(value, to_real);
      out += line.substr(std::min(begin + value.size(), line.size()));
      continue;
    }
    if (body_growth != 0 && colon != std::string_view::npos && is_length_name(name)) {
      const auto length = parse_decimal<std::uint32_t>(trim(content.substr(content.find(':') + 1)));
      if (length && static_cast<std::ptrdiff_t>(*length) + body_growth >= 0) {
        out.append(line.substr(0, colon + 1)).append(" ");
        out += std::to_string(static_cast<std::ptrdiff_t>(*length) + body_growth);
        out += line.substr(std::min(line.find_last_of("0123456789") + 1, line.size()));
        continue;
      }
    }
    out += replaced(line, to_real);
  }
  return out;
}

std::string Translation::call_id(std::string_view value, bool to_real) const {
  if (value.empty()) return {};
  std::string text = replaced(value, to_real);
  const std::string ending = '.' + tag_;
  if (to_real) {
    if (text.front() == theirs) return text.substr(1);
    return text + ending;
  }
  if (text.ends_with(ending)) return text.substr(0, text.size() - ending.size());
  return theirs + text;
}

std::string Translation::replaced(std::string_view text, bool to_real) const {
  std::string out;
  out.reserve(text.size() + 32);
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t taken = replace_at(text, position, to_real, out);
    if (taken == 0) out += text[position];
    position += std::max<std::size_t>(taken, 1);
  }
  return out;
}

// Writes what stands at `position` in the other language; how much it read, 0 for nothing to replace.
std::size_t Translation::replace_at(std::string_view text, std::size_t position, bool to_real, std::string& out) const {
  if (text[position] == cookie.front() && text.substr(position).starts_with(cookie)) {
    return replace_branch(text, position, to_real, out);
  }
  if (!begins_word(text, position)) return 0;
  if (is_digit(text[position])) {
    if (const std::size_t taken = replace_address(text, position, to_real, out); taken != 0) return taken;
  }
  return replace_domain(text, position, to_real, out);
}

std::size_t Translation::replace_branch(std::string_view text, std::size_t position, bool to_real,
                                        std::string& out) const {
  const std::string_view rest = text.substr(position + cookie.size());
  out += cookie;
  if (to_real) {
    if (rest.starts_with(theirs)) return cookie.size() + 1;
    // The cookie alone stays alone: that is what such a scenario is about.
    if (!rest.empty() && is_token_char(rest.front())) out += tag_;
    return cookie.size();
  }
  if (rest.starts_with(tag_)) return cookie.size() + tag_.size();
  if (!rest.empty() && is_token_char(rest.front())) out += theirs;
  return cookie.size();
}

std::size_t Translation::replace_address(std::string_view text, std::size_t position, bool to_real,
                                         std::string& out) const {
  const std::string_view written = address_at(text, position);
  const std::size_t end = position + written.size();
  const auto address = IpAddress::parse(written);
  if (!address || (end < text.size() && is_alpha(text[end]))) return 0;
  std::uint16_t port = 0;
  const std::size_t port_size = port_at(text, end, port);
  const auto& endpoints = to_real ? real_ : scenario_;
  const auto known = endpoints.find(Endpoint{*address, port});
  const auto& addresses = to_real ? real_addresses_ : scenario_addresses_;
  const auto alone = addresses.find(*address);
  const bool is_known = port_size > 0 && known != endpoints.end();
  if (!is_known && alone == addresses.end()) return 0;
  const bool is_of_node = *address == (to_real ? node_ : target_).value_or(Endpoint{}).address;
  if (is_of_node) to_real ? tag_user(out) : untag_user(out);
  if (is_known) {
    out += known->second.to_string();
    return written.size() + port_size;
  }
  const bool is_whole = is_of_node && to_real && node_needs_port_ && port_size == 0;
  out += is_whole ? target_->to_string() : alone->second.to_host();
  return written.size();
}

std::size_t Translation::replace_domain(std::string_view text, std::size_t position, bool to_real,
                                        std::string& out) const {
  for (const auto& [from, to] : to_real ? real_domains_ : scenario_domains_) {
    const std::string_view written = text.substr(position, from.size());
    if (!equals_ignoring_case(written, from)) continue;
    const std::size_t end = position + from.size();
    const bool goes_on = end < text.size() && is_name_char(text[end]) &&
                         (text[end] != '.' || (end + 1 < text.size() && is_name_char(text[end + 1])));
    if (goes_on) continue;
    to_real ? tag_user(out) : untag_user(out);
    // Written with other capitals on purpose, it stays so.
    out += equals_ignoring_case(from, to) ? written : std::string_view(to);
    return from.size();
  }
  return 0;
}

void Translation::tag_user(std::string& out) const {
  if (tags_users_ && out.ends_with('@')) out.insert(out.size() - 1, '.' + tag_);
}

void Translation::untag_user(std::string& out) const {
  const std::string ending = '.' + tag_ + '@';
  if (!out.ends_with(ending)) return;
  out.resize(out.size() - ending.size());
  out += '@';
}

}  // namespace intermediary::conformance
