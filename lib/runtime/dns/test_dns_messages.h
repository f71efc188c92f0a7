// Answers of a name server for the tests of this folder, written byte by byte (RFC 1035 §4).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary::dns_test {

inline std::string word(unsigned value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}
inline std::string number(std::uint32_t value) { return word(value >> 16) + word(value & 0xffff); }
inline std::string text(std::string_view value) {
  return std::string(1, static_cast<char>(value.size())) + std::string(value);
}
// "sip.example.com" as labels, without compression; "" is the root.
inline std::string name(std::string_view dotted) {
  std::string labels;
  while (!dotted.empty()) {
    const std::size_t dot = std::min(dotted.find('.'), dotted.size());
    labels += text(dotted.substr(0, dot));
    dotted.remove_prefix(std::min(dot + 1, dotted.size()));
  }
  return labels + std::string(1, '\0');
}
inline std::string record(std::string_view owner, unsigned type, std::uint32_t ttl, const std::string& data) {
  return name(owner) + word(type) + word(1) + number(ttl) + word(static_cast<unsigned>(data.size())) + data;
}
inline std::string address(std::initializer_list<int> octets) {
  std::string data;
  for (const int octet : octets) data += static_cast<char>(octet);
  return data;
}
inline std::string srv(unsigned priority, unsigned weight, unsigned port, std::string_view target) {
  return word(priority) + word(weight) + word(port) + name(target);
}
// Fields of a SOA: two names, serial, refresh, retry, expire, minimum.
inline std::string soa(std::uint32_t minimum) {
  return name("ns.example.com") + name("admin.example.com") + number(1) + number(2) + number(3) + number(4) +
         number(minimum);
}

struct Reply {
  std::string question;
  unsigned type = 1;
  std::vector<std::string> answers{};
  std::vector<std::string> authorities{};
  unsigned code = 0;
  unsigned id = 0;

  std::string bytes() const {
    std::string all = word(id) + word(0x8180 | code) + word(1) + word(static_cast<unsigned>(answers.size())) +
                      word(static_cast<unsigned>(authorities.size())) + word(0);
    all += name(question) + word(type) + word(1);
    for (const std::string& answer : answers) all += answer;
    for (const std::string& authority : authorities) all += authority;
    return all;
  }
};

}  // namespace intermediary::dns_test
