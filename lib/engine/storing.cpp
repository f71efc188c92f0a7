// The location service with a store outside of the process: what waits for it, and what goes on when it does not
// answer.
//
// A binding is durable before its 200 leaves. Each REGISTER fetches what stands there, since another node may have
// written, and writes under the version that it has seen; nothing is believed to be bound before the store has said so.
#include <utility>

#include "base/overloaded.h"
#include "engine/core.h"
#include "location/gruu.h"
#include "location/stored.h"
#include "message/date.h"
#include "transport/via.h"

namespace intermediary {

namespace {

constexpr std::string_view store_again = "5";                         // Retry-After, in seconds
constexpr Duration lookup_patience = std::chrono::milliseconds(500);  // before the caller repeats his INVITE
constexpr Duration load_pause = std::chrono::seconds(1);

Refusal cannot_store(std::string reason) {
  return {503, std::move(reason), {{"Retry-After", std::string(store_again)}}};
}

bool is_of(const StoreWait& wait, const StoredRecord& record) {
  return wait.address_of_record == record.address_of_record;
}

Refusal refusal_of(UaAnswer answer) { return {answer.status, std::move(answer.detail), std::move(answer.fields)}; }

}  // namespace

StoreHome EngineCore::store_home() const {
  StoreHome home;
  home.process = KeyedHash(tag_key_).field("process").finish() | 1;
  home.is_shared = config_.store.is_shared();
  home.wall_offset = wall_offset_;
  home.listener_name = [this](ListenerId id) {
    return id && id.value <= config_.listeners.size() ? config_.listeners[id.value - 1].name : std::string();
  };
  home.listener = [this](std::string_view name, Transport transport) {
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      const LocalNames::Listener* known = names_.find(ListenerId{static_cast<std::uint32_t>(i + 1)});
      if (config_.listeners[i].name == name && known && is_secure(known->transport) == is_secure(transport)) {
        return known->id;
      }
    }
    return ListenerId{};
  };
  home.is_open = [this](FlowId flow) { return flows_.find(flow) != nullptr; };
  return home;
}

StoredRecord EngineCore::record_of(const std::string& address_of_record, std::span<const Binding> bindings,
                                   std::uint64_t version) const {
  StoredRecord record{address_of_record, version, write_bindings(bindings, store_home()), wall()};
  for (const Binding& binding : bindings) {
    record.expires = std::max(record.expires, WallTime(wall_offset_ + binding.expires.time_since_epoch()));
  }
  return record;
}

// No version comes twice, though a record was removed or forgotten between them.
std::uint64_t EngineCore::version_after(std::uint64_t version) const {
  return std::max(version + 1,
                  static_cast<std::uint64_t>(std::max<Duration::rep>(wall().time_since_epoch().count(), 1)));
}

StoredRecord EngineCore::known_record(const std::string& address_of_record) const {
  return record_of(address_of_record, location_.bindings(address_of_record), 1);
}

// What cannot be read counts for nothing, so that it can be written anew.
bool EngineCore::adopt(const StoredRecord& record) {
  auto bindings = read_bindings(record.bindings, store_home());
  if (!bindings) {
    ++counters_.store_failures;
    emit(StoreChanged{true, record.address_of_record + ": " + bindings.error()});
    bindings.emplace();
  }
  return location_.adopt(now_, record.address_of_record, *std::move(bindings));
}

// ---- asking

void EngineCore::ask_store(std::uint64_t ticket, StoreOperation operation) {
  const QueryId query{++store_.last_query};
  store_.waits.at(ticket).query = query;
  store_.asked.emplace(query, ticket);
  ++counters_.store_requests;
  outputs_.emplace_back(StoreRequest{query, std::move(operation)});
}

std::uint64_t EngineCore::wait_for_store(StoreWait wait, Duration patience) {
  const std::uint64_t ticket = ++store_.last_ticket;
  wait.deadline = timers_.arm(now_, patience, {TimerOwner::Store, StoreDesk::deadline_timer, ticket});
  store_.waits.emplace(ticket, std::move(wait));
  return ticket;
}

// And who is next in line has his turn.
StoreWait EngineCore::stop_waiting(std::uint64_t ticket) {
  const auto found = store_.waits.find(ticket);
  StoreWait wait = std::move(found->second);
  store_.waits.erase(found);
  store_.asked.erase(wait.query);
  timers_.cancel(wait.deadline);
  if (wait.kind == StoreWait::Kind::Lookup) return wait;
  const auto line = store_.lines.find(wait.address_of_record);
  const bool had_its_turn = line->second.front() == ticket;
  std::erase(line->second, ticket);
  if (line->second.empty()) {
    store_.lines.erase(line);
  } else if (had_its_turn) {
    ask_store(line->second.front(), FetchRecord{wait.address_of_record});
  }
  return wait;
}

void EngineCore::note_store(bool available, const std::string& reason) {
  if (!available) ++counters_.store_failures;
  if (store_.is_down == !available) return;
  store_.is_down = !available;
  emit(StoreChanged{available, reason});
}

void EngineCore::take(StoreReplied& input) {
  if (take_user(input)) return;
  if (store_.load && input.query == store_.load) return take_loaded(input.reply);
  const auto asked = store_.asked.find(input.query);
  if (asked == store_.asked.end()) return;  // too late: its request has been answered
  const std::uint64_t ticket = asked->second;
  store_.asked.erase(asked);
  const auto* unavailable = std::get_if<StoreUnavailable>(&input.reply);
  note_store(!unavailable, unavailable ? unavailable->reason : std::string());
  StoreWait& wait = store_.waits.at(ticket);
  wait.query = {};
  switch (wait.kind) {
    case StoreWait::Kind::Register:
      return take_reply(ticket, input.reply);
    case StoreWait::Kind::Lookup: {
      const auto* found = std::get_if<RecordFound>(&input.reply);
      return end_lookup(ticket, found && is_of(wait, found->record) && adopt(found->record));
    }
    case StoreWait::Kind::Clean:
      return clean(ticket, input.reply);
  }
}

void EngineCore::take_reply(std::uint64_t ticket, const StoreReply& reply) {
  const bool was_writing = store_.waits.at(ticket).record.version != 0;
  std::visit(Overloaded{
                 [&](const RecordFound& found) { plan_registration(ticket, found.record); },
                 [&](const RecordReplaced&) {
                   if (was_writing) return registered(ticket);
                   refuse_registration(ticket, cannot_store("nothing was to be replaced"));
                 },
                 [&](const RecordConflict& conflict) { take_conflict(ticket, conflict.record); },
                 [&](const StoreUnavailable& no) { refuse_registration(ticket, cannot_store(no.reason)); },
                 [&](const RecordsFound&) { refuse_registration(ticket, cannot_store("another reply was due")); },
                 [&](const UserFound&) { refuse_registration(ticket, cannot_store("another reply was due")); },
             },
             reply);
}

void EngineCore::store_timer_fired(const TimerTag& tag) {
  const std::string reason = "the store has not answered in time";
  if (tag.kind == StoreDesk::load_timer) {
    if (store_.load) note_store(false, reason);
    return load_records();
  }
  const auto wait = store_.waits.find(tag.subject);
  if (wait == store_.waits.end()) return;
  note_store(false, reason);
  switch (wait->second.kind) {
    case StoreWait::Kind::Register:
      return refuse_registration(tag.subject, cannot_store(reason));
    case StoreWait::Kind::Lookup:
      return end_lookup(tag.subject, false);
    case StoreWait::Kind::Clean:
      static_cast<void>(stop_waiting(tag.subject));
  }
}

// ---- REGISTER (RFC 3261 §10.3)

void EngineCore::begin_registering(const Preprocessed& pre, const Arrival& arrival, const Rule& rule,
                                   const std::string& user, std::uint64_t key, const StoreWait* waited) {
  const MessagePtr& request = pre.request;
  const bool asks = !rule.challenge.empty();
  const auto refuse_it = [&](const Refusal& refusal) { turn_back(request, arrival, refusal, rule, asks, waited); };
  if (auto refusal = refuse_user(pre, rule, user)) return refuse_it(*refusal);
  auto asked = registrar_.read(*request, arrival, wall());
  if (!asked) return refuse_it(refusal_of(asked.error()));
  const auto before = store_.lines.find(asked->address_of_record);
  const std::size_t length = before == store_.lines.end() ? 0 : before->second.size();
  if (store_.waits.size() >= limit::store_waits || length >= limit::store_waits_of_address) {
    return refuse_it(cannot_store("too many requests wait for the store"));
  }
  const ServerTransactionId server = waited ? waited->server : open_transaction(request, arrival);
  transactions_.set_user(server, {registering_user_kind, key});
  registering_.insert(key);
  StoreWait wait;
  wait.request = request;
  wait.arrival = arrival;
  wait.server = server;
  wait.address_of_record = asked->address_of_record;
  wait.rule = rule.name;
  const std::uint64_t ticket = wait_for_store(std::move(wait), config_.store.timeout);
  store_.lines[asked->address_of_record].push_back(ticket);
  if (length == 0) ask_store(ticket, FetchRecord{asked->address_of_record});
}

// All of it again from the request, since what it is compared with has just come.
void EngineCore::plan_registration(std::uint64_t ticket, const StoredRecord& record) {
  StoreWait& wait = store_.waits.at(ticket);
  if (!is_of(wait, record) || !adopt(record)) {
    return refuse_registration(ticket, cannot_store("there is no room for what is bound already"));
  }
  const auto asked = registrar_.read(*wait.request, wait.arrival, wall());
  if (!asked) return refuse_registration(ticket, refusal_of(asked.error()));
  if (!asked->changes()) return registered(ticket);
  auto update = registrar_.plan(now_, *asked);
  if (!update) return refuse_registration(ticket, refusal_of(update.error()));
  wait.record = record_of(wait.address_of_record, update->bindings, version_after(record.version));
  wait.changes = std::move(update->changes);
  if (record.version == 0 && wait.record.bindings.empty()) return registered(ticket);
  ask_store(ticket, ReplaceRecord{record.version, wait.record});
}

void EngineCore::take_conflict(std::uint64_t ticket, const StoredRecord& record) {
  ++counters_.store_conflicts;
  if (++store_.waits.at(ticket).conflicts < limit::store_conflicts) return plan_registration(ticket, record);
  refuse_registration(ticket, cannot_store("other nodes write this address of record at the same time"));
}

void EngineCore::registered(std::uint64_t ticket) {
  const StoreWait wait = stop_waiting(ticket);
  if (wait.record.version != 0) adopt(wait.record);
  const auto asked = registrar_.read(*wait.request, wait.arrival, wall());
  UaAnswer answer = asked ? registrar_.accept(now_, *asked, wait.changes) : asked.error();
  if (answer.is_refusal()) return refuse_on(wait, refusal_of(std::move(answer)), random_.token(16));
  if (knows_wall_) answer.fields.emplace_back("Date", date_text(wall()));
  answer_on(wait.server, wait.request, std::move(answer), random_.token(16));
}

void EngineCore::refuse_registration(std::uint64_t ticket, const Refusal& refusal) {
  const StoreWait wait = stop_waiting(ticket);
  refuse_on(wait, refusal, random_.token(16));
}

// ---- lookups (RFC 3261 §16.5)

// The address of record that has to be fetched first; "" where nothing has. REQUIRES: there is a store.
std::string EngineCore::to_fetch(const Preprocessed& request, const Decision& decision) const {
  if ((!config_.store.is_shared() && store_.is_loaded) || !decision.rule) return {};
  const Method method = request.request->method();
  if (method == Method::Ack || method == Method::Cancel || leads_past_us(request)) return {};
  const auto* redirect = std::get_if<RedirectAction>(&decision.rule->action);
  const bool looks_up = std::holds_alternative<LookupAction>(decision.rule->action);
  if (!looks_up && (!redirect || !redirect->contacts.empty())) return {};
  const Uri& uri = request.request_uri;
  if (!uri.has_parameter(gruu_parameter)) return address_of_record(uri);
  const auto gruu = read_gruu(gruu_key_, uri);
  return gruu ? gruu->address_of_record : std::string();
}

void EngineCore::look_up_later(const MessagePtr& request, const Arrival& arrival, const std::string& aor,
                               const Decision& decision, bool was_asked, const std::string& user,
                               const StoreWait* waited, std::optional<CallerWait> caller) {
  if (const auto full = waited ? std::nullopt : not_admitted(arrival)) {
    return refuse(request, arrival, *full, decision.rule_name());
  }
  StoreWait wait;
  wait.kind = StoreWait::Kind::Lookup;
  wait.request = request;
  wait.arrival = arrival;
  wait.server = waited ? waited->server : open_transaction(request, arrival);
  if (waited) wait.kept = waited->kept;
  wait.caller = caller;
  wait.address_of_record = aor;
  wait.rule = decision.rule_name();
  wait.was_asked = was_asked;
  wait.user = user;
  const bool is_full = store_.waits.size() >= limit::store_waits;
  const std::uint64_t ticket = wait_for_store(std::move(wait), std::min(lookup_patience, config_.store.timeout));
  if (is_full) return end_lookup(ticket, false);
  ask_store(ticket, FetchRecord{aor});
}

// Calls go on: what was known last is still good until it expires.
void EngineCore::end_lookup(std::uint64_t ticket, bool was_fetched) {
  const StoreWait wait = stop_waiting(ticket);
  if (!was_fetched) ++counters_.known_lookups;
  auto pre = prepare(wait.request, wait.arrival);
  if (!pre) return refuse_on(wait, pre.error(), random_.token(16));
  const Decision decision = decided(*pre, wait);
  if (wait.request->method() == Method::Register) {
    if (const auto refusal = put_on_path(*pre, wait.arrival)) return refuse_on(wait, *refusal, random_.token(16));
  }
  if (wait.caller) mark_caller(*pre, *wait.caller);
  if (decision.rule) {
    const NumberPlan* plan = number_plan(decision.rule->changes.numbers);
    if (wait.kept) plan = wait.kept->plan ? &*wait.kept->plan : nullptr;
    if (const auto refusal = transform(*pre, *decision.rule, plan)) {
      return refuse_on(wait, *refusal, random_.token(16));
    }
  }
  // RFC 3261 §21.4.18: nobody is there now, and whoever asks again later may find somebody.
  const bool is_blind = !was_fetched && location_.bindings(wait.address_of_record).empty();
  if (is_blind) {
    const Refusal refusal{480,
                          "the store does not answer, and nobody is known to be registered there",
                          {{"Retry-After", std::string(store_again)}}};
    return refuse_on(wait, refusal, random_.token(16));
  }
  proceed(wait.request, wait.arrival, *std::move(pre), decision, wait.was_asked, wait.user, &wait);
}

void EngineCore::cancel_lookup(std::uint64_t ticket, const std::string& tag) {
  const StoreWait wait = stop_waiting(ticket);
  refuse_on(wait, {487, "its caller has cancelled it", {}}, tag);
}

// ---- connections that close

// RFC 5626 §7: whoever was reached by it is reached no more, and others that share the store are to know it.
void EngineCore::forget_contacts_of(FlowId flow) {
  for (BindingChanged& change : location_.remove_flow(flow)) {
    if (config_.store.is_outside()) clean_later(change.address_of_record);
    emit(std::move(change));
  }
}

void EngineCore::clean_later(const std::string& aor) {
  auto& line = store_.lines[aor];
  const bool is_first = line.empty();
  if (store_.waits.size() >= limit::store_waits || line.size() >= limit::store_waits_of_address) {
    if (is_first) store_.lines.erase(aor);
    return;  // the next REGISTER leaves them out, too
  }
  StoreWait wait;
  wait.kind = StoreWait::Kind::Clean;
  wait.address_of_record = aor;
  const std::uint64_t ticket = wait_for_store(std::move(wait), config_.store.timeout);
  line.push_back(ticket);
  if (is_first) ask_store(ticket, FetchRecord{aor});
}

void EngineCore::clean(std::uint64_t ticket, const StoreReply& reply) {
  StoreWait& wait = store_.waits.at(ticket);
  const auto* found = std::get_if<RecordFound>(&reply);
  const auto* conflict = std::get_if<RecordConflict>(&reply);
  const StoredRecord* there = found ? &found->record : conflict ? &conflict->record : nullptr;
  const bool may_write = there && is_of(wait, *there) && wait.conflicts++ < limit::store_conflicts && adopt(*there);
  if (may_write) {
    const auto bindings = location_.bindings(wait.address_of_record);
    StoredRecord cleaned = record_of(wait.address_of_record, bindings, version_after(there->version));
    if (cleaned.bindings != there->bindings) {
      return ask_store(ticket, ReplaceRecord{there->version, std::move(cleaned)});
    }
  }
  static_cast<void>(stop_waiting(ticket));
}

// ---- the start of a process that has its store for itself

void EngineCore::load_records() {
  store_.is_loading = true;
  store_.load = QueryId{++store_.last_query};
  timers_.cancel(store_.load_deadline);
  store_.load_deadline = timers_.arm(now_, config_.store.timeout, {TimerOwner::Store, StoreDesk::load_timer, 0});
  ++counters_.store_requests;
  outputs_.emplace_back(StoreRequest{store_.load, LoadRecords{store_.loaded_to, limit::store_page}});
}

void EngineCore::take_loaded(const StoreReply& reply) {
  timers_.cancel(store_.load_deadline);
  store_.load = {};
  const auto* found = std::get_if<RecordsFound>(&reply);
  const auto* unavailable = std::get_if<StoreUnavailable>(&reply);
  note_store(found != nullptr, unavailable ? unavailable->reason : std::string());
  if (!found) {
    store_.load_deadline = timers_.arm(now_, load_pause, {TimerOwner::Store, StoreDesk::load_timer, 0});
    return;
  }
  for (const StoredRecord& record : found->records) {
    store_.loaded_to = record.address_of_record;
    if (adopt(record)) continue;
    emit(StoreChanged{true, "more bindings than there is room for, and so some are not known here"});
    break;
  }
  if (found->records.size() >= limit::store_page) return load_records();
  store_.is_loading = false;
  store_.is_loaded = true;
}

}  // namespace intermediary
