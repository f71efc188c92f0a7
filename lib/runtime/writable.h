// Looks at files that a server would write, without making or changing any: another process may be using them.
#pragma once

#include <cstddef>
#include <string>

namespace intermediary {

// Why `path` could not be opened to be read and written, or be made: an errno; 0: it could. Something other than a file
// is EISDIR.
int why_not_writable(const std::string& path);

// At most `count` bytes of its beginning; "" where there are none to be had.
std::string first_bytes(const std::string& path, std::size_t count);

}  // namespace intermediary
