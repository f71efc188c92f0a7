#include "base/flow_archive.h"
#include "routing/target_queue.h"

namespace intermediary {

template <class Archive>
void TargetQueue::transfer(Archive& archive) {
  auto& [targets, mode] = *this;
  archive(targets, mode);
}

template void TargetQueue::transfer(ArchiveWriter& archive);
template void TargetQueue::transfer(ArchiveReader& archive);

}  // namespace intermediary
