// Whether a proxy puts itself into the Path of a REGISTER that it forwards (RFC 3327 §5.2).
#pragma once

#include <cstdint>

namespace intermediary {

enum class PathUse : std::uint8_t {
  No,
  Supported,  // where the user agent says that it knows Path
  Required,   // for every REGISTER: it is refused where the user agent does not, and the registrar must
};

}  // namespace intermediary
