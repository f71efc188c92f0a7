// Single values under any bytes. The first byte of an input chooses the kind, the rest is its text: 0 a URI, 1 two URIs
// (cut at the first line feed), 2 a name-address, 3 a Via, 4 the Contacts of a message, 5 a session description,
// 6 credentials, 7 a signed body with the boundary "b", 8 a Date.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "fuzz/one_input.h"
#include "message/credentials.h"
#include "message/date.h"
#include "message/message.h"
#include "message/multipart.h"
#include "message/sdp.h"
#include "message/values.h"

namespace {

using namespace intermediary;

void require(bool truth, std::string_view what) {
  if (truth) return;
  std::cerr << "broken: " << what << std::endl;
  std::abort();
}

template <class Value>
void require_place(const std::expected<Value, ValueError>& result, std::string_view text) {
  if (!result) require(result.error().offset <= text.size(), "an error has its place in the text");
}

void fuzz_uri(std::string_view text) {
  const auto uri = Uri::parse(text);
  require_place(uri, text);
  if (!uri) return;
  const auto again = Uri::parse(uri->to_string());
  require(again && *again == *uri, "a URI that is written is the same URI");
  require(equivalent(*uri, *uri), "a URI is equivalent to itself");
  const std::string key = address_of_record(*uri);
  const auto record = Uri::parse(key);
  require(record && address_of_record(*record) == key, "an address of record is a URI, and its own");
  Uri changed = *uri;
  changed.set_parameter("lr", "");
  require(changed.has_parameter("LR"), "a parameter that was set is there");
  changed.remove_parameter("lr");
  require(!changed.has_parameter("lr"), "a parameter that was removed is not");
}

void fuzz_two_uris(std::string_view text) {
  const auto cut = text.find('\n');
  if (cut == std::string_view::npos) return;
  const auto a = Uri::parse(text.substr(0, cut)), b = Uri::parse(text.substr(cut + 1));
  if (a && b) require(equivalent(*a, *b) == equivalent(*b, *a), "equivalence is symmetric");
}

void fuzz_name_address(std::string_view text) {
  const auto address = parse_name_address(text);
  require_place(address, text);
  if (!address) return;
  const std::string written = "<" + address->uri.to_string() + ">" + address->parameters.to_string();
  const auto again = parse_name_address(written);
  require(again && again->uri == address->uri && again->parameters == address->parameters,
          "a name-address that is written is the same");
}

void fuzz_via(std::string_view text) {
  const auto via = parse_via(text);
  require_place(via, text);
  if (!via) return;
  const std::string host = via->host.contains(':') ? "[" + via->host + "]" : via->host;
  const std::string port = via->port ? ":" + std::to_string(*via->port) : "";
  const auto again = parse_via(via->protocol + "/" + via->transport + " " + host + port + via->parameters.to_string());
  require(again && *again == *via, "a Via that is written is the same");
}

void fuzz_contacts(std::string_view text) {
  const std::string bytes =
      "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP h.example;branch=z9hG4bK1\r\nFrom: "
      "<sip:a@example.com>;tag=1\r\n"
      "To: <sip:a@example.com>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nContact: " +
      std::string(text) + "\r\nContent-Length: 0\r\n\r\n";
  const auto message = Message::parse(bytes, Framing::Datagram, Limits{});
  if (!message) return;
  const auto all = contacts(**message);
  if (all) require(!all->star || all->list.empty(), "a star stands alone");
}

void fuzz_credentials(std::string_view text) {
  const auto credentials = parse_credentials(text);
  require_place(credentials, text);
  if (!credentials || !credentials->is_digest()) return;
  std::string written = credentials->scheme;
  for (const auto& [name, value, is_quoted] : credentials->parameters) {
    written += (written.size() == credentials->scheme.size() ? " " : ", ") + name + "=";
    written += is_quoted ? quoted(value) : value;
    require(credentials->value(name) == value, "a parameter is found by its name, and only one has it");
  }
  const auto again = parse_credentials(written);
  // quoted() drops control characters, which no message would have let in.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; };
  if (std::ranges::any_of(text, is_control)) return;
  require(again && *again == *credentials, "credentials that are written are the same");
}

void fuzz_signed_body(std::string_view text) {
  const auto body = read_signed_body(signed_body_type("b"), text);
  if (!body) return require(!body.error().empty(), "an error says what is wrong");
  require(body->content.data() >= text.data() && body->content.size() < text.size(), "what is signed is of the body");
  require(body->content.ends_with(body->content_body), "and ends with its own body");
  const std::string again = write_signed_body(body->content, body->signature, "b");
  const auto read = read_signed_body(signed_body_type("b"), again);
  require(read && read->content == body->content && read->signature == body->signature,
          "a signed body that is written is the same");
}

void fuzz_date(std::string_view text) {
  if (const auto date = parse_date(text)) require(date_text(*date) == text, "a Date is read as it is written");
}

void fuzz_sdp(std::string_view text) {
  const auto sdp = Sdp::parse(text);
  require_place(sdp, text);
  if (!sdp) return;
  require(sdp->to_string() == text, "a session description is written byte for byte");
  require(Sdp::parse(sdp->to_string()) == *sdp, "and read again");
}

}  // namespace

void intermediary::fuzzing::run(std::string_view input) {
  constexpr void (*kinds[])(std::string_view) = {fuzz_uri, fuzz_two_uris,    fuzz_name_address, fuzz_via, fuzz_contacts,
                                                 fuzz_sdp, fuzz_credentials, fuzz_signed_body,  fuzz_date};
  if (input.empty()) return;
  kinds[static_cast<unsigned char>(input.front()) % std::size(kinds)](input.substr(1));
}
