// What a registrar answers to the REGISTER of a trunk (RFC 3261 §10.2.4, §10.2.8, §22).
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "message/compose.h"
#include "message/values.h"
#include "ua/registrant.h"

namespace intermediary {

namespace {

// Whatever the registrar says, it is not asked more often.
constexpr Duration shortest_wait = std::chrono::seconds(5);

std::string shown_answer(const Message& response) { return std::to_string(response.status()) + " to REGISTER"; }

// Another server may do better; that this one lives, it has shown.
bool is_of_this_server(int status) {
  return status == 408 || status == 500 || status == 502 || status == 503 || status == 504;
}

void keep_note(std::string_view text, std::vector<std::string>& notes) {
  if (notes.size() < limit::registration_notes && text.size() <= limit::registration_note_bytes) {
    notes.push_back(unfold(text));
  }
}

std::vector<std::string> notes_of(const Message& response, std::string_view name) {
  std::vector<std::string> notes;
  for (const Field& field : response.fields()) {
    if (equals_ignoring_case(response.name_text(field), name)) keep_note(response.value(field), notes);
  }
  return notes;
}

std::string text_of(const Hop& hop) {
  return std::string(parameter_name(hop.transport)) + ":" + hop.remote.to_string();
}

}  // namespace

void Registrant::answered(TimePoint now, std::uint64_t id, Entry& entry, const Message& response) {
  timers_.cancel(entry.timer);  // somebody is there
  const int status = response.status();
  if (status < 200) return;
  entry.client = {};
  entry.status = status;
  const auto rest = retry_after(response);
  lose(entry, status == 503 ? PeerOutcome::Failed : PeerOutcome::Alive, shown_answer(response), rest);
  if (rest) entry.asked_wait = std::max(entry.asked_wait.value_or(*rest), *rest);
  if (status < 300) return registered(now, id, entry, response);
  if (status == 401 || status == 407) return challenged(now, id, entry, response);
  if (status == 423) return too_brief(now, id, entry, response);
  if (status == 300 || status == 301 || status == 302) return redirected(now, id, entry, response);
  if (is_of_this_server(status)) return next_place(now, id, entry, shown_answer(response));
  fail(now, id, entry, Failure::Refused, shown_answer(response));
}

// §10.2.4: of all bindings that the answer lists, ours; of a registrar that lists it in other words, what it says of
// all.
std::chrono::seconds Registrant::granted(const Entry& entry, const Message& response) const {
  std::optional<std::uint32_t> interval;
  const LocalNames::Listener* out = names_.find(entry.place.hop->listener);
  const auto own = out ? Uri::parse(contact_of(entry, *out)) : std::unexpected(ValueError{});
  const auto listed = contacts(response);
  for (const NameAddress& contact : listed ? listed->list : std::vector<NameAddress>()) {
    if (!is_line_of(key_, entry.settings, contact.uri) && !(own && equivalent(*own, contact.uri))) continue;
    const auto parameter = parse_delta_seconds(contact.parameters.value("expires").value_or(""));
    if (parameter) interval = *parameter;
  }
  if (!interval) {
    const auto field = parse_delta_seconds(response.value(FieldName::Expires));
    if (field) interval = *field;
  }
  const auto seconds = interval ? std::chrono::seconds(*interval) : entry.wanted;
  return std::min(seconds, limit::longest_registration);
}

void Registrant::registered(TimePoint now, std::uint64_t id, Entry& entry, const Message& response) {
  if (entry.leaves) return left(now, id, entry);
  const std::chrono::seconds interval = granted(entry, response);
  if (interval.count() == 0) return fail(now, id, entry, Failure::Refused, "it registers for no time at all");
  const bool is_news = !stands(now, entry) || entry.failures != 0;
  entry.home = entry.place;
  entry.expires = now + interval;
  if (!entry.found.empty()) entry.addresses = entry.found;
  entry.service_route = notes_of(response, "Service-Route");
  entry.associated = notes_of(response, "P-Associated-URI");
  entry.under_way = false;
  entry.failures = 0;
  entry.places.clear();
  if (is_news) tell(entry, TrunkRegistrationChanged::Change::Registered, interval, {});
  // From four fifths of the interval on: nodes and trunks that began together do not go on together.
  const Duration fifth = Duration(interval) / 5;
  const Duration jitter(static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(fifth.count() / 2))));
  wait(now, id, entry, std::max(4 * fifth + jitter, shortest_wait));
}

// What was answered at this place and is asked again was answered wrongly, but for a nonce that was stale, once.
bool Registrant::meet(Entry& entry, DigestChallenge&& challenge) {
  const auto same = std::ranges::find_if(entry.met, [&](const Met& met) {
    return met.challenge.by_proxy == challenge.by_proxy && met.challenge.realm == challenge.realm;
  });
  if (same == entry.met.end()) {
    if (entry.met.size() == limit::answered_realms) return false;
    entry.met.push_back({std::move(challenge)});
    return true;
  }
  if (same->is_new && (!challenge.stale || same->was_stale)) return false;
  const bool was_stale = challenge.stale;
  *same = {.challenge = std::move(challenge), .is_new = true, .was_stale = was_stale};
  return true;
}

void Registrant::challenged(TimePoint now, std::uint64_t id, Entry& entry, const Message& response) {
  if (!may_have_credentials(entry)) {
    return fail(now, id, entry, Failure::Refused,
                entry.place.request_uri.host +
                    ", where it was redirected to, asks for credentials, and those without a "
                    "'realm' are for the configured registrar alone");
  }
  std::vector<DigestChallenge> challenges = answerable(response, entry.settings.login);
  if (challenges.empty()) {
    return fail(now, id, entry, Failure::Refused, "it asks for nothing that the login could answer");
  }
  bool is_answerable = ++entry.repeats <= limit::registration_repeats;
  for (DigestChallenge& challenge : challenges) {
    if (is_answerable) is_answerable = meet(entry, std::move(challenge));
  }
  if (!is_answerable) return fail(now, id, entry, Failure::Refused, "it does not take the credentials");
  send(now, id, entry);
}

void Registrant::too_brief(TimePoint now, std::uint64_t id, Entry& entry, const Message& response) {
  const auto least = parse_delta_seconds(response.value(FieldName::MinExpires));
  const auto wanted = std::chrono::seconds(least.value_or(0));
  const bool helps = !entry.leaves && wanted > entry.wanted && wanted <= limit::longest_registration &&
                     ++entry.repeats <= limit::registration_repeats;
  if (!helps) return fail(now, id, entry, Failure::Refused, shown_answer(response));
  entry.wanted = wanted;
  send(now, id, entry);
}

// §8.1.3.4: where its contacts are, the best first; for SIPS nothing else takes its place. What is redirected to is
// where refreshes go first (§10.2.4).
void Registrant::redirected(TimePoint now, std::uint64_t id, Entry& entry, const Message& response) {
  std::vector<std::pair<int, Place>> places;
  const auto listed = contacts(response);
  for (const NameAddress& contact : listed ? listed->list : std::vector<NameAddress>()) {
    const bool is_lower = entry.place.request_uri.is_sips() && !contact.uri.is_sips();
    if (!contact.uri.is_sip() || is_lower) continue;
    const auto q = parse_q(contact.parameters.value("q").value_or("1"));
    Uri uri = contact.uri;
    uri.user.clear();
    uri.password.clear();
    uri.has_user = false;
    uri.headers.clear();
    Place place{uri, uri, entry.place.address, {}, {}, !names(entry, uri)};
    place.request_uri.parameters.clear();
    const auto is_worse = [&](const auto& other) { return other.first < q.value_or(0); };
    const auto behind = std::ranges::find_if(places, is_worse);
    places.emplace(behind, q.value_or(0), std::move(place));
  }
  if (places.empty() || entry.leaves || ++entry.redirects > limit::registration_redirects) {
    return fail(now, id, entry, Failure::Refused, shown_answer(response));
  }
  entry.met.clear();  // what one registrar was shown is no other's business, until that one asks (RFC 3261 §22.1)
  for (std::size_t i = std::min(places.size(), limit::registrar_places); i-- > 0;) {
    entry.places.push_front(std::move(places[i].second));
  }
  next_place(now, id, entry, shown_answer(response));
}

// ---- ends of attempts

void Registrant::lose(const Entry& entry, PeerOutcome outcome, const std::string& reason,
                      std::optional<std::chrono::seconds> rest) {
  if (entry.place.peer) port_.heard_of(entry.place.peer, outcome, rest, reason);
}

void Registrant::fail(TimePoint now, std::uint64_t id, Entry& entry, Failure failure, const std::string& reason) {
  if (entry.leaves) return left(now, id, entry);
  entry.under_way = false;
  entry.places.clear();
  ++entry.failures;
  entry.reason = reason;
  if (failure == Failure::Refused) entry.met.clear();
  if (!stands(now, entry)) entry.home.reset();
  port_.register_failed();
  const Duration after = wait_after(entry, failure);
  tell(entry, TrunkRegistrationChanged::Change::Failed, std::chrono::ceil<std::chrono::seconds>(after), reason);
  wait(now, id, entry, after);
}

Duration Registrant::wait_after(const Entry& entry, Failure failure) {
  const RegistrationRetry& retry = entry.settings.retry;
  Duration most = retry.max;
  if (failure == Failure::Unreached) {
    most = retry.base;
    for (std::uint32_t i = 1; i < entry.failures && most < retry.max; ++i) most *= 2;
    most = std::min(most, retry.max);
  }
  const Duration half = most / 2;
  const Duration part(static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(half.count()) + 1)));
  const Duration asked = std::min(entry.asked_wait.value_or(std::chrono::seconds(0)), limit::longest_registration_wait);
  return std::max({half + part, asked, shortest_wait});
}

void Registrant::left(TimePoint now, std::uint64_t id, Entry& entry) {
  timers_.cancel(entry.timer);
  if (entry.home) tell(entry, TrunkRegistrationChanged::Change::Removed, {}, {});
  if (!is_wanted(entry)) {
    entries_.erase(id);
    return;
  }
  entry.home.reset();
  entry.under_way = entry.leaves = false;
  entry.failures = 0;
  if (!drained_) wait(now, id, entry, Duration::zero());
}

void Registrant::tell(const Entry& entry, TrunkRegistrationChanged::Change change, std::chrono::seconds interval,
                      const std::string& reason) {
  const std::string at = entry.place.hop ? text_of(*entry.place.hop) : std::string();
  port_.emit(
      TrunkRegistrationChanged{entry.settings.trunk, entry.place.address, change, at, interval, entry.status, reason});
}

}  // namespace intermediary
