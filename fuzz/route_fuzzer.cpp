// What others say of where requests go: answers of route queries (JSON), and substitution expressions of NAPTR records
// (ENUM), both as strangers could write them.
#include <cstdlib>
#include <iostream>

#include "base/json_value.h"
#include "base/limits.h"
#include "fuzz/one_input.h"
#include "routing/route_json.h"
#include "transport/enum_search.h"

namespace {

using namespace intermediary;

void require(bool truth, std::string_view what) {
  if (truth) return;
  std::cerr << "broken: " << what << std::endl;
  std::abort();
}

// What was read can be judged further: it is what its description says.
void judge(const RouteTo& to) {
  require(!to.targets.empty() && to.targets.size() <= limit::branches_per_request, "a number of targets");
  for (const RouteTarget& target : to.targets) {
    require(target.uri || !target.group.empty(), "a target that leads nowhere");
    require(!target.uri || target.uri->is_sip(), "a target that is no SIP URI");
    require(target.q_thousandths >= 0 && target.q_thousandths <= 1000, "a q that is none");
  }
}

void read_answer(std::string_view bytes) {
  const auto decision = read_route_answer({200, "application/json", std::nullopt, std::string(bytes)});
  if (!decision) return require(!decision.error().empty(), "a refusal without a reason");
  if (const auto* to = std::get_if<RouteTo>(&*decision)) judge(*to);
  if (const auto* reject = std::get_if<RouteReject>(&*decision)) {
    require(reject->status >= 400 && reject->status <= 699, "a status that refuses nothing");
  }
}

void ask(std::string_view bytes) {
  RouteFacts facts{.rule = "r", .method = "INVITE", .request_uri = "sip:x", .from = std::string(bytes), .to = ""};
  facts.headers = {{"X-A", std::string(bytes)}};
  require(JsonValue::parse(route_question(facts)).has_value(), "a question that is no JSON");
}

// A walk over records that lead from one to the other, all of them with this expression.
void search(std::string_view expression) {
  constexpr std::string_view number = "+31201234567";
  const auto made = substituted(expression, number);
  require(made || !made.error().empty(), "a refusal without a reason");
  DnsAnswers known;
  const std::string name = enum_domain(number, "e164.arpa");
  const NaptrRecord terminal{1, 1, "u", "E2U+sip", std::string(expression), ""};
  const NaptrRecord onward{1, 2, "", "", "", std::string(expression)};
  known.insert_or_assign({name, DnsType::Naptr}, DnsAnswer{{terminal, onward}, std::chrono::seconds(1)});
  for (int i = 0; i < 20; ++i) {
    const EnumFound found = search_enum(number, {"e164.arpa"}, known);
    for (const Uri& uri : found.uris) require(uri.is_sip(), "a target that is no SIP URI");
    if (!found.missing) return;
    known.insert_or_assign(*found.missing, DnsAnswer{{onward}, std::chrono::seconds(1)});
  }
  require(false, "a search without an end");
}

}  // namespace

// The first byte says which.
void intermediary::fuzzing::run(std::string_view input) {
  if (input.empty()) return;
  const char kind = input.front();
  input.remove_prefix(1);
  if (kind == 'e') return search(input);
  kind == 'q' ? ask(input) : read_answer(input);
}
