// Asks name servers for records, without ever blocking: c-ares on the shard's io_context.
//
// What it hears becomes a DnsResult (read_dns_answer()); names and orders mean nothing to it. CNAMEs that lead out of
// an answer are followed, at most limit::dns_aliases of them. How long a question may take is bounded by the settings.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "transport/dns.h"
#include "transport/resolve.h"

namespace intermediary {

struct DnsClientSettings {
  std::vector<Endpoint> servers;            // asked in this order; empty: those of the system (/etc/resolv.conf)
  std::chrono::milliseconds timeout{2000};  // of the first try at a server; each later one waits twice as long
  int tries = 2;
};

class DnsClient {
 public:
  // Told once for each question: from within ask() where it fails at once, and later otherwise.
  using Answered = std::function<void(QueryId, DnsResult)>;
  // Called after answers that were not told from within ask().
  using Settled = std::function<void()>;

  // The error says why no name server can be asked.
  static std::expected<std::unique_ptr<DnsClient>, std::string> open(boost::asio::io_context& io,
                                                                     const DnsClientSettings& settings,
                                                                     Answered answered, Settled settled);
  // Questions under way are never answered.
  ~DnsClient();
  DnsClient(const DnsClient&) = delete;
  DnsClient& operator=(const DnsClient&) = delete;

  void ask(QueryId query, const DnsQuestion& question);
  // All addresses of a host, for connections of our own: also of a name that only the system's file of hosts has. Told
  // once, later or from within; the error is one line for people.
  using Found = std::function<void(std::expected<std::vector<IpAddress>, std::string>)>;
  void find_addresses(const std::string& host, Found found);
  std::size_t pending() const;

 private:
  struct Implementation;
  explicit DnsClient(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace intermediary
