// A small DNS for tests of the resolver: records written as text.
#pragma once

#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "transport/dns.h"

namespace intermediary {

class TestZone {
 public:
  using Kind = DnsFailure::Kind;

  // "example.com NAPTR 10 50 s SIP+D2U _sip._udp.example.com", "_sip._udp.example.com SRV 10 60 5060 sip1.example.com",
  // "sip1.example.com A 192.0.2.21". Records of one name and type add up.
  TestZone& add(const std::string& line, std::chrono::seconds ttl = std::chrono::seconds(60)) {
    std::istringstream in(line);
    std::string name, type;
    in >> name >> type;
    const DnsQuestion question{name, type_of(type)};
    DnsAnswer answer{{}, ttl};
    if (const auto known = answers_.find(question); known != answers_.end() && known->second) answer = *known->second;
    answer.records.push_back(record_of(question.type, in));
    answer.ttl = ttl;
    answers_.insert_or_assign(question, answer);
    return *this;
  }
  TestZone& fail(const std::string& name, DnsType type, Kind kind, std::optional<std::chrono::seconds> ttl = {}) {
    answers_.insert_or_assign(DnsQuestion{name, type}, std::unexpected(DnsFailure{kind, ttl, {}}));
    return *this;
  }
  void clear() { answers_.clear(); }

  DnsResult ask(const DnsQuestion& question) {
    asked.push_back(text_of(question));
    const auto known = answers_.find(question);
    if (known != answers_.end()) return known->second;
    return std::unexpected(DnsFailure{Kind::NoSuchName, {}, {}});
  }

  static std::string text_of(const DnsQuestion& question) {
    static const std::map<DnsType, std::string> names{
        {DnsType::A, "A"}, {DnsType::Aaaa, "AAAA"}, {DnsType::Srv, "SRV"}, {DnsType::Naptr, "NAPTR"}};
    return question.name + " " + names.at(question.type);
  }

  std::vector<std::string> asked;

 private:
  static DnsType type_of(const std::string& name) {
    if (name == "NAPTR") return DnsType::Naptr;
    if (name == "SRV") return DnsType::Srv;
    return name == "AAAA" ? DnsType::Aaaa : DnsType::A;
  }
  static DnsRecord record_of(DnsType type, std::istream& in) {
    std::string text;
    if (type == DnsType::Srv) {
      SrvRecord srv;
      in >> srv.priority >> srv.weight >> srv.port >> srv.target;
      return srv;
    }
    if (type == DnsType::Naptr) {
      NaptrRecord naptr;
      in >> naptr.order >> naptr.preference >> naptr.flags >> naptr.service >> naptr.replacement;
      for (std::string* text_field : {&naptr.flags, &naptr.service}) {
        if (*text_field == "-") text_field->clear();
      }
      return naptr;
    }
    in >> text;
    return IpAddress::parse(text).value();
  }

  std::map<DnsQuestion, DnsResult> answers_;
};

}  // namespace intermediary
