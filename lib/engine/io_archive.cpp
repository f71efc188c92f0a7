#include "engine/io_archive.h"

#include "base/flow_archive.h"

namespace intermediary {

// What stands for itself has no subject, so that records of before there were subjects stay readable.
template <class Archive>
void transfer(Archive& archive, Command& command) {
  archive(command.kind);
  const bool names_a_peer = command.kind == Command::Kind::DrainPeer || command.kind == Command::Kind::ResumePeer;
  if (names_a_peer) archive(command.subject);
}

namespace {

template <class Value>
std::string bytes_of(const Value& value) {
  ArchiveWriter archive;
  archive(value);
  return archive.take();
}

template <class Value>
std::expected<Value, std::string> value_from(std::string_view bytes) {
  ArchiveReader archive(bytes);
  Value value;
  archive(value);
  archive.expect_end();
  if (!archive.ok()) return std::unexpected(archive.error());
  return value;
}

template <class Archive, class... Alternatives>
void transfer_variant(Archive& archive, std::variant<Alternatives...>& value) {
  transfer<Archive, Alternatives...>(archive, value);
}

}  // namespace

void transfer(ArchiveWriter& archive, Input& input) { transfer_variant(archive, input); }
void transfer(ArchiveReader& archive, Input& input) { transfer_variant(archive, input); }
void transfer(ArchiveWriter& archive, Output& output) { transfer_variant(archive, output); }
void transfer(ArchiveReader& archive, Output& output) { transfer_variant(archive, output); }

std::string to_bytes(const Input& input) { return bytes_of(input); }
std::string to_bytes(const Output& output) { return bytes_of(output); }
std::expected<Input, std::string> input_from(std::string_view bytes) { return value_from<Input>(bytes); }
std::expected<Output, std::string> output_from(std::string_view bytes) { return value_from<Output>(bytes); }

}  // namespace intermediary
