#include "proxy/best_response.h"

#include <algorithm>
#include <tuple>

namespace intermediary {

namespace {

bool invites_another_try(int status) {
  return status == 401 || status == 407 || status == 415 || status == 420 || status == 484;
}

// Lower is better.
auto rank(const Answered& answer) {
  const int answer_class = answer.status / 100;
  // 408 and 503 say nothing about the callee: within their class they are left for last.
  return std::tuple(answer_class == 6 ? 0 : answer_class, invites_another_try(answer.status) ? 0 : 1,
                    answer.status == 408 || answer.status == 503 || answer.given_up ? 1 : 0, answer.response ? 0 : 1);
}

}  // namespace

std::size_t best_answer(const std::vector<Answered>& answers) {
  const auto best = std::ranges::min_element(answers, {}, rank);
  return static_cast<std::size_t>(best - answers.begin());
}

std::vector<FieldLine> other_challenges(const std::vector<Answered>& answers, std::size_t best) {
  std::vector<FieldLine> lines;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Answered& answer = answers[i];
    if (i == best || !answer.response || (answer.status != 401 && answer.status != 407)) continue;
    for (const Field& field : answer.response->fields()) {
      if (field.name == FieldName::WwwAuthenticate || field.name == FieldName::ProxyAuthenticate) {
        lines.emplace_back(field_text(field.name), answer.response->value(field));
      }
    }
  }
  return lines;
}

}  // namespace intermediary
