// [control] and [metrics]: how operators look in.
#include "config/draft.h"

namespace intermediary {

namespace {

constexpr std::size_t longest_socket_path = 107;  // unix(7): 108 bytes with the zero at the end

void read_metrics(TableReader& metrics, Draft& draft) {
  const auto on = metrics.text("on");
  if (!on) {
    if (!metrics.has("on")) {
      metrics.problems().error(metrics.at(), "'on' in [metrics] is missing, such as \"127.0.0.1:9464\"");
    }
    return;
  }
  const auto endpoint = Endpoint::parse(on->value);
  if (!endpoint) {
    metrics.problems().error(on->at, "'on' in [metrics] must be an address and a port, such as \"127.0.0.1:9464\"");
  } else if (!endpoint->address.is_loopback()) {
    metrics.problems().error(on->at, "'on' in [metrics] must be a loopback address: nobody is asked who he is there");
  } else {
    draft.config.control.metrics = *endpoint;
    draft.metrics = on->at;
  }
}

}  // namespace

void read_control(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft) {
  ControlConfig& control = draft.config.control;
  if (std::optional<TableReader> table = top.table("control", "[control]")) {
    const auto path = table->text("socket");
    if (path) {
      control.socket = placed_file(path->value, surroundings);
      draft.control = path->at;
    }
    if (path && (path->value.empty() || control.socket.size() > longest_socket_path)) {
      table->problems().error(
          path->at, "'socket' in [control] must be a path of 1 to " + std::to_string(longest_socket_path) + " bytes");
    } else if (!table->has("socket")) {
      table->problems().error(table->at(), "'socket' in [control] is missing: the path of the socket that ctl uses");
    }
    table->finish();
  }
  if (std::optional<TableReader> metrics = top.table("metrics", "[metrics]")) {
    read_metrics(*metrics, draft);
    metrics->finish();
  }
}

}  // namespace intermediary
