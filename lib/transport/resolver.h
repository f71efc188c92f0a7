// Who asks name servers, remembers, and tells those who wait: RFC 3263 from a URI's host to an ordered list of hops.
//
//   auto found = resolver.find(now, target, HopOrder::Drawn);   // hops at once, a lookup that waits, or why there are
//   none for (auto& asked : resolver.take_questions()) …             // these go out resolver.answered(now, query,
//   result);                      // one comes back for (auto& done : resolver.take_finished()) …               //
//   these lookups are over
//
// What a lookup has heard is its own until it is over, so a TTL that ends meanwhile breaks nothing; two lookups that
// need the same record share one question. What failed for one lookup is not held against the next. Limits
// (docs/security.md): limit::dns_lookups wait at a time, limit::dns_questions are out, and see locate().
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "transport/dns_cache.h"
#include "transport/locate.h"

namespace intermediary {

struct LookupTag;
using LookupId = StrongId<LookupTag>;

// What happened that people should hear of.
struct DnsTrouble {
  enum class Kind : std::uint8_t {
    Unanswered,  // a server failed or did not answer
    StaleUsed,   // the same, and what it said earlier is believed on
    SipsGone,    // a domain that offered SIPS by NAPTR does not any more (RFC 3263 §7)
  };
  Kind kind = Kind::Unanswered;
  DnsQuestion question;
  std::string reason;
};

class Resolver {
 public:
  struct Asked {
    QueryId query;
    DnsQuestion question;
  };
  struct Finished {
    LookupId lookup;
    std::expected<std::vector<Hop>, std::string> hops;  // at least one
  };
  struct Fetched {
    LookupId lookup;
    DnsQuestion question;
    DnsResult result;
  };

  // REQUIRES: names and random outlive the resolver.
  Resolver(const DnsTimes& times, const LocalNames& names, RandomSource& random)
      : names_(names), random_(random), cache_(times) {}

  std::variant<std::vector<Hop>, LookupId, std::string> find(TimePoint now, const ResolveTarget& target,
                                                             HopOrder order);
  // The records of one name, as they are: the cache's at once, or a lookup that waits. REQUIRES: the name is canonical.
  std::variant<DnsResult, LookupId> fetch(TimePoint now, const DnsQuestion& question);
  // Nobody waits for it any longer. Does nothing when it is over.
  void forget(LookupId lookup) {
    lookups_.erase(lookup);
    fetches_.erase(lookup);
  }
  bool is_looking(LookupId lookup) const { return lookups_.contains(lookup) || fetches_.contains(lookup); }
  // An answer to a question that is not out is nobody's: ignored.
  void answered(TimePoint now, QueryId query, DnsResult result);

  std::vector<Asked> take_questions() { return std::exchange(questions_, {}); }
  std::vector<Finished> take_finished() { return std::exchange(finished_, {}); }
  std::vector<Fetched> take_fetched() { return std::exchange(fetched_, {}); }
  std::vector<DnsTrouble> take_troubles() { return std::exchange(troubles_, {}); }

  std::size_t lookup_count() const { return lookups_.size() + fetches_.size(); }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  struct Lookup {
    ResolveTarget target;
    HopOrder order = HopOrder::Drawn;
    DnsAnswers known;
  };
  struct Out {
    DnsQuestion question;
    std::vector<LookupId> waiting;
  };

  std::optional<std::expected<std::vector<Hop>, std::string>> advance(TimePoint now, LookupId id, Lookup& lookup);
  bool ask(LookupId id, const DnsQuestion& question);
  void watch_sips(const DnsQuestion& question, const DnsResult& result);

  const LocalNames& names_;
  RandomSource& random_;
  DnsCache cache_;
  std::map<LookupId, Lookup> lookups_;
  std::map<LookupId, DnsQuestion> fetches_;
  std::map<QueryId, Out> out_;
  std::map<DnsQuestion, QueryId> out_by_question_;
  std::map<std::string, std::uint64_t> sips_domains_;  // with the turn in which they were seen last
  std::uint64_t last_lookup_ = 0;
  std::uint64_t last_query_ = 0;
  std::uint64_t last_turn_ = 0;
  std::vector<Asked> questions_;
  std::vector<Finished> finished_;
  std::vector<Fetched> fetched_;
  std::vector<DnsTrouble> troubles_;
};

}  // namespace intermediary
