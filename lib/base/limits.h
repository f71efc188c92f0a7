// Every limit of what comes in, by name. Values that a configuration may change are members of `Limits`; the rest are
// constants. The reasons stand in docs/security.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace intermediary {

struct Limits {
  std::size_t datagram_bytes = std::size_t{16} * 1024;        // configurable, to 64 KiB
  std::size_t stream_message_bytes = std::size_t{64} * 1024;  // configurable
  std::size_t connections_per_source = 64;                    // per untrusted address
  std::size_t transactions_per_source = 200;                  // unfinished server transactions per untrusted address
  Duration header_deadline = std::chrono::seconds(5);         // from a message's first byte to the end of its header
  Duration body_deadline = std::chrono::seconds(10);          // from there to its last byte
  Duration idle_connection = std::chrono::seconds(30);        // a connection that has carried no valid message yet
  Duration idle_inbound = std::chrono::hours(1);              // one that has, and that nobody uses
  Duration idle_outbound = std::chrono::minutes(10);          // one that we opened, and that nobody uses
  std::size_t outbound_connections = 1024;                    // that we opened, all together
  std::size_t dialogs = 100'000;                              // that a call-stateful proxy follows, all together
  std::size_t subscriptions = 10'000;                         // to our own event packages, all together
  std::size_t subscriptions_per_source = 100;                 // from one untrusted address
  std::size_t path_mtu = 1500;  // RFC 3261 §18.1.1: within 200 bytes of this a request leaves over a reliable transport

  friend bool operator==(const Limits&, const Limits&) = default;
};

namespace limit {
inline constexpr std::size_t header_section_bytes = std::size_t{32} * 1024;
inline constexpr std::size_t line_bytes = std::size_t{8} * 1024;
inline constexpr std::size_t start_line_bytes = std::size_t{2} * 1024;
inline constexpr std::size_t uri_bytes = 1024;
inline constexpr std::size_t header_lines = 128;
inline constexpr std::size_t list_entries = 32;  // Via apart
inline constexpr std::size_t vias = 71;
inline constexpr std::size_t ours_in_responses =
    8;  // Vias and lines more than above: what we add to a request comes back
inline constexpr std::size_t parameters = 64;
inline constexpr std::size_t sdp_bytes = std::size_t{16} * 1024;
inline constexpr std::size_t sdp_media = 16;
inline constexpr std::size_t sdp_formats = 64;
inline constexpr std::size_t sdp_lines = 512;
inline constexpr std::size_t sdp_line_bytes = std::size_t{2} * 1024;
inline constexpr std::size_t multipart_parts = 8;
inline constexpr std::uint8_t max_forwards_default = 70;    // RFC 3261 §16.6 step 3
inline constexpr std::size_t branches_per_request = 32;     // targets of one fork
inline constexpr std::uint32_t max_breadth_default = 60;    // RFC 5393 §5.3.3
inline constexpr std::size_t caller_preferences = 20;       // of one request (RFC 3841 §11)
inline constexpr std::size_t feature_values = 256;          // of one preference, of one contact
inline constexpr std::size_t dialogs_per_invite = 64;       // by their To tags, ended ones among them
inline constexpr std::size_t remembered_changes = 64;       // dialogs that one subscription is yet to be told of
inline constexpr std::size_t dialog_bytes = 4096;           // what is kept of one INVITE's dialogs, less is followed
inline constexpr std::size_t bindings = 1'000'000;          // of all addresses of record together
inline constexpr std::size_t binding_bytes = 4096;          // contact, its parameters, Path and Call-ID of one binding
inline constexpr std::size_t store_waits = 10'000;          // requests that wait for the store of bindings
inline constexpr std::size_t store_waits_of_address = 16;   // REGISTERs among them of one address of record
inline constexpr std::uint32_t store_conflicts = 4;         // with other nodes, until a REGISTER is refused
inline constexpr std::uint32_t store_page = 1'000;          // records that are loaded at a time
inline constexpr std::size_t temporary_gruu_bytes = 128;    // of an address of record that gets temporary GRUUs
inline constexpr std::size_t finished_per_unfinished = 50;  // server transactions of a source that wait for repetitions
inline constexpr std::size_t queued_bytes_per_flow = std::size_t{1024} * 1024;  // waiting for a connection to open
inline constexpr std::size_t certificate_identities = 64;  // domains that a peer's certificate may speak for
inline constexpr std::size_t resting_servers = 1'000;      // that said 503 with Retry-After
inline constexpr std::chrono::seconds longest_rest{300};   // of one of them, whatever it said
inline constexpr std::size_t name_servers = 8;             // in the configuration
inline constexpr std::size_t dns_depth = 8;                // sets of NAPTR records read for one name, all ways together
inline constexpr std::size_t dns_targets = 16;             // services, servers and hops of one lookup, each
inline constexpr std::size_t dns_lookups = 10'000;         // that wait for answers
inline constexpr std::size_t dns_questions = 1'000;        // that are out
inline constexpr std::size_t dns_cache_entries = 10'000;   // answers that are remembered
inline constexpr std::size_t dns_sips_domains = 1'000;     // domains that are known to offer SIPS
inline constexpr std::size_t url_bytes = 2048;             // of an HTTP server's resource
inline constexpr std::size_t http_waits = 1'000;           // requests to HTTP servers that are under way
inline constexpr std::size_t http_connections_per_host = 32;  // open, to one host and port
inline constexpr std::size_t http_idle_connections = 8;       // of them, kept for the next request
inline constexpr std::size_t http_header_bytes = std::size_t{16} * 1024;
inline constexpr std::size_t route_answer_bytes = std::size_t{64} * 1024;  // what a route query may be told
inline constexpr std::size_t route_waits = 10'000;  // requests that wait for whoever is asked where they go
inline constexpr std::size_t route_headers = 16;    // that an answer sets
inline constexpr std::size_t enum_steps = 8;        // sets of NAPTR records read for one number and suffix
inline constexpr std::size_t json_depth = 16;
}  // namespace limit

}  // namespace intermediary
