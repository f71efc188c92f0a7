#include "ua/options.h"

namespace intermediary {

UaAnswer answer_options(const Message& request, const Capabilities& capabilities) {
  if (auto refusal = inspect(request, capabilities)) return *refusal;
  UaAnswer answer;
  answer.fields.emplace_back("Accept", accepted_type);
  answer.fields.emplace_back("Accept-Encoding", accepted_encoding);
  answer.fields.emplace_back("Accept-Language", accepted_language);
  std::string supported;
  for (const std::string_view extension : capabilities.extensions) {
    if (!supported.empty()) supported += ", ";
    supported += extension;
  }
  answer.fields.emplace_back("Supported", supported);
  return answer;
}

}  // namespace intermediary
