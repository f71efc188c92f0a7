#include "base/archive.h"
#include "message/framing.h"

namespace intermediary {

// What was taken is gone: only what is pending is kept.
template <class Archive>
void StreamFramer::transfer(Archive& archive) {
  auto& [limits, buffer, consumed, scanned, header_size, body_size, half_ping, failed] = *this;
  if constexpr (Archive::reads) {
    buffer = archive.text();
    consumed = 0;
  } else {
    archive.text(pending_bytes());
  }
  archive(scanned, header_size, body_size, half_ping, failed);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    const bool is_possible = header_size <= buffer.size() && body_size <= limits.stream_message_bytes &&
                             scanned <= buffer.size() && header_size <= limit::header_section_bytes;
    if (!is_possible) archive.fail("a place in a stream that is not there");
  }
}

template void StreamFramer::transfer(ArchiveWriter& archive);
template void StreamFramer::transfer(ArchiveReader& archive);

}  // namespace intermediary
