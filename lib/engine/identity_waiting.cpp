// Calls that wait for a signer's certificate: each has its transaction, and whoever wants the same certificate waits
// for the same fetch, which has its end (asking.cpp).
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "engine/core.h"
#include "message/compose.h"

namespace intermediary {

namespace {

constexpr std::uint32_t most_fetches = 2;                   // for one call: its sender has named what to fetch
constexpr Duration usual_age = std::chrono::hours(1);       // of a certificate that does not say how long it is good
constexpr Duration failure_age = std::chrono::seconds(30);  // who cannot be reached is left alone for so long
constexpr std::string_view accepted = "application/pem-certificate-chain, application/pkix-cert, */*;q=0.1";

// "cr.example.com", "cr.example.com:8443", "*.example.com", "*"; without a port, that of https.
bool allows(std::string_view entry, const HttpUrl& url) {
  constexpr std::uint16_t usual_port = 443;
  const std::size_t colon = entry.find(':');
  const auto port =
      colon == entry.npos ? std::optional(usual_port) : parse_decimal<std::uint16_t>(entry.substr(colon + 1));
  const std::string_view host = entry.substr(0, colon);
  if (port != url.port) return false;
  if (host == "*") return true;
  return host.starts_with("*.") ? url.host.size() > host.size() - 1 && url.host.ends_with(host.substr(1))
                                : url.host == host;
}

// What ends first goes, where there is no room.
template <class Kept>
void keep(std::map<std::string, Kept>& kept, std::size_t most, const std::string& url, Kept what) {
  if (kept.size() >= most && !kept.contains(url)) {
    kept.erase(std::ranges::min_element(kept, {}, [](const auto& entry) { return entry.second.until; }));
  }
  kept.insert_or_assign(url, std::move(what));
}

// Why there is no certificate; "": there is something.
std::string problem_with_fetched(const HttpResult& result) {
  if (!result) return result.error().reason;
  if (result->status != 200) return "the answer was " + std::to_string(result->status);
  return result->body.empty() ? "the answer was empty" : "";
}

// Nobody has signed anything yet when a fetch begins: what strangers ask for leaves room for route queries.
constexpr std::size_t most_fetches_at_once = limit::http_waits / 4;

}  // namespace

// Nullopt where it may not be fetched.
std::optional<HttpUrl> EngineCore::fetchable(const std::string& url) const {
  auto parsed = HttpUrl::parse(url);
  if (!parsed || !parsed->is_secure) return std::nullopt;
  const std::vector<std::string>& hosts = config_.identity.verifier->hosts;
  if (std::ranges::none_of(hosts, [&](const std::string& entry) { return allows(entry, *parsed); }))
    return std::nullopt;
  return *std::move(parsed);
}

// False where nobody more may wait.
bool EngineCore::wait_for_certificate(const MessagePtr& request, const Arrival& arrival, const Decision& decision,
                                      bool asks, const std::string& user, const CallerWait& caller,
                                      const std::string& url, const StoreWait* before) {
  const std::uint32_t fetches = before ? before->fetches + 1 : 1;
  if (fetches > most_fetches || identity_.waits.size() >= limit::certificate_waits) return false;
  if (!identity_.fetches.contains(url)) {
    if (identity_.fetches.size() >= most_fetches_at_once) return false;
    const VerifierConfig& verifier = *config_.identity.verifier;
    HttpOrder order{"GET", *fetchable(url), {{"Accept", std::string(accepted)}}};
    order.timeout = verifier.timeout;
    order.most_bytes = limit::stir_certificate_bytes;
    order.may_be_inside = verifier.inside;
    const std::uint64_t fetch = ++identity_.last_fetch;
    if (!ask_http(HttpUse::Certificate, fetch, std::move(order))) return false;
    identity_.fetches.emplace(url, fetch);
  }
  IdentityWait wait;
  wait.url = url;
  wait.call.fetches = fetches;
  wait.call.kind = StoreWait::Kind::Lookup;
  wait.call.request = request;
  wait.call.arrival = arrival;
  wait.call.server = before ? before->server : open_transaction(request, arrival);
  wait.call.rule = decision.rule_name();
  // §17.2.1: within 200 ms, unless there is an answer by then.
  if (!before) transactions_.respond(now_, wait.call.server, 100, make_response(*request, {.status = 100}));
  if (before) wait.call.kept = before->kept;
  wait.call.was_asked = asks;
  wait.call.user = user;
  wait.call.caller = caller;
  identity_.waits.emplace(++identity_.last_ticket, std::move(wait));
  return true;
}

// It is judged before: what does not count is known for a while, and takes no room from what does.
void EngineCore::keep_fetched(const std::string& url, const HttpResult& result) {
  std::string problem = problem_with_fetched(result);
  const bool is_there = problem.empty();
  if (is_there && identity_.authorities) {
    const auto certificate = identity_.authorities->check(result->body, wall());
    if (!certificate) problem = certificate.error();
  }
  ++(problem.empty() ? counters_.identities.fetched : counters_.identities.fetch_failures);
  emit(CertificateFetched{url, problem});
  const auto& verifier = config_.identity.verifier;
  if (!verifier) return;  // a reload has taken it away meanwhile
  if (problem.empty()) {
    const Duration age = result->max_age ? Duration(*result->max_age) : usual_age;
    identity_.failed.erase(url);
    return keep(identity_.fetched, limit::cached_certificates, url,
                {result->body, now_ + std::clamp(age, Duration::zero(), verifier->keep)});
  }
  IdentityFault fault = is_there ? unsupported_credential(std::move(problem))
                                 : no_credential("its certificate could not be fetched from " + url + ": " + problem);
  keep(identity_.failed, limit::failed_certificates, url, {std::move(fault), now_ + failure_age});
}

void EngineCore::end_fetch(std::uint64_t fetch, const HttpResult& result) {
  const auto found = std::ranges::find_if(identity_.fetches, [&](const auto& entry) { return entry.second == fetch; });
  if (found == identity_.fetches.end()) return;
  const std::string url = found->first;
  identity_.fetches.erase(found);
  keep_fetched(url, result);
  std::vector<IdentityWait> waited;
  std::erase_if(identity_.waits, [&](auto& entry) {
    if (entry.second.url != url) return false;
    waited.push_back(std::move(entry.second));
    return true;
  });
  for (const IdentityWait& wait : waited) verify_again(wait.call);
}

void EngineCore::verify_again(const StoreWait& call) {
  auto pre = prepare(call.request, call.arrival);
  if (!pre) return refuse_on(call, pre.error(), random_.token(16));
  const Decision decision = decided(*pre, call);
  if (!decision.rule) return refuse_on(call, {404, "its rule has gone", {}}, random_.token(16));
  verify(call.request, call.arrival, *std::move(pre), decision, call.was_asked, call.user, &call);
}

void EngineCore::cancel_verification(std::uint64_t ticket, const std::string& tag) {
  const auto found = identity_.waits.find(ticket);
  const IdentityWait wait = std::move(found->second);
  identity_.waits.erase(found);
  refuse_on(wait.call, {487, "its caller has cancelled it", {}}, tag);
}

}  // namespace intermediary
