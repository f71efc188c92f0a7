// Why a request is not forwarded, as the answer that it gets.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intermediary {

struct Refusal {
  int status = 500;
  std::string reason;  // one line for people: the event's, and a Warning's where one helps; not the reason phrase
  std::vector<std::pair<std::string_view, std::string>> fields;  // further header lines
  std::string phrase{};                                          // its reason phrase; "": the usual one
};

}  // namespace intermediary
