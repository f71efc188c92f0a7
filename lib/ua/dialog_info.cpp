#include "ua/dialog_info.h"

#include <utility>

#include "base/utf8.h"

namespace intermediary {
namespace {

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(" ").append(name).append("=\"").append(xml_escaped(value)).append("\"");
}

void append_participant(std::string& out, std::string_view name, const std::string& identity,
                        const std::string& target) {
  if (identity.empty() && target.empty()) return;
  out.append("<").append(name).append(">");
  if (!identity.empty()) out.append("<identity>").append(xml_escaped(identity)).append("</identity>");
  if (!target.empty()) {
    out.append("<target");
    append_attribute(out, "uri", target);
    out.append("/>");
  }
  out.append("</").append(name).append(">\r\n");
}

// RFC 4235 §3.7.1: a 487 answers a CANCEL, whoever sent that.
std::string_view event_of(const DialogEnding& ending, DialogSide observed) {
  switch (ending.cause) {
    case DialogEnding::Cause::Rejected:
      return ending.status == 487 ? "cancelled" : "rejected";
    case DialogEnding::Cause::Cancelled:
    case DialogEnding::Cause::AnsweredElsewhere:
      return "cancelled";
    case DialogEnding::Cause::Bye:
      return ending.by == observed ? "local-bye" : "remote-bye";
    case DialogEnding::Cause::SessionExpired:
    case DialogEnding::Cause::LifetimeOver:
      return "timeout";
  }
  return "";
}

// Of the answers to its INVITE alone (§4.1.2).
int code_of(const DialogEnding& ending) {
  const bool by_answer =
      ending.cause == DialogEnding::Cause::Rejected || ending.cause == DialogEnding::Cause::Cancelled;
  return by_answer ? ending.status : 0;
}

}  // namespace

DialogInfo dialog_info(TimePoint now, const DialogSet& set, const Dialog& dialog, DialogSide side,
                       const DialogEnding* ending) {
  const bool initiator = side == DialogSide::Caller;
  const DialogSide other = initiator ? DialogSide::Callee : DialogSide::Caller;
  DialogInfo info;
  info.id = std::to_string(dialog.id.value >> 32) + "-" + std::to_string(dialog.id.value & 0xffffffff);
  info.call_id = set.call_id;
  info.local_tag = initiator ? set.caller_tag : dialog.callee_tag;
  info.remote_tag = initiator ? dialog.callee_tag : set.caller_tag;
  info.initiator = initiator;
  info.state = dialog.state;
  if (ending) {
    info.event = event_of(*ending, side);
    info.code = code_of(*ending);
  }
  info.duration = std::chrono::duration_cast<std::chrono::seconds>(now - dialog.started);
  info.local_identity = initiator ? set.caller : set.callee;
  info.remote_identity = initiator ? set.callee : set.caller;
  info.local_target = dialog.target_of(side);
  info.remote_target = dialog.target_of(other);
  if (initiator && info.local_target.empty()) info.local_target = set.caller_target;
  if (!initiator && info.remote_target.empty()) info.remote_target = set.caller_target;
  return info;
}

std::string dialog_element(const DialogInfo& info) {
  std::string out = "<dialog";
  append_attribute(out, "id", info.id);
  append_attribute(out, "call-id", info.call_id);
  append_attribute(out, "local-tag", info.local_tag);
  append_attribute(out, "remote-tag", info.remote_tag);
  append_attribute(out, "direction", info.initiator ? "initiator" : "recipient");
  out.append(">\r\n<state");
  append_attribute(out, "event", info.event);
  if (info.code != 0) append_attribute(out, "code", std::to_string(info.code));
  out.append(">").append(state_text(info.state)).append("</state>\r\n");
  out.append("<duration>").append(std::to_string(info.duration.count())).append("</duration>\r\n");
  append_participant(out, "local", info.local_identity, info.local_target);
  append_participant(out, "remote", info.remote_identity, info.remote_target);
  out.append("</dialog>\r\n");
  return out;
}

std::string dialog_info_document(std::string_view entity, std::uint32_t version, bool full, std::string_view elements) {
  std::string out = "<?xml version=\"1.0\"?>\r\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\"";
  append_attribute(out, "version", std::to_string(version));
  append_attribute(out, "state", full ? "full" : "partial");
  append_attribute(out, "entity", entity);
  out.append(">\r\n").append(elements).append("</dialog-info>\r\n");
  return out;
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    std::size_t bytes = 1;
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&apos;";
    } else if (c >= ' ' && c <= '~') {
      out += c;
    } else if (bytes = sequence_bytes(text); bytes != 0) {
      out += text.substr(0, bytes);
    } else {
      out += "&#xFFFD;";
      bytes = 1;
    }
    text.remove_prefix(bytes);
  }
  return out;
}

}  // namespace intermediary
