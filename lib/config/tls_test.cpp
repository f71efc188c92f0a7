// Listeners for TLS and WebSocket, their certificates, and whom a PROXY header is believed from.
#include <gmock/gmock.h>

#include <map>

#include "config/load.h"

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ConfigSurroundings world() {
  return {[](const std::string&) { return std::optional<std::string>(); },
          [](const std::string& path) -> std::expected<std::string, std::string> {
            const std::map<std::string, std::string> files = {
                {"edge.pem", "-----BEGIN CERTIFICATE-----\n"},
                {"edge.key", "-----BEGIN EC PRIVATE KEY-----\n"},
                {"empty.pem", ""},
            };
            const auto found = files.find(path);
            if (found == files.end()) return std::unexpected("No such file or directory");
            return found->second;
          },
          "/etc/sip"};
}

std::vector<std::string> texts(const std::vector<ConfigProblem>& problems) {
  std::vector<std::string> result;
  for (const ConfigProblem& problem : problems) {
    result.push_back(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message);
  }
  return result;
}

std::vector<std::string> problems(const std::string& text) {
  const auto result = load_config(text, "sip.toml", world());
  return texts(result ? result->warnings : result.error());
}

const std::string edge = "[certificate.edge]\nchain = \"edge.pem\"\nkey = \"edge.key\"\n";

std::string listening(const std::string& keys) { return "listen = [{ name = \"x\", " + keys + " }]\n"; }

TEST(TlsConfigTest, ReadsEveryKey) {
  const auto loaded = load_config(R"(
    [[listen]]
    name = "both"
    on = "tls:192.0.2.1:5061"
    cert = ["edge", "other"]
    client_certificate = "require"
    websocket = true
    origins = ["https://example.com", "http://localhost:8080"]
    proxy_protocol = ["10.0.0.0/8", "::1"]
    [[listen]]
    name = "web"
    on = "wss:[::1]"
    cert = "edge"
    client_certificate = "ask"
    [[listen]]
    on = "ws:192.0.2.1"
    [[listen]]
    on = "tcp:192.0.2.1:5060"
    websocket = true
    [certificate.edge]
    chain = "edge.pem"
    key   = "edge.key"
    [certificate.other]
    chain = "edge.pem"
    key   = "edge.key"
    [tls]
    authorities = "edge.pem"
  )",
                                  "sip.toml", world());
  ASSERT_TRUE(loaded) << loaded.error().front().to_string();
  const Config& config = loaded->config;
  using enum ListenerConfig::ClientCertificate;
  EXPECT_EQ(config.listeners[0], (ListenerConfig{.name = "both",
                                                 .transport = Transport::Tls,
                                                 .bind = *Endpoint::parse("192.0.2.1:5061"),
                                                 .advertise_host = "",
                                                 .advertise_port = {},
                                                 .certificates = {"edge", "other"},
                                                 .client_certificate = Required,
                                                 .websocket = true,
                                                 .origins = {"https://example.com", "http://localhost:8080"},
                                                 .proxy_protocol = {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("::1")}}));
  EXPECT_EQ(config.listeners[1].bind, *Endpoint::parse("[::1]:443"));
  EXPECT_EQ(config.listeners[1].client_certificate, Asked);
  EXPECT_EQ(config.listeners[2].bind, *Endpoint::parse("192.0.2.1:80"));
  EXPECT_TRUE(config.listeners[3].websocket);
  EXPECT_THAT(config.certificates, ElementsAre(CertificateConfig{"edge", "/etc/sip/edge.pem", "/etc/sip/edge.key"},
                                               CertificateConfig{"other", "/etc/sip/edge.pem", "/etc/sip/edge.key"}));
  EXPECT_EQ(config.authorities_file, "/etc/sip/edge.pem");
  EXPECT_EQ(problem_with(config), "");
}

TEST(TlsConfigTest, NeedsCertificatesThatThereAre) {
  EXPECT_THAT(problems(listening("on = \"tls:127.0.0.1\"")),
              ElementsAre("1:30 a tls listener needs 'cert': the name of a [certificate.NAME]"));
  EXPECT_THAT(problems(listening("on = \"wss:127.0.0.1\", cert = \"egde\"") + edge),
              ElementsAre("1:54 there is no [certificate.egde]; did you mean 'edge'?",
                          "2:14 no listener shows the certificate 'edge'"));
  EXPECT_THAT(problems(listening("on = \"wss:127.0.0.1\", cert = \"edge\"")),
              ElementsAre("1:54 there is no [certificate.edge]"));
  EXPECT_THAT(problems(listening("on = \"wss:127.0.0.1\", cert = [\"edge\", \"edge\"]") + edge),
              ElementsAre("1:63 the certificate 'edge' stands here twice"));
  EXPECT_THAT(problems(listening("on = \"tcp:127.0.0.1\"") + edge),
              ElementsAre("2:14 no listener shows the certificate 'edge'"));
}

TEST(TlsConfigTest, LooksIntoTheFiles) {
  const std::string tls = listening("on = \"tls:127.0.0.1\", cert = \"edge\"");
  EXPECT_THAT(problems(tls + "[certificate.edge]\nchain = \"gone.pem\"\nkey = \"edge.key\""),
              ElementsAre("3:9 'chain' in [certificate.edge]: cannot read 'gone.pem': No such file or directory"));
  EXPECT_THAT(problems(tls + "[certificate.edge]\nchain = \"edge.key\"\nkey = \"edge.pem\""),
              ElementsAre("3:9 'chain' in [certificate.edge]: 'edge.key' holds no certificate in PEM form "
                          "('-----BEGIN CERTIFICATE-----')",
                          "4:7 'key' in [certificate.edge]: 'edge.pem' holds no private key in PEM form "
                          "('PRIVATE KEY-----')"));
  EXPECT_THAT(problems(tls + "[certificate.edge]\nchain = \"edge.pem\""),
              ElementsAre("2:1 'key' in [certificate.edge] is missing: the PEM file of private key"));
  EXPECT_THAT(problems(tls + edge + "[tls]\nauthorities = \"empty.pem\""),
              ElementsAre("6:15 'authorities' in [tls]: 'empty.pem' holds no certificate in PEM form "
                          "('-----BEGIN CERTIFICATE-----')"));
  EXPECT_THAT(problems(tls + edge + "[tls]\nautorities = \"empty.pem\""),
              ElementsAre("6:1 unknown key 'autorities' in [tls]; did you mean 'authorities'?"));
  EXPECT_THAT(problems(tls + "certificate = \"edge.pem\""),
              ElementsAre("1:54 there is no [certificate.edge]",
                          "2:15 'certificate' must be a table of tables, [certificate.NAME], not a string"));
}

TEST(TlsConfigTest, RefusesKeysThatSayNothing) {
  EXPECT_THAT(problems(listening("on = \"tcp:127.0.0.1\", client_certificate = \"ask\"")),
              ElementsAre("1:47 'client_certificate' is for tls and wss, and 'x' is tcp"));
  EXPECT_THAT(problems(listening("on = \"ws:127.0.0.1\", websocket = true")),
              ElementsAre("1:46 'websocket' is for tcp and tls listeners that take WebSocket too, and 'x' is ws"));
  EXPECT_THAT(problems(listening("on = \"tcp:127.0.0.1\", origins = \"https://example.com\"")),
              ElementsAre("1:47 'origins' is for listeners that take WebSocket, and 'x' is tcp"));
  EXPECT_THAT(problems(listening("on = \"udp:127.0.0.1\", proxy_protocol = \"10.0.0.1\"")),
              ElementsAre("1:47 'proxy_protocol' is for connections, and 'x' is udp"));
}

TEST(TlsConfigTest, RefusesValuesThatNoClientSends) {
  for (const char* wrong : {"example.com", "https://Example.com", "https://example.com/", "https://", "null", "*"}) {
    EXPECT_THAT(problems(listening("on = \"ws:127.0.0.1\", origins = \"" + std::string(wrong) + "\"")),
                ElementsAre("1:56 '" + std::string(wrong) +
                            "' is no origin, as \"https://example.com\" or \"http://localhost:8080\": lower case, and "
                            "no path"));
  }
  EXPECT_THAT(problems(listening("on = \"tcp:127.0.0.1\", proxy_protocol = \"10.0.0.1/8\"")),
              ElementsAre("1:64 'proxy_protocol': '10.0.0.1/8' is not an address or a prefix such as '10.0.0.0/8' (no "
                          "bits set behind the prefix)"));
  EXPECT_THAT(problems(listening("on = \"tls:127.0.0.1\", cert = \"edge\", client_certificate = \"yes\"") + edge),
              ElementsAre("1:83 'client_certificate' in 'listen': unknown value 'yes'; there is 'no', 'ask', "
                          "'require'"));
}

TEST(TlsConfigTest, StreamsShareOnePortSpace) {
  const auto two = [](const std::string& a, const std::string& b) {
    return problems("listen = [{ name = \"a\", on = \"" + a + "\" }, { name = \"b\", on = \"" + b + "\" }]\n");
  };
  EXPECT_THAT(two("tcp:127.0.0.1:5060", "ws:127.0.0.1:5060"),
              ElementsAre("1:73 the listener 'b' takes the same address as 'a'"));
  EXPECT_THAT(two("udp:127.0.0.1:5060", "ws:127.0.0.1:5060"), IsEmpty());
}

TEST(TlsConfigTest, RelaysOverTls) {
  const auto relay = [](const std::string& target) {
    return problems(listening("on = \"tls:127.0.0.1\", cert = \"edge\"") + edge +
                    "[[rule]]\nname = \"r\"\ndo = { relay = \"" + target + "\" }\n");
  };
  EXPECT_THAT(relay("sips:192.0.2.9"), IsEmpty());
  EXPECT_THAT(relay("sip:192.0.2.9:5071;transport=tls"), IsEmpty());
}

}  // namespace
}  // namespace intermediary
