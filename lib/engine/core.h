// The engine's inside: the rooms assembled, and the way of an input through them.
//
//   inbound.cpp   bytes -> messages: framing, parsing, received/rport, what is refused before any state exists
//   authentication.cpp  who asks, and the wall clock that it needs
//   policy.cpp    times, lists and limits that rules name
//   identity.cpp  who calls, by signatures: judged and made
//   identity_waiting.cpp  calls that wait for a signer's certificate
//   trust.cpp     whose asserted identities come in, and which go out
//   dispatch.cpp  messages -> who takes them: transactions, rules, registrar, proxy cores
//   answering.cpp  what is answered here: registrations, subscriptions, OPTIONS
//   planning.cpp  where a request goes and how: targets, preferences of the caller, breadth
//   edge.cpp      flows in Routes and Paths
//   transform.cpp  what rules change in a request before it goes on
//   peers.cpp     pools and trunks -> targets, and what is heard of them
//   trunks.cpp    trunks that register with others, and what is called by that
//   lookup.cpp    addresses of record and GRUUs -> targets
//   users.cpp     users that are in a store, and the requests that wait for them
//   overload.cpp  how much is taken on, and what neighbours are told and say of it
//   storing.cpp   what waits for the location service's store
//   asking.cpp    what waits for HTTP servers
//   route_asking.cpp  requests that wait for whoever is asked where they go
//   outbound.cpp  what leaves: hops, flows, the output queue
//   detours.cpp   responses whose first way failed
//   views.cpp     what stands in the tables, for people
//   reconfigure.cpp  another configuration, while it runs
//   checkpoint.cpp  all of it as bytes, and back
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/local_names.h"
#include "base/random.h"
#include "base/timer_queue.h"
#include "engine/config.h"
#include "engine/engine.h"
#include "engine/http_desk.h"
#include "engine/identity_desk.h"
#include "engine/io.h"
#include "engine/overload_desk.h"
#include "engine/route_desk.h"
#include "engine/store_desk.h"
#include "engine/trace.h"
#include "engine/user_desk.h"
#include "location/location.h"
#include "location/stored.h"
#include "policy/access_list.h"
#include "policy/digest.h"
#include "policy/rate_limit.h"
#include "policy/smime.h"
#include "proxy/call_ledger.h"
#include "proxy/dialog_observer.h"
#include "proxy/stateful.h"
#include "proxy/stateless.h"
#include "routing/peer_table.h"
#include "transaction/transaction_layer.h"
#include "transport/flow_table.h"
#include "transport/resolver.h"
#include "ua/dialog_notifier.h"
#include "ua/inspection.h"
#include "ua/prober.h"
#include "ua/registrant.h"
#include "ua/registrar.h"

namespace intermediary {

class EngineCore final : public Wire, public ProxyPort, public NotifierPort, public ProberPort, public RegistrantPort {
 public:
  EngineCore(const Config& config, const Seed& seed);

  void handle(TimePoint now, Input& input);
  std::optional<Output> poll();
  std::optional<TimePoint> next_deadline() const;
  TimePoint last_time() const { return now_; }
  std::vector<CallView> calls(std::size_t most) const;
  std::vector<BindingView> registrations(std::size_t most) const;
  std::vector<PeerTable::View> peers() const;
  std::vector<TrunkRegistrationView> trunk_registrations() const;
  std::vector<RuleView> rules() const;
  LiveObjects live() const;
  std::vector<TransactionView> transactions() const;
  const Counters& counters() const { return counters_; }
  StoredRecord known_record(const std::string& address_of_record) const;
  // All that inputs have changed: base/archive.h. REQUIRES: drained; to be read, new, from the same configuration and
  // the seed that the random source was made from.
  template <class Archive>
  void transfer(Archive& archive);
  bool is_drained() const { return taken_ == outputs_.size(); }
  const Config& config() const { return config_; }
  void set_trace(DecisionTrace* trace) { trace_ = trace; }
  void add_binding(TimePoint now, const std::string& aor, const std::string& contact_uri, std::chrono::seconds expires,
                   int q_thousandths);

 private:
  static constexpr std::uint8_t registering_user_kind = 4;  // in TransactionUser; 1 to 3 are others'

  // ---- inbound
  void take(DatagramReceived& input);
  void take(StreamReceived& input);
  void take(FlowOpened& input);
  void take(FlowClosed& input);
  void take(DatagramFailed& input);
  void lose(FlowId id, const std::string& reason);
  void take(DnsAnswered& input);
  void take(WallClock& input);
  void take(DeadlineReached& input);
  void take(Command& input);
  void take(StoreReplied& input);
  void take(ConfigurationChanged& input);
  void take(HttpReplied& input);
  void take(RouteDecided& input);
  void take_stun(std::string_view request, const Arrival& arrival);
  void parse(std::string bytes, Framing framing, const Arrival& arrival);
  void reject(const Refused& refused, const Arrival& arrival);
  // Arrivals come before the timers of the same instant: only DeadlineReached fires those of `now` itself.
  void fire_timers(TimePoint due);
  void drain_reports();

  // ---- dispatch
  struct Decision {
    const Rule* rule = nullptr;
    bool by_route_set = false;  // the route set of a dialog of ours decides, no rule
    ProxyMode mode = ProxyMode::Stateful;
    // Of a rule that asks: what it was told, or what it does without that.
    const RouteTo* told = nullptr;
    const RelayAction* instead = nullptr;
    std::string unknown{};  // why nobody knows who asks, where a rule wants to know it
    bool asks() const { return rule && std::holds_alternative<AskAction>(rule->action); }
    bool registers() const { return rule && std::holds_alternative<RegisterAction>(rule->action); }
    bool notifies() const { return rule && std::holds_alternative<NotifyAction>(rule->action); }
    bool redirects() const { return rule && std::holds_alternative<RedirectAction>(rule->action); }
    bool drops() const { return rule && std::holds_alternative<DropAction>(rule->action); }
    bool goes_on() const {
      const auto forwards = [&] {
        return std::holds_alternative<LookupAction>(rule->action) || std::holds_alternative<RelayAction>(rule->action);
      };
      return by_route_set || (rule && forwards());
    }
    std::string rule_name() const { return rule ? rule->name : std::string(); }
  };
  void receive(const MessagePtr& received, const Arrival& arrival);
  void receive_request(const MessagePtr& request, const Arrival& arrival);
  void receive_response(const MessagePtr& response, const Arrival& arrival);
  void note_alias(const Message& request, const Arrival& arrival);
  std::expected<Preprocessed, Refusal> prepare(const MessagePtr& request, const Arrival& arrival) const;
  void take_request(const MessagePtr& request, const Arrival& arrival);
  void take_known_request(const MessagePtr& request, const Arrival& arrival);
  void take_cancel(const MessagePtr& cancel, const Arrival& arrival);
  void take_ack(const MessagePtr& ack, const Arrival& arrival);
  bool has_stateless_tag(const Message& ack) const;
  bool is_for_us(const Preprocessed& request) const;
  std::optional<Refusal> read_flows(Preprocessed& pre, const Arrival& arrival) const;
  std::optional<Refusal> follow_flow(Preprocessed& pre, const Arrival& arrival) const;
  void mark_flow(Preprocessed& pre, const Arrival& arrival) const;
  std::string token_of(const Arrival& arrival) const;
  bool comes_from_gruu(const Message& request) const;
  std::optional<Refusal> put_on_path(Preprocessed& pre, const Arrival& arrival) const;
  bool leads_nowhere(const Preprocessed& request, const Rule& rule) const;
  bool is_local(const Uri& uri) const;
  // ACK and CANCEL are judged as the INVITE they belong to.
  class Facts;
  const Rule* choose_rule(const Preprocessed& request, const Arrival& arrival, std::size_t first,
                          std::string& unknown) const;
  // `first`: of the rules, which is asked first.
  Decision decide(const Preprocessed& request, const Arrival& arrival, std::size_t first = 0) const;
  // What was decided before: the rules are not asked twice about a request, for what they look at may have changed.
  Decision decided(const Preprocessed& request, const StoreWait& wait) const;
  std::expected<TargetSet, Refusal> targets_of(const Preprocessed& request, const Arrival& arrival,
                                               const Decision& decision);
  static std::optional<Refusal> not_routable(const Preprocessed& request, const Decision& decision);
  Refusal untaken(const Preprocessed& request) const;
  static bool leads_past_us(const Preprocessed& request);
  static Refusal foreign_route(const Preprocessed& request);
  Refusal no_sips() const;
  std::expected<TargetSet, Refusal> look_up(const Preprocessed& request) const;
  std::expected<TargetSet, Refusal> look_up_gruu(const Preprocessed& request) const;
  std::expected<TargetSet, Refusal> relay(const Preprocessed& request, const RelayAction& action) const;
  // ---- peers
  std::expected<TargetSet, Refusal> relay_to_groups(const Preprocessed& request, const Arrival& arrival,
                                                    const RelayAction& action, ProxyMode mode);
  std::vector<PeerId> peers_for(const Preprocessed& request, const Arrival& arrival, std::size_t group, ProxyMode mode);
  Target target_at(const Preprocessed& request, PeerId peer) const;
  Uri uri_on_trunk(const Uri& asked, PeerId peer) const;
  std::expected<std::vector<std::size_t>, Refusal> groups_for(const Preprocessed& request,
                                                              const RelayAction& action) const;
  std::expected<std::vector<std::size_t>, Refusal> groups_by_rates(const Uri& uri, std::string_view table) const;
  bool is_time(std::string_view times) const;
  // ---- trunks
  const TrunkRegistration* registered_as(const Uri& contact) const;
  bool may_call(const TrunkRegistration& registration, const IpAddress& source) const;
  std::string_view trunk_called(const Uri& request_uri, const IpAddress& source) const;
  Found find_registrar_hops(const Uri& uri) override;
  void forget_registrar_query(std::uint64_t query) override { resolver_.forget(LookupId{query}); }
  bool asks_registrar_query(std::uint64_t query) const override { return resolver_.is_looking(LookupId{query}); }
  void register_sent() override { ++counters_.trunk_registers; }
  void register_failed() override { ++counters_.trunk_register_failures; }
  // ---- transformations
  std::optional<Refusal> transform(Preprocessed& pre, const Rule& rule, const NumberPlan* plan) const;
  const NumberPlan* number_plan(std::string_view name) const;
  void forget_probe_query(std::uint64_t query) override { resolver_.forget(LookupId{query}); }
  void probed(PeerId peer, PeerOutcome outcome, std::optional<std::chrono::seconds> rest,
              const std::string& reason) override;
  void heard_of(PeerId peer, PeerOutcome outcome, std::optional<std::chrono::seconds> rest,
                const std::string& reason) override;
  Refusal redirection(const Preprocessed& request, const RedirectAction& action) const;
  // Of a request that is refused on its way to forwarding.
  void turn_away(const MessagePtr& request, const Arrival& arrival, const Refusal& refusal, const Decision& decision,
                 bool keeps_state, const StoreWait* waited = nullptr);
  void drop(const Message& request, const Arrival& arrival, const Rule& rule);
  void tell_targets(const TargetSet& targets) const;
  void follow_group(PeerId first, ForkPolicy& fork) const;
  ForkPolicy fork_policy(const Preprocessed& request, const Decision& decision) const;
  std::expected<ForwardingPlan, Refusal> plan_for(const Preprocessed& pre, const Arrival& arrival,
                                                  const Decision& decision);
  void tell_searches(const BindingChanged& change);
  void take_own(const MessagePtr& request, const Arrival& arrival);
  // What answers itself; `waited`: it has a transaction already.
  void turn_back(const MessagePtr& request, const Arrival& arrival, const Refusal& refusal, const Rule& rule,
                 bool keeps_state, const StoreWait* waited);
  std::optional<Refusal> not_admitted(const Arrival& arrival) const;
  std::uint64_t merge_key(const Message& request) const;
  void take_subscribe(const Preprocessed& pre, const Arrival& arrival, const Rule& rule,
                      const StoreWait* waited = nullptr);
  void take_refresh(const MessagePtr& request, const Arrival& arrival, const StoreWait* waited = nullptr);
  // With a transaction, so that a repetition is not taken for another request.
  void answer(const MessagePtr& request, const Arrival& arrival, UaAnswer answer, const std::string& tag,
              TransactionUser user = {}, const StoreWait* waited = nullptr);
  void answer_on(ServerTransactionId server, const MessagePtr& request, UaAnswer answer, const std::string& tag);
  void register_contacts(const Preprocessed& pre, const Arrival& arrival, const Rule& rule,
                         const StoreWait* waited = nullptr);
  bool must_keep_state(const Preprocessed& request, const Arrival& arrival, const Target& target) const;
  bool passes(const Preprocessed& pre, const Arrival& arrival, const Rule& rule, std::string& user,
              const StoreWait* waited);
  CallWatch begin_call(const Message& invite, const Arrival& arrival, const CallWatch& watch, const Decision& decision,
                       const std::string& user);
  // `waited`: it has a transaction already.
  void forward(const MessagePtr& request, const Arrival& arrival, Preprocessed&& pre, const Decision& decision,
               const StoreWait* waited = nullptr);
  // From what its rule changes.
  void go_on(const MessagePtr& request, const Arrival& arrival, Preprocessed&& pre, const Decision& decision, bool asks,
             const std::string& user, const StoreWait* waited, std::optional<CallerWait> caller = {});
  // From where the targets are to be found.
  void proceed(const MessagePtr& request, const Arrival& arrival, Preprocessed&& pre, const Decision& decision,
               bool asks, const std::string& user, const StoreWait* waited = nullptr);

  // ---- reconfigure
  void keep_rules_of_waits();
  template <class Archive>
  void transfer_parts(Archive& archive);
  std::string problem_with_waits() const;
  void make_settings();
  void make_notifier();
  void make_registrant();
  void make_observer();
  std::vector<DialogListener*> dialog_listeners();
  void take_realms();
  void take_limits();
  void take_groups();
  void take_roles();

  // ---- overload
  // Of a request outside of dialogs: true where it was refused or dropped, for there is too much already.
  bool is_too_much(const Preprocessed& pre, const Arrival& arrival, const Decision& decision);
  void turn_down(const Message& request, const Arrival& arrival, const LoadVerdict& verdict);
  std::uint64_t refusal_key(const Message& request) const;
  void note_overload(std::string_view limit);
  void overload_timer_fired();
  bool has_priority(const Preprocessed& pre, const Arrival& arrival) const;
  bool has_trusted_priority(const Message& request, const Arrival& arrival) const;
  LiveLoad load() const;
  std::string retry_after_of(const Message& request) const;
  bool is_overload_neighbour(const IpAddress& address) const;
  // Its server transaction; what was admitted pays for it now.
  ServerTransactionId open_transaction(const MessagePtr& request, const Arrival& arrival);
  void note_offer(const Message& request, const Arrival& arrival);
  std::optional<std::string> with_load(const Hop& hop, std::string_view bytes);
  void hear_load(const Message& response, const Arrival& arrival);
  std::uint64_t calls_in(std::size_t group) const;
  std::optional<PeerTable::Full> full(std::size_t group, bool priority) const;
  Refusal refusal_when_full(const PeerTable::Full& full, const Message& request) const;
  std::string refuse_peer(const Preprocessed& request, bool priority, PeerId peer, PeerId before) override;
  std::string_view via_parameters(PeerId peer, const Hop& hop) override;
  bool may_go_to(const Hop& hop, const Message& request, bool priority) override;

  // ---- storing
  StoreHome store_home() const;
  StoredRecord record_of(const std::string& address_of_record, std::span<const Binding> bindings,
                         std::uint64_t version) const;
  bool adopt(const StoredRecord& record);
  void ask_store(std::uint64_t ticket, StoreOperation operation);
  std::uint64_t wait_for_store(StoreWait wait, Duration patience);
  StoreWait stop_waiting(std::uint64_t ticket);
  void take_reply(std::uint64_t ticket, const StoreReply& reply);
  void forget_contacts_of(FlowId flow);
  void clean_later(const std::string& aor);
  void clean(std::uint64_t ticket, const StoreReply& reply);
  std::uint64_t version_after(std::uint64_t version) const;
  void note_store(bool available, const std::string& reason);
  void store_timer_fired(const TimerTag& tag);
  void begin_registering(const Preprocessed& pre, const Arrival& arrival, const Rule& rule, const std::string& user,
                         std::uint64_t key, const StoreWait* waited);
  void plan_registration(std::uint64_t ticket, const StoredRecord& record);
  void take_conflict(std::uint64_t ticket, const StoredRecord& record);
  void registered(std::uint64_t ticket);
  void refuse_registration(std::uint64_t ticket, const Refusal& refusal);
  std::string to_fetch(const Preprocessed& request, const Decision& decision) const;
  void look_up_later(const MessagePtr& request, const Arrival& arrival, const std::string& aor,
                     const Decision& decision, bool was_asked, const std::string& user, const StoreWait* waited,
                     std::optional<CallerWait> caller);
  void end_lookup(std::uint64_t ticket, bool was_fetched);
  void cancel_lookup(std::uint64_t ticket, const std::string& tag);
  void load_records();
  void take_loaded(const StoreReply& reply);

  // ---- asking
  // Nullopt where too many wait already. Its end is http_ended(), once, unless it is forgotten.
  std::optional<QueryId> ask_http(HttpUse use, std::uint64_t subject, HttpOrder order);
  void forget_http(QueryId query);
  void http_timer_fired(const TimerTag& tag);
  void end_http(QueryId query, HttpResult result);
  void http_ended(HttpUse use, std::uint64_t subject, HttpResult result);

  // ---- route asking
  void ask_where(const MessagePtr& request, const Arrival& arrival, const Preprocessed& pre, const Decision& decision,
                 bool was_asked, const std::string& user, const StoreWait* waited, std::optional<CallerWait> caller);
  RouteFacts facts_of(const Preprocessed& pre, const RouteWait& wait, const std::vector<std::string>& headers) const;
  void begin_query(std::uint64_t ticket, const Preprocessed& pre, const RouteQuery& query);
  void begin_search(std::uint64_t ticket, const Preprocessed& pre, const EnumZone& zone);
  void begin_engine(std::uint64_t ticket, const Preprocessed& pre, const RoutingEngineUse& engine);
  void end_query(std::uint64_t ticket, const HttpResult& result);
  void go_on_searching(std::uint64_t ticket);
  void found_records(LookupId lookup, const DnsQuestion& question, const DnsResult& result);
  void note_query(std::uint64_t ticket, const std::string& failure);
  RouteWait stop_asking(std::uint64_t ticket);
  static StoreWait waited_of(const RouteWait& wait);
  void end_asking(std::uint64_t ticket, const RouteDecision& decision);
  void fail_asking(std::uint64_t ticket, const std::string& reason);
  void fall_back(const RouteWait& wait, const RouteFallback& fallback, Refusal refusal);
  void go_where(const RouteWait& wait, const RouteTo* told, const RelayAction* instead);
  void ask_next_rule(const RouteWait& wait);
  void go_on_behind(const RouteWait& wait);
  std::string problem_with_told(const RouteDecision& decision) const;
  std::expected<TargetSet, Refusal> told_targets(const Preprocessed& request, const Arrival& arrival,
                                                 const RouteTo& told, ProxyMode mode);
  std::expected<TargetSet, Refusal> relay_by(const Preprocessed& request, const Arrival& arrival,
                                             const RelayAction& action, ProxyMode mode);
  void cancel_asking(std::uint64_t ticket, const std::string& tag);
  void route_timer_fired(const TimerTag& tag);

  // ---- authentication
  enum class Challenge : std::uint8_t { AsUserAgent, AsProxy };  // 401 or 407 (RFC 3261 §22.1)
  // The user who asks, where the rule wants one.
  std::expected<std::string, Refusal> authenticate(const Preprocessed& request, const Rule& rule, Challenge as);
  DigestAuthenticator* authenticator_of(const Rule& rule);
  std::optional<Refusal> refuse_user(const Preprocessed& pre, const Rule& rule, const std::string& user);
  UaAnswer answer_register(const Preprocessed& pre, const Arrival& arrival, const Rule& rule, const std::string& user);
  void take_off_credentials(Preprocessed& request) const;
  WallTime wall() const { return WallTime(wall_offset_ + now_.time_since_epoch()); }
  WallTime nonce_time() const { return WallTime(nonce_offset_ + now_.time_since_epoch()); }

  // What it is that a user may not send, and what a rule has no room for.
  std::optional<Refusal> not_his_from(const Message& request, const Rule& rule, const std::string& user) const;
  std::optional<Refusal> over_limit(const Message& request, const Arrival& arrival, const Rule& rule,
                                    const std::string& user);
  // Whether what a rule says to a request may differ when it comes again: then a transaction has to know it.
  static bool counts_requests(const Rule& rule) { return !rule.challenge.empty() || !rule.limits.empty(); }

  // ---- users
  static Refusal users_unknown(std::string reason);
  void take_told_request(const MessagePtr& request, const Arrival& arrival, std::vector<UserAnswer>&& answers);
  // True: it waits until a store has said who its credentials are of, or repeats one that does.
  bool waits_for_user(const MessagePtr& request, const Arrival& arrival, std::vector<UserAnswer>& answers);
  bool cancels_waiting(const MessagePtr& cancel, const Arrival& arrival);
  std::uint64_t user_wait_key(const Message& request) const;
  QueryId ask_for_user(const DigestRealm& realm, const std::string& user);
  DigestAuthenticator* outside_realm(const std::string& auth, const std::string& realm);
  bool take_user(const StoreReplied& input);
  void user_timer_fired(const TimerTag& tag);
  void end_user_question(QueryId query, UserTold told);
  void note_problem(const UserQuestion& question, const std::string& problem);
  void tell_of(const Message& request, const UserAnswer& answer);
  std::vector<UserAnswer> users_told() const;
  void tell_again(const std::vector<UserAnswer>& answers);
  bool may_wait(const IpAddress& source) const;
  void note_users(const std::string& auth, const std::string& failure);

  bool may_be(const DigestRealm& realm, const std::string& user, const Uri& uri) const;

  // ---- trust
  bool trusts(const IpAddress& address, ListenerId listener) const;
  MessagePtr without_claims(const MessagePtr& message, const Arrival& arrival) const;
  std::string identity_of(const Message& request, const Rule& rule, const std::string& user) const;
  void assert_identity(Preprocessed& pre, const Arrival& arrival, const Rule* rule, const std::string& user) const;
  // What may leave to there; nullopt: the message as it is.
  std::optional<std::string> concealed(const IpAddress& address, ListenerId listener, std::string_view bytes) const;
  // What was valid, with a field less or more; null where it would be no message any more.
  MessagePtr parsed_with_room(std::string bytes) const;
  // The request as it goes on, with what is known of its way.
  void put_in_place(Preprocessed& pre, const MessagePtr& request) const;

  // ---- identity
  struct CallerVerdict {
    IdentityVerified::Verdict verdict = IdentityVerified::Verdict::Absent;
    PassportParty caller;
    Passport passport;    // that proves it
    IdentityFault fault;  // why nothing does
    std::string wanted;   // the URL of a certificate that could
  };
  std::optional<Refusal> unprotected(const Message& request, const Arrival& arrival, const Rule& rule) const;
  static bool is_verified(const Decision& decision, const Message& request);
  std::expected<StirCertificate, IdentityFault> certificate_of(const std::string& url, std::string& wanted);
  std::expected<Passport, IdentityFault> judge(const IdentityField& field, const CallerFacts& facts,
                                               const Message& request, std::string& wanted);
  CallerVerdict judge_caller(const Message& request, CallerField where);
  std::optional<Refusal> settle_caller(const Message& request, const Rule& rule, const CallerVerdict& found);
  void mark_caller(Preprocessed& pre, const CallerWait& found) const;
  void verify(const MessagePtr& request, const Arrival& arrival, Preprocessed&& pre, const Decision& decision,
              bool asks, const std::string& user, const StoreWait* waited);
  std::optional<HttpUrl> fetchable(const std::string& url) const;
  bool wait_for_certificate(const MessagePtr& request, const Arrival& arrival, const Decision& decision, bool asks,
                            const std::string& user, const CallerWait& caller, const std::string& url,
                            const StoreWait* before);
  void end_fetch(std::uint64_t fetch, const HttpResult& result);
  void keep_fetched(const std::string& url, const HttpResult& result);
  void verify_again(const StoreWait& call);
  void cancel_verification(std::uint64_t ticket, const std::string& tag);
  // A refusal for one whose Date is not from now.
  std::optional<Refusal> sign_call(Preprocessed& pre, const Decision& decision);
  std::string problem_with_signing(const StirSigner& signer, const CallerFacts& facts,
                                   const RuleIdentity& wanted) const;
  Passport passport_of(const CallerFacts& facts, std::string_view date, const SignerConfig& signer,
                       const RuleIdentity& wanted);

  // ---- outbound
  // Answers without any state (RFC 3261 §8.2.7): the To tag is a hash, so that a repetition gets the same answer and
  // the ACK is known again.
  void refuse(const MessagePtr& request, const Arrival& arrival, const Refusal& refusal, const std::string& rule = {});
  // To somebody who has authenticated: his credentials are good for one request, so its repetition must meet a
  // transaction. Also to a re-INVITE in a dialog that is followed: its ACK carries the dialog's tags, by which it would
  // find its way to the other side. "" as `tag`: a new one.
  void refuse_with_state(const MessagePtr& request, const Arrival& arrival, const Refusal& refusal,
                         const std::string& rule, const std::string& tag = {});
  void refuse_on(const StoreWait& wait, const Refusal& refusal, const std::string& tag);
  void note_refusal(const Message& request, const Arrival& arrival, int status, const std::string& rule,
                    const std::string& reason);
  void respond_stateless(const Message& request, const Hop& reply, int status, const std::string& tag,
                         std::vector<std::pair<std::string_view, std::string>> fields, std::string_view reason = {});
  // The same for all that we answer without state under one Call-ID: also where no more than that could be read.
  std::string stateless_tag(const Message& request) const;
  void stray(const Message& message, const Arrival& arrival, std::string reason);
  void transmit(Hop& hop, std::string_view bytes) override;
  void withdraw(FlowId flow, std::string_view bytes) override;
  void transmit_datagram(Hop& hop, std::string bytes);
  void transmit_on_flow(Hop& hop, std::string_view bytes);
  FoundHop find_hop(const Uri& uri, HopOrder order) override;
  void forget_query(HopQuery query) override { resolver_.forget(LookupId{query.value}); }
  void flush_resolver();
  bool has_flow(FlowId flow) const override { return flows_.find(flow) != nullptr; }
  bool is_open(FlowId flow) const override { return flows_.find(flow) != nullptr; }
  std::variant<Hop, std::uint64_t, std::string> find_notify_hop(const Uri& uri) override;
  std::variant<Hop, std::uint64_t, std::string> find_probe_hop(const Uri& uri) override { return find_notify_hop(uri); }
  void send(const Hop& hop, std::string bytes) override;
  void emit(Event event) override { outputs_.emplace_back(std::move(event)); }
  void count_out(std::string_view bytes);
  void flush_flows();
  // A transaction waits on that connection, or a binding is it: it stays, however silent.
  bool is_in_use(FlowId flow) const;

  // ---- detours
  struct Detour {
    Hop failed;
    std::string bytes;
  };
  void seek_detour(Detour detour);
  bool resolved_detour(LookupId lookup, const ResolvedHops& hops);
  void take_detour(const Detour& detour, std::vector<Hop> hops);

  struct LostFlow {
    FlowId flow;
    std::string reason;
  };

  Config config_;
  bool reads_parties_;
  ProxySettings proxy_settings_;
  LocalNames names_;
  RandomSource random_;
  TimerQueue timers_;
  FlowTable flows_;
  std::vector<LostFlow> never_opened_;  // told by drain_reports(): whoever sent must first know which flow that was
  HashKey tag_key_;
  HashKey gruu_key_;
  TransactionLayer transactions_;
  Resolver resolver_;
  std::map<LookupId, Detour> detours_;
  Location location_;
  PeerTable peers_;
  std::vector<PrefixIndex> rates_;  // of config_.rates
  std::optional<Smime> smime_;
  Capabilities capabilities_;
  Registrar registrar_;
  DialogTable dialogs_;
  DialogSettings dialog_settings_;
  NotifierSettings notifier_settings_;
  std::optional<DialogNotifier> notifier_;  // since there was a rule that notifies
  std::optional<CallLedger> ledger_;        // where calls are recorded
  std::optional<DialogObserver> observer_;  // since there was a rule or a proxy in the call-stateful mode
  std::optional<Prober> prober_;            // with a group that is probed
  HashKey line_key_;                        // of the Contacts of trunks
  std::optional<Registrant> registrant_;    // since there was a trunk that registers
  StatefulProxy stateful_;
  StatelessProxy stateless_;
  std::vector<DigestAuthenticator> authenticators_;  // of config_.auth, in its order
  std::vector<AccessTable> access_tables_;           // of config_.access_lists
  std::vector<RateLimiter> limiters_;                // of config_.rate_limits

  IdentityDesk identity_;

  OverloadDesk overload_;
  std::optional<LoadAdmission> admission_;  // of the request that is dealt with
  StoreDesk store_;
  UserDesk users_;
  HttpDesk http_;
  RouteDesk routes_;
  std::set<std::uint64_t> registering_;  // merge_key() of the REGISTERs whose transactions live

  TimePoint now_{};
  Duration wall_offset_{0};   // from monotonic time to the wall clock
  Duration nonce_offset_{0};  // the same, but never set back: no nonce comes to life again
  bool knows_wall_ = false;
  bool draining_ = false;
  bool holds_calls_ = false;  // their records cannot be kept
  Counters counters_;
  std::vector<std::uint64_t> rule_hits_;    // of each rule: requests that it took, but ACK and CANCEL
  std::vector<TransactionReport> reports_;  // being worked on
  std::vector<Output> outputs_;             // the first taken_ of them are gone
  std::size_t taken_ = 0;
  DecisionTrace* trace_ = nullptr;
};

}  // namespace intermediary
