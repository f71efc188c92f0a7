// What nodes ask outside of their processes: name servers, stores, HTTP servers and routing engines.
#include "routing/route_json.h"
#include "sim/world.h"

namespace intermediary::sim {

void World::look_up(HostId host, const Node& node, const DnsQuery& query) {
  std::optional<Zone::Answer> instead = observer_ ? observer_->asked(host, query.question) : std::nullopt;
  Zone::Answer answer = instead ? *std::move(instead) : zone_.ask(query.question, node.config.dns.timeout);
  resolutions_.schedule(now_ + answer.after, {host, node.restarts, DnsAnswered{query.query, std::move(answer.result)}});
}

// What a process that has ended had asked for is done all the same.
void World::deliver(const StoreWork& work) {
  StoreReply reply = stores_.at(work.store).carry_out(work.request.operation);
  const Node& node = nodes_.at(work.host);
  if (node.restarts != work.restarts || node.stopped) return;
  feed(work.host, StoreReplied{work.request.query, std::move(reply)});
}

void World::ask_store(HostId host, const Node& node, StoreRequest request) {
  const std::string& store = request.users.empty() ? node.store : node.user_stores.at(request.users);
  const TimePoint when = stores_.at(store).done_at(now_);
  store_work_.schedule(when, {host, node.restarts, store, std::move(request)});
}

void World::ask_web(HostId host, const Node& node, const HttpRequest& request) {
  VirtualWeb::Answer answer = web_.ask(request.order);
  web_replies_.schedule(now_ + answer.after,
                        {host, node.restarts, HttpReplied{request.query, std::move(answer.result)}});
}

// A routing engine of a scenario says what an HTTP server at "engine:NAME" would, in the form of a route query.
void World::ask_engine(HostId host, const Node& node, const RouteAsked& asked) {
  RouteDecided decided{asked.query, RouteFailed{"this world has no routing engine " + asked.engine}};
  Duration after{0};
  if (const auto answer = web_.find("engine:" + asked.engine)) {
    auto decision =
        answer->result ? read_route_answer(*answer->result) : std::unexpected(answer->result.error().reason);
    decided.decision = decision ? *std::move(decision) : RouteDecision(RouteFailed{std::move(decision.error())});
    after = answer->after;
  }
  web_replies_.schedule(now_ + after, {host, node.restarts, std::move(decided)});
}

}  // namespace intermediary::sim
