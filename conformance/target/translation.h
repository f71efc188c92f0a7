// Between a scenario and the real world: the addresses, users and identifiers that a scenario writes, and those that go
// over the wire instead. Applied to whole messages in both directions, so that a scenario's patterns judge what they
// were written for.
//
// * Addresses: each address of documentation that stands in a scenario has a real one; the node's is the target's.
// * Domain: the node's stands for the target's. Users in it get a tag of their own for each run ("bob.k7@example.com"),
//   so that runs beside each other, and what an earlier one left behind, do not meet.
// * Branches and Call-IDs: what our side made up gets the run's tag; what the target made up is marked with "~" on the
//   scenario's side instead, and goes back as it came. So to_real() undoes to_scenario() and the reverse.
// * Content-Length moves by as much as the body does, and so keeps a lie that a scenario tells on purpose.
//
// The run's tag must occur nowhere else.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"

namespace intermediary::conformance {

class Translation {
 public:
  // `tag`: letters and digits.
  explicit Translation(std::string tag) : tag_(std::move(tag)) {}

  // What `scenario` with that port is; an address alone becomes `real`'s. The first with an address decides for the
  // address alone. REQUIRES: no endpoint twice.
  void add(const Endpoint& scenario, const Endpoint& real);
  // That address alone, whatever the port.
  void add(const IpAddress& scenario, const IpAddress& real);
  // The node: its address alone stands for the target's host and port, since without a port it would be another place.
  void add_node(const Endpoint& scenario, const Endpoint& target);
  void add_domain(std::string scenario, std::string real);
  // Users keep their names: for targets that know only some.
  void keep_users() { tags_users_ = false; }

  std::string to_real(std::string_view message) const;
  std::string to_scenario(std::string_view message) const;
  // A text of to_scenario() in which the node is named without its port.
  std::string without_port_of_node(std::string text) const;

  Endpoint real(const Endpoint& scenario) const;
  std::string real_text(std::string_view text) const { return replaced(text, true); }

 private:
  std::string converted(std::string_view message, bool to_real) const;
  std::string replaced(std::string_view text, bool to_real) const;
  std::size_t replace_at(std::string_view text, std::size_t position, bool to_real, std::string& out) const;
  std::size_t replace_address(std::string_view text, std::size_t position, bool to_real, std::string& out) const;
  std::size_t replace_domain(std::string_view text, std::size_t position, bool to_real, std::string& out) const;
  std::size_t replace_branch(std::string_view text, std::size_t position, bool to_real, std::string& out) const;
  std::string call_id(std::string_view value, bool to_real) const;
  std::string header_lines(std::string_view lines, bool to_real, std::ptrdiff_t body_growth) const;
  void tag_user(std::string& out) const;
  void untag_user(std::string& out) const;

  std::string tag_;
  bool tags_users_ = true;
  std::map<Endpoint, Endpoint> real_, scenario_;
  std::map<IpAddress, IpAddress> real_addresses_, scenario_addresses_;
  std::optional<Endpoint> node_, target_;
  bool node_needs_port_ = false;
  std::map<std::string, std::string, std::less<>> real_domains_, scenario_domains_;
};

}  // namespace intermediary::conformance
