// Inputs and outputs of an engine as bytes, one after the other in an archive (base/archive.h): what a record holds.
//
// They are plain structs, so their members in the order of engine/io.h are the format, and every change there is one of
// the format: io_archive_test.cpp holds its bytes, and whoever changes them raises io_format.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/archive.h"
#include "engine/io.h"

namespace intermediary {

inline constexpr std::uint32_t io_format = 4;

void transfer(ArchiveWriter& archive, Input& input);
void transfer(ArchiveReader& archive, Input& input);
void transfer(ArchiveWriter& archive, Output& output);
void transfer(ArchiveReader& archive, Output& output);

// One alone. The error of a read says where and what.
std::string to_bytes(const Input& input);
std::string to_bytes(const Output& output);
std::expected<Input, std::string> input_from(std::string_view bytes);
std::expected<Output, std::string> output_from(std::string_view bytes);

}  // namespace intermediary
