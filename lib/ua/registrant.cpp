#include "ua/registrant.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/overloaded.h"
#include "base/text.h"
#include "message/compose.h"

namespace intermediary {

namespace {

// The first REGISTERs of many trunks leave one after another.
constexpr Duration start_distance = std::chrono::milliseconds(50);
constexpr Duration usual_silence = std::chrono::seconds(3);

// RFC 3261 §10.2: the domain of a location service, without a user; nor is anything in it that is about the way there.
Uri domain_of(const Uri& uri) {
  Uri domain;
  domain.scheme = uri.scheme;
  domain.written_scheme = uri.written_scheme;
  domain.host = uri.host;
  domain.port = uri.port;
  return domain;
}

bool is_same_account(const TrunkRegistration& a, const TrunkRegistration& b) {
  return a.trunk == b.trunk && a.login.user == b.login.user && a.registrar == b.registrar &&
         a.address_of_record == b.address_of_record && a.contact_user == b.contact_user;
}

bool is_same_text(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  }
  return difference == 0;
}

}  // namespace

std::string line_of(const HashKey& key, const TrunkRegistration& registration) {
  KeyedHash hash(key);
  hash.field(registration.trunk).field(registration.login.user).field(registration.contact_user);
  const WideHash words = hash.finish_wide();
  return to_hex(words.high) + to_hex(words.low);
}

bool is_line_of(const HashKey& key, const TrunkRegistration& registration, const Uri& uri) {
  const auto line = uri.parameter(line_parameter);
  return line && is_same_text(*line, line_of(key, registration));
}

Registrant::Registrant(const std::vector<TrunkRegistration>& settings, const HashKey& key, const PeerTable& peers,
                       const std::string& server_name, const LocalNames& names, TransactionLayer& transactions,
                       TimerQueue& timers, RandomSource& random, RegistrantPort& port)
    : settings_(settings),
      key_(key),
      peers_(peers),
      server_name_(server_name),
      names_(names),
      transactions_(transactions),
      timers_(timers),
      random_(random),
      port_(port) {}

// ---- who registers

void Registrant::start(TimePoint now) {
  if (std::exchange(started_, true)) return;
  Duration after{};
  for (const TrunkRegistration& settings : settings_) {
    add(now, settings, after);
    after += start_distance;
  }
}

void Registrant::add(TimePoint now, const TrunkRegistration& settings, Duration after) {
  const std::uint64_t id = ++last_id_;
  Entry& entry = entries_[id];
  entry.settings = settings;
  entry.call_id = random_.token(24);
  entry.tag = random_.token(16);
  entry.wanted = settings.expires;
  if (!drained_) wait(now, id, entry, after);
}

bool Registrant::is_wanted(const Entry& entry) const {
  return std::ranges::any_of(
      settings_, [&](const TrunkRegistration& settings) { return is_same_account(settings, entry.settings); });
}

void Registrant::reconfigure(TimePoint now) {
  if (!started_) return;
  std::vector<std::uint64_t> ids, leaving, anew;
  for (auto& [id, entry] : entries_) ids.push_back(id);
  for (const std::uint64_t id : ids) {
    Entry& entry = entries_.at(id);
    const auto same =
        std::ranges::find_if(settings_, [&](const auto& s) { return is_same_account(s, entry.settings); });
    const bool has_moved = entry.home && entry.home->peer && !peers_.knows(entry.home->peer);
    if (same == settings_.end()) {
      if (!entry.leaves) leaving.push_back(id);
    } else if (*same != entry.settings || has_moved) {
      entry.settings = *same;
      entry.wanted = same->expires;
      entry.met.clear();
      if (has_moved) {
        entry.home.reset();
        entry.addresses.clear();
      }
      if (!entry.leaves && !drained_) anew.push_back(id);
    }
  }
  for (const std::uint64_t id : leaving) begin_leaving(now, id, entries_.at(id));
  for (const std::uint64_t id : anew) {
    stop(now, entries_.at(id));
    begin(now, id, entries_.at(id));
  }
  Duration after{};
  for (const TrunkRegistration& settings : settings_) {
    const auto is_it = [&](const auto& each) { return is_same_account(each.second.settings, settings); };
    if (std::ranges::any_of(entries_, is_it)) continue;
    add(now, settings, after);
    after += start_distance;
  }
}

void Registrant::drain(TimePoint now) {
  if (std::exchange(drained_, true)) return;
  std::vector<std::uint64_t> ids;
  for (auto& [id, entry] : entries_) {
    if (!entry.leaves) ids.push_back(id);
  }
  for (const std::uint64_t id : ids) begin_leaving(now, id, entries_.at(id));
}

void Registrant::resume(TimePoint now) {
  if (!std::exchange(drained_, false)) return;
  Duration after{};
  for (auto& [id, entry] : entries_) {
    if (entry.under_way) continue;  // it leaves, and then begins again
    wait(now, id, entry, after);
    after += start_distance;
  }
}

void Registrant::stop(TimePoint now, Entry& entry) {
  timers_.cancel(entry.timer);
  if (entry.client) transactions_.forget(now, std::exchange(entry.client, {}));
  if (entry.query != 0) {
    queries_.erase(entry.query);
    port_.forget_registrar_query(std::exchange(entry.query, 0));
  }
  entry.under_way = false;
}

// ---- an attempt

void Registrant::begin(TimePoint now, std::uint64_t id, Entry& entry) {
  entry.under_way = true;
  entry.leaves = false;
  entry.places.clear();
  entry.tried.clear();
  entry.found.clear();
  entry.redirects = 0;
  entry.asked_wait.reset();
  entry.status = 0;
  if (entry.home) entry.places.push_back(*entry.home);  // §10.2.4
  add_places(now, entry);
  next_place(now, id, entry, "it has no peer");
}

// §10.2.2: an interval of zero. Nobody waits for more than that it has been asked.
void Registrant::begin_leaving(TimePoint now, std::uint64_t id, Entry& entry) {
  stop(now, entry);
  entry.leaves = true;
  if (!stands(now, entry)) return left(now, id, entry);
  entry.under_way = true;
  entry.places = {*entry.home};
  entry.tried.clear();
  next_place(now, id, entry, "it has no peer");
}

// Those that take requests before those that do not: a registration is better tried than given up.
std::vector<PeerId> Registrant::peers_in_order(TimePoint now, const std::string& trunk) const {
  const auto group = peers_.find_group("trunk:" + trunk);
  if (!group) return {};
  const auto order = [&](PeerId id) { return std::pair(!peers_.takes(now, id), peers_.peer(id).priority); };
  std::vector<PeerId> peers;
  for (const PeerId id : peers_.members(*group)) {
    peers.insert(std::ranges::find_if(peers, [&](PeerId other) { return order(other) > order(id); }), id);
  }
  return peers;
}

std::string Registrant::address_at(const TrunkRegistration& settings, const Uri& request_uri) {
  if (settings.address_of_record) return settings.address_of_record->to_string();
  Uri address = domain_of(request_uri);
  address.user = escaped_user(settings.login.user);
  address.has_user = true;
  address.port.reset();
  return address.to_string();
}

// §10.2.6.
void Registrant::add_places(TimePoint now, Entry& entry) const {
  const TrunkRegistration& settings = entry.settings;
  const auto add = [&](const Uri& request_uri, const Uri& next_hop, PeerId peer) {
    entry.places.push_back({domain_of(request_uri), next_hop, address_at(settings, request_uri), peer, {}});
  };
  if (settings.registrar) return add(*settings.registrar, *settings.registrar, {});
  for (const PeerId id : peers_in_order(now, settings.trunk)) {
    const Uri& uri = peers_.peer(id).uri;
    add(settings.address_of_record ? *settings.address_of_record : uri, uri, id);
  }
}

// Of the hosts that the configuration says to register with.
bool Registrant::names(const Entry& entry, const Uri& uri) const {
  if (uri.has_parameter("maddr")) return false;  // it leads elsewhere, whatever its host
  const std::string_view host = uri.host;
  const TrunkRegistration& settings = entry.settings;
  if (settings.registrar) return equals_ignoring_case(settings.registrar->host, host);
  if (settings.address_of_record && equals_ignoring_case(settings.address_of_record->host, host)) return true;
  const auto group = peers_.find_group("trunk:" + settings.trunk);
  return group && std::ranges::any_of(peers_.members(*group),
                                      [&](PeerId id) { return equals_ignoring_case(peers_.peer(id).uri.host, host); });
}

// RFC 3261 §22.2, §22.3: credentials are for a realm, and a challenge says itself for which. Whoever can answer a
// REGISTER can send it elsewhere (§8.1.3.4) and ask there under any name: a login that is configured for no realm is
// for the registrar that is configured.
bool Registrant::may_have_credentials(const Entry& entry) const {
  return !entry.place.is_elsewhere || !entry.settings.login.realm.empty();
}

bool Registrant::was_tried(const Entry& entry, const Hop& hop) {
  return std::ranges::any_of(
      entry.tried, [&](const Hop& tried) { return tried.transport == hop.transport && tried.remote == hop.remote; });
}

bool Registrant::knows_address(const TrunkRegistration& registration, const IpAddress& address) const {
  return std::ranges::any_of(entries_, [&](const auto& each) {
    const Entry& entry = each.second;
    const bool is_home = entry.home && entry.home->hop->remote.address == address;
    return is_same_account(entry.settings, registration) &&
           (is_home || std::ranges::find(entry.addresses, address) != entry.addresses.end());
  });
}

// The last that were found, until a registration shows which of them are good.
void Registrant::note_addresses(Entry& entry, const std::vector<Hop>& hops) {
  for (const Hop& hop : hops) {
    for (std::vector<IpAddress>* known : {&entry.found, &entry.addresses}) {
      if (std::ranges::find(*known, hop.remote.address) != known->end()) continue;
      if (known->size() >= limit::registrar_places) known->erase(known->begin());
      known->push_back(hop.remote.address);
    }
  }
}

// RFC 3263 §4.3: the servers of a name are tried one after another.
void Registrant::take_hops(Entry& entry, const std::vector<Hop>& hops) {
  if (!entry.place.is_elsewhere) note_addresses(entry, hops);
  for (std::size_t i = hops.size(); i-- > 0;) {
    Place place = entry.place;
    place.hop = hops[i];
    entry.places.push_front(std::move(place));
  }
}

void Registrant::next_place(TimePoint now, std::uint64_t id, Entry& entry, const std::string& reason) {
  std::string why = reason;
  while (!entry.places.empty() && entry.tried.size() < limit::registrar_places) {
    entry.place = std::move(entry.places.front());
    entry.places.pop_front();
    if (entry.place.hop) {
      if (was_tried(entry, *entry.place.hop)) continue;
      entry.tried.push_back(*entry.place.hop);
      entry.repeats = 0;
      if (!may_have_credentials(entry)) entry.met.clear();
      // It may know nothing of the nonces of the one before.
      for (Met& met : entry.met) met.is_new = met.was_stale = false;
      return send(now, id, entry);
    }
    RegistrantPort::Found found = port_.find_registrar_hops(entry.place.next_hop);
    if (const auto* query = std::get_if<std::uint64_t>(&found)) {
      entry.query = *query;
      queries_[*query] = id;
      return;
    }
    if (const auto* hops = std::get_if<std::vector<Hop>>(&found)) {
      take_hops(entry, *hops);
    } else {
      why = std::get<std::string>(found);
      lose(entry, PeerOutcome::Failed, why);
    }
  }
  fail(now, id, entry, Failure::Unreached, why);
}

bool Registrant::resolved(TimePoint now, std::uint64_t query,
                          const std::expected<std::vector<Hop>, std::string>& hops) {
  const auto found = queries_.find(query);
  if (found == queries_.end()) return false;
  const std::uint64_t id = found->second;
  queries_.erase(found);
  Entry& entry = entries_.at(id);
  entry.query = 0;
  if (hops) {
    take_hops(entry, *hops);
  } else {
    lose(entry, PeerOutcome::Failed, hops.error());
  }
  next_place(now, id, entry, hops ? std::string("it has no address") : hops.error());
  return true;
}

Duration Registrant::silence_of(const Entry& entry) const {
  const auto group = peers_.find_group("trunk:" + entry.settings.trunk);
  return group ? peers_.group(*group).failover.after : usual_silence;
}

void Registrant::send(TimePoint now, std::uint64_t id, Entry& entry) {
  Hop& hop = *entry.place.hop;
  const LocalNames::Listener* out = names_.for_sending(hop.transport, hop.remote.address.family(), hop.listener);
  if (!out) return next_place(now, id, entry, "no listener to reach " + hop.remote.to_string() + " from");
  hop.listener = out->id;
  hop.flow = {};
  const std::string branch = "z9hG4bK" + random_.token(24);
  std::string bytes = request_for(entry, *out, branch);
  port_.register_sent();
  const Duration silence = silence_of(entry);
  if (!entry.places.empty() && silence > Duration::zero()) {
    entry.timer = timers_.arm(now, silence, {TimerOwner::Registrant, static_cast<std::uint8_t>(Timer::Silence), id});
  }
  entry.client = transactions_.create_client(now, Method::Register, branch, std::move(bytes), hop, {user_kind, id});
}

// §8.1.1.8: where SIPS is asked for, it is what we are reached by.
std::string Registrant::contact_of(const Entry& entry, const LocalNames::Listener& out) const {
  const bool sips = entry.place.request_uri.is_sips();
  std::string contact = sips ? "sips:" : "sip:";
  contact += entry.settings.contact_user + "@" + out.sent_by;
  if (out.transport != Transport::Udp && !sips) {
    contact += ";transport=" + std::string(parameter_name(out.transport));
  }
  return contact + ";" + std::string(line_parameter) + "=" + line_of(key_, entry.settings);
}

std::string Registrant::request_for(Entry& entry, const LocalNames::Listener& out, std::string_view branch) {
  const std::string uri = entry.place.request_uri.to_string();
  RequestWriter request("REGISTER", uri);
  request.field("Via", "SIP/2.0/" + std::string(via_name(entry.place.hop->transport)) + " " + out.sent_by +
                           ";branch=" + std::string(branch));
  request.field("Max-Forwards", std::to_string(limit::max_forwards_default));
  request.field("From", "<" + entry.place.address + ">;tag=" + entry.tag);
  request.field("To", "<" + entry.place.address + ">");
  request.field("Call-ID", entry.call_id).field("CSeq", std::to_string(++entry.cseq) + " REGISTER");
  request.field("Contact", "<" + contact_of(entry, out) + ">");
  request.field("Expires", entry.leaves ? std::string("0") : std::to_string(entry.wanted.count()));
  for (Met& met : entry.met) {
    const std::string cnonce = random_.token(24);
    request.field(met.challenge.by_proxy ? "Proxy-Authorization" : "Authorization",
                  credentials_for(met.challenge, entry.settings.login, "REGISTER", uri, cnonce, {}));
  }
  if (!server_name_.empty()) request.field("User-Agent", server_name_);
  return request.finish();
}

void Registrant::wait(TimePoint now, std::uint64_t id, Entry& entry, Duration after) {
  timers_.cancel(entry.timer);
  entry.timer = timers_.arm(now, after, {TimerOwner::Registrant, static_cast<std::uint8_t>(Timer::Attempt), id});
}

void Registrant::timer_fired(TimePoint now, const TimerTag& tag) {
  const auto found = entries_.find(tag.subject);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.timer = {};
  switch (static_cast<Timer>(tag.kind)) {
    case Timer::Attempt:
      return begin(now, tag.subject, entry);
    case Timer::Silence:
      if (entry.client) transactions_.forget(now, std::exchange(entry.client, {}));
      lose(entry, PeerOutcome::Failed, "no answer to REGISTER");
      return next_place(now, tag.subject, entry, "no answer");
  }
}

void Registrant::report(TimePoint now, const TransactionReport& report) {
  const auto with = [&](TransactionUser user, ClientTransactionId client, auto&& act) {
    if (user.kind != user_kind) return;
    const auto found = entries_.find(user.subject);
    if (found != entries_.end() && found->second.client == client) act(user.subject, found->second);
  };
  const auto lost = [&](std::uint64_t id, Entry& entry, const std::string& reason) {
    timers_.cancel(entry.timer);
    entry.client = {};
    lose(entry, PeerOutcome::Failed, reason);
    next_place(now, id, entry, reason);
  };
  std::visit(Overloaded{
                 [&](const ResponseReceived& r) {
                   with(r.user, r.transaction,
                        [&](std::uint64_t id, Entry& entry) { answered(now, id, entry, *r.response); });
                 },
                 [&](const ClientTimedOut& r) {
                   with(r.user, r.transaction, [&](std::uint64_t id, Entry& entry) { lost(id, entry, "no answer"); });
                 },
                 [&](const ClientSendFailed& r) {
                   with(r.user, r.transaction, [&](std::uint64_t id, Entry& entry) { lost(id, entry, r.reason); });
                 },
                 [](const ClientTerminated&) {},
                 [](const AckMissing&) {},
                 [](const AnswerOverdue&) {},
                 [](const ServerTerminated&) {},
             },
             report);
}

std::vector<TrunkRegistrationView> Registrant::views(TimePoint now) const {
  std::vector<TrunkRegistrationView> views;
  for (const auto& [id, entry] : entries_) {
    TrunkRegistrationView view{.trunk = entry.settings.trunk, .address_of_record = entry.place.address, .state = {}};
    view.state = stands(now, entry)    ? "registered"
                 : entry.under_way     ? "trying"
                 : entry.failures != 0 ? "failed"
                                       : "unregistered";
    view.failures = entry.failures;
    view.reason = entry.failures == 0 ? std::string() : entry.reason;
    if (stands(now, entry)) {
      const Hop& hop = *entry.home->hop;
      view.registrar = std::string(parameter_name(hop.transport)) + ":" + hop.remote.to_string();
      view.expires_in = std::chrono::ceil<std::chrono::seconds>(entry.expires - now);
      view.service_route = entry.service_route;
      view.associated = entry.associated;
    }
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace intermediary
