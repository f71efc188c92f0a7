// A registrar for example.com and what it is asked, for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "ua/registrar.h"
#include "ua/test_requests.h"

namespace intermediary {

class RegistrarTest : public testing::Test {
 protected:
  RegistrarTest() {
    names.add_domain("example.com");
    arrival.remote = *Endpoint::parse("192.0.2.4:5060");
  }

  // A REGISTER for bob with these lines; every one a CSeq higher than the last.
  UaAnswer send(std::string_view lines, std::string_view to = "<sip:bob@example.com>") {
    return send_as("c1", next_cseq++, lines, to);
  }
  UaAnswer send_as(std::string_view call_id, std::uint32_t cseq, std::string_view lines,
                   std::string_view to = "<sip:bob@example.com>") {
    const auto message =
        request_to("sip:example.com", "REGISTER",
                   "To: " + std::string(to) + "\r\nCall-ID: " + std::string(call_id) + "\r\n" + std::string(lines),
                   std::to_string(cseq));
    location.expire(now);
    return registrar.answer(now, *message, arrival);
  }
  static std::vector<std::string> listed(const UaAnswer& answer) { return field_values(answer, "Contact"); }
  std::vector<std::string> bound(std::string_view address_of_record = "sip:bob@example.com") const {
    std::vector<std::string> list;
    for (const Binding& binding : location.bindings(address_of_record)) list.push_back(binding.contact);
    return list;
  }

  TimePoint now{};
  std::uint32_t next_cseq = 1;
  Arrival arrival;
  RegistrarSettings settings;
  LocalNames names;
  Location location;
  HashKey gruu_key{1, 2};
  Registrar registrar{settings, names, location, gruu_key};
};

}  // namespace intermediary
