// What a fuzz target is: one function of one input. fuzz/one_input.cpp calls it for libFuzzer and for the replay of a
// corpus, and counts what it costs.
#pragma once

#include <string_view>

namespace intermediary::fuzzing {

// Defined by each target. Ends the process where a promise is broken.
void run(std::string_view input);

}  // namespace intermediary::fuzzing
