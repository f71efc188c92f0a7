#include "transport/resolver.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace intermediary {

std::variant<std::vector<Hop>, LookupId, std::string> Resolver::find(TimePoint now, const ResolveTarget& target,
                                                                     HopOrder order) {
  auto host = dns_name(target.host);
  if (!host) return "'" + target.host + "' is no name that could have an address";
  Lookup lookup{target, order, {}};
  lookup.target.host = *std::move(host);
  const LookupId id{++last_lookup_};
  auto result = advance(now, id, lookup);
  if (!result) {
    lookups_.emplace(id, std::move(lookup));
    return id;
  }
  if (*result) return std::move(**result);
  return std::move(result->error());
}

std::variant<DnsResult, LookupId> Resolver::fetch(TimePoint now, const DnsQuestion& question) {
  const auto failed = [](std::string reason) {
    return DnsResult(std::unexpected(DnsFailure{DnsFailure::Kind::Failed, {}, std::move(reason)}));
  };
  if (auto remembered = cache_.find(now, question)) return *std::move(remembered);
  if (lookup_count() >= limit::dns_lookups) return failed("too many names are being looked up");
  const LookupId id{++last_lookup_};
  if (!ask(id, question)) return failed("too many questions to name servers are open");
  fetches_.emplace(id, question);
  return id;
}

void Resolver::answered(TimePoint now, QueryId query, DnsResult result) {
  const auto found = out_.find(query);
  if (found == out_.end()) return;
  const Out out = std::move(found->second);
  out_.erase(found);
  out_by_question_.erase(out.question);
  watch_sips(out.question, result);
  const bool failed = !result && result.error().is_trouble();
  const std::string reason = failed ? result.error().why() : std::string();
  const DnsCache::Believed believed = cache_.learn(now, out.question, std::move(result));
  if (failed) {
    troubles_.push_back(
        {believed.stale ? DnsTrouble::Kind::StaleUsed : DnsTrouble::Kind::Unanswered, out.question, reason});
  }
  for (const LookupId id : out.waiting) {
    if (fetches_.erase(id) > 0) {
      fetched_.push_back({id, out.question, believed.result});
      continue;
    }
    const auto waiting = lookups_.find(id);
    if (waiting == lookups_.end()) continue;
    waiting->second.known.insert_or_assign(out.question, believed.result);
    auto done = advance(now, id, waiting->second);
    if (!done) continue;
    lookups_.erase(id);
    finished_.push_back({id, std::move(*done)});
  }
}

// One step after the other, as far as what is known leads; nullopt: it waits for answers.
std::optional<std::expected<std::vector<Hop>, std::string>> Resolver::advance(TimePoint now, LookupId id,
                                                                              Lookup& lookup) {
  while (true) {
    Located located = locate(lookup.target, lookup.order, lookup.known, names_, random_);
    if (located.missing.empty()) {
      if (located.hops.empty()) return std::unexpected(std::move(located.reason));
      return std::move(located.hops);
    }
    bool learned = false;
    for (const DnsQuestion& question : located.missing) {
      auto remembered = cache_.find(now, question);
      if (!remembered) continue;
      lookup.known.emplace(question, std::move(*remembered));
      learned = true;
    }
    if (learned) continue;
    if (lookup_count() >= limit::dns_lookups && !lookups_.contains(id)) {
      return std::unexpected("too many names are being looked up");
    }
    for (const DnsQuestion& question : located.missing) {
      if (!ask(id, question)) return std::unexpected("too many questions to name servers are open");
    }
    return std::nullopt;
  }
}

// False where there is no room for one more question.
bool Resolver::ask(LookupId id, const DnsQuestion& question) {
  if (const auto shared = out_by_question_.find(question); shared != out_by_question_.end()) {
    std::vector<LookupId>& waiting = out_.at(shared->second).waiting;
    if (std::ranges::find(waiting, id) == waiting.end()) waiting.push_back(id);
    return true;
  }
  if (out_.size() >= limit::dns_questions) return false;
  const QueryId query{++last_query_};
  out_.emplace(query, Out{question, {id}});
  out_by_question_.emplace(question, query);
  questions_.push_back({query, question});
  return true;
}

// RFC 3263 §7: a domain that offered SIPS and does not any more may be under attack.
void Resolver::watch_sips(const DnsQuestion& question, const DnsResult& result) {
  if (question.type != DnsType::Naptr) return;
  const auto offers_sips = [](const DnsRecord& record) {
    const auto* naptr = std::get_if<NaptrRecord>(&record);
    return naptr && equals_ignoring_case(std::string_view(naptr->service).substr(0, 5), "SIPS+");
  };
  if (result && std::ranges::any_of(result->records, offers_sips)) {
    sips_domains_[question.name] = ++last_turn_;
    if (sips_domains_.size() > limit::dns_sips_domains) {
      sips_domains_.erase(std::ranges::min_element(sips_domains_, {}, [](const auto& entry) { return entry.second; }));
    }
    return;
  }
  if ((result || !result.error().is_trouble()) && sips_domains_.erase(question.name) > 0) {
    troubles_.push_back({DnsTrouble::Kind::SipsGone, question, {}});
  }
}

}  // namespace intermediary
