// The files and variables that the examples of the documents name, for the tests of this room.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>

#include "config/load.h"
#include "policy/test_stir.h"

namespace intermediary {

inline ConfigSurroundings world() {
  return {[](const std::string& name) -> std::optional<std::string> {
            const std::map<std::string, std::string> variables = {{"DOMAIN", "example.com"},
                                                                  {"SIP_ADDRESS", "192.0.2.1"}};
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
          },
          [](const std::string& path) -> std::expected<std::string, std::string> {
            if (path == "key.txt" || path == "proxy.key" || path == "cookie.key")
              return "0123456789abcdeffedcba9876543210\n";
            if (path == "calls.pem") return test_stir::certificate();
            if (path == "calls.key") return std::string(test_smime::elliptic_key);
            if (path == "authorities.pem") return test_smime::authority();
            if (path == "edge.pem" || path == "other.pem" || path == "ca.pem") return "-----BEGIN CERTIFICATE-----\n";
            if (path == "edge.key" || path == "other.key") return "-----BEGIN PRIVATE KEY-----\n";
            if (path == "users.csv") return "alice,secret\n";
            if (path == "blocked.txt") return "# who calls at night\nmallory@example.org\n";
            if (path == "scanners.txt") return "# seen last week\n203.0.113.0/24\n2001:db8:66::/48\n";
            return std::unexpected("no such file");
          }};
}

}  // namespace intermediary
