#include "base/archive.h"

namespace intermediary {

void ArchiveWriter::number(std::uint64_t value) {
  for (; value > 0x7f; value >>= 7) byte(static_cast<std::uint8_t>((value & 0x7f) | 0x80));
  byte(static_cast<std::uint8_t>(value));
}

void ArchiveWriter::text(std::string_view value) {
  number(value.size());
  raw(value);
}

std::uint8_t ArchiveReader::byte() {
  if (left() == 0) {
    fail("the end");
    return 0;
  }
  return static_cast<std::uint8_t>(bytes_[at_++]);
}

std::uint64_t ArchiveReader::number() {
  constexpr unsigned last_shift = 63;  // the tenth byte, with one bit
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift <= last_shift; shift += 7) {
    const std::uint8_t next = byte();
    const std::uint64_t bits = next & 0x7f;
    if (shift == last_shift && next > 1) break;
    value |= bits << shift;
    if ((next & 0x80) != 0) continue;
    if (bits == 0 && shift != 0) break;
    return value;
  }
  fail("a number that is longer than need be");
  return 0;
}

std::string_view ArchiveReader::raw(std::size_t octets) {
  if (octets > left()) {
    fail("the end");
    return {};
  }
  const std::string_view found = bytes_.substr(at_, octets);
  at_ += octets;
  return found;
}

std::size_t ArchiveReader::count() {
  const std::uint64_t value = number();
  if (value <= left()) return static_cast<std::size_t>(value);
  fail("a count of more than there is");
  return 0;
}

void ArchiveReader::fail(std::string_view what) {
  if (!ok()) return;
  error_ = "byte " + std::to_string(at_) + ": ";
  error_ += what;
  at_ = bytes_.size();  // from here on there is nothing
}

}  // namespace intermediary
