#include "ua/outbound.h"

#include "base/text.h"
#include "ua/inspection.h"

namespace intermediary {

Outbound read_outbound(const Message& request, const std::vector<NameAddress>& path) {
  Outbound outbound;
  outbound.first_hop = !has_next_via(request);
  outbound.applies = outbound.first_hop || (!path.empty() && path.back().uri.has_parameter("ob"));
  outbound.supported = lists_option(request, FieldName::Supported, "outbound");
  return outbound;
}

std::expected<std::uint32_t, UaAnswer> read_reg_id(const Outbound& outbound, const Parameters& contact,
                                                   bool has_instance) {
  constexpr std::uint32_t most = 0x7fffffff;
  const auto value = contact.value("reg-id");
  if (!value || !has_instance) return 0;
  const auto number = parse_decimal<std::uint32_t>(*value);
  if (!number || *number == 0 || *number > most) {
    return std::unexpected(refuse(400, "Contact: reg-id is no number from 1 to 2147483647"));
  }
  if (outbound.applies) return *number;
  if (!outbound.supported) return 0;
  return std::unexpected(refuse(439, "its first hop does not say 'ob' in Path"));
}

}  // namespace intermediary
