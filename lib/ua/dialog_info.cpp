#include "ua/dialog_info.h"

#include <utility>

namespace intermediary {
namespace {

// The bytes of the UTF-8 sequence at the beginning (RFC 3629 §4); 0 when it is none.
std::size_t sequence_bytes(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = octet(0);
  const std::size_t bytes = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (bytes == 0 || text.size() < bytes) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((octet(i) & 0xc0) != 0x80) return 0;
  }
  const std::uint8_t second = octet(1);
  const bool too_long = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool too_great = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  const bool no_character = first == 0xef && second == 0xbf && octet(2) >= 0xbe;  // U+FFFE, U+FFFF
  return too_long || too_great || no_character ? 0 : bytes;
}

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
