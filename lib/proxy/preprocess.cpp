#include "proxy/preprocess.h"

#include "base/limits.h"
#include "policy/overload.h"
#include "proxy/branch_id.h"
#include "proxy/flow_token.h"

namespace intermediary {

namespace {

bool is_us(const LocalNames& names, const Uri& uri) {
  return uri.is_sip() && names.is_us(uri.host, uri.port, uri.is_sips());
}

constexpr std::size_t mark_characters = 16;

// "MARK", or "MARK.PROOF" of a dialog that is followed.
void read_mark(Preprocessed& pre, const Uri& uri, const ProxySettings& settings) {
  const auto mark = uri.parameter(mark_parameter);
  if (!mark) return;
  const bool has_proof = mark->size() > mark_characters && (*mark)[mark_characters] == '.';
  if (!has_proof && mark->size() != mark_characters) return;
  const Message& request = *pre.request;
  const std::string_view own = mark->substr(0, mark_characters);
  const auto is_of = [&](std::string_view tag) { return own == dialog_mark(settings.key, request.call_id(), tag); };
  const bool by_caller = is_of(request.from_tag());
  if (!by_caller && !is_of(request.to_tag())) return;
  pre.in_our_dialog = true;
  pre.by_callee = !by_caller;
  if (!has_proof) return;
  const std::string_view tag = by_caller ? request.from_tag() : request.to_tag();
  if (mark->substr(mark_characters + 1) == dialog_mark(settings.run_key, request.call_id(), tag)) pre.followed = true;
}

// RFC 5626 §5.3.
void note_flow_token(Preprocessed& pre, const Uri& route) {
  if (!route.has_user || !is_flow_token(route.user)) return;
  pre.flow_tokens.push_back(route.user);
  if (route.has_parameter("ob")) pre.by_path = true;
}

Refusal bad_request(std::string reason) { return {400, std::move(reason), {}}; }

// §16.4: a Request-URI that we once put into a Record-Route comes from a strict router. The last Route is the real one.
std::expected<void, Refusal> undo_strict_routing(Preprocessed& pre, std::vector<Entry>& routes, const LocalNames& names,
                                                 const ProxySettings& settings) {
  if (routes.empty() || !pre.request_uri.has_parameter(mark_parameter)) return {};
  if (!is_us(names, pre.request_uri)) return {};
  const auto last = parse_name_address(text(*pre.request, routes.back()));
  if (!last) return std::unexpected(bad_request("Route: " + last.error().detail));
  read_mark(pre, pre.request_uri, settings);
  note_flow_token(pre, pre.request_uri);
  pre.request_uri = last->uri;
  pre.taken_routes.push_back(routes.back());
  routes.pop_back();
  return {};
}

// §16.4: a maddr that names us has done its work.
void take_off_our_maddr(Preprocessed& pre, const LocalNames& names) {
  const auto maddr = pre.request_uri.parameter("maddr");
  if (!maddr || !names.is_us(*maddr, pre.request_uri.port, pre.request_uri.is_sips())) return;
  pre.request_uri.remove_parameter("maddr");
  pre.request_uri.remove_parameter("transport");
  pre.request_uri.port.reset();
}

// §16.4: Routes that name us leave, however many we put there (double Record-Route, RFC 5658).
std::expected<void, Refusal> take_own_routes(Preprocessed& pre, const std::vector<Entry>& routes,
                                             const LocalNames& names, const ProxySettings& settings) {
  for (const Entry& entry : routes) {
    auto route = parse_name_address(text(*pre.request, entry));
    if (!route) return std::unexpected(bad_request("Route: " + route.error().detail));
    if (!is_us(names, route->uri)) {
      pre.next_route = std::move(*route);
      return {};
    }
    read_mark(pre, route->uri, settings);
    note_flow_token(pre, route->uri);
    pre.taken_routes.push_back(entry);
  }
  return {};
}

std::expected<void, Refusal> read_request_uri(Preprocessed& pre) {
  if (const auto error = Uri::parse_into(pre.request_uri, pre.request->request_uri())) {
    return std::unexpected(bad_request("Request-URI: " + error->detail));
  }
  // §19.1.1: header fields have no place there; they are ignored, and go no further (RFC 4475 §3.1.2.11).
  pre.request_uri.headers.clear();
  return {};
}

std::expected<void, Refusal> read_routes(Preprocessed& pre, const LocalNames& names, const ProxySettings& settings) {
  std::vector<Entry> routes = entries(*pre.request, FieldName::Route);
  if (routes.size() > limit::list_entries) {
    return std::unexpected(bad_request("more than " + std::to_string(limit::list_entries) + " Route entries"));
  }
  if (auto done = undo_strict_routing(pre, routes, names, settings); !done) return done;
  return take_own_routes(pre, routes, names, settings);
}

std::expected<void, Refusal> finish_request_uri(Preprocessed& pre, const LocalNames& names) {
  // Whether there is a way for it, its rule says.
  if (pre.request_uri.scheme == Uri::Scheme::Tel || is_service_urn(pre.request_uri)) return {};
  if (!pre.request_uri.is_sip()) {
    return std::unexpected(Refusal{
        416, "Request-URI scheme '" + std::string(pre.request_uri.scheme_text()) + "' is not routable here", {}});
  }
  take_off_our_maddr(pre, names);
  return {};
}

// RFC 5393 §4.2.2: a Via of ours whose branch holds this request's loop hash.
bool has_been_here(const Message& request, const Arrival& arrival, const LocalNames& names,
                   const ProxySettings& settings) {
  if (!has_next_via(request) && loop_part(request.top_via().branch).empty()) return false;  // its first hop
  std::optional<HexText> own;  // worked out when a Via is there that it could be in
  for (const Entry& entry : entries(request, FieldName::Via)) {
    const std::string_view value = text(request, entry);
    const std::string_view seen = loop_part_of_via(value);
    if (seen.empty()) continue;
    if (!own) own = loop_hash_of(request, arrival, settings);
    if (*own != seen) continue;
    const auto via = parse_via(value);
    if (via && names.is_our_sent_by(via->host, via->port)) return true;
  }
  return false;
}

}  // namespace

std::expected<Preprocessed, Refusal> preprocess(const MessagePtr& request, const LocalNames& names,
                                                const ProxySettings& settings) {
  std::expected<Preprocessed, Refusal> result;
  result->request = request;
  auto done = read_request_uri(*result);
  if (done && request->has(FieldName::Route)) done = read_routes(*result, names, settings);
  if (done) done = finish_request_uri(*result, names);
  if (!done) result = std::unexpected(std::move(done.error()));
  return result;
}

namespace {

// One text of what rules look at beyond the fields that loop_hash() knows.
std::string further_inputs(const Message& request, const Arrival& arrival, const RouteInputs& inputs) {
  std::string text;
  if (inputs.source) text += arrival.remote.address.to_string();
  if (inputs.arrival)
    text.append(" ").append(std::to_string(arrival.listener.value)).append(via_name(arrival.transport));
  if (inputs.parties)
    text.append("\n").append(request.value(FieldName::From)).append("\n").append(request.value(FieldName::To));
  if (inputs.fields.empty()) return text;
  for (const Field& field : request.fields()) {
    const bool is_read = std::ranges::any_of(inputs.fields, [&](const std::string& name) {
      const FieldName known = field_name(name);
      return known == FieldName::Other ? equals_ignoring_case(request.name_text(field), name) : field.name == known;
    });
    if (is_read) text.append("\n").append(request.value(field));
  }
  return text;
}

}  // namespace

HexText loop_hash_of(const Message& request, const Arrival& arrival, const ProxySettings& settings) {
  return loop_hash(settings.key, request, further_inputs(request, arrival, settings.route_inputs));
}

std::optional<Refusal> validate_for_forwarding(const Message& request, const Arrival& arrival, const LocalNames& names,
                                               const ProxySettings& settings) {
  if (request.max_forwards() == std::uint8_t{0}) return Refusal{483, "Max-Forwards is 0", {}};
  if (has_been_here(request, arrival, names, settings)) {
    return Refusal{482, "the request has been here before, unchanged", {}};
  }
  const bool binds = request.method() != Method::Ack && request.method() != Method::Cancel;
  if (binds && request.has(FieldName::ProxyRequire)) {
    std::string unsupported;
    for (const std::string_view tag : tokens(request, FieldName::ProxyRequire)) {
      if (!unsupported.empty()) unsupported += ", ";
      unsupported += tag;
    }
    return Refusal{420, "Proxy-Require asks for " + unsupported, {{"Unsupported", unsupported}}};
  }
  return std::nullopt;
}

}  // namespace intermediary
