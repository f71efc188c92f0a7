#include "base/flow.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

TEST(TransportTest, NamesReadBackWithoutCase) {
  for (const Transport transport : {Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss}) {
    EXPECT_EQ(parse_transport(via_name(transport)), transport);
    EXPECT_EQ(parse_transport(parameter_name(transport)), transport);
  }
  EXPECT_EQ(via_name(Transport::Wss), "WSS");
  EXPECT_EQ(parameter_name(Transport::Tcp), "tcp");
  EXPECT_EQ(parse_transport("tCp"), Transport::Tcp);
  EXPECT_EQ(parse_transport("sctp"), std::nullopt);
  EXPECT_EQ(parse_transport(""), std::nullopt);
}

TEST(TransportTest, HasADefaultPort) {
  EXPECT_EQ(default_port(Transport::Udp), 5060);
  EXPECT_EQ(default_port(Transport::Tcp), 5060);
  EXPECT_EQ(default_port(Transport::Tls), 5061);
  EXPECT_EQ(default_port(Transport::Ws), 80);
  EXPECT_EQ(default_port(Transport::Wss), 443);
}

}  // namespace
}  // namespace intermediary
