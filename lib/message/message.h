// A SIP message: its bytes, an index of its fields, and the few values that every message needs.
//
// A Message is immutable. parse() owns the shield of docs/security.md: limits first, then one pass over the bytes, then
// the values below. What it returns is well formed as far as a proxy must know (RFC 3261 §8.1.1, §16.3 step 1): To,
// From, Call-ID, CSeq and Via are there once (Via at least once), and their values obey their grammar. Everything else
// is parsed when asked for (message/values.h), one field at a time, and may still turn out to be wrong.
// Changing a message means splicing its bytes (message/editor.h): what is not named leaves byte for byte.
#pragma once

#include <array>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/flow.h"
#include "base/limits.h"
#include "message/field.h"
#include "message/parse_error.h"

namespace intermediary {

// The topmost Via, from our own scanner (held to sofia-sip's answers by a differential test).
struct TopVia {
  std::optional<Transport> transport;  // nullopt: a transport we do not know
  std::string_view host;               // sent-by without brackets or port
  std::optional<std::uint16_t> port;
  std::string_view branch;    // "" when absent
  std::string_view received;  // "" when absent
  bool has_rport = false;     // RFC 3581 §3: the parameter is there, with or without a value
  std::optional<std::uint16_t> rport;
  std::uint32_t field = 0;                             // index into fields()
  std::uint32_t begin = 0, end = 0;                    // the entry's bytes within the message, without the list's comma
  std::uint32_t rport_begin = 0, rport_end = 0;        // the parameter "rport" or "rport=…", where there is one
  std::uint32_t received_begin = 0, received_end = 0;  // likewise

  // RFC 3261 §8.1.1.7: the branch begins with the magic cookie and has more behind it.
  bool has_cookie() const { return branch.size() > 7 && branch.starts_with("z9hG4bK"); }
};

struct CSeq {
  std::uint32_t number = 0;  // below 2**31 in what we send, below 2**32 in what we take (RFC 3261 §20.16)
  std::string_view method;
};

class Message;
using MessagePtr = boost::intrusive_ptr<const Message>;

enum class Framing : std::uint8_t {
  Datagram,  // surplus behind Content-Length is cut off, a shorter body is an error (RFC 3261 §18.3)
  Stream,    // the framer cut exactly one message
  Whole,     // a connection that keeps messages apart gave exactly one (RFC 7118 §5): no Content-Length is needed
};

// What could be read of a refused request, so that it can be answered (RFC 3261 §8.2.6.2): field lines by name.
struct Refused {
  ParseError error;
  // The message as far as it was indexed; null when not even that was possible. Its quick values may be empty; only
  // fields(), method(), value() and bytes() are to be used.
  MessagePtr partial;
};

class Message : public boost::intrusive_ref_counter<Message, boost::thread_unsafe_counter> {
 public:
  // REQUIRES of the caller: nothing; any bytes may come.
  static std::expected<MessagePtr, Refused> parse(std::string bytes, Framing framing, const Limits& limits);

  bool is_request() const { return status_ == 0; }
  bool is_response() const { return status_ != 0; }

  // Requests. The views live as long as the message.
  Method method() const { return method_; }  // of a response: the CSeq's
  std::string_view method_text() const;      // likewise
  std::string_view request_uri() const { return view(uri_begin_, uri_end_); }
  // Responses.
  int status() const { return status_; }
  std::string_view reason() const;

  std::string_view bytes() const { return bytes_; }
  std::string_view body() const { return std::string_view(bytes_).substr(body_begin_); }
  std::string_view start_line() const { return view(0, start_line_end_); }  // without CRLF
  std::uint32_t body_offset() const { return body_begin_; }
  std::uint32_t uri_offset() const { return uri_begin_; }

  std::span<const Field> fields() const { return fields_; }
  std::string_view value(const Field& field) const { return view(field.value_begin, field.value_end); }
  std::string_view line(const Field& field) const { return view(field.begin, field.end); }  // with CRLF
  std::string_view name_text(const Field& field) const { return view(field.begin, field.begin + field.name_bytes); }
  // The first field of that name; null when there is none.
  const Field* find(FieldName name) const {
    const std::uint8_t index = first_[static_cast<std::size_t>(name)];
    return index == none ? nullptr : &fields_[index];
  }
  bool has(FieldName name) const { return find(name) != nullptr; }
  // The value of the first field of that name, "" when there is none.
  std::string_view value(FieldName name) const;

  // Quick values.
  const TopVia& top_via() const { return top_via_; }
  const CSeq& cseq() const { return cseq_; }
  std::string_view call_id() const { return call_id_; }
  std::string_view from_tag() const { return from_tag_; }  // "" when absent (RFC 2543 peers)
  std::string_view to_tag() const { return to_tag_; }
  std::optional<std::uint8_t> max_forwards() const { return max_forwards_; }

  Message(const Message&) = delete;  // the quick values point into bytes_
  Message& operator=(const Message&) = delete;

 private:
  friend class MessageParser;
  Message() = default;
  // REQUIRES: begin <= end <= bytes_.size().
  std::string_view view(std::uint32_t begin, std::uint32_t end) const { return {bytes_.data() + begin, end - begin}; }

  std::string bytes_;
  std::vector<Field> fields_;
  static constexpr std::uint8_t none = 0xff;
  std::array<std::uint8_t, static_cast<std::size_t>(FieldName::WwwAuthenticate) + 1> first_;  // where in fields_
  TopVia top_via_;
  CSeq cseq_;
  std::string_view call_id_, from_tag_, to_tag_;
  std::optional<std::uint8_t> max_forwards_;
  Method method_ = Method::Other;
  int status_ = 0;
  std::uint32_t uri_begin_ = 0, uri_end_ = 0;
  std::uint32_t start_line_end_ = 0;
  std::uint32_t body_begin_ = 0;
};

}  // namespace intermediary
