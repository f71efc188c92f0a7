// What comes before a connection is open, on the loopback interface: TLS and PROXY headers.
#include <memory>

#include "runtime/net/stream_test.h"
#include "runtime/net/test_certificates.h"
#include "runtime/net/tls_contexts.h"

namespace intermediary {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// ---- PROXY protocol

class ProxyHeaderTest : public OpeningTest {
 protected:
  ProxyHeaderTest() { setup.proxy_header = true; }
};

TEST_F(ProxyHeaderTest, SaysWhoConnects) {
  tcp::socket peer = connected();
  write(peer, "PROXY TCP4 192.0.2.7 192.0.2.1 40000 5060\r\nhello");
  ASSERT_TRUE(opened());
  EXPECT_EQ(inbox.all<FlowOpened>().at(0).remote.to_string(), "192.0.2.7:40000");
  EXPECT_THAT(received(1), testing::ElementsAre("hello"));
}

TEST_F(ProxyHeaderTest, MayComeByteByByte) {
  tcp::socket peer = connected();
  for (const char c : "PROXY TCP6 2001:db8::7 2001:db8::1 40000 5060\r\n"s) {
    write(peer, std::string(1, c));
    io.restart();
    io.poll();
  }
  ASSERT_TRUE(opened());
  EXPECT_EQ(inbox.all<FlowOpened>().at(0).remote.to_string(), "[2001:db8::7]:40000");
}

TEST_F(ProxyHeaderTest, OfTheBalancerItselfChangesNothing) {
  tcp::socket peer = connected();
  write(peer, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s);
  ASSERT_TRUE(opened());
  EXPECT_EQ(inbox.all<FlowOpened>().at(0).remote.port, peer.local_endpoint().port());
}

TEST_F(ProxyHeaderTest, IsRequiredFromABalancer) {
  tcp::socket peer = connected();
  write(peer, "OPTIONS sip:a SIP/2.0\r\n");
  EXPECT_THAT(failure(), HasSubstr("reason=\"no PROXY header\""));
  EXPECT_THAT(inbox.inputs, IsEmpty());
}

TEST_F(ProxyHeaderTest, CountsTheSourceThatItNames) {
  setup.transport = Transport::Ws;
  most = 1;
  tcp::socket first = connected(), second = connected(), third = connected();
  write(first, "PROXY TCP4 192.0.2.7 192.0.2.1 40000 5060\r\n");
  write(second, "PROXY TCP4 192.0.2.8 192.0.2.1 40000 5060\r\n");
  ASSERT_TRUE(run_until([&] { return handshakes.under_way() == 2; }));
  write(third, "PROXY TCP4 192.0.2.8 192.0.2.1 40001 5060\r\n");
  EXPECT_THAT(failure(), AllOf(HasSubstr("remote=192.0.2.8:40001"), HasSubstr("too many handshakes under way")));
}

TEST_F(ProxyHeaderTest, IsRefusedFromAnybodyElse) {
  setup.proxy_header = false;
  for (const std::string& header :
       {"PROXY TCP4 192.0.2.7 192.0.2.1 40000 5060\r\n"s, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s}) {
    inbox.inputs.clear();
    tcp::socket peer = connected();
    write(peer, header);
    ASSERT_TRUE(run_until([&] { return !inbox.all<FlowClosed>().empty(); }));
    EXPECT_EQ(inbox.all<FlowClosed>().at(0).reason, "a PROXY header from an address that is in no proxy_protocol");
    EXPECT_THAT(inbox.all<StreamReceived>(), IsEmpty());
  }
}

// ---- TLS

class TlsTest : public OpeningTest {
 protected:
  TlsTest() {
    folder.write("ca.pem", authority.certificate_pem());
    certificate("edge", {"", {"edge.example.com"}, {"sip:example.com"}});
    certificate("other", {"", {"other.example.net"}});
    config.listeners = {{"tls", Transport::Tls}};
    config.listeners[0].certificates = {"edge", "other"};
    config.authorities_file = folder.path("ca.pem");
  }

  void certificate(const std::string& name, const TestNames& names) {
    folder.write(name, make_certificate(&authority, names));
    config.certificates.push_back({name, folder.path(name + ".pem"), folder.path(name + ".key")});
  }
  void serve() {
    auto loaded = TlsContexts::load(config);
    ASSERT_TRUE(loaded) << loaded.error();
    contexts = *loaded;
    setup.transport = Transport::Tls;
    setup.make_stream = [contexts = contexts](int descriptor) { return contexts->serve(ListenerId{1}, descriptor); };
  }
  std::string problem() {
    const auto loaded = TlsContexts::load(config);
    std::string text = loaded ? "none" : loaded.error();
    for (std::size_t at; (at = text.find(folder.path(""))) != std::string::npos;)
      text.erase(at, folder.path("").size());
    return text;
  }
  // We, as a client; `shows` for a listener whose certificate it shows.
  std::shared_ptr<StreamFlow> client(const std::string& server_name, ListenerId shows = {}) {
    StreamFlow::Setup with;
    with.transport = Transport::Tls;
    with.make_stream = [this, server_name, shows](int descriptor) {
      return (client_contexts ? client_contexts : contexts)->connect(shows, server_name, descriptor);
    };
    auto flow = make_flow(tcp::socket(io), FlowId{engine_flow_bit | ++clients}, listener.local(), with);
    flow->connect(IpAddress());
    return flow;
  }
  // What the client learns of the server: its names, or why there is no connection.
  std::string meets(const std::string& server_name, ListenerId shows = {}) {
    inbox.inputs.clear();
    const auto flow = client(server_name, shows);
    std::string found;
    const FlowId id{engine_flow_bit | clients};
    run_until([&] {
      for (const FlowOpened& each : inbox.all<FlowOpened>()) {
        if (each.flow == id) found = each.certificate->dns_names.at(0);
      }
      for (const FlowClosed& each : inbox.all<FlowClosed>()) {
        if (each.flow == id) found = each.reason;
      }
      return !found.empty();
    });
    flow->close();
    return found;
  }

  TestFolder folder;
  TestCertificate authority = make_authority("Test Authority");
  Config config;
  std::shared_ptr<const TlsContexts> contexts;
  std::shared_ptr<const TlsContexts> client_contexts;
  std::uint64_t clients = 0;
};

TEST_F(TlsTest, CarriesBytesBothWays) {
  serve();
  const auto ours = client("edge.example.com");
  ASSERT_TRUE(opened(2));
  const std::string much(300'000, 'x');
  ours->send(much);
  ours->flush();
  std::string all;
  EXPECT_TRUE(run_until([&] {
    all.clear();
    for (const StreamReceived& each : inbox.all<StreamReceived>()) all += each.bytes;
    return all.size() == much.size();
  }));
  flows[0]->send("an answer");
  flows[0]->flush();
  EXPECT_TRUE(run_until([&] { return inbox.all<StreamReceived>().back().bytes == "an answer"; }));
  flows[0]->send("last words");
  flows[0]->close();
  EXPECT_TRUE(run_until([&] { return !inbox.all<FlowClosed>().empty(); }));
  EXPECT_EQ(inbox.all<StreamReceived>().back().bytes, "last words");
  EXPECT_EQ(inbox.all<FlowClosed>().at(0).reason, "closed by the peer");
}

TEST_F(TlsTest, ShowsTheCertificateThatTheClientAsksFor) {
  serve();
  EXPECT_EQ(meets("edge.example.com"), "edge.example.com");
  EXPECT_EQ(meets("other.example.net"), "other.example.net");
  EXPECT_EQ(meets("example.com"), "edge.example.com");  // by its SIP URI
  EXPECT_EQ(meets("nobody.example"), "edge.example.com");
  EXPECT_EQ(meets(""), "edge.example.com");
  EXPECT_EQ(meets("127.0.0.1"), "edge.example.com");  // no name (RFC 6066 §3)
}

TEST_F(TlsTest, TellsTheServersNames) {
  serve();
  const auto ours = client("edge.example.com");
  ASSERT_TRUE(opened(2));
  for (const FlowOpened& each : inbox.all<FlowOpened>()) {
    EXPECT_EQ(each.transport, Transport::Tls);
    EXPECT_EQ(each.certificate.has_value(), each.flow.value > 1000);  // the client showed none
    if (each.certificate) {
      EXPECT_THAT(each.certificate->uris, testing::ElementsAre("sip:example.com"));
    }
  }
}

TEST_F(TlsTest, TrustsNobodyBeyondItsAuthorities) {
  const TestCertificate stranger = make_authority("Stranger");
  serve();
  config.authorities_file = folder.write("stranger.pem", stranger.certificate_pem());
  client_contexts = *TlsContexts::load(config);
  EXPECT_EQ(meets("edge.example.com"), "TLS: the peer's certificate: unable to get local issuer certificate");
  EXPECT_THAT(failure(), HasSubstr("handshake-failed listener=1"));
}

TEST_F(TlsTest, TakesNoCertificateThatHasExpired) {
  folder.write("edge", make_certificate(&authority, {"", {"edge.example.com"}}, -60));
  serve();
  EXPECT_EQ(meets("edge.example.com"), "TLS: the peer's certificate: certificate has expired");
  EXPECT_THAT(contexts->warnings(),
              testing::ElementsAre("certificate-expiry name=edge reason=\"it has expired\"",
                                   "certificate-expiry name=other reason=\"it expires within a week\""));
}

TEST_F(TlsTest, AsksClientsForCertificates) {
  using Wanted = ListenerConfig::ClientCertificate;
  for (const Wanted wanted : {Wanted::Asked, Wanted::Required}) {
    config.listeners[0].client_certificate = wanted;
    serve();
    inbox.inputs.clear();
    const auto with = client("edge.example.com", ListenerId{1});
    ASSERT_TRUE(opened(2));
    for (const FlowOpened& each : inbox.all<FlowOpened>()) {
      EXPECT_THAT(each.certificate->dns_names, testing::ElementsAre("edge.example.com"));
    }
    with->close();
    inbox.inputs.clear();
    inbox.notes.clear();
    const auto without = client("edge.example.com");
    run_until([&] { return inbox.all<FlowOpened>().size() == 2 || !inbox.notes.empty(); });
    EXPECT_EQ(inbox.notes.empty(), wanted == Wanted::Asked) << inbox.notes;
    if (wanted == Wanted::Required) {
      EXPECT_THAT(inbox.notes, HasSubstr("peer did not return a certificate"));
    }
    without->close();
  }
}

TEST_F(TlsTest, TakesNoClientOfAStranger) {
  config.listeners[0].client_certificate = ListenerConfig::ClientCertificate::Asked;
  serve();
  const TestCertificate stranger = make_authority("Stranger");
  folder.write("edge", make_certificate(&stranger, {"", {"edge.example.com"}}));
  client_contexts = *TlsContexts::load(config);
  const auto ours = client("edge.example.com", ListenerId{1});
  EXPECT_THAT(failure(), HasSubstr("the peer's certificate: unable to get local issuer certificate"));
  run_until([&] { return !inbox.all<FlowClosed>().empty(); });
  EXPECT_THAT(inbox.all<FlowClosed>().at(0).reason, HasSubstr("alert unknown ca"));
}

TEST_F(TlsTest, IsToldAnAlertThatNoResetTakesBack) {
  serve();
  tcp::socket peer = connected();
  write(peer, "\x16\x03\x01\x00\x04\x01\x00\x00\x00"s + std::string(1000, 'x'));  // a ClientHello of nothing, and more
  EXPECT_THAT(read(peer), StartsWith("\x15\x03"));
  EXPECT_EQ(handshakes.under_way(), 1u);
  peer.close();
  EXPECT_TRUE(run_until([&] { return handshakes.under_way() == 0; }));
}

TEST_F(TlsTest, AnswersAGoodbye) {
  serve();
  tcp::socket peer = connected();
  const auto stream = contexts->connect({}, "edge.example.com", peer.native_handle());
  peer.non_blocking(true);
  ASSERT_TRUE(run_until(
      [&] { return stream->shake_hands().status == IoResult::Status::Done && !inbox.all<FlowOpened>().empty(); }));
  std::array<char, 4096> buffer{};
  EXPECT_EQ(stream->read(buffer).status, IoResult::Status::WantsRead);  // the session's ticket is behind us
  stream->say_goodbye();
  EXPECT_EQ(read(peer).substr(0, 3), "\x17\x03\x03");  // a record, encrypted as all alerts are
}

TEST_F(TlsTest, RefusesWhoSpeaksPlainly) {
  serve();
  tcp::socket peer = connected();
  write(peer, "OPTIONS sip:a SIP/2.0\r\n\r\n");
  EXPECT_THAT(failure(), HasSubstr("reason=\"TLS: wrong version number\""));
}

TEST_F(TlsTest, ComesBehindAProxyHeader) {
  serve();
  setup.proxy_header = true;
  StreamFlow::Setup with;
  with.transport = Transport::Tls;
  with.make_stream = [this](int descriptor) {
    const std::string header = "PROXY TCP4 192.0.2.7 192.0.2.1 40000 5061\r\n";
    EXPECT_EQ(make_plain_stream(descriptor)->write(std::vector{std::string_view(header)}).bytes, header.size());
    return contexts->connect({}, "edge.example.com", descriptor);
  };
  const auto ours = make_flow(tcp::socket(io), FlowId{engine_flow_bit | 1}, listener.local(), with);
  ours->connect(IpAddress());
  ASSERT_TRUE(opened(2));
  const auto all = inbox.all<FlowOpened>();
  EXPECT_TRUE(std::ranges::any_of(all, [](const auto& each) { return each.remote.to_string() == "192.0.2.7:40000"; }));
}

TEST_F(TlsTest, MayCarryAWebSocket) {
  serve();
  setup.web_socket = true;
  setup.silence = 5s;
  const auto page = client("edge.example.com");
  ASSERT_TRUE(opened(1));
  page->send(upgrade_request + text_frame("hello"));
  page->flush();
  ASSERT_TRUE(opened(2));
  EXPECT_EQ(inbox.all<FlowOpened>().at(1).transport, Transport::Wss);
  EXPECT_THAT(received(2), testing::UnorderedElementsAre(StartsWith("HTTP/1.1 101 "), "hello"));
}

TEST_F(TlsTest, KeepsOldConnectionsWithOldCertificates) {
  serve();
  const auto old_client = client("edge.example.com");
  ASSERT_TRUE(opened(2));
  folder.write("edge", make_certificate(&authority, {"", {"new.example.com"}}));
  std::weak_ptr<const TlsContexts> old = contexts;
  serve();
  EXPECT_EQ(meets("new.example.com"), "new.example.com");
  old_client->send("still here");
  old_client->flush();
  EXPECT_THAT(received(1), testing::ElementsAre("still here"));
  EXPECT_FALSE(old.expired());
  old_client->close();
  run_until([&] { return !inbox.all<FlowClosed>().empty(); });
  flows.clear();
}

TEST_F(TlsTest, SaysWhatIsWrongWithAFile) {
  const TestCertificate other = make_certificate(&authority, {"x"});
  folder.write("text.pem", "no certificate");
  folder.write("half.pem", other.certificate_pem().substr(0, 200));
  folder.write("other.key", other.key_pem());
  config.certificates = {{"edge", folder.path("edge.pem"), folder.path("edge.key")}};
  config.listeners[0].certificates = {"edge"};
  EXPECT_EQ(problem(), "none");
  std::string& chain = config.certificates[0].chain_file;
  chain = folder.path("gone.pem");
  EXPECT_EQ(problem(), "certificate 'edge': cannot read 'gone.pem': No such file or directory");
  chain = folder.path(".");
  EXPECT_EQ(problem(), "certificate 'edge': cannot read '.': it is no regular file");
  chain = folder.path("text.pem");
  EXPECT_EQ(problem(), "certificate 'edge': 'text.pem' holds no certificate");
  chain = folder.path("half.pem");
  EXPECT_THAT(problem(), StartsWith("certificate 'edge': 'half.pem' cannot be read: "));
  chain = folder.path("edge.pem");
  config.certificates[0].key_file = folder.path("other.key");
  EXPECT_EQ(problem(), "certificate 'edge': the key in 'other.key' is not that of the certificate in 'edge.pem'");
  config.certificates[0].key_file = folder.path("edge.pem");
  EXPECT_EQ(problem(), "certificate 'edge': 'edge.pem' holds no private key");
  config.certificates[0].key_file = folder.path("edge.key");
  config.authorities_file = folder.path("text.pem");
  EXPECT_EQ(problem(), "authorities: 'text.pem' holds no certificate");
}

TEST_F(TlsTest, AsksNobodyForAPassphrase) {
  const OpenSslPtr<BIO> bio(BIO_new_file(folder.path("locked.key").c_str(), "w"));
  PEM_write_bio_PrivateKey(bio.get(), authority.key.get(), EVP_aes_128_cbc(),
                           reinterpret_cast<const unsigned char*>("secret"), 6, nullptr, nullptr);
  BIO_flush(bio.get());
  config.certificates[0].key_file = folder.path("locked.key");
  EXPECT_EQ(problem(),
            "certificate 'edge': 'locked.key' is protected by a passphrase: keys have to be readable without one");
}

}  // namespace
}  // namespace intermediary
