// The stateless proxy core (RFC 3261 §16.11): a request or response goes on, and nothing of it is kept.
//
// Everything is a function of the message and the configuration, so a retransmission leaves byte for byte like the
// first, also after a restart. The Via that we write carries in the parameter "in" which listener (and connection) the
// request came in by, so that the response finds back; a response counts only when its branch is the one we would have
// written.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/local_names.h"
#include "proxy/port.h"
#include "proxy/preprocess.h"
#include "proxy/settings.h"
#include "routing/target_set.h"

namespace intermediary {

// Where a response goes on to: the address that the next Via names, and the connection that the request came by.
struct StatelessReply {
  std::string bytes;
  std::string next_via;
  ListenerId listener;
  FlowId flow;
};

class StatelessProxy {
 public:
  StatelessProxy(const ProxySettings& settings, const LocalNames& names, ProxyPort& port)
      : settings_(settings), names_(names), port_(port) {}

  // The refusal, when it cannot be sent. A hop that must be asked for is waited for with the request in hand.
  std::optional<Refusal> forward(const Preprocessed& request, const Arrival& arrival, const Target& target);
  // What to do with a response that no transaction knows; nullopt when it is none of ours.
  std::optional<StatelessReply> reply(const Message& response) const;
  // False: not a query of ours.
  bool resolved(HopQuery query, const ResolvedHops& hops);

  std::size_t query_count() const { return waiting_.size(); }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  struct Waiting {
    Preprocessed request;
    Arrival arrival;
    Target target;
  };
  std::optional<Refusal> send(const Preprocessed& request, const Arrival& arrival, const Target& target, Hop hop);

  const ProxySettings& settings_;
  const LocalNames& names_;
  ProxyPort& port_;
  std::map<HopQuery, Waiting> waiting_;
};

}  // namespace intermediary
