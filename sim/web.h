// HTTP servers in virtual time, as nodes see them (base/http.h): lines of a scenario say what each URL answers, when,
// and what is wrong with it. Whoever is not named does not exist.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/http.h"
#include "base/time.h"

namespace intermediary::sim {

// What a line says of a URL.
struct WebChange {
  std::string url;
  std::optional<HttpResult> result{};  // nullopt: it stays
  Duration after{0};                   // how long the answer takes
};

class VirtualWeb {
 public:
  void apply(const WebChange& change);

  struct Answer {
    HttpResult result;
    Duration after{0};
  };
  Answer ask(const HttpOrder& order) const;
  // As it was said, whoever asks; nullopt: nothing was said of that URL.
  std::optional<Answer> find(const std::string& url) const;

 private:
  struct Resource {
    HttpResult result = HttpAnswer{};
    Duration after{0};
  };
  std::map<std::string, Resource> resources_;  // by URL
};

}  // namespace intermediary::sim
