#include "ua/registrar.h"

#include <algorithm>
#include <expected>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "message/values.h"
#include "ua/inspection.h"

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

// RFC 3327 §5.3.
OrRefusal<std::vector<std::string>> read_path(const Message& request) {
  const auto parsed = name_addresses(request, FieldName::Path);
  if (!parsed) return refused(400, parsed.error().detail);
  std::vector<std::string> path;
  for (const Entry& entry : entries(request, FieldName::Path)) path.push_back(unfold(text(request, entry)));
  if (path.empty() || lists_option(request, FieldName::Supported, "path")) return path;
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

std::string without_expires(const Parameters& parameters) {
  Parameters kept = parameters;
  std::erase_if(kept.all, [](const auto& parameter) { return equals_ignoring_case(parameter.name, "expires"); });
  return kept.to_string();
}

class RegistrationReader {
 public:
  RegistrationReader(const Message& request, const Arrival& arrival, const RegistrarSettings& settings)
      : request_(request), arrival_(arrival), settings_(settings) {}

  // Steps 6 and 7 up to the comparison with what is bound.
  OrRefusal<Registration> read() const {
    auto path = read_path(request_);
    if (!path) return std::unexpected(path.error());
    const auto contacts = intermediary::contacts(request_);
    if (!contacts) return refused(400, contacts.error().detail);
    Registration registration;
    registration.call_id = request_.call_id();
    registration.cseq = request_.cseq().number;
    registration.path = *std::move(path);
    registration.arrival = arrival_;
    registration.remove_all = contacts->star;
    if (contacts->star && !is_expiring_now()) return refused(400, "Contact is '*', but Expires is not 0");
    for (const NameAddress& contact : contacts->list) {
      auto update = read(contact);
      if (!update) return std::unexpected(update.error());
      registration.contacts.push_back(*std::move(update));
    }
    if (!fits(registration)) return refused(400, "Contact, Path and Call-ID are larger than a binding may be");
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
    return ContactUpdate{contact.uri, without_expires(contact.parameters), *interval, *q,
                         ends_with_flow(contact.uri, arrival_)};
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

// Rounded up: a binding that still lives never shows 0, which would say that it was removed.
std::string contact_value(const Binding& binding, TimePoint now) {
  const auto left = std::chrono::ceil<seconds>(binding.expires - now);
  return "<" + binding.contact + ">" + binding.parameters + ";expires=" + std::to_string(left.count());
}

// Step 8.
UaAnswer list_bindings(std::span<const Binding> bindings, const std::vector<std::string>& path, TimePoint now) {
  UaAnswer answer;
  for (const Binding& binding : bindings) answer.fields.emplace_back("Contact", contact_value(binding, now));
  for (const std::string& hop : path) answer.fields.emplace_back("Path", hop);
  return answer;
}

}  // namespace

UaAnswer Registrar::answer(TimePoint now, const Message& request, const Arrival& arrival) {
  if (auto refusal = inspect(request, own_capabilities(true))) return *refusal;  // step 2
  const auto address_of_record = read_address_of_record(request, names_);
  if (!address_of_record) return address_of_record.error();
  const auto registration = RegistrationReader(request, arrival, settings_).read();
  if (!registration) return registration.error();
  auto changes = location_.update(now, *address_of_record, *registration, settings_.max_contacts);
  if (!changes) return refuse_update(changes.error(), settings_);
  UaAnswer answer = list_bindings(location_.bindings(*address_of_record), registration->path, now);
  for (BindingChanged& change : *changes) answer.events.emplace_back(std::move(change));
  return answer;
}

}  // namespace intermediary
