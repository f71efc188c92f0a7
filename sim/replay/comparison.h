// What another configuration would have decided about the calls of a record: a second engine beside the replay's, told
// the same, and the decisions of both, call by call (docs/adr/0038-the-same-traffic-under-another-configuration.md).
//
//   Comparison comparison(replay, other);
//   while (const Replay::Step* step = replay.next()) comparison.add(*step);
//   comparison.calls()
//
// The other engine draws other branches and asks other questions, so what came in for the first is translated: answers
// find the request that the other engine sent to the same place, and answers of the DNS its question. What the record
// cannot know, how somebody would have answered who was never asked, nobody answers.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "sim/replay/replay.h"
#include "sim/store.h"

namespace intermediary::sim {

struct Decision {
  std::string what;    // "INVITE is refused with 404"
  std::string detail;  // ", rule 'users': …": told, and no difference by itself

  std::string text() const { return what + detail; }
};

// What became of one Call-ID: where its requests went, and which final answers went back; each once, as it came first.
struct CallDecisions {
  TimePoint since{};
  std::string request;  // "INVITE sip:bob@example.com"
  std::vector<Decision> recorded, other;

  bool differ() const;
};

class Comparison {
 public:
  // `replay` must outlive it. `other` has the listeners of the record.
  Comparison(const Replay& replay, const Config& other);

  void add(const Replay::Step& step);

  // By Call-ID.
  const std::map<std::string, CallDecisions>& calls() const { return calls_; }
  std::uint64_t differing() const;
  // Answers that came for what the other engine never sent.
  std::uint64_t unasked() const { return unasked_; }
  // Times that the recorded configuration was changed; the other engine keeps its own.
  std::uint64_t reloads() const { return reloads_; }

 private:
  enum class Side : std::uint8_t { Recorded, Other };
  using Place = std::pair<Transport, Endpoint>;

  void note(Side side, const Output& output);
  void note_request(Side side, const Transmit& transmit);
  void note_event(Side side, const Event& event);
  void note_decision(Side side, const std::string& call_id, Decision decision);
  void begin_call(const Input& input);

  void give(TimePoint time, const Input& input);
  void run_other(TimePoint time, Input input);
  void run_deadlines(TimePoint time, bool with_this_instant);
  void give_answer(TimePoint time, const DnsAnswered& answered);
  void ask_store(Side side, const StoreRequest& request);
  void give_reply(const StoreReply& reply);
  void ask_outside(Side side, QueryId query, const std::string& question);
  void give_from_outside(TimePoint time, QueryId query, bool by_engine, const Input& said);
  void give_own_answers(TimePoint time);
  bool translate(std::string& bytes, bool is_whole) const;
  FlowId translated(FlowId flow) const;

  Config config_;
  Engine engine_;
  TimePoint now_{};

  std::map<std::string, CallDecisions> calls_;
  std::set<std::string> sent_;             // keys of what the recorded engine sent
  std::set<std::string> asked_elsewhere_;  // Call-IDs of which the other engine sent what the recorded one did not
  std::map<std::string, std::string> key_of_branch_;    // of the recorded engine's requests
  std::map<std::string, std::string> branch_of_key_;    // of the other engine's
  std::map<QueryId, DnsQuestion> asked_;                // by the recorded engine, and not yet answered
  std::map<DnsQuestion, DnsResult> answers_;            // the latest that is known
  std::map<QueryId, DnsQuestion> waiting_;              // of the other engine's
  std::map<Place, FlowId> opened_here_, opened_there_;  // connections that the recorded, the other engine opened
  std::map<Place, FlowOpened> open_;                    // of the former, those that are open
  std::vector<Input> own_;                              // what the other engine is told next
  // Of HTTP servers and routing engines: what the record asks and hears, and who of the other engine waits for the
  // same.
  std::map<std::pair<QueryId, bool>, std::string> outside_asked_;
  std::map<std::string, Input> outside_said_;
  std::multimap<std::string, QueryId> outside_waiting_;
  VirtualStore store_;           // of the other engine
  std::set<std::string> shown_;  // what it has from the record
  std::uint64_t unasked_ = 0;
  std::uint64_t reloads_ = 0;
};

}  // namespace intermediary::sim
