// A name server's answer under any bytes. The first byte of an input chooses the type that is asked for (A, AAAA, SRV,
// NAPTR); the question is for the name that the message's own question has, where it can be read, so that records fit.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "base/text.h"
#include "fuzz/one_input.h"
#include "runtime/dns/dns_message.h"

namespace {

using namespace intermediary;

void require(bool truth, std::string_view what) {
  if (truth) return;
  std::cerr << "broken: " << what << std::endl;
  std::abort();
}

// The labels of an uncompressed name behind the header, dots between them.
std::string question_of(std::string_view message) {
  std::string name;
  std::size_t at = 12;
  while (at < message.size() && message[at] > 0 && at + static_cast<std::size_t>(message[at]) < message.size()) {
    const auto length = static_cast<std::size_t>(message[at]);
    if (!name.empty()) name += '.';
    name += message.substr(at + 1, length);
    at += length + 1;
  }
  return lowercase(name);
}

void check(const DnsAnswer& answer, DnsType type) {
  require(!answer.records.empty(), "an answer holds records");
  require(answer.records.size() <= limit::dns_records, "no more records than the limit");
  require(answer.ttl.count() >= 0 && answer.ttl.count() <= 0x7fffffff, "a time to live as RFC 2181 has it");
  for (const DnsRecord& record : answer.records) {
    const bool fits = type == DnsType::Srv     ? std::holds_alternative<SrvRecord>(record)
                      : type == DnsType::Naptr ? std::holds_alternative<NaptrRecord>(record)
                                               : std::holds_alternative<IpAddress>(record);
    require(fits, "records are of the type that was asked for");
    if (const auto* address = std::get_if<IpAddress>(&record)) {
      require(address->is_v4() == (type == DnsType::A), "an address is of the family that was asked for");
    }
  }
}

}  // namespace

void intermediary::fuzzing::run(std::string_view input) {
  if (input.empty()) return;
  const auto type = static_cast<DnsType>(static_cast<std::uint8_t>(input[0]) % 4);
  const std::string_view message = input.substr(1);
  const DnsQuestion question{question_of(message), type};
  const DnsReading reading = read_dns_answer(message, question);
  if (!reading.alias.empty()) require(reading.alias != question.name, "an alias leads elsewhere");
  if (reading.result) return check(*reading.result, type);
  if (reading.alias.empty()) require(!reading.result.error().reason.empty(), "a failure says why");
}
