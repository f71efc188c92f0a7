#include "location/stored.h"

#include <algorithm>
#include <optional>

#include "base/archive.h"

namespace intermediary {
namespace {

constexpr std::uint8_t record_format = 1;

// The format: a member may be added with another number in front only.
struct WrittenBinding {
  std::string contact;
  std::string parameters;
  std::string call_id;
  std::vector<std::string> path;
  WallTime expires{};
  Transport transport = Transport::Udp;
  Endpoint remote;
  std::string listener;
  std::uint64_t process = 0;  // that has the connection
  FlowId flow{};
  std::uint32_t cseq = 0;
  std::uint32_t reg_id = 0;
  std::uint32_t gruu_epoch = 0;
  InstancePlace instance_place{};
  std::int16_t q_thousandths = 1000;
  bool ends_with_flow = false;
};

WrittenBinding written(const Binding& binding, const StoreHome& home) {
  WrittenBinding out;
  out.contact = binding.contact;
  out.parameters = binding.parameters;
  out.call_id = binding.call_id;
  out.path = binding.path;
  out.expires = WallTime(home.wall_offset + binding.expires.time_since_epoch());
  out.transport = binding.arrival.transport;
  out.remote = binding.arrival.remote;
  out.listener = home.listener_name(binding.arrival.listener);
  out.process = binding.elsewhere != 0 ? binding.elsewhere : binding.arrival.flow ? home.process : 0;
  out.flow = binding.arrival.flow;
  out.cseq = binding.cseq;
  out.reg_id = binding.reg_id;
  out.gruu_epoch = binding.gruu_epoch;
  out.instance_place = binding.instance_place;
  out.q_thousandths = binding.q_thousandths;
  out.ends_with_flow = binding.ends_with_flow;
  return out;
}

// Nullopt: its connection is gone.
std::optional<Binding> read(WrittenBinding in, const StoreHome& home) {
  Binding binding;
  const bool is_ours = in.process == home.process && in.flow && home.is_open(in.flow);
  const bool is_of_another = in.process != 0 && in.process != home.process && home.is_shared;
  if (in.ends_with_flow && !is_ours && !is_of_another) return std::nullopt;
  if (in.ends_with_flow && is_of_another) binding.elsewhere = in.process;
  binding.contact = std::move(in.contact);
  binding.parameters = std::move(in.parameters);
  binding.call_id = std::move(in.call_id);
  binding.path = std::move(in.path);
  binding.expires = TimePoint(in.expires.time_since_epoch() - home.wall_offset);
  binding.arrival = {in.transport, in.remote, home.listener(in.listener, in.transport),
                     is_ours || binding.elsewhere != 0 ? in.flow : FlowId{}};
  binding.cseq = in.cseq;
  binding.reg_id = in.reg_id;
  binding.gruu_epoch = in.gruu_epoch;
  binding.instance_place = in.instance_place;
  binding.q_thousandths = in.q_thousandths;
  binding.ends_with_flow = in.ends_with_flow;
  return binding;
}

bool is_possible(const WrittenBinding& binding) {
  constexpr auto longest = std::chrono::hours(24 * 365 * 1000);
  const InstancePlace& place = binding.instance_place;
  const auto expires = binding.expires.time_since_epoch();
  return std::size_t{place.begin} + place.bytes <= binding.parameters.size() && -longest < expires && expires < longest;
}

}  // namespace

std::string write_bindings(std::span<const Binding> bindings, const StoreHome& home) {
  if (bindings.empty()) return {};
  std::vector<const Binding*> by_age;
  for (const Binding& binding : bindings) by_age.push_back(&binding);
  std::ranges::sort(by_age, {}, &Binding::id);
  ArchiveWriter archive;
  archive.byte(record_format);
  archive.number(by_age.size());
  for (const Binding* binding : by_age) archive(written(*binding, home));
  return archive.take();
}

std::expected<std::vector<Binding>, std::string> read_bindings(std::string_view bytes, const StoreHome& home) {
  if (bytes.empty()) return {};
  ArchiveReader archive(bytes);
  if (const auto format = archive.byte(); format != record_format) {
    return std::unexpected("a record of format " + std::to_string(format) + ", and this program reads format " +
                           std::to_string(record_format));
  }
  std::vector<WrittenBinding> all;
  archive(all);
  archive.expect_end();
  if (!archive.ok()) return std::unexpected("a record that cannot be read: " + archive.error());
  if (!std::ranges::all_of(all, is_possible)) return std::unexpected("a record with a binding that nobody made");
  std::vector<Binding> bindings;
  for (WrittenBinding& each : all) {
    if (auto binding = read(std::move(each), home)) bindings.push_back(*std::move(binding));
  }
  return bindings;
}

}  // namespace intermediary
