// The stateful proxy core (RFC 3261 §16): response contexts, their branches, and nothing else.
//
// A context is made when a request with a server transaction has its targets; it forwards one branch to each, passes up
// provisional answers and every 2xx at once, and the best of the other finals when all branches have one. It lives
// until its server transaction and all its client transactions are gone.
//
//   stateful.cpp           who is told what: requests, reports of transactions, timers; the life of a context
//   stateful_search.cpp    which targets are tried when, and when no other is
//   stateful_branches.cpp  from a target to a final answer
//   stateful_flows.cpp     from one flow of a user agent to the next (RFC 5626 §7)
//   stateful_answers.cpp   what goes upstream
#pragma once

#include <expected>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/local_names.h"
#include "base/random.h"
#include "base/slot_table.h"
#include "base/timer_queue.h"
#include "proxy/port.h"
#include "proxy/preprocess.h"
#include "proxy/response_context.h"
#include "proxy/settings.h"
#include "routing/target_set.h"
#include "transaction/transaction_layer.h"

namespace intermediary {

class StatefulProxy {
 public:
  // REQUIRES: all references outlive the proxy.
  StatefulProxy(const ProxySettings& settings, const LocalNames& names, TransactionLayer& transactions,
                TimerQueue& timers, RandomSource& random, ProxyPort& port);

  // REQUIRES: the plan has targets, no more at once than its breadth; the request is validated, `server` is its own.
  // What is watched is Record-Routed.
  void start(TimePoint now, ServerTransactionId server, Preprocessed&& request, ForwardingPlan&& plan);
  // The CANCEL of a request of ours came (§16.10). `server` is the INVITE's transaction, `reason` the CANCEL's Reason.
  void cancel(TimePoint now, ServerTransactionId server, const std::string& reason);
  // The requests under way that take late contacts of that address of record, in the order in which they came.
  std::vector<ResponseContextId> searches_for(const std::string& address_of_record) const;
  // null: it is over.
  const ResponseContext* search(ResponseContextId id) const;
  // Those that it does not have yet become targets of that request (§16.5).
  void add_targets(TimePoint now, ResponseContextId id, TargetSet targets);
  // The To tag of whatever we answer ourselves to that request, the 200 to its CANCEL too (§9.2); "" for no request of
  // ours.
  std::string own_tag(ServerTransactionId server);

  void report(TimePoint now, const TransactionReport& report);
  void timer_fired(TimePoint now, const TimerTag& tag);
  // False: not a query of ours.
  bool resolved(TimePoint now, HopQuery query, const ResolvedHops& hops);

  static constexpr std::uint8_t user_kind = 1;         // of contexts, in TransactionUser
  static constexpr std::uint8_t branch_user_kind = 2;  // of branches
  std::size_t context_count() const { return contexts_.size(); }
  std::size_t query_count() const { return queries_.size(); }

  // For save and load: base/archive.h. Who watches, of a proxy that is read; null: nobody does.
  struct Observers {
    CallObserver* dialogs = nullptr;
    CallObserver* attempts = nullptr;  // those of CallWatch::Kind::Attempt
  };
  template <class Archive>
  void transfer(Archive& archive, const Observers& observers);

 private:
  // Branches.
  void start_group(TimePoint now, ResponseContext& context);
  void start_branch(TimePoint now, ResponseContext& context, Branch& branch);
  PeerId peer_before(const ResponseContext& context, const Branch& branch) const;
  void start_on_flow(TimePoint now, ResponseContext& context, Branch& branch);
  bool try_next_flow(TimePoint now, Branch& branch, int status);
  // The first of these servers, and the others when it fails or stays silent.
  void try_servers(TimePoint now, ResponseContext& context, Branch& branch, std::vector<Hop> hops);
  void try_next_server(TimePoint now, Branch& branch);
  std::uint32_t outgoing_breadth(const Branch& branch) const;
  void send(TimePoint now, ResponseContext& context, Branch& branch, const Hop& hop);
  void transmit(TimePoint now, ResponseContext& context, Branch& branch, std::string bytes);
  void receive(TimePoint now, Branch& branch, const MessagePtr& response);
  void receive(TimePoint now, ResponseContext& context, Branch& branch, const MessagePtr& response);
  void receive_provisional(TimePoint now, ResponseContext& context, Branch& branch, const MessagePtr& response);
  void receive_final(TimePoint now, ResponseContext& context, Branch& branch, const MessagePtr& response);
  void send_failed(TimePoint now, Branch& branch, const std::string& reason);
  void finish(TimePoint now, Branch& branch, Answered answer);
  void ring_timed_out(TimePoint now, Branch& branch);
  void give_up(Branch& branch);
  void pass_over(Branch& branch);
  void tell_of_peer(const Branch& branch, bool heard);
  // Its name is not needed any more.
  void forget_query(Branch& branch);
  void want_cancel(TimePoint now, Branch& branch, std::string_view why, const std::string& reason);
  void send_cancel(TimePoint now, Branch& branch);
  void client_gone(Branch& branch);
  // Contexts.
  void give_up_silent(ResponseContext& context);
  bool has_last_answer(const Branch& branch) const;
  bool is_silent_before_answer(const ResponseContext& context, std::size_t index) const;
  bool has_next_peer(const ResponseContext& context) const;
  bool may_start(const ResponseContext& context) const;
  std::uint32_t breadth_left(const ResponseContext& context) const;
  bool knows(const ResponseContext& context, const Uri& uri) const;
  void add_late(ResponseContext& context, Target target);
  bool knows_way(const ResponseContext& context, const Target& way) const;
  Target* find_agent(ResponseContext& context, const Target& like);
  bool has_heard_of(const ResponseContext& context, const Target& like) const;
  void follow(ResponseContext& context, Answered& redirection);
  // No branch may come any more, nor one whose name is still looked up.
  void stop_search(TimePoint now, ResponseContext& context);
  // And all but one are cancelled; `reason` is the CANCELs' Reason.
  void end_search(TimePoint now, ResponseContext& context, BranchId but, const std::string& reason);
  void accepted(TimePoint now, ResponseContext& context, BranchId by);
  // Starts what may start, answers when nothing is left to wait for, and ends the context when it is done.
  void go_on(TimePoint now, ResponseContextId id);
  void answer_if_complete(TimePoint now, ResponseContext& context);
  void answer_with(TimePoint now, ResponseContext& context, const Answered& answer, std::string bytes);
  std::string tag_of(ResponseContext& context);
  std::string best_bytes(ResponseContext& context, const std::vector<Answered>& answers, std::size_t best,
                         Answered& sent);
  void pass_up(TimePoint now, ResponseContext& context, const MessagePtr& response);
  void server_gone(TimePoint now, ResponseContextId id);
  void erase_if_done(TimePoint now, ResponseContextId id);
  bool is_coherent() const;

  const ProxySettings& settings_;
  const LocalNames& names_;
  TransactionLayer& transactions_;
  TimerQueue& timers_;
  RandomSource& random_;
  ProxyPort& port_;
  SlotTable<ResponseContext, ResponseContextId> contexts_;
  SlotTable<Branch, BranchId> branches_;
  std::map<HopQuery, BranchId> queries_;
  RestingServers resting_;
  std::set<std::pair<std::string, ResponseContextId>> searches_;  // that take late contacts
};

}  // namespace intermediary
