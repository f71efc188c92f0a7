#include "proxy/preprocess_archive.h"
#include "proxy/stateless.h"

namespace intermediary {

template <class Archive>
void StatelessProxy::transfer(Archive& archive) {
  auto& [settings, names, port, waiting] = *this;
  archive(waiting);
}

template void StatelessProxy::transfer(ArchiveWriter& archive);
template void StatelessProxy::transfer(ArchiveReader& archive);

}  // namespace intermediary
