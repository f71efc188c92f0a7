// RFC 3261 §16.7 steps 6 and 7: which of the answers goes upstream when all branches have theirs.
#pragma once

#include <string>
#include <vector>

#include "message/editor.h"
#include "message/message.h"
#include "message/values.h"

namespace intermediary {

// The final answer of a branch: received, or made here (`response` null) because the branch timed out (408), could not
// be sent (503, §16.9) or was cancelled before anything was sent (487).
struct Answered {
  int status = 0;
  MessagePtr response;
  std::string reason;          // of one made here, for people
  bool given_up = false;       // we did not wait for it any longer: whatever it says, it says nothing about the callee
  bool followed = false;       // a 3xx whose contacts are all tried here: it is no answer any more (§16.7 step 4)
  bool held_back = false;      // by us: a limit of ours, or a neighbour that wants less. It says nothing about the peer
  std::vector<Entry> tried{};  // of a 3xx: the contacts that are tried here, to be taken out
};

// Index of the best: a 6xx first, else the lowest class; within it, answers that say how to try again (401, 407, 415,
// 420, 484) before others, 408, 503 and branches given up last, received ones before ours, and then the first in order
// of branches. REQUIRES: not empty.
std::size_t best_answer(const std::vector<Answered>& answers);

// The header lines of step 7: the challenges of every other 401 and 407, to be added to a best answer that is one
// itself.
std::vector<FieldLine> other_challenges(const std::vector<Answered>& answers, std::size_t best);

}  // namespace intermediary
