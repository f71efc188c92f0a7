#include "ua/registrar.h"

#include <algorithm>
#include <array>
#include <expected>
#include <string>
#include <utility>

#include "base/instance.h"
#include "base/limits.h"
#include "base/text.h"
#include "location/gruu.h"
#include "message/values.h"
#include "ua/inspection.h"
#include "ua/outbound.h"
#include "ua/protected_copy.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
template <class Value>
using OrRefusal = std::expected<Value, UaAnswer>;

constexpr seconds when_malformed{3600};   // RFC 3261 §10.2
constexpr seconds least_refusable{3600};  // RFC 3261 §10.3 step 7: an interval of an hour or more is never too brief
constexpr seconds room_again{60};

std::unexpected<UaAnswer> refused(int status, std::string detail) {
  return std::unexpected(refuse(status, std::move(detail)));
}

// Step 5.
OrRefusal<std::string> read_address_of_record(const Message& request, const LocalNames& names) {
  const auto to = parse_name_address(request.value(FieldName::To));
  if (!to) return refused(400, "To: " + to.error().detail);
  if (!to->uri.is_sip() || !to->uri.has_user || !names.is_local_domain(to->uri.host, to->uri.port)) {
    return refused(404, "To names no address of record of ours");
  }
  return address_of_record(to->uri);
}

struct Path {
  std::vector<std::string> texts;
  Outbound outbound;  // what it says together with the Via
};

// RFC 3327 §5.3.
OrRefusal<Path> read_path(const Message& request) {
  const auto parsed = name_addresses(request, FieldName::Path);
  if (!parsed) return refused(400, parsed.error().detail);
  Path path;
  for (const Entry& entry : entries(request, FieldName::Path)) path.texts.push_back(unfold(text(request, entry)));
  path.outbound = read_outbound(request, *parsed);
  if (path.texts.empty() || lists_option(request, FieldName::Supported, "path")) return path;
  UaAnswer answer = refuse(420, "it has a Path, but its sender does not support path");
  answer.fields.emplace_back("Unsupported", "path");
  return std::unexpected(answer);
}

seconds requested(std::string_view value) {
  const auto interval = parse_delta_seconds(value);
  return interval ? seconds(*interval) : when_malformed;
}

// Step 7, first list.
seconds requested_interval(const Message& request, const NameAddress& contact, const RegistrarSettings& settings) {
  if (const auto parameter = contact.parameters.value("expires")) return requested(*parameter);
  if (request.has(FieldName::Expires)) return requested(request.value(FieldName::Expires));
  return settings.default_expires;
}

OrRefusal<seconds> granted_interval(seconds requested, const RegistrarSettings& settings) {
  if (requested.count() > 0 && requested < least_refusable && requested < settings.min_expires) {
    UaAnswer answer = refuse(423, "an interval of " + std::to_string(requested.count()) + " s is too brief");
    answer.fields.emplace_back("Min-Expires", std::to_string(settings.min_expires.count()));
    return std::unexpected(answer);
  }
  return std::min(requested, settings.max_expires);
}

// The contact is the far end of the connection that it came by, so nobody can call it back there. Over WebSocket this
// is so whatever the contact says (RFC 7118 §5).
bool ends_with_flow(const Uri& contact, const Arrival& arrival) {
  if (!arrival.flow) return false;
  if (arrival.transport == Transport::Ws || arrival.transport == Transport::Wss) return true;
  const std::uint16_t port = contact.port.value_or(default_port(arrival.transport));
  return contact.address() == arrival.remote.address && port == arrival.remote.port;
}

OrRefusal<std::int16_t> read_q(const Parameters& parameters) {
  const auto value = parameters.value("q");
  if (!value) return 1000;
  const auto q = parse_q(*value);
  if (!q) return refused(400, "Contact: " + q.error().detail);
  return static_cast<std::int16_t>(*q);
}

// Without what is ours to say: the interval (step 8) and the GRUUs (RFC 5627 §5.1).
std::string kept_parameters(const Parameters& parameters) {
  Parameters kept = parameters;
  std::erase_if(kept.all, [](const auto& parameter) {
    return std::ranges::any_of(std::array<std::string_view, 3>{"expires", "pub-gruu", "temp-gruu"},
                               [&](std::string_view ours) { return equals_ignoring_case(parameter.name, ours); });
  });
  return kept.to_string();
}

InstancePlace place_of_instance(const Parameters& parameters, std::string_view text) {
  const std::string_view instance = instance_in(parameters.value("+sip.instance").value_or(""));
  if (instance.empty()) return {};
  return {static_cast<std::uint16_t>(text.find(instance)), static_cast<std::uint16_t>(instance.size())};
}

class RegistrationReader {
 public:
  // REQUIRES: all outlive it.
  RegistrationReader(const Message& request, const Arrival& arrival, const RegistrarSettings& settings,
                     const std::string& address_of_record, const HashKey& gruu_key, const Path& path)
      : request_(request),
        arrival_(arrival),
        settings_(settings),
        address_of_record_(address_of_record),
        gruu_key_(gruu_key),
        path_(path) {}

  // Steps 6 and 7 up to the comparison with what is bound.
  OrRefusal<Registration> read() const {
    const auto contacts = intermediary::contacts(request_);
    if (!contacts) return refused(400, contacts.error().detail);
    Registration registration;
    registration.call_id = request_.call_id();
    registration.cseq = request_.cseq().number;
    registration.path = path_.texts;
    registration.arrival = arrival_;
    registration.remove_all = contacts->star;
    if (contacts->star && !is_expiring_now()) return refused(400, "Contact is '*', but Expires is not 0");
    for (const NameAddress& contact : contacts->list) {
      auto update = read(contact);
      if (!update) return std::unexpected(update.error());
      registration.contacts.push_back(*std::move(update));
    }
    if (!fits(registration)) return refused(400, "Contact, Path and Call-ID are larger than a binding may be");
    if (mixes_sips(registration)) {
      return refused(400, "a contact is SIPS, and the connection, the Request-URI, a Path or another contact is not");
    }
    if (binds_a_flow_and_more(registration)) {
      return refused(400, "a contact with a reg-id stands beside others (RFC 5626 section 6)");
    }
    return registration;
  }

 private:
  bool is_expiring_now() const {
    return request_.has(FieldName::Expires) && requested(request_.value(FieldName::Expires)).count() == 0;
  }

  OrRefusal<ContactUpdate> read(const NameAddress& contact) const {
    const auto q = read_q(contact.parameters);
    if (!q) return std::unexpected(q.error());
    const auto interval = granted_interval(requested_interval(request_, contact, settings_), settings_);
    if (!interval) return std::unexpected(interval.error());
    ContactUpdate update{contact.uri, kept_parameters(contact.parameters), *interval, *q,
                         ends_with_flow(contact.uri, arrival_)};
    update.instance_place = place_of_instance(contact.parameters, update.parameters);
    const bool has_instance = !update.instance().empty();
    if (has_instance && interval->count() > 0) {
      if (auto refusal = refuse_instance(contact.uri)) return std::unexpected(*refusal);
    }
    const auto reg_id = read_reg_id(path_.outbound, contact.parameters, has_instance);
    if (!reg_id) return std::unexpected(reg_id.error());
    update.reg_id = *reg_id;
    // RFC 5626 §7: a flow to us is the way there, whatever the contact says.
    if (update.reg_id != 0 && path_.texts.empty()) update.ends_with_flow = static_cast<bool>(arrival_.flow);
    return update;
  }

  // RFC 5627 §5.1: what would lead back to the address of record, or nowhere.
  std::optional<UaAnswer> refuse_instance(const Uri& contact) const {
    if (!contact.is_sip()) return refuse(403, "a contact with an instance is no SIP URI");
    if (intermediary::address_of_record(contact) == address_of_record_) {
      return refuse(403, "a contact is the address of record that it is for");
    }
    const auto gruu = contact.has_parameter(gruu_parameter) ? read_gruu(gruu_key_, contact) : std::nullopt;
    if (!gruu || gruu->address_of_record != address_of_record_) return std::nullopt;
    return refuse(403, "a contact is a GRUU of the address of record that it is for");
  }

  // RFC 5626 §6.
  static bool binds_a_flow_and_more(const Registration& registration) {
    const auto binds = [](const ContactUpdate& contact) { return contact.expires.count() > 0; };
    const auto is_flow = [&](const ContactUpdate& contact) { return binds(contact) && contact.reg_id != 0; };
    return std::ranges::count_if(registration.contacts, binds) > 1 &&
           std::ranges::any_of(registration.contacts, is_flow);
  }

  // RFC 5630 §5.2: what is reached as SIPS is registered as SIPS, and by such a way.
  bool mixes_sips(const Registration& registration) const {
    const auto is_sips = [](const ContactUpdate& contact) {
      return contact.uri.is_sips() || contact.expires.count() == 0;
    };
    const auto binds_sips = [](const ContactUpdate& contact) {
      return contact.uri.is_sips() && contact.expires.count() > 0;
    };
    if (std::ranges::none_of(registration.contacts, binds_sips)) return false;
    const auto request_uri = Uri::parse(request_.request_uri());
    const auto is_sips_hop = [](const std::string& hop) {
      const auto parsed = parse_name_address(hop);
      return parsed && parsed->uri.is_sips();
    };
    return !is_secure(arrival_.transport) || !request_uri || !request_uri->is_sips() ||
           !std::ranges::all_of(registration.contacts, is_sips) || !std::ranges::all_of(registration.path, is_sips_hop);
  }

  static bool fits(const Registration& registration) {
    std::size_t shared = registration.call_id.size();
    for (const std::string& hop : registration.path) shared += hop.size();
    return std::ranges::all_of(registration.contacts, [&](const ContactUpdate& contact) {
      return shared + contact.uri.to_string().size() + contact.parameters.size() <= limit::binding_bytes;
    });
  }

  const Message& request_;
  const Arrival& arrival_;
  const RegistrarSettings& settings_;
  const std::string& address_of_record_;
  const HashKey& gruu_key_;
  const Path& path_;
};

UaAnswer refuse_update(UpdateRefusal refusal, const RegistrarSettings& settings) {
  switch (refusal) {
    case UpdateRefusal::OutOfOrder:
      return refuse(500, "a REGISTER with the same Call-ID and no lower CSeq came before");
    case UpdateRefusal::TooManyContacts:
      return refuse(403, "more than " + std::to_string(settings.max_contacts) + " contacts for its address of record");
    case UpdateRefusal::Full:
      break;
  }
  UaAnswer answer = refuse(503, "there is no room for another binding");
  answer.fields.emplace_back("Retry-After", std::to_string(room_again.count()));
  return answer;
}

// Step 8, with what RFC 5626, RFC 5627 and RFC 3608 add to the answer.
class Listing {
 public:
  Listing(TimePoint now, const std::string& address_of_record, std::span<const Binding> bindings)
      : now_(now), address_of_record_(address_of_record), bindings_(bindings) {}

  void add_contacts(UaAnswer& answer, const HashKey* gruu_key) const {
    for (const Binding& binding : bindings_) {
      std::string value = contact_value(binding);
      if (gruu_key && !binding.instance().empty()) value += gruus(*gruu_key, binding);
      answer.fields.emplace_back("Contact", std::move(value));
    }
  }

 private:
  // Rounded up: a binding that still lives never shows 0, which would say that it was removed.
  std::string contact_value(const Binding& binding) const {
    const auto left = std::chrono::ceil<seconds>(binding.expires - now_);
    return "<" + binding.contact + ">" + binding.parameters + ";expires=" + std::to_string(left.count());
  }

  // RFC 5627 §5.2: the temporary GRUU that was made last for the instance.
  std::string gruus(const HashKey& key, const Binding& binding) const {
    std::string text = ";pub-gruu=" + quoted(public_gruu(address_of_record_, binding.instance()));
    const auto last = std::ranges::max_element(bindings_, {}, [&](const Binding& other) {
      return is_same_instance(other.instance(), binding.instance()) ? other.id : BindingId{};
    });
    if (const auto gruu = temporary_gruu(key, address_of_record_, *last)) text += ";temp-gruu=" + quoted(*gruu);
    return text;
  }

  TimePoint now_;
  const std::string& address_of_record_;
  std::span<const Binding> bindings_;
};

// RFC 5626 §6, §5.4: whether it bound, or took away, a flow of one who knows what that is. A Flow-Timer is for
// connections: a NAT forgets datagrams sooner than anybody may say here, and their senders know (§4.4.2).
void add_outbound(UaAnswer& answer, const Registration& registration, const Outbound& outbound,
                  const RegistrarSettings& settings) {
  const auto is_flow = [](const ContactUpdate& contact) { return contact.reg_id != 0; };
  if (!outbound.supported || std::ranges::none_of(registration.contacts, is_flow)) return;
  answer.fields.emplace_back("Require", "outbound");
  const bool is_last_to_forward = outbound.first_hop && registration.arrival.flow;
  if (is_last_to_forward && settings.flow_timer.count() > 0) {
    answer.fields.emplace_back("Flow-Timer", std::to_string(settings.flow_timer.count()));
  }
}

}  // namespace

std::expected<Registrar::Asked, UaAnswer> Registrar::read(const Message& request, const Arrival& arrival,
                                                          WallTime wall) const {
  if (auto refusal = inspect(request, own_capabilities(true, smime_ != nullptr))) {  // step 2
    return std::unexpected(*std::move(refusal));
  }
  auto address_of_record = read_address_of_record(request, names_);
  if (!address_of_record) return std::unexpected(address_of_record.error());
  const bool is_signed = smime_ && has_protected_copy(request);
  if (is_signed) {
    if (auto refusal = check_protected_copy(*smime_, wall, request, *address_of_record)) {
      return std::unexpected(*std::move(refusal));
    }
  }
  const auto path = read_path(request);
  if (!path) return std::unexpected(path.error());
  auto registration = RegistrationReader(request, arrival, settings_, *address_of_record, gruu_key_, *path).read();
  if (!registration) return std::unexpected(registration.error());
  return Asked{*std::move(address_of_record), *std::move(registration), path->outbound,
               lists_option(request, FieldName::Supported, "gruu"), smime_ && (is_signed || !path->texts.empty())};
}

std::expected<Location::Update, UaAnswer> Registrar::plan(TimePoint now, const Asked& asked) const {
  auto update = location_.plan(now, asked.address_of_record, asked.registration, settings_.max_contacts);
  if (!update) return std::unexpected(refuse_update(update.error(), settings_));
  return *std::move(update);
}

UaAnswer Registrar::accept(TimePoint now, const Asked& asked, Location::Changes changes) const {
  UaAnswer answer;
  Listing(now, asked.address_of_record, location_.bindings(asked.address_of_record))
      .add_contacts(answer, asked.gruu ? &gruu_key_ : nullptr);
  for (const std::string& hop : asked.registration.path) answer.fields.emplace_back("Path", hop);
  add_outbound(answer, asked.registration, asked.outbound, settings_);
  for (const std::string& uri : settings_.service_route) answer.fields.emplace_back("Service-Route", "<" + uri + ">");
  for (BindingChanged& change : changes) answer.events.emplace_back(std::move(change));
  answer.with_copy = asked.with_copy;
  return answer;
}

UaAnswer Registrar::answer(TimePoint now, const Message& request, const Arrival& arrival, WallTime wall) {
  const auto asked = read(request, arrival, wall);
  if (!asked) return asked.error();
  auto changes = location_.update(now, asked->address_of_record, asked->registration, settings_.max_contacts);
  if (!changes) return refuse_update(changes.error(), settings_);
  return accept(now, *asked, *std::move(changes));
}

}  // namespace intermediary
