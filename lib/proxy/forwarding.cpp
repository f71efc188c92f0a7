#include "proxy/forwarding.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "message/editor.h"
#include "message/overload_control.h"
#include "proxy/branch_id.h"
#include "proxy/flow_token.h"

namespace intermediary {

using namespace std::string_view_literals;

namespace {

// §16.6 step 4: the URI by which a request within the dialog reaches us over `transport`. SIPS on the way of a SIPS
// request, and only there: for it asks for a SIPS contact (§12.1.1, docs/adr/0018). WebSocket is "ws" with and without
// TLS (RFC 7118 §5.2).
std::string_view transport_parameter(Transport transport, bool sips) {
  switch (transport) {
    case Transport::Udp:
      return {};
    case Transport::Tcp:
      return ";transport=tcp";
    case Transport::Tls:
      return sips ? std::string_view() : ";transport=tls";
    case Transport::Ws:
    case Transport::Wss:
      return ";transport=ws";
  }
  return {};
}

// "<sip:TOKEN@us;transport=tcp;lr": our URI on one side, with a flow token where there is one, not closed yet.
std::string own_uri(const LocalNames::Listener& side, Transport transport, bool sips, std::string_view token) {
  sips = sips && is_secure(transport);
  std::string entry = sips ? "<sips:" : "<sip:";
  entry.reserve(80 + side.sent_by.size() + token.size());
  if (!token.empty()) entry.append(token).append("@"sv);
  entry.append(side.sent_by).append(transport_parameter(transport, sips)).append(";lr"sv);
  return entry;
}

std::string record_route_entry(const LocalNames::Listener& side, Transport transport, bool sips, std::string_view token,
                               std::string_view mark) {
  std::string entry = own_uri(side, transport, sips, token);
  entry.append(";"sv).append(mark_parameter).append("="sv).append(mark).append(">"sv);
  return entry;
}

bool may_begin_a_dialog(const Message& request) {
  return request.to_tag().empty() && request.method() != Method::Register;
}

// RFC 5626 §5.3: a dialog that begins over a flow to a user agent stays on it; over WebSocket nothing else leads there.
// Only where the flow ends here: the way to an edge proxy is in the route set, by whatever connection (RFC 3261
// §16.12).
bool begins_on_flow(const Forwarding& f) {
  if (!f.target.hop) return false;
  const bool is_flow = f.target.is_flow || is_websocket(f.hop.transport);
  return is_flow && may_begin_a_dialog(*f.request.request);
}

// RFC 5658 §5: one entry for each side where the two differ, the way out on top. Two flows are two sides.
void add_record_route(Editor& editor, const Forwarding& f, const ProxySettings& settings) {
  const Message& request = *f.request.request;
  const bool sips = leaves_as_sips(f.request, f.target);
  const HexText own_mark = dialog_mark(settings.key, request.call_id(), request.from_tag());
  std::string with_proof;
  if (f.followed) {
    with_proof.append(own_mark.view()).append("."sv);
    with_proof.append(dialog_mark(settings.run_key, request.call_id(), request.from_tag()).view());
  }
  const std::string_view mark = f.followed ? with_proof : own_mark.view();
  const std::string& in_token = f.request.in_token;
  const std::string out_token = begins_on_flow(f) ? flow_token({settings.key, settings.start}, f.hop) : std::string();
  const bool two_flows = !in_token.empty() && !out_token.empty();
  const bool two = f.in.id != f.out.id || f.in_transport != f.hop.transport || two_flows;
  std::string value =
      record_route_entry(f.out, f.hop.transport, sips, two || in_token.empty() ? out_token : in_token, mark);
  if (two) value += ", " + record_route_entry(f.in, f.in_transport, sips, in_token, mark);
  editor.prepend(FieldName::RecordRoute, value);
}

// Where TLS ends, or goes on without SIPS, we have to stay on the way (§16.6 step 4).
bool must_record_route(const Forwarding& f) {
  return is_secure(f.in_transport) && !leaves_as_sips(f.request, f.target);
}

// RFC 5627 §6.2: a request within the dialog that is addressed to the GRUU would come here all the same, without the
// route through those who lead to the user agent.
bool must_stay_for_gruu(const Forwarding& f) {
  const bool is_theirs = !f.target.instance().empty() && !f.target.path.empty();
  return (is_theirs || f.request.from_gruu) && may_begin_a_dialog(*f.request.request);
}

// RFC 3327 §5.2, RFC 5626 §5.1: on the side where requests come back to us.
void add_path(Editor& editor, const Forwarding& f, const ProxySettings& settings) {
  const bool outbound = f.request.path_entry == Preprocessed::PathEntry::Outbound;
  const bool sips = leaves_as_sips(f.request, f.target);
  editor.prepend(FieldName::Path,
                 own_uri(f.out, f.hop.transport, sips, f.request.in_token) + (outbound ? ";ob>" : ">"));
  if (settings.path == PathUse::Required) editor.append(FieldName::Require, "path");
}

void add_what_brings_back(Editor& editor, const Forwarding& f, const ProxySettings& settings) {
  if (f.request.path_entry != Preprocessed::PathEntry::None) return add_path(editor, f, settings);
  const bool stays = f.record_route || !f.request.in_token.empty() || begins_on_flow(f) || must_record_route(f) ||
                     must_stay_for_gruu(f);
  if (stays) add_record_route(editor, f, settings);
}

// §19.1.1, table 1: what may stand in a contact but not in a Request-URI.
std::string as_request_uri(const Uri& uri) {
  if (uri.headers.empty() && !uri.has_parameter("method")) return uri.to_string();
  Uri allowed = uri;
  allowed.headers.clear();
  allowed.remove_parameter("method");
  return allowed.to_string();
}

// Step 3; and RFC 5393 §5.3.3: a Max-Breadth that is new goes with it in one splice.
void set_max_forwards(Editor& editor, const Forwarding& f) {
  const auto current = f.request.request->max_forwards();
  std::array<char, 40> text{};
  char* end = std::to_chars(text.data(), text.data() + 4, current ? *current - 1 : limit::max_forwards_default).ptr;
  if (f.breadth != 0 && !f.stated_breadth) {
    constexpr std::string_view line = "\r\nMax-Breadth: ";
    end = std::ranges::copy(line, end).out;
    end = std::to_chars(end, text.data() + text.size(), f.breadth).ptr;
  }
  editor.set(FieldName::MaxForwards, {text.data(), end});
  if (f.breadth != 0 && f.stated_breadth && *f.stated_breadth != f.breadth) {
    editor.set(FieldName::MaxBreadth, std::to_string(f.breadth));
  }
}

// The Route values that the request leaves with, before a strict router is served; nullopt when they are those it came
// with, less what §16.4 took.
std::vector<std::string> remaining_routes(const Preprocessed& pre) {
  std::vector<std::string> remaining;
  for (const Entry& entry : entries(*pre.request, FieldName::Route)) {
    const bool taken =
        std::ranges::any_of(pre.taken_routes, [&](const Entry& other) { return other.begin == entry.begin; });
    if (!taken) remaining.emplace_back(text(*pre.request, entry));
  }
  return remaining;
}

std::string joined(const std::vector<std::string>& values) {
  std::string all;
  for (const std::string& value : values) {
    if (!all.empty()) all += ", ";
    all += value;
  }
  return all;
}

// Steps 2 and 6 together: Request-URI and Route depend on whether the next hop is a strict router.
void set_routing(Editor& editor, const Forwarding& f) {
  const Preprocessed& pre = f.request;
  const std::string target = as_request_uri(f.target.uri);
  const bool plain_route = f.target.path.empty() && (!pre.next_route || pre.next_route->uri.has_parameter("lr"));
  if (plain_route) {
    for (const Entry& entry : pre.taken_routes) editor.remove(entry);
  } else {
    std::vector<std::string> routes = f.target.path;
    for (std::string& route : remaining_routes(pre)) routes.push_back(std::move(route));
    const auto first = parse_name_address(routes.front());
    const bool strict = first && !first->uri.has_parameter("lr");
    editor.remove_all(FieldName::Route);
    if (strict) {
      routes.erase(routes.begin());
      routes.push_back("<" + target + ">");
      editor.prepend(FieldName::Route, joined(routes));
      editor.set_request_uri(as_request_uri(first->uri));
      return;
    }
    editor.prepend(FieldName::Route, joined(routes));
  }
  if (target != pre.request->request_uri()) editor.set_request_uri(target);
}

// What its sender offers is between him and us.
void take_off_overload_control(Editor& editor, const TopVia& via, const Message& request) {
  const auto left = without_overload_control(request.bytes().substr(via.begin, via.end - via.begin));
  if (left) editor.splice(via.begin, via.end, *left);
}

}  // namespace

std::expected<const Uri*, Refusal> next_hop(const Preprocessed& request, const Target& target, Uri& room) {
  const Uri* uri = &target.uri;
  if (target.next_hop) {
    uri = &*target.next_hop;
  } else if (!target.path.empty()) {
    auto first = parse_name_address(target.path.front());
    if (!first) return std::unexpected(Refusal{500, "stored Path is unreadable: " + first.error().detail, {}});
    uri = &(room = std::move(first->uri));
  } else if (request.next_route) {
    uri = &request.next_route->uri;
  }
  if (!target.uri.is_sips() || uri->is_sips()) return uri;
  if (uri != &room) room = *uri;
  room.scheme = Uri::Scheme::Sips;
  return &room;
}

bool leaves_as_sips(const Preprocessed& request, const Target& target) {
  if (target.uri.is_sips()) return true;
  if (!target.path.empty()) {
    const auto first = parse_name_address(target.path.front());
    return first && first->uri.is_sips();
  }
  return request.next_route && request.next_route->uri.is_sips();
}

std::string forward_request(const Forwarding& f, const ProxySettings& settings) {
  const Message& request = *f.request.request;
  Editor editor(request);
  set_routing(editor, f);
  set_max_forwards(editor, f);
  add_what_brings_back(editor, f, settings);
  std::string via;
  via.reserve(32 + f.out.sent_by.size() + f.branch.size() + f.via_parameters.size());
  via.append("SIP/2.0/"sv).append(via_name(f.hop.transport)).append(" "sv).append(f.out.sent_by);
  via.append(";branch="sv).append(f.branch).append(f.via_parameters);
  // RFC 5923 §8.1: the peer, once its certificate has shown who it is, may send requests to us by the same connection.
  if (f.hop.transport == Transport::Tls && !f.hop.server_name.empty()) via.append(";alias"sv);
  if (settings.overload_control) take_off_overload_control(editor, request.top_via(), request);  // RFC 7339 §5.6
  editor.prepend(FieldName::Via, via);
  // Step 9: a stream needs the length.
  if (is_reliable(f.hop.transport) && !request.has(FieldName::ContentLength)) {
    editor.append(FieldName::ContentLength, std::to_string(request.body().size()));
  }
  return editor.finish();
}

std::string pass_back(const Message& response, const std::vector<FieldLine>& added, const std::vector<Entry>& removed) {
  const TopVia& via = response.top_via();
  if (!has_next_via(response)) return {};
  Editor editor(response);
  editor.remove(Entry{via.field, via.begin, via.end});
  for (const Entry& entry : removed) editor.remove(entry);
  for (const auto& [name, value] : added) editor.append(name, value);
  if (!response.has(FieldName::ContentLength)) {
    editor.append(FieldName::ContentLength, std::to_string(response.body().size()));
  }
  return editor.finish();
}

}  // namespace intermediary
