#include "conformance/target/cast.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "conformance/target/needs.h"

namespace intermediary::conformance {
namespace {

constexpr std::uint8_t registrant_octet = 251;

std::uint8_t octet(const IpAddress& address, std::size_t index) {
  return static_cast<std::uint8_t>(address.octets()[index]);
}

}  // namespace

bool is_of_documentation(const IpAddress& address) {
  static const std::array networks{*Cidr::parse("192.0.2.0/24"), *Cidr::parse("198.51.100.0/24"),
                                   *Cidr::parse("203.0.113.0/24")};
  return address.is_v4() && std::ranges::any_of(networks, [&](const Cidr& each) { return each.contains(address); });
}

Cast::Cast(const Script& script, const Target& target, const Slot& slot)
    : target_(target), slot_(slot), translation_(slot.tag) {
  const sim::Scenario& scenario = script.scenario;
  for (const auto& inhabitant : scenario.inhabitants) {
    if (const auto* node = std::get_if<sim::NodeSetup>(&inhabitant)) {
      add({node->name, {}, sim::sockets_of(node->config), std::nullopt, true});
      for (const std::string& domain : node->config.domains) {
        translation_.add_domain(domain, target.domain.empty() ? domain : target.domain);
      }
    } else if (const auto* setup = std::get_if<sim::PartySetup>(&inhabitant)) {
      sim::Party party({setup->name, setup->address_of_record, setup->sockets.front(), setup->login, setup->tls});
      add({setup->name, {}, setup->sockets, std::move(party)});
    }
  }
  add_nobodies(scenario);
  const Actor& node = *std::ranges::find(actors_, true, &Actor::is_node);
  translation_.add_node(node.sockets.front().address, target_.endpoint);
  if (!target_.local) translate_other_addresses(script.text);
}

void Cast::add(Actor actor) {
  actor.host = sim::HostId{static_cast<std::uint32_t>(actors_.size() + 1)};
  actors_.push_back(std::move(actor));
}

Actor* Cast::find(std::string_view name) {
  const auto found = std::ranges::find(actors_, name, &Actor::name);
  return found == actors_.end() ? nullptr : &*found;
}

// Where a line expects something at an address that nobody has.
void Cast::add_nobodies(const sim::Scenario& scenario) {
  for (const sim::Line& line : scenario.lines) {
    const auto* message = std::get_if<sim::MessageLine>(&line);
    const auto address = message ? Endpoint::parse(message->receiver) : std::nullopt;
    if (address && !find(message->receiver)) {
      add({message->receiver, {}, {{Transport::Udp, *address}, {Transport::Tcp, *address}}, std::nullopt});
    }
  }
}

IpAddress Cast::real_address(const IpAddress& scenario) {
  if (target_.local) return *target_.local;
  if (const auto known = addresses_.find(scenario); known != addresses_.end()) return known->second;
  std::uint8_t last = octet(scenario, 3);
  while (last == 0 || last >= registrant_octet || taken_.contains(last)) last = last >= 250 ? 1 : last + 1;
  taken_.insert(last);
  const auto address = IpAddress::v4(
      {127, static_cast<std::uint8_t>(slot_.network >> 8), static_cast<std::uint8_t>(slot_.network & 0xff), last});
  addresses_.emplace(scenario, address);
  return address;
}

std::expected<void, std::string> Cast::open(Stage& stage) {
  for (std::size_t place = 0; place < actors_.size(); ++place) {
    const Actor& actor = actors_[place];
    if (actor.is_node) continue;
    std::set<Endpoint> addresses;
    for (const sim::Socket& socket : actor.sockets) addresses.insert(socket.address);
    for (const Endpoint& address : addresses) {
      const auto takes = [&](Transport transport) {
        return std::ranges::find(actor.sockets, sim::Socket{transport, address}) != actor.sockets.end();
      };
      const Endpoint wanted{real_address(address.address), target_.local ? std::uint16_t{0} : address.port};
      const auto opened = stage.open(place, wanted, takes(Transport::Udp), takes(Transport::Tcp));
      if (!opened) return std::unexpected(opened.error());
      translation_.add(address, *opened);
    }
  }
  const IpAddress here = target_.local
                             ? *target_.local
                             : IpAddress::v4({127, static_cast<std::uint8_t>(slot_.network >> 8),
                                              static_cast<std::uint8_t>(slot_.network & 0xff), registrant_octet});
  auto opened = stage.open(registrant(), {here, 0}, true, false);
  if (!opened) return std::unexpected(opened.error());
  registrant_address_ = *opened;
  return {};
}

// So that nothing leaves the machine: what stands for strangers' addresses is on loopback, too.
void Cast::translate_other_addresses(std::string_view text) {
  for (std::size_t position = 0; position < text.size(); ++position) {
    if (!is_digit(text[position]) || (position > 0 && (is_digit(text[position - 1]) || text[position - 1] == '.'))) {
      continue;
    }
    std::size_t end = position;
    while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
    const auto address = IpAddress::parse(text.substr(position, end - position));
    if (!address || !is_of_documentation(*address)) continue;
    const Actor& node = *std::ranges::find(actors_, true, &Actor::is_node);
    if (*address != node.sockets.front().address.address) translation_.add(*address, real_address(*address));
  }
}

}  // namespace intermediary::conformance
