#include "message/message_archive.h"

#include <limits>

namespace intermediary {

namespace {

// How large it may be was judged when it came; what was made of it here may be larger.
Limits of_any_size() {
  Limits limits;
  limits.datagram_bytes = limits.stream_message_bytes = std::numeric_limits<std::uint32_t>::max();
  return limits;
}

}  // namespace

void transfer(ArchiveWriter& archive, MessagePtr& message) {
  archive.shared(message, [&] { archive.text(message->bytes()); });
}

void transfer(ArchiveReader& archive, MessagePtr& message) {
  archive.shared(message, [&] {
    const std::string_view bytes = archive.text();
    // What stood behind its end went when it came.
    auto parsed = Message::parse(std::string(bytes), Framing::Whole, of_any_size());
    if (!parsed) archive.fail("a message that cannot be read: " + parsed.error().error.to_string());
    if (parsed && (*parsed)->bytes() != bytes) archive.fail("a message with more behind it");
    return parsed ? *parsed : MessagePtr();
  });
}

bool lies_within(const Message& message, const Entry& entry) {
  return entry.field < message.fields().size() && entry.begin <= entry.end && entry.end <= message.bytes().size();
}

}  // namespace intermediary
