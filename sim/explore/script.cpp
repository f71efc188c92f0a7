#include "sim/explore/script.h"

namespace intermediary::sim {

std::optional<std::string> Hearing::name(const std::string& party, const std::string& from,
                                         const WireMessage& message) {
  const std::string call_id = message.call_id();
  const std::string status = message.is_response() ? std::to_string(message.status()) + ' ' : "";
  const std::string what = status + message.method() + ' ' + std::to_string(message.cseq_number());
  const std::string identity = party + ' ' + call_id + ' ' + what + ' ' + message.branch() + ' ' +
                               (message.is_response() ? message.to_tag() : "");
  if (!known_.insert(identity).second) return std::nullopt;
  const auto call = calls_.find(call_id);
  std::string name = party + ' ' + from + ' ' +
                     (call == calls_.end() ? call_id : "line " + std::to_string(call->second)) + ": " + what + " #";
  name += std::to_string(++counts_[name]);
  return name;
}

}  // namespace intermediary::sim
