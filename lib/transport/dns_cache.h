// What name servers have said, kept for as long as it may be believed: records for their TTL, the lack of records for
// that of the zone (RFC 2308 §5), both within bounds of ours. Whether a server works is not its business.
//
// When servers fail, what they said last is believed on for a bounded time (RFC 8767). An answer of another domain's
// trouble never pushes out more than its share: the least recently used of limit::dns_cache_entries goes first.
//
// Contract: `now` never decreases. Names are canonical (transport/dns.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/time.h"
#include "transport/dns.h"
#include "transport/dns_times.h"

namespace intermediary {

class DnsCache {
 public:
  explicit DnsCache(const DnsTimes& times) : times_(times) {}

  // What is known and may still be believed.
  std::optional<DnsResult> find(TimePoint now, const DnsQuestion& question);

  struct Believed {
    DnsResult result;
    bool stale = false;  // said earlier: the server has just failed
  };
  // What is to be believed now that this answer came. A failure is not remembered, but what is believed instead is for
  // as long as RFC 8767 §5 advises, so that a dead server is not asked for every call.
  Believed learn(TimePoint now, const DnsQuestion& question, DnsResult result);

  std::size_t size() const { return entries_.size(); }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  struct Entry {
    DnsResult result;
    TimePoint fresh_until{};
    TimePoint stale_until{};
    std::uint64_t turn = 0;
  };

  void touch(const DnsQuestion& question, Entry& entry);
  void erase(std::map<DnsQuestion, Entry>::iterator entry);

  DnsTimes times_;
  std::map<DnsQuestion, Entry> entries_;
  std::map<std::uint64_t, DnsQuestion> by_use_;
  std::uint64_t last_turn_ = 0;
};

}  // namespace intermediary
