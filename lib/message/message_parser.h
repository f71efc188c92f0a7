// Message::parse at work: limits, one pass over the header section, the body's size, the quick values. The first fault
// is the one that is reported; indexing goes on behind it, so that a refused request can still be answered.
#pragma once

#include <array>
#include <boost/container/static_vector.hpp>
#include <optional>
#include <string>

#include "message/lines.h"
#include "message/message.h"
#include "message/start_line.h"

namespace intermediary {

class MessageParser {
 public:
  MessageParser(std::string&& bytes, Framing framing, const Limits& limits);
  std::expected<MessagePtr, Refused> run();

 private:
  void check_size(const Limits& limits);
  const char* read_start_line();  // returns the first header line, or null
  void read_fields(const char* at);
  // Each returns the next line.
  const char* add_plain_line(const char* begin);
  const char* add_line(const char* begin);  // null when the header section has no end
  void add_field(FieldName name, const char* begin, const char* name_end, const char* value, const char* value_end);
  void note_another(FieldName name);
  void refuse_header_section();
  void read_body();
  void read_values();
  void read_max_forwards();
  void read_vias();
  void count_vias();
  // The first field of that name; null when there is none.
  const Field* find(FieldName name) const;
  // The same; fails when there is none.
  const Field* need(FieldName name);
  void miss(FieldName name);

  // Calls scan(value) and keeps what it finds, or fails at the value.
  template <class Value, class Scan>
  void read_value(FieldName name, Value& value, Scan scan);
  void fail(Fault fault, std::size_t at, std::string detail);
  void fail_at(const Field& field, const ValueError& error);
  void lose_boundary() { boundary_lost_ = true; }
  Refused refused();

  std::size_t offset(const char* at) const { return static_cast<std::size_t>(at - m_.bytes_.data()); }

  boost::intrusive_ptr<Message> message_;
  Message& m_;
  Framing framing_;
  std::size_t skipped_ = 0;  // bytes of empty lines before the start line
  const char* limit_;        // end of the message or of what a header section may be
  StartLine start_line_;
  boost::container::static_vector<Field, limit::header_lines + limit::ours_in_responses>
      fields_;  // gathered here, so that the Message's fit
  static_assert(limit::header_lines + limit::ours_in_responses < Message::none);
  std::size_t most_lines_ = limit::header_lines;  // of a request; a response may have more
  std::size_t most_vias_ = limit::vias;
  bool several_vias_ = false;
  bool boundary_lost_ = false;
  std::optional<ParseError> error_;
};

}  // namespace intermediary
