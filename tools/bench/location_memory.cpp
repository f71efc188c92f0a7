// What a binding costs in the memory of the location service: a million of them, each of an address of record of its
// own, as user agents write them.
//
//   location_memory [BINDINGS]      1000000 unless said otherwise; exit code 1 where a plain one takes 700 bytes or
//   more
#include <malloc.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>

#include "location/location.h"

namespace {

using namespace intermediary;

constexpr std::size_t goal_bytes = 700;

std::string digits(std::size_t number, std::size_t width) {
  std::string text = std::to_string(number);
  return std::string(width - std::min(width, text.size()), '0') + text;
}

Registration registration_of(std::size_t number, bool has_instance) {
  const std::string user = "user" + digits(number, 7);
  const std::string address = "10." + std::to_string(number >> 16 & 255) + '.' + std::to_string(number >> 8 & 255) +
                              '.' + std::to_string(number & 255);
  Registration registration;
  registration.call_id = digits(number, 12) + "-4f2a-9c1d@" + address;
  registration.cseq = 1;
  registration.arrival = {Transport::Udp, *Endpoint::parse(address + ":5060"), ListenerId{1}, {}};
  ContactUpdate contact{*Uri::parse("sip:" + user + '@' + address + ":5060"), {}, std::chrono::seconds(3600)};
  if (has_instance) {
    const std::string instance = "<urn:uuid:f81d4fae-7dec-11d0-a765-" + digits(number, 12) + '>';
    contact.parameters = ";+sip.instance=\"" + instance + '"';
    contact.instance_place = {16, static_cast<std::uint16_t>(instance.size())};
  }
  registration.contacts.push_back(std::move(contact));
  return registration;
}

std::size_t bytes_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::size_t bytes_for_each(std::size_t count, bool has_instance) {
  const std::size_t before = bytes_in_use();
  Location location(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string aor = "sip:user" + digits(i, 7) + "@example.com";
    if (!location.update(TimePoint{}, aor, registration_of(i, has_instance), 10)) return 0;
  }
  return (bytes_in_use() - before) / count;
}

}  // namespace

int main(int arguments, char** values) {
  std::size_t count = 1'000'000;
  if (arguments > 1) std::from_chars(values[1], values[1] + std::strlen(values[1]), count);
  const std::size_t plain = bytes_for_each(count, false);
  const std::size_t with_instance = bytes_for_each(count, true);
  std::printf("%zu bindings: %zu bytes each, %zu with an instance (sizeof(Binding) is %zu)\n", count, plain,
              with_instance, sizeof(Binding));
  return plain != 0 && plain < goal_bytes ? 0 : 1;
}
