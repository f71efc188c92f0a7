#include "engine/checkpoint.h"

#include <algorithm>
#include <cassert>

#include "base/flow_archive.h"
#include "engine/core.h"
#include "message/message_archive.h"

namespace intermediary {

namespace {

constexpr std::string_view magic = "Intermediary save\n";
constexpr std::size_t hash_bytes = 16;
constexpr HashKey plain_key{0, 0};

std::string hash_of(std::string_view bytes) {
  const WideHash hash = KeyedHash(plain_key).field(bytes).finish_wide();
  std::string text;
  for (const std::uint64_t word : {hash.high, hash.low}) {
    for (unsigned shift = 0; shift < 64; shift += 8) text.push_back(static_cast<char>(word >> shift));
  }
  return text;
}

std::string hash_of(const Config& config) {
  ArchiveWriter archive;
  archive(config);
  return hash_of(archive.take());
}

}  // namespace

// A reload leaves parts that the configuration does not ask for any more: they have something to do.
template <class Archive>
void EngineCore::transfer_parts(Archive& archive) {
  bool notifies_here = notifier_.has_value(), follows_here = observer_.has_value();
  bool registers_here = registrant_.has_value();
  archive(notifies_here, follows_here, registers_here);
  if constexpr (Archive::reads) {
    if (notifies_here < notifier_.has_value() || follows_here < observer_.has_value() ||
        registers_here < registrant_.has_value()) {
      return archive.fail("an engine without a part that its configuration asks for");
    }
    if (notifies_here && !notifier_) make_notifier();
    if (follows_here && !observer_) make_observer();
    if (registers_here && !registrant_) make_registrant();
  }
}

template <class Archive>
void EngineCore::transfer(Archive& archive) {
  // The configuration's, or made from it and the seed: config to gruu_key, smime to registrar, the settings,
  // access_tables, line_key. The last three, what never opened and what was admitted are empty when the engine is
  // drained.
  auto& [config, reads_parties, proxy_settings, names, random, timers, flows, never_opened, tag_key, gruu_key,
         transactions, resolver, detours, location, peers, rates, smime, capabilities, registrar, dialogs,
         dialog_settings, notifier_settings, notifier, ledger, observer, prober, line_key, registrant, stateful,
         stateless, authenticators, access_tables, limiters, identity, overload, admission, store, users, http, routes,
         registering, now, wall_offset, nonce_offset, knows_wall, draining, holds_calls, counters, rule_hits, reports,
         outputs, taken, trace] = *this;
  archive(random, now, wall_offset, nonce_offset, knows_wall, draining, holds_calls, counters, rule_hits);
  transfer_parts(archive);
  archive(timers, flows, transactions, resolver, detours, location, peers, dialogs);
  if (notifier) archive(*notifier);
  if (prober) archive(*prober);
  if (registrant) archive(*registrant);
  if (ledger) archive(*ledger);
  stateful.transfer(archive, {observer ? &*observer : nullptr, ledger ? &*ledger : nullptr});
  archive(stateless, registering);
  if (config.store.is_outside() || !config.user_stores.empty()) archive(store, users);
  for (DigestAuthenticator& authenticator : authenticators) archive(authenticator);
  for (RateLimiter& limiter : limiters) archive(limiter);
  archive(identity, overload, http, routes);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    constexpr auto longest = Duration(std::int64_t{1} << 60);
    const auto is_possible = [&](Duration time) { return -longest < time && time < longest; };
    if (rule_hits.size() != config.rules.size()) return archive.fail("hits of rules that there are not");
    if (!is_possible(now.time_since_epoch()) || !is_possible(wall_offset) || !is_possible(nonce_offset) ||
        !timers.may_go_on(now)) {
      return archive.fail("a time that cannot be");
    }
    if (!timers.has_given(overload.episode.timer)) return archive.fail("an end of overload that nobody waits for");
    if (const std::string problem = problem_with_waits(); !problem.empty()) return archive.fail(problem);
    for (const DialogSetId set : dialogs.all()) {
      for (const DialogId dialog : dialogs.find(set)->dialogs) {
        if (!timers.has_given(dialogs.find(dialog)->expiry)) return archive.fail("a timer that nobody armed");
      }
    }
  }
}

// Whatever waits has somebody who wants the answer, and an end; else a save that nobody made would leave a row for
// ever. "" where all is well.
std::string EngineCore::problem_with_waits() const {
  constexpr Duration longest = std::chrono::hours(1);  // more than any of them may take
  const auto ends = [&](TimerHandle deadline, const TimerTag& tag) {
    const auto armed = timers_.find(deadline);
    return armed && armed->tag == tag && armed->deadline <= now_ + longest;
  };
  const auto all = [](const auto& waits, const auto& is_good) { return std::ranges::all_of(waits, is_good); };
  const auto is_http = [&](const auto& entry) {
    const auto& [query, wait] = entry;
    const bool is_wanted =
        wait.use == HttpUse::RouteQuery ? routes_.waits_for(query, wait.subject) : identity_.waits_for(wait.subject);
    return is_wanted && ends(wait.deadline, {TimerOwner::Http, 0, query.value});
  };
  if (!http_.is_coherent() || !all(http_.waits, is_http)) return "an answer of an HTTP server that nobody waits for";
  const auto is_store = [&](const auto& entry) {
    const bool has_answer = entry.second.kind != StoreWait::Kind::Clean;
    return ends(entry.second.deadline, {TimerOwner::Store, StoreDesk::deadline_timer, entry.first}) &&
           (!has_answer || transactions_.find(entry.second.server));
  };
  const bool loads = !store_.is_loading || ends(store_.load_deadline, {TimerOwner::Store, StoreDesk::load_timer, 0});
  if (!store_.is_coherent() || !loads || !all(store_.waits, is_store)) return "a request that waits for no store";
  const auto is_question = [&](const auto& entry) {
    const auto& [query, question] = entry;
    return query.value <= store_.last_query && ends(question.deadline, {TimerOwner::Users, 0, query.value});
  };
  if (!users_.is_coherent() || !all(users_.questions, is_question)) return "a request that waits for no user";
  const auto is_route = [&](const auto& entry) {
    const auto& [ticket, wait] = entry;
    const bool by_http = wait.kind == RouteWait::Kind::Query;
    return transactions_.find(wait.server) && (by_http ? http_.asks(wait.query, HttpUse::RouteQuery, ticket)
                                                       : ends(wait.deadline, {TimerOwner::Route, 0, ticket}));
  };
  if (!routes_.is_coherent() || !all(routes_.waits, is_route)) return "a request that waits for nobody";
  const auto has_call = [&](const auto& entry) { return transactions_.find(entry.second.call.server) != nullptr; };
  const auto is_fetch = [&](const auto& entry) { return http_.count(HttpUse::Certificate, entry.second) == 1; };
  if (!all(identity_.waits, has_call) || !all(identity_.fetches, is_fetch)) return "a call that waits for nobody";
  return {};
}

std::string write_checkpoint(EngineCore& core) {
  assert(core.is_drained());
  ArchiveWriter archive;
  archive.raw(magic);
  archive(checkpoint_version);
  archive.raw(hash_of(core.config()));
  archive(core);
  const std::string bytes = archive.take();
  return bytes + hash_of(bytes);
}

std::expected<Checkpoint, std::string> open_checkpoint(const Config& config, std::string_view saved) {
  if (!saved.starts_with(magic)) return std::unexpected("no save of an engine begins here");
  const std::string_view bytes = saved.substr(0, saved.size() - std::min(saved.size(), hash_bytes));
  ArchiveReader archive(bytes.substr(std::min(bytes.size(), magic.size())));
  std::uint32_t version = 0;
  archive(version);
  if (archive.ok() && version != checkpoint_version) {
    return std::unexpected("the save is of version " + std::to_string(version) + ", and this program reads version " +
                           std::to_string(checkpoint_version));
  }
  if (saved.substr(bytes.size()) != hash_of(bytes)) {
    return std::unexpected("the save is damaged or cut off: its checksum does not fit");
  }
  if (archive.raw(hash_bytes) != hash_of(config)) {
    return std::unexpected("the save was made under another configuration");
  }
  Checkpoint checkpoint;
  checkpoint.state = bytes.substr(bytes.size() - archive.left());
  RandomSource random(checkpoint.seed);
  archive(random);
  if (!archive.ok()) return std::unexpected("the save cannot be read: " + archive.error());
  checkpoint.seed = random.seed();
  return checkpoint;
}

std::string read_checkpoint(const Checkpoint& checkpoint, EngineCore& core) {
  ArchiveReader archive(checkpoint.state);
  archive(core);
  archive.expect_end();
  return archive.ok() ? std::string() : "the save cannot be read: its state, " + archive.error();
}

std::string with_checksum(std::string_view saved) {
  const std::string_view bytes = saved.substr(0, saved.size() - std::min(saved.size(), hash_bytes));
  return std::string(bytes) + hash_of(bytes);
}

}  // namespace intermediary
