#include "runtime/dns/dns_message.h"

#include <ares.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"

namespace intermediary {
namespace {

constexpr int type_cname = 5;
constexpr int type_soa = 6;
constexpr int class_internet = 1;
constexpr int no_error = 0;
constexpr int name_error = 3;  // NXDOMAIN

// Where we are in the message; every read says whether the bytes were there.
class Cursor {
 public:
  explicit Cursor(std::string_view message) : message_(message) {}
  Cursor(std::string_view message, std::size_t begin, std::size_t end) : message_(message.substr(0, end)), at_(begin) {}

  std::size_t position() const { return at_; }
  bool failed() const { return failed_; }

  std::uint8_t octet() { return has(1) ? static_cast<std::uint8_t>(message_[at_++]) : std::uint8_t{0}; }
  std::uint16_t word() {
    const unsigned high = octet();
    const unsigned low = octet();
    return static_cast<std::uint16_t>(high << 8 | low);
  }
  std::uint32_t number() {
    const std::uint32_t high = word();
    const std::uint32_t low = word();
    return high << 16 | low;
  }
  std::string_view bytes(std::size_t count) {
    if (!has(count)) return {};
    at_ += count;
    return message_.substr(at_ - count, count);
  }
  // A <character-string> (RFC 1035 §3.3).
  std::string text() {
    const std::size_t count = octet();
    return std::string(bytes(count));
  }
  // A name, in lower case, its compression undone; "" for the root. The library refuses loops and what points outside.
  std::string name() {
    const auto* begin = reinterpret_cast<const unsigned char*>(message_.data());
    char* expanded = nullptr;
    long length = 0;
    const int status =
        failed_ ? ARES_EBADNAME
                : ares_expand_name(begin + at_, begin, static_cast<int>(message_.size()), &expanded, &length);
    if (status != ARES_SUCCESS) {
      failed_ = true;
      return {};
    }
    at_ += static_cast<std::size_t>(length);
    std::string name = lowercase(expanded);
    ares_free_string(expanded);
    return name;
  }

 private:
  bool has(std::size_t count) {
    failed_ = failed_ || message_.size() - at_ < count;
    return !failed_;
  }

  std::string_view message_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

struct Header {
  bool is_answer = false;
  int code = 0;
  std::uint16_t questions = 0, answers = 0, authorities = 0;
};

Header read_header(Cursor& cursor) {
  cursor.word();  // the id is the client's business
  const std::uint16_t flags = cursor.word();
  Header header{(flags & 0x8000) != 0, flags & 0x0f, cursor.word(), cursor.word(), cursor.word()};
  cursor.word();  // additional records are not asked for
  return header;
}

struct Record {
  std::string owner;
  int type = 0;
  int record_class = 0;
  std::chrono::seconds ttl{0};
  std::size_t begin = 0, end = 0;  // of its data
};

Record read_record(Cursor& cursor) {
  Record record;
  record.owner = cursor.name();
  record.type = cursor.word();
  record.record_class = cursor.word();
  const std::uint32_t ttl = cursor.number();
  // RFC 2181 §8: with its highest bit set it counts as zero.
  record.ttl = std::chrono::seconds(ttl > 0x7fffffffu ? 0 : ttl);
  const std::uint16_t length = cursor.word();
  record.begin = cursor.position();
  cursor.bytes(length);
  record.end = cursor.position();
  return record;
}

template <std::size_t count>
std::array<std::uint8_t, count> octets(std::string_view bytes) {
  std::array<std::uint8_t, count> result{};
  std::ranges::copy(bytes, result.begin());
  return result;
}

std::string or_root(const std::string& name) { return name.empty() ? "." : name; }

std::optional<DnsRecord> read_data(std::string_view message, const Record& record, DnsType type) {
  Cursor data(message, record.begin, record.end);
  const std::size_t size = record.end - record.begin;
  switch (type) {
    case DnsType::A:
      if (size != 4) return std::nullopt;
      return IpAddress::v4(octets<4>(data.bytes(4)));
    case DnsType::Aaaa:
      if (size != 16) return std::nullopt;
      return IpAddress::v6(octets<16>(data.bytes(16)));
    case DnsType::Srv: {
      SrvRecord srv;
      srv.priority = data.word();
      srv.weight = data.word();
      srv.port = data.word();
      srv.target = or_root(data.name());
      return data.failed() ? std::nullopt : std::optional<DnsRecord>(std::move(srv));
    }
    case DnsType::Naptr: {
      NaptrRecord naptr;
      naptr.order = data.word();
      naptr.preference = data.word();
      naptr.flags = data.text();
      naptr.service = data.text();
      naptr.regexp = data.text();
      naptr.replacement = data.name();
      return data.failed() ? std::nullopt : std::optional<DnsRecord>(std::move(naptr));
    }
  }
  return std::nullopt;
}

DnsReading failed(std::string reason) {
  return {std::unexpected(DnsFailure{DnsFailure::Kind::Failed, {}, std::move(reason)}), {}, {}};
}

// RFC 2308 §5: a negative answer lives as long as the SOA in its authority section, or that one's last field, say.
std::optional<std::chrono::seconds> negative_ttl(std::string_view message, const std::vector<Record>& authority) {
  for (const Record& record : authority) {
    if (record.type != type_soa) continue;
    Cursor data(message, record.begin, record.end);
    data.name();
    data.name();
    for (int i = 0; i < 4; ++i) data.number();  // serial, refresh, retry, expire
    const std::uint32_t minimum = data.number();
    if (!data.failed()) return std::min(record.ttl, std::chrono::seconds(minimum));
  }
  return std::nullopt;
}

std::vector<Record> read_section(Cursor& cursor, std::size_t count) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < count && i < limit::dns_records; ++i) {
    records.push_back(read_record(cursor));
    if (cursor.failed()) return {};
    if (records.back().record_class != class_internet) records.pop_back();
  }
  return records;
}

// The CNAMEs of the section undone, as far as they lead.
struct Owner {
  std::string name;
  std::chrono::seconds ttl = std::chrono::seconds::max();
  std::size_t aliases = 0;
};

Owner follow_aliases(std::string_view message, const std::vector<Record>& answers, const std::string& name) {
  Owner owner;
  owner.name = name;
  while (owner.aliases <= limit::dns_aliases) {
    const auto alias = std::ranges::find_if(
        answers, [&](const Record& record) { return record.type == type_cname && record.owner == owner.name; });
    if (alias == answers.end()) break;
    Cursor data(message, alias->begin, message.size());
    std::string target = data.name();
    if (data.failed() || target.empty()) break;
    owner.name = std::move(target);
    owner.ttl = std::min(owner.ttl, alias->ttl);
    ++owner.aliases;
  }
  return owner;
}

}  // namespace

DnsReading read_dns_answer(std::string_view bytes, const DnsQuestion& question) {
  Cursor cursor(bytes);
  const Header header = read_header(cursor);
  if (cursor.failed() || !header.is_answer) return failed("the name server sent what is no answer");
  if (header.code != no_error && header.code != name_error) {
    return failed("the name server said error " + std::to_string(header.code));
  }
  for (std::size_t i = 0; i < header.questions && !cursor.failed(); ++i) {
    cursor.name();
    cursor.number();
  }
  const std::vector<Record> answers = read_section(cursor, header.answers);
  if (cursor.failed()) return failed("the name server's answer cannot be read");
  const Owner owner = follow_aliases(bytes, answers, question.name);
  if (owner.aliases > limit::dns_aliases) return failed("too many aliases, or a loop of them");

  DnsAnswer found;
  found.ttl = owner.ttl;
  for (const Record& record : answers) {
    if (record.type != dns_type_number(question.type) || record.owner != owner.name) continue;
    std::optional<DnsRecord> data = read_data(bytes, record, question.type);
    if (!data) return failed("a record of the name server's answer cannot be read");
    found.records.push_back(*std::move(data));
    found.ttl = std::min(found.ttl, record.ttl);
  }
  if (!found.records.empty()) return {std::move(found), {}, {}};
  if (owner.aliases > 0 && header.code == no_error) return {std::unexpected(DnsFailure{}), owner.name, owner.ttl};

  DnsFailure failure;
  failure.kind = header.code == name_error ? DnsFailure::Kind::NoSuchName : DnsFailure::Kind::NoRecords;
  if (header.answers <= limit::dns_records) failure.ttl = negative_ttl(bytes, read_section(cursor, header.authorities));
  failure.reason = header.code == name_error
                       ? "there is no name '" + question.name + '\''
                       : '\'' + question.name + "' has no " + std::string(dns_type_text(question.type)) + " record";
  return {std::unexpected(std::move(failure)), {}, {}};
}

int dns_type_number(DnsType type) {
  switch (type) {
    case DnsType::A:
      return 1;
    case DnsType::Aaaa:
      return 28;
    case DnsType::Srv:
      return 33;
    case DnsType::Naptr:
      return 35;
  }
  return 0;
}

}  // namespace intermediary
