#include "sim/party.h"

#include <algorithm>
#include <ranges>

#include "base/text.h"
#include "message/compose.h"
#include "sim/smime.h"

namespace intermediary::sim {
namespace {

std::string name_address(const std::string& uri) { return '<' + uri + '>'; }

bool is_one_of(std::string_view method, std::initializer_list<std::string_view> methods) {
  return std::ranges::find(methods, method) != methods.end();
}

// RFC 3261 §13.2.1, §11.2, §10.2.1; RFC 6665 §3.1.4; RFC 3515 §2.2; RFC 3311 §4.
bool carries_contact(std::string_view method) {
  return is_one_of(method, {"INVITE", "REGISTER", "OPTIONS", "SUBSCRIBE", "NOTIFY", "REFER", "UPDATE"});
}

std::string request_key(const WireMessage& request) { return request.call_id() + ' ' + request.branch(); }

bool makes_dialog(const WireMessage& response) {
  return response.cseq_method() == "INVITE" && response.status() > 100 && response.status() < 300 &&
         !response.to_tag().empty();
}

bool is_of_kind(const WireMessage& message, const Start& start) {
  if (start.kind == Start::Kind::Request) return message.is_request() && message.method() == start.method;
  if (start.kind == Start::Kind::Raw || message.is_request()) return false;
  return message.status() == start.status && (start.method.empty() || message.cseq_method() == start.method);
}

// Conditions on these headers say which call, dialog or request a line is about.
bool selects(const Condition& condition) {
  bool names_a_value = condition.kind == Condition::Kind::Header || condition.kind == Condition::Kind::Exact;
  return names_a_value &&
         std::ranges::any_of(std::initializer_list<std::string_view>{"Via", "From", "To", "Call-ID", "CSeq"},
                             [&](auto name) { return equals_ignoring_case(name, long_name(condition.name)); });
}

// A request that stands for an INVITE: the same Request-URI, topmost Via, routes and identifiers.
WireMessage on_behalf_of(const WireMessage& invite, const std::string& method) {
  WireMessage request;
  request.start_line = method + ' ' + invite.uri() + " SIP/2.0";
  request.add("Via", invite.value("Via"));
  request.add("Max-Forwards", "70");
  for (const std::string& route : invite.values("Route")) request.add("Route", route);
  request.add("From", invite.value("From"));
  request.add("To", invite.value("To"));
  request.add("Call-ID", invite.call_id());
  request.add("CSeq", std::to_string(invite.cseq_number()) + ' ' + method);
  return request;
}

bool holds(const Condition& condition, const std::string& value, const Bindings& bindings) {
  Bindings attempt = bindings;
  return condition.kind == Condition::Kind::Exact ? matches_text(condition.text, value, attempt)
                                                  : matches_value(condition.text, value, attempt);
}

// How many of the selecting conditions hold for a message as it would be written by default.
std::size_t fits(const WireMessage& message, const Conditions& conditions, const Bindings& bindings) {
  return static_cast<std::size_t>(std::ranges::count_if(conditions, [&](const Condition& condition) {
    return selects(condition) && !has_unbound(condition.text, bindings) &&
           holds(condition, message.value(condition.name), bindings);
  }));
}

}  // namespace

Party::Party(PartyIdentity identity) : identity_(std::move(identity)) {
  if (identity_.address_of_record.empty()) {
    identity_.address_of_record = "sip:" + identity_.name + '@' + identity_.socket.address.address.to_host();
  }
  if (identity_.login.user.empty()) identity_.login.user = identity_.name;
}

std::string Party::contact_uri() const {
  const Transport transport = identity_.socket.transport;
  const bool sips = identity_.address_of_record.starts_with("sips:");
  std::string uri = (sips ? "sips:" : "sip:") + identity_.name + '@' + host_port();
  if (is_websocket(transport)) return uri + ";transport=ws";
  if (transport == Transport::Tcp || (transport == Transport::Tls && !sips)) {
    uri.append(";transport=").append(parameter_name(transport));
  }
  return uri;
}

// A page in a browser does not know its address (RFC 7118 §8.1).
std::string Party::host_port() const {
  if (is_websocket(identity_.socket.transport)) return identity_.name + ".invalid";
  return identity_.socket.address.to_string();
}

std::string Party::via() {
  std::string branch = "z9hG4bK-" + identity_.name + '-' + std::to_string(++branches_);
  return "SIP/2.0/" + std::string(via_name(identity_.socket.transport)) + ' ' + host_port() +
         (identity_.rport ? ";rport" : "") + ";branch=" + branch;
}

std::uint32_t Party::next_cseq(const std::string& call_id) { return last_cseq_[call_id] + 1; }

std::string Party::session_description() const {
  const IpAddress& address = identity_.socket.address.address;
  std::string where = std::string(address.is_v4() ? "IN IP4 " : "IN IP6 ") + address.to_string();
  return "v=0\r\no=" + identity_.name + " 1 1 " + where + "\r\ns=-\r\nc=" + where +
         "\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
}

// Without an address of record of its own, it is a user of the registrar's.
std::string Party::signing_address(const WireMessage& request) const {
  const std::string own = "sip:" + identity_.name + '@' + identity_.socket.address.address.to_host();
  if (identity_.address_of_record == own) return identity_.name + '@' + host_port_of(request.uri());
  return identity_.address_of_record.substr(identity_.address_of_record.find(':') + 1);
}

// ---- what a message teaches

void Party::hear(Heard heard) {
  if (heard.message.is_request()) {
    learn_from_request(heard.message);
  } else {
    learn_from_response(heard.message);
    keyring_.hear(heard.message);
  }
  heard_.push_back(std::move(heard));
}

void Party::say(HostId to, const std::string& bytes) {
  auto message = WireMessage::read(bytes);
  if (!message) return;
  if (!message->is_request()) {
    learn_from_answer(*message);
  } else if (!is_one_of(message->method(), {"ACK", "CANCEL"})) {
    auto& last = last_cseq_[message->call_id()];
    last = std::max(last, message->cseq_number());
  }
  said_.push_back({to, bytes, std::move(*message)});
}

Party::Dialog* Party::dialog_of(const std::string& call_id, const std::string& local_tag,
                                const std::string& remote_tag) {
  auto found = std::ranges::find_if(dialogs_, [&](const Dialog& dialog) {
    return dialog.call_id == call_id && parameter_of(dialog.local, "tag") == local_tag &&
           parameter_of(dialog.remote, "tag") == remote_tag;
  });
  return found == dialogs_.end() ? nullptr : &*found;
}

Party::Dialog& Party::make_dialog(const std::string& call_id, const std::string& local, const std::string& remote) {
  std::erase_if(dialogs_, [&](const Dialog& dialog) {
    return dialog.call_id == call_id && dialog.local == local && dialog.remote == remote;
  });
  dialogs_.push_back({call_id, local, remote, {}, {}, false});
  return dialogs_.back();
}

// RFC 3261 §12.1.2 and §13.2.2.4: a 2xx decides the route set anew; a re-INVITE only moves the target.
void Party::learn_from_response(const WireMessage& response) {
  Dialog* known = dialog_of(response.call_id(), response.from_tag(), response.to_tag());
  bool final = response.status() >= 200;
  if (known && known->confirmed) {
    bool refreshes = is_one_of(response.cseq_method(), {"INVITE", "UPDATE"}) && response.status() / 100 == 2;
    if (refreshes && response.has("Contact")) known->target = uri_of(response.value("Contact"));
    return;
  }
  if (!makes_dialog(response)) return;
  Dialog& dialog = make_dialog(response.call_id(), response.value("From"), response.value("To"));
  dialog.target = uri_of(response.value("Contact"));
  dialog.routes = response.values("Record-Route");
  std::ranges::reverse(dialog.routes);
  dialog.confirmed = final;
}

// RFC 3261 §12.1.1: the same from the answering side.
void Party::learn_from_answer(const WireMessage& response) {
  if (!response.to_tag().empty()) tags_[request_key(response)] = response.to_tag();
  const Heard* request = request_answered_by(response);
  if (!makes_dialog(response) || !request) return;
  Dialog* known = dialog_of(response.call_id(), response.to_tag(), response.from_tag());
  if (known && known->confirmed) return;
  Dialog& dialog = make_dialog(response.call_id(), response.value("To"), response.value("From"));
  dialog.target = uri_of(request->message.value("Contact"));
  dialog.routes = request->message.values("Record-Route");
  dialog.confirmed = response.status() >= 200;
}

void Party::learn_from_request(const WireMessage& request) {
  Dialog* dialog = dialog_of(request.call_id(), request.to_tag(), request.from_tag());
  bool refreshes = is_one_of(request.method(), {"INVITE", "UPDATE"});
  if (dialog && refreshes && request.has("Contact")) dialog->target = uri_of(request.value("Contact"));
}

const Heard* Party::request_answered_by(const WireMessage& response) const {
  auto answered = [&](const Heard& heard) {
    return heard.message.is_request() && heard.message.call_id() == response.call_id() &&
           heard.message.value("CSeq") == response.value("CSeq") && heard.message.branch() == response.branch();
  };
  auto newest = heard_ | std::views::reverse;
  auto found = std::ranges::find_if(newest, answered);
  return found == newest.end() ? nullptr : &*found;
}

const Said* Party::last_said(const Start& start, HostId to) const {
  auto newest = said_ | std::views::reverse;
  auto found =
      std::ranges::find_if(newest, [&](const Said& said) { return said.to == to && is_of_kind(said.message, start); });
  return found == newest.end() ? nullptr : &*found;
}

// ---- what a party writes

std::expected<WireMessage, std::string> Party::write(const Order& order, Bindings& bindings) {
  auto possible = candidates(order);
  if (!possible) return std::unexpected(possible.error());
  std::size_t best = 0;
  for (std::size_t i = 1; i < possible->size(); ++i) {
    if (fits((*possible)[i], order.conditions, bindings) > fits((*possible)[best], order.conditions, bindings))
      best = i;
  }
  WireMessage message = (*possible)[best];
  const bool answers = std::ranges::any_of(
      order.conditions, [](const Condition& condition) { return condition.kind == Condition::Kind::Credentials; });
  if (answers) message = challenged_or(std::move(message));
  if (order.start.kind == Start::Kind::Request && order.start.uri) {
    if (has_unbound(*order.start.uri, bindings)) return std::unexpected("not bound yet: " + *order.start.uri);
    message.start_line = order.start.method + ' ' + fill_in(*order.start.uri, bindings, message.uri()) + " SIP/2.0";
  }
  auto applied = apply(order.conditions, message, bindings);
  if (!applied) return std::unexpected(applied.error());
  return message;
}

std::expected<Party::Candidates, std::string> Party::candidates(const Order& order) {
  const std::string& method = order.start.method;
  auto some = [&](Candidates found, std::string_view missing) -> std::expected<Candidates, std::string> {
    if (found.empty()) return std::unexpected(identity_.name + ' ' + std::string(missing));
    return found;
  };
  if (order.start.kind == Start::Kind::Response) {
    return some(answers(order), "has received no " + (method.empty() ? "request" : method) + " that it could answer");
  }
  if (method == "ACK") return some(acknowledgements(), "has received no final response to an INVITE");
  if (method == "CANCEL") return some(cancellations(order.to), "has sent no INVITE that it could cancel");
  bool may_start_alone = !is_one_of(method, {"BYE", "PRACK", "UPDATE", "INFO"});
  if (order.start.uri && may_start_alone) return Candidates{outside_dialogs(method, *order.start.uri)};
  Candidates found = within_dialogs(method);
  if (found.empty() && order.start.uri) return Candidates{outside_dialogs(method, *order.start.uri)};
  return some(std::move(found), "has no dialog for " + method + "; outside one, write a Request-URI");
}

void Party::dress(WireMessage& request, const std::string& method) {
  if (carries_contact(method)) request.add("Contact", name_address(contact_uri()));
  if (method == "INVITE") {
    request.add("Content-Type", "application/sdp");
    request.body = session_description();
  }
}

WireMessage Party::outside_dialogs(const std::string& method, const std::string& uri) {
  std::string own = identity_.address_of_record;
  std::string to = uri;
  std::string call_id = identity_.name + "-registrations@" + identity_.socket.address.address.to_host();
  if (method == "REGISTER") {
    std::string host = host_port_of(uri);
    if (own == "sip:" + identity_.name + '@' + identity_.socket.address.address.to_host()) {
      own = "sip:" + identity_.name + '@' + host;
    }
    to = own;
  } else {
    call_id = identity_.name + '-' + std::to_string(++calls_) + '@' + identity_.socket.address.address.to_host();
  }
  WireMessage request;
  request.start_line = method + ' ' + uri + " SIP/2.0";
  request.add("Via", via());
  request.add("Max-Forwards", "70");
  request.add("From", name_address(own) + ";tag=" + identity_.name + '-' + std::to_string(calls_));
  request.add("To", name_address(to));
  request.add("Call-ID", call_id);
  request.add("CSeq", std::to_string(next_cseq(call_id)) + ' ' + method);
  dress(request, method);
  return request;
}

// RFC 3261 §12.2.1.1: loose routes keep the target in the Request-URI; before a strict router it goes to the end.
WireMessage Party::within(const Dialog& dialog, const std::string& method, std::uint32_t cseq) {
  std::vector<std::string> routes = dialog.routes;
  std::string uri = dialog.target;
  if (!routes.empty() && !uri_has_parameter(uri_of(routes.front()), "lr")) {
    uri = uri_of(routes.front());
    routes.erase(routes.begin());
    routes.push_back(name_address(dialog.target));
  }
  WireMessage request;
  request.start_line = method + ' ' + uri + " SIP/2.0";
  request.add("Via", via());
  request.add("Max-Forwards", "70");
  for (const std::string& route : routes) request.add("Route", route);
  request.add("From", dialog.local);
  request.add("To", dialog.remote);
  request.add("Call-ID", dialog.call_id);
  request.add("CSeq", std::to_string(cseq) + ' ' + method);
  return request;
}

Party::Candidates Party::within_dialogs(const std::string& method) {
  Candidates found;
  // The newest confirmed dialog first, then early ones.
  for (bool confirmed : {true, false}) {
    for (const Dialog& dialog : dialogs_ | std::views::reverse) {
      if (dialog.confirmed != confirmed) continue;
      WireMessage request = within(dialog, method, next_cseq(dialog.call_id));
      dress(request, method);
      if (method == "PRACK") {
        for (const Heard& heard : heard_ | std::views::reverse) {
          if (!heard.message.has("RSeq") || heard.message.call_id() != dialog.call_id) continue;
          request.add("RAck", heard.message.value("RSeq") + ' ' + heard.message.value("CSeq"));
          break;
        }
      }
      found.push_back(std::move(request));
    }
  }
  return found;
}

std::optional<WireMessage> Party::within_dialog_of(const WireMessage& message, const std::string& method) {
  bool ours = message.is_response();  // a response's From is ours, a request's To
  std::string local = ours ? message.from_tag() : message.to_tag();
  std::string remote = ours ? message.to_tag() : message.from_tag();
  const Dialog* dialog = dialog_of(message.call_id(), local, remote);
  if (!dialog) return std::nullopt;
  WireMessage request = within(*dialog, method, next_cseq(dialog->call_id));
  dress(request, method);
  return request;
}

// RFC 3261 §22.2, §22.3: the request that was challenged last, if it was of this kind, with a new CSeq and branch.
WireMessage Party::challenged_or(WireMessage request) const {
  if (!request.to_tag().empty() || is_one_of(request.method(), {"ACK", "CANCEL"})) return request;
  for (const Heard& heard : heard_ | std::views::reverse) {
    const WireMessage& response = heard.message;
    if (response.status() != 401 && response.status() != 407) continue;
    if (response.cseq_method() != request.method()) continue;
    request.set("Call-ID", response.call_id());
    request.set("From", response.value("From"));
    ValueParts to = ValueParts::read(response.value("To"));
    to.remove("tag");
    request.set("To", to.to_string());
    const auto last = last_cseq_.find(response.call_id());
    const std::uint32_t cseq = last == last_cseq_.end() ? 1 : last->second + 1;
    request.set("CSeq", std::to_string(cseq) + ' ' + request.method());
    break;
  }
  return request;
}

WireMessage Party::anew(const WireMessage& request) {
  WireMessage again = request;
  again.set("Via", via());
  again.set("CSeq", std::to_string(next_cseq(request.call_id())) + ' ' + request.method());
  return again;
}

std::optional<WireMessage> Party::resubmission_of(const WireMessage& request, const WireMessage& response) {
  if (response.status() != 401 && response.status() != 407) return std::nullopt;
  const bool answered = request.has("Authorization") || request.has("Proxy-Authorization");
  if (identity_.login.password.empty() || keyring_.empty() || (answered && !says_stale(response))) return std::nullopt;
  WireMessage again = anew(request);
  keyring_.answer(again, identity_.login, {});
  return again;
}

// RFC 3261 §13.2.2.4 for a 2xx, §17.1.1.3 for the others. §22.1: with the credentials of its INVITE.
std::optional<WireMessage> Party::acknowledgement_of(const WireMessage& response) {
  const Dialog* dialog = dialog_of(response.call_id(), response.from_tag(), response.to_tag());
  auto newest = said_ | std::views::reverse;
  const auto answered = [&](const Said& said) {
    return said.message.is_request() && said.message.method() == "INVITE" &&
           said.message.call_id() == response.call_id() && said.message.cseq_number() == response.cseq_number();
  };
  auto invite = std::ranges::find_if(
      newest, [&](const Said& said) { return answered(said) && said.message.branch() == response.branch(); });
  if (invite == newest.end()) invite = std::ranges::find_if(newest, answered);
  const bool accepted = response.status() < 300 && dialog;
  if (invite == newest.end() && !accepted) return std::nullopt;
  WireMessage ack = accepted ? within(*dialog, "ACK", response.cseq_number()) : on_behalf_of(invite->message, "ACK");
  if (!accepted) ack.set("To", response.value("To"));
  if (invite == newest.end()) return ack;
  for (const std::string_view name : {"Authorization", "Proxy-Authorization"}) {
    for (const std::string& value : invite->message.values(name)) ack.add(name, value);
  }
  return ack;
}

Party::Candidates Party::acknowledgements() {
  Candidates found;
  for (const Heard& heard : heard_ | std::views::reverse) {
    if (heard.message.status() < 200 || heard.message.cseq_method() != "INVITE") continue;
    if (auto ack = acknowledgement_of(heard.message)) found.push_back(std::move(*ack));
  }
  return found;
}

// RFC 3261 §9.1.
WireMessage Party::cancellation_of(const WireMessage& invite) { return on_behalf_of(invite, "CANCEL"); }

Party::Candidates Party::cancellations(HostId to) const {
  Candidates found;
  for (const Said& said : said_ | std::views::reverse) {
    if (!said.message.is_request() || said.message.method() != "INVITE" || said.to != to) continue;
    found.push_back(cancellation_of(said.message));
  }
  return found;
}

Party::Candidates Party::answers(const Order& order) {
  std::string method = order.start.method;
  if (method.empty() && order.start.status == 487) method = "INVITE";  // §15.1.2: no other request has it
  Candidates found;
  for (bool from_receiver : {true, false}) {
    for (const Heard& heard : heard_ | std::views::reverse) {
      if (!heard.message.is_request() || (heard.from == order.to) != from_receiver) continue;
      bool wanted = method.empty() ? heard.message.method() != "ACK" : heard.message.method() == method;
      if (wanted) found.push_back(answer(heard.message, order.start.status));
    }
  }
  return found;
}

std::string Party::tag_for(const WireMessage& request) {
  auto& tag = tags_[request_key(request)];
  if (tag.empty()) tag = identity_.name + "-a" + std::to_string(++answered_calls_);
  return tag;
}

// RFC 3261 §8.2.6, §12.1.1.
WireMessage Party::answer(const WireMessage& request, int status) {
  const std::string method = request.method();
  WireMessage response;
  response.start_line = "SIP/2.0 " + std::to_string(status) + ' ' + std::string(default_reason(status));
  for (const std::string& via : request.values("Via")) response.add("Via", via);
  bool to_dialog = status > 100 && status < 300 && is_one_of(method, {"INVITE", "SUBSCRIBE", "REFER"});
  if (to_dialog) {
    for (const std::string& route : request.values("Record-Route")) response.add("Record-Route", route);
  }
  response.add("From", request.value("From"));
  std::string to = request.value("To");
  if (status > 100 && request.to_tag().empty()) to = with_parameter(to, "tag", tag_for(request));
  response.add("To", to);
  response.add("Call-ID", request.call_id());
  response.add("CSeq", request.value("CSeq"));
  bool refreshes = method == "UPDATE" && status / 100 == 2;
  if (to_dialog || refreshes) response.add("Contact", name_address(contact_uri()));
  if (method == "INVITE" && status / 100 == 2) {
    response.add("Content-Type", "application/sdp");
    response.body = session_description();
  }
  return response;
}

// ---- what a line overrides

namespace {

void set_body(WireMessage& message, const std::string& body, std::string_view type) {
  message.body = body;
  if (body.empty()) {
    message.set_values("Content-Type", {});
  } else if (!message.has("Content-Type")) {
    message.add("Content-Type", type);
  }
}

std::string_view type_of(std::string_view body) { return body.starts_with("v=0") ? "application/sdp" : "text/plain"; }

void set_reason(WireMessage& message, const std::string& reason) {
  message.start_line = "SIP/2.0 " + std::to_string(message.status()) + ' ' + reason;
}

}  // namespace

// One header condition: overrides the value at its position, or adds one; binds names that are not bound yet instead.
std::expected<void, std::string> Party::apply_value(const Condition& condition, std::size_t position,
                                                    WireMessage& message, Bindings& bindings) {
  bool exact = condition.kind == Condition::Kind::Exact;
  auto values = message.values(condition.name);
  bool there = position < values.size();
  std::string usual = there ? values[position] : std::string();
  if (has_unbound(condition.text, bindings)) {
    bool bound = exact ? matches_text(condition.text, usual, bindings) : matches_value(condition.text, usual, bindings);
    if (bound) return {};
    return std::unexpected("cannot bind " + condition.to_string() + ": by default it is '" + usual + '\'');
  }
  std::string written = exact ? fill_in(condition.text, bindings, usual) : write_value(condition.text, bindings, usual);
  if (there) {
    values[position] = written;
    message.set_values(condition.name, values);
  } else {
    message.add(condition.name, written);
  }
  return {};
}

std::expected<void, std::string> Party::apply_body(const Condition& condition, WireMessage& message,
                                                   Bindings& bindings) {
  if (condition.kind == Condition::Kind::BodyIs && has_unbound(condition.text, bindings)) {
    if (matches_text(condition.text, message.body, bindings)) return {};
    return std::unexpected("there is no body to bind");
  }
  std::expected<std::string, std::string> body = condition.kind == Condition::Kind::BodyIs
                                                     ? fill_in(condition.text, bindings, message.body)
                                                     : expand_block(condition.text, &bindings);
  if (!body) return std::unexpected(body.error());
  set_body(message, *body, type_of(*body));
  return {};
}

// Last of all: they cover what the others have written, and stand below what a line has written of their kind.
std::expected<void, std::string> Party::add_credentials(const Condition& condition, const Positions& positions,
                                                        WireMessage& message, const Bindings& bindings) {
  if (keyring_.empty()) return std::unexpected("nobody has asked " + identity_.name + " for credentials");
  DigestParts chosen;
  for (const std::string& word : split_outside_quotes(condition.text, ' ')) {
    if (word.empty()) continue;
    if (has_unbound(word, bindings)) return std::unexpected("not bound yet: " + word);
    const std::string filled = fill_in(word, bindings, "");
    chosen[filled.substr(0, filled.find('='))] = filled.substr(filled.find('=') + 1);
  }
  std::map<std::string, std::vector<std::string>> written;
  for (const std::string name : {"authorization", "proxy-authorization"}) {
    const auto count = positions.find(name);
    if (count == positions.end()) continue;
    std::vector<std::string> values = message.values(name);
    values.resize(std::min(values.size(), count->second));
    written.emplace(name, std::move(values));
  }
  keyring_.answer(message, identity_.login, chosen);
  for (auto& [name, values] : written) {
    for (std::string& value : message.values(name)) values.push_back(std::move(value));
    message.set_values(name, values);
  }
  return {};
}

std::expected<void, std::string> Party::apply(const Conditions& conditions, WireMessage& message, Bindings& bindings) {
  const Condition* credentials = nullptr;
  Positions positions;
  for (const Condition& condition : conditions) {
    std::expected<void, std::string> applied;
    switch (condition.kind) {
      case Condition::Kind::Header:
      case Condition::Kind::Exact:
        applied = apply_value(condition, positions[lowercase(long_name(condition.name))]++, message, bindings);
        break;
      case Condition::Kind::Body:
      case Condition::Kind::BodyIs:
        applied = apply_body(condition, message, bindings);
        break;
      case Condition::Kind::Absent:
        message.set_values(condition.name, {});
        if (lowercase(long_name(condition.name)) == "content-length") message.adds_length = false;
        break;
      case Condition::Kind::NoBody:
        set_body(message, {}, {});
        break;
      case Condition::Kind::Signed:
        sign(message, identity_.tls, signing_address(message));
        break;
      case Condition::Kind::Sdp:
        set_body(message, session_description(), "application/sdp");
        break;
      case Condition::Kind::Reason:
        set_reason(message, condition.text);
        break;
      case Condition::Kind::Credentials:
        credentials = &condition;
        break;
      case Condition::Kind::Count:
        return std::unexpected("'count' checks what a node sends");
      case Condition::Kind::SaveAs:
      case Condition::Kind::SameAs:
      case Condition::Kind::Again:
        break;  // about the bytes: whoever sends them
    }
    if (!applied) return applied;
  }
  if (credentials) return add_credentials(*credentials, positions, message, bindings);
  return {};
}

}  // namespace intermediary::sim
