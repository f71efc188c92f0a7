#include <set>

#include "base/archive.h"
#include "location/location.h"

namespace intermediary {

template <class Archive>
void Location::transfer(Archive& archive) {
  // The bindings are all of it; the rest finds and counts them.
  auto& [records, by_expiry, by_flow, last_id, flows, instances, max_bindings] = *this;
  archive(records, last_id);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    by_expiry.clear();
    by_flow.clear();
    flows = instances = 0;
    std::set<BindingId> ids;
    for (const auto& [address_of_record, bindings] : records) {
      if (bindings.empty()) return archive.fail("an address of record without bindings");
      for (const Binding& binding : bindings) {
        const InstancePlace& place = binding.instance_place;
        const bool is_possible = std::size_t{place.begin} + place.bytes <= binding.parameters.size();
        if (!is_possible || binding.id > last_id || !ids.insert(binding.id).second) {
          return archive.fail("a binding that nobody made");
        }
        index(binding, &address_of_record);
      }
    }
  }
}

template void Location::transfer(ArchiveWriter& archive);
template void Location::transfer(ArchiveReader& archive);

}  // namespace intermediary
