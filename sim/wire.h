// A SIP message as the simulator's parties see it: a start line, header lines in order, a body.
//
// Deliberately not lib/message: what plays the outside of a node must not share its eyes, so that a mistake of the
// library's cannot hide behind itself. It reads leniently and writes what it is told, legal or not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary::sim {

struct WireHeader {
  std::string name;  // as written
  std::string value;
  friend bool operator==(const WireHeader&, const WireHeader&) = default;
};

struct WireMessage {
  std::string start_line;
  std::vector<WireHeader> headers;
  std::string body;
  bool adds_length = true;  // to_bytes adds a Content-Length where there is none

  // nullopt: no start line of SIP, or no empty line after the headers.
  static std::optional<WireMessage> read(std::string_view bytes);
  // Start line, headers, an empty line and the body; with Content-Length.
  std::string to_bytes() const;

  bool is_request() const { return status() == 0; }
  bool is_response() const { return status() != 0; }
  std::string method() const;  // of a response: the CSeq's
  std::string uri() const;     // "" for a response
  int status() const;          // 0 for a request

  // The first value of that name; "" when there is none. Names without case, long or compact.
  std::string value(std::string_view name) const;
  bool has(std::string_view name) const;
  // All values of that name from top to bottom; comma lists of list headers are split (RFC 3261 §7.3.1).
  std::vector<std::string> values(std::string_view name) const;
  // Replaces all values of that name, in the place of the first; appends where there was none; removes for no values.
  void set_values(std::string_view name, const std::vector<std::string>& values);
  void set(std::string_view name, std::string_view value) { set_values(name, {std::string(value)}); }
  void add(std::string_view name, std::string_view value);

  std::uint32_t cseq_number() const;
  std::string cseq_method() const;
  std::string call_id() const { return value("Call-ID"); }
  std::string branch() const;
  std::string from_tag() const;
  std::string to_tag() const;
};

// The long form of a header name: "v" is "Via"; unknown names stay as they are.
std::string long_name(std::string_view name);
bool is_list_header(std::string_view name);
// Splits at `separator` outside quotes, angle brackets and comments; the parts are trimmed.
std::vector<std::string> split_outside_quotes(std::string_view text, char separator);

// "head;name=value;flag" as it stands behind most header names; `;` inside <…> or quotes belongs to the head.
struct ValueParts {
  struct Parameter {
    std::string name;
    std::optional<std::string> value;
  };
  std::string head;
  std::vector<Parameter> parameters;

  static ValueParts read(std::string_view value);
  const Parameter* find(std::string_view name) const;
  void set(std::string_view name, std::optional<std::string> value);
  void remove(std::string_view name);
  std::string to_string() const;
};
std::string parameter_of(std::string_view value, std::string_view name);
std::string with_parameter(std::string_view value, std::string_view name, std::string_view parameter);
// The URI inside a name-addr or addr-spec, without field parameters.
std::string uri_of(std::string_view value);
bool uri_has_parameter(std::string_view uri, std::string_view name);
// "host" or "host:port" of a URI, brackets kept.
std::string host_port_of(std::string_view uri);

// Cuts whole messages and keep-alives ("\r\n\r\n", "\r\n") off the front of a byte stream.
std::vector<std::string> cut_stream(std::string& buffer);

// What a ladder and an error message call it: "INVITE", "180", "200 CANCEL", "ping", "raw".
std::string short_label(std::string_view bytes);

}  // namespace intermediary::sim
