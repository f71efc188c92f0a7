#include "runtime/dns/dns_client.h"

#include <ares.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <map>
#include <utility>

#include "runtime/dns/dns_message.h"
#include "runtime/net/sockaddr.h"

namespace intermediary {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Descriptor = asio::posix::stream_descriptor;

constexpr int udp_payload_bytes = 1232;  // EDNS: fits every path without fragments (RFC 6891 §6.2.5)

// A socket of c-ares, which opens and closes it: here it is only waited for.
struct Watch {
  Watch(asio::io_context& io, ares_socket_t socket) : descriptor(io, socket) {}
  ~Watch() { let_go(); }

  // Before c-ares closes the socket: the next one may have its number.
  void let_go() {
    if (descriptor.is_open()) descriptor.release();
  }

  Descriptor descriptor;
  bool wants_read = false, wants_write = false;
  bool reading = false, writing = false;  // a wait is under way
};

DnsResult failure_of(int status) {
  DnsFailure failure;
  failure.kind = status == ARES_ETIMEOUT ? DnsFailure::Kind::TimedOut : DnsFailure::Kind::Failed;
  failure.reason = status == ARES_ETIMEOUT ? "no name server answers" : ares_strerror(status);
  return std::unexpected(std::move(failure));
}

std::string comma_list(const std::vector<Endpoint>& servers) {
  std::string list;
  for (const Endpoint& server : servers) {
    if (!list.empty()) list += ',';
    list += server.to_string();
  }
  return list;
}

}  // namespace

struct DnsClient::Implementation {
  struct Question {
    Implementation* owner;
    QueryId query;
    DnsQuestion asked;  // the name as it was given
    std::string name;   // the one that is asked for now
    std::size_t aliases = 0;
    std::chrono::seconds ttl = std::chrono::seconds::max();
  };

  Implementation(asio::io_context& io, Answered answered, Settled settled)
      : io(io), answered(std::move(answered)), settled(std::move(settled)), timer(io) {}
  ~Implementation() {
    closing = true;
    if (channel) ares_destroy(channel);
  }

  // ---- c-ares calls these

  static void socket_changed(void* self, ares_socket_t socket, int readable, int writable) {
    static_cast<Implementation*>(self)->watch(socket, readable != 0, writable != 0);
  }

  static void heard(void* argument, int status, int, unsigned char* bytes, int length) {
    const std::unique_ptr<Question> question(static_cast<Question*>(argument));
    Implementation& self = *question->owner;
    --self.pending;
    if (self.closing) return;
    // An answer that says "no" has bytes too, and they say for how long.
    if (!bytes || length <= 0) return self.answered(question->query, failure_of(status));
    DnsReading reading = read_dns_answer({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length)},
                                         {question->name, question->asked.type});
    if (!reading.alias.empty()) return self.follow(*question, reading);
    if (reading.result) reading.result->ttl = std::min(reading.result->ttl, question->ttl);
    self.answered(question->query, std::move(reading.result));
  }

  // ---- questions

  void send(Question question) {
    ++pending;
    auto kept = std::make_unique<Question>(std::move(question));
    const std::string name = kept->name;
    const int type = dns_type_number(kept->asked.type);
    ares_query(channel, name.c_str(), 1, type, &heard, kept.release());
    set_timer();
  }

  void follow(const Question& question, DnsReading& reading) {
    if (question.aliases == limit::dns_aliases) {
      return answered(question.query, std::unexpected(DnsFailure{DnsFailure::Kind::Failed, {}, "too many aliases"}));
    }
    Question next = question;
    next.name = std::move(reading.alias);
    next.ttl = std::min(next.ttl, reading.alias_ttl);
    ++next.aliases;
    send(std::move(next));
  }

  // ---- addresses

  struct AddressQuestion {
    Implementation* owner;
    Found found;
  };

  static void heard_addresses(void* argument, int status, int, ares_addrinfo* result) {
    const std::unique_ptr<AddressQuestion> question(static_cast<AddressQuestion*>(argument));
    const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owned(result, &ares_freeaddrinfo);
    Implementation& self = *question->owner;
    --self.pending;
    if (self.closing) return;
    if (status != ARES_SUCCESS || !result) return question->found(std::unexpected(std::string(ares_strerror(status))));
    std::vector<IpAddress> addresses;
    for (const ares_addrinfo_node* node = result->nodes; node; node = node->ai_next) {
      sockaddr_storage storage{};
      if (node->ai_addrlen > sizeof storage) continue;
      std::memcpy(&storage, node->ai_addr, node->ai_addrlen);
      addresses.push_back(to_endpoint(storage).address);
    }
    question->found(std::move(addresses));
  }

  void find_addresses(const std::string& host, Found found) {
    ++pending;
    auto question = std::make_unique<AddressQuestion>(this, std::move(found));
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(channel, host.c_str(), nullptr, &hints, &heard_addresses, question.release());
    set_timer();
  }

  // ---- sockets and time

  void watch(ares_socket_t socket, bool readable, bool writable) {
    if (!readable && !writable) {
      const auto found = watches.find(socket);
      if (found == watches.end()) return;
      found->second->let_go();  // whoever waits on it may hold it for a moment longer
      watches.erase(found);
      return;
    }
    std::shared_ptr<Watch>& entry = watches[socket];
    if (!entry) entry = std::make_shared<Watch>(io, socket);
    entry->wants_read = readable;
    entry->wants_write = writable;
    wait(socket, entry);
  }

  void wait(ares_socket_t socket, const std::shared_ptr<Watch>& entry) {
    if (entry->wants_read && !entry->reading) {
      entry->reading = true;
      entry->descriptor.async_wait(Descriptor::wait_read, ready(socket, entry, &Watch::reading, true));
    }
    if (entry->wants_write && !entry->writing) {
      entry->writing = true;
      entry->descriptor.async_wait(Descriptor::wait_write, ready(socket, entry, &Watch::writing, false));
    }
  }

  // The watch may be gone by then, and this client with it.
  std::function<void(const error_code&)> ready(ares_socket_t socket, const std::weak_ptr<Watch>& weak,
                                               bool Watch::* waiting, bool to_read) {
    return [this, socket, weak, waiting, to_read](const error_code& error) {
      const std::shared_ptr<Watch> entry = weak.lock();
      if (error || !entry) return;
      (*entry).*waiting = false;
      ares_process_fd(channel, to_read ? socket : ARES_SOCKET_BAD, to_read ? ARES_SOCKET_BAD : socket);
      const auto found = watches.find(socket);
      if (found != watches.end() && found->second == entry) wait(socket, entry);
      set_timer();
      settled();
    };
  }

  void set_timer() {
    timeval room{};
    const timeval* next = ares_timeout(channel, nullptr, &room);
    if (!next) {
      timer.cancel();
      return;
    }
    timer.expires_after(std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec));
    timer.async_wait([this, weak = std::weak_ptr<bool>(alive)](const error_code& error) {
      if (error || weak.expired()) return;
      ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      set_timer();
      settled();
    });
  }

  asio::io_context& io;
  Answered answered;
  Settled settled;
  asio::steady_timer timer;
  ares_channel channel = nullptr;
  std::map<ares_socket_t, std::shared_ptr<Watch>> watches;
  std::size_t pending = 0;
  bool closing = false;
  const std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // for a timer that has fired when this goes
};

std::expected<std::unique_ptr<DnsClient>, std::string> DnsClient::open(asio::io_context& io,
                                                                       const DnsClientSettings& settings,
                                                                       Answered answered, Settled settled) {
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  if (library != ARES_SUCCESS) return std::unexpected(std::string(ares_strerror(library)));
  auto implementation = std::make_unique<Implementation>(io, std::move(answered), std::move(settled));
  ares_options options{};
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS;
  options.ednspsz = udp_payload_bytes;
  options.timeout = static_cast<int>(settings.timeout.count());
  options.tries = settings.tries;
  options.sock_state_cb = &Implementation::socket_changed;
  options.sock_state_cb_data = implementation.get();
  const int mask = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  int status = ares_init_options(&implementation->channel, &options, mask);
  if (status == ARES_SUCCESS && !settings.servers.empty()) {
    status = ares_set_servers_ports_csv(implementation->channel, comma_list(settings.servers).c_str());
  }
  if (status != ARES_SUCCESS) return std::unexpected(std::string(ares_strerror(status)));
  return std::unique_ptr<DnsClient>(new DnsClient(std::move(implementation)));
}

DnsClient::DnsClient(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
DnsClient::~DnsClient() = default;

void DnsClient::ask(QueryId query, const DnsQuestion& question) {
  implementation_->send({implementation_.get(), query, question, question.name, 0});
}

void DnsClient::find_addresses(const std::string& host, Found found) {
  implementation_->find_addresses(host, std::move(found));
}

std::size_t DnsClient::pending() const { return implementation_->pending; }

}  // namespace intermediary
