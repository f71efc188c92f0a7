// The switch between the code as it is and the planted edits: planted.py weaves planted::on(N) into a copy of the
// library, and every file of that copy begins with this header.
#pragma once

#include <cstdint>
#include <set>

namespace planted {

inline std::uint32_t active = 0;                          // the edit in force; 0 for none
inline std::set<std::uint32_t>* reached_sites = nullptr;  // where set, it gathers the sites that a run comes by

inline bool on(std::uint32_t edit) {
  if (reached_sites != nullptr) reached_sites->insert(edit);
  return edit == active;
}

}  // namespace planted
