// A segment of a record: as it stands or, so that the contents of frames are reached behind their checksums, made of
// the input's pieces. Whatever the reader takes, it takes to the end, and writes back as it was.
#include <cstdlib>
#include <iostream>
#include <string>

#include "engine/record.h"
#include "fuzz/one_input.h"

namespace {

using namespace intermediary;

void require(bool truth, std::string_view what) {
  if (truth) return;
  std::cerr << "broken: " << what << std::endl;
  std::abort();
}

// Pieces of the input, each behind a byte with its length in eights, as frames with right heads.
std::string framed(std::string_view input) {
  std::string segment;
  append_record_mark(segment);
  while (!input.empty()) {
    const std::size_t length = std::size_t{8} * static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    if (input.empty()) break;
    const std::string_view frame = input.substr(0, length == 0 ? 1 : length);
    append_frame(segment, frame);
    input.remove_prefix(frame.size());
  }
  return segment;
}

void read(std::string_view bytes) {
  auto reader = SegmentReader::open(bytes);
  if (!reader) return require(!reader.error().empty(), "an error says what is wrong");
  FrameMaker frames;
  TimePoint latest{};
  while (const auto input = reader->next()) {
    require(input->time >= latest, "time never goes back");
    latest = input->time;
    const std::string_view again = frames.input(input->time, input->input);
    require(bytes.substr(input->offset + frame_head_bytes, again.size()) == again, "an input has one form");
  }
  require(reader->end().offset <= bytes.size(), "the end is in the record");
  require(!reader->end().whole || !reader->end().damaged, "what is whole is not damaged");
}

}  // namespace

void intermediary::fuzzing::run(std::string_view input) {
  read(input);
  read(framed(input));
}
