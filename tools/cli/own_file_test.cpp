// What operators do with their own file before they deploy it: init, check, test, explain.
#include <gmock/gmock.h>

#include "tools/cli/command_line_test.h"

namespace intermediary {
namespace own_file {  // its names are those of other tests, too

using testing::HasSubstr;
using testing::Not;

const std::string pool =
    listen +
    "[pool.app]\npeers = [\"sip:127.0.0.2\"]\n"
    "[[rule]]\nname = \"registrations\"\nwhen = { method = \"REGISTER\" }\ndo = { reject = 403 }\n"
    "[[rule]]\nname = \"balance\"\nwhen = { source = \"10.0.0.0/8\" }\ndo = { relay = \"pool:app\" }\n";

TEST_F(CommandLineTest, EveryPresetIsValidAndPassesItsOwnTests) {
  for (const std::string kind : {"proxy", "registrar", "trunk", "balancer", "gateway"}) {
    const Result preset = run({"init", kind});
    ASSERT_EQ(preset.exit_code, 0) << preset.output;
    const std::string file = write(kind + ".toml", preset.output);
    const Result checked = run({"check", file});
    EXPECT_EQ(checked.exit_code, 0);
    EXPECT_EQ(checked.output, file + ": valid\n");
    const Result tested = run({"test", file});
    EXPECT_EQ(tested.exit_code, 0) << tested.output;
    EXPECT_THAT(tested.output, Not(HasSubstr("FAIL")));
    EXPECT_THAT(tested.output, HasSubstr(", 0 failed\n"));
  }
}

TEST_F(CommandLineTest, InitKnowsItsKinds) {
  EXPECT_EQ(run({"init", "sbc"}).output, "intermediary-cli init: 'sbc' is not available in this version\n");
  const Result unknown = run({"init", "registar"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_EQ(unknown.output, "intermediary-cli init: unknown kind 'registar'; did you mean 'registrar'?\n");
}

TEST_F(CommandLineTest, RunsTheTestBlocksOfAConfiguration) {
  const std::string file = write("sip.toml", pool +
                                                 "[[test]]\nname = \"balanced\"\n"
                                                 "send = { source = \"10.0.0.7\", ruri = \"sip:a@example.com\" }\n"
                                                 "want = { pool = \"app\", next_hop = \"udp:127.0.0.2:5060\" }\n");
  for (const Result& result : {run({"test", file}), run({"test", "--config", file})}) {
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.output, "ok    " + file + ":12: balanced\n1 scenario, 0 failed\n");
  }
}

TEST_F(CommandLineTest, ATestBlockThatFailsSaysWhatItGotAndWhy) {
  const std::string file = write("sip.toml", pool +
                                                 "[[test]]\nname = \"strangers\"\n"
                                                 "send = { source = \"192.0.2.7\", ruri = \"sip:a@example.com\" }\n"
                                                 "want = { pool = \"app\", status = 200 }\n");
  const Result result = run({"test", file});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("FAIL  " + file +
                                       ":12: strangers\n"
                                       "  status: wanted 200, got 404\n"
                                       "  pool: wanted 'app', got none\n"
                                       "rule    registrations: no, 'method': it is INVITE\n"
                                       "rule    balance: no, 'source': it came from 192.0.2.7\n"));
  EXPECT_THAT(result.output, HasSubstr("1 scenario, 1 failed\n"));
}

TEST_F(CommandLineTest, ATestBlockThatCouldNeverPassIsAnError) {
  const std::string file =
      write("sip.toml", pool +
                            "[[test]]\nname = \"a\"\nsend = { ruri = \"sip:a@b\" }\nwant = { pool = "
                            "\"ap\" }\n");
  const Result result = run({"test", file});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("'pool' in 'want': there is no 'ap'; did you mean 'app'?"));
}

TEST_F(CommandLineTest, AFileWithoutTestBlocksIsNoPass) {
  const Result result = run({"test", write("sip.toml", pool)});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("there is no [[test]] block"));
}

const std::string invite =
    "INVITE sip:a@example.com SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bKx\nMax-Forwards: 70\n"
    "From: <sip:b@example.com>;tag=1\nTo: <sip:a@example.com>\nCall-ID: one\nCSeq: 1 INVITE\n";

TEST_F(CommandLineTest, ExplainsWhichRuleTakesAMessageAndWhatLeaves) {
  const std::string config = write("sip.toml", pool), message = write("invite.sip", invite);
  const Result result = run({"explain", "--config", config, "--source", "10.0.0.7:5060", message});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("rule    registrations: no, 'method': it is INVITE\n"
                                       "rule    balance: takes it\n"
                                       "target  sip:a@example.com, peer '127.0.0.2' of pool:app, by sip:127.0.0.2\n"));
  EXPECT_THAT(result.output, HasSubstr("answer  udp to 10.0.0.7:5060\n  | SIP/2.0 100 Trying\n"));
  EXPECT_THAT(result.output, HasSubstr("leaves  udp to 127.0.0.2:5060\n  | INVITE sip:a@example.com SIP/2.0\n"));
}

TEST_F(CommandLineTest, ExplainsWhatNoRuleTakesAndWhatIsNoMessage) {
  const std::string config = write("sip.toml", pool), message = write("invite.sip", invite);
  EXPECT_THAT(run({"explain", "--config", config, message}).output,
              HasSubstr("rule    balance: no, 'source': it came from 192.0.2.250\n"));
  const Result result = run({"explain", "--config", config, write("broken.sip", "HELLO\n")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("event   message-rejected"));
}

const std::string asking =
    "listen = [{ on = \"udp:127.0.0.1:5060\" }, { on = \"tcp:127.0.0.1:5060\" }]\n"
    "[route_query.crm]\nurl = \"https://routes.example.com/v1\"\n"
    "[[rule]]\nname = \"asked\"\nwhen = { source = \"10.0.0.0/8\" }\ndo = { ask = \"route_query:crm\" }\n";

TEST_F(CommandLineTest, ExplainsWhomItWouldAsk) {
  const std::string config = write("sip.toml", asking), message = write("invite.sip", invite);
  const Result result = run({"explain", "--config", config, "--source", "10.0.0.7:5060", message});
  EXPECT_THAT(result.output, HasSubstr("rule    asked: takes it\nasks    route_query:crm says where it goes\n"));
  EXPECT_THAT(result.output, HasSubstr("reason=\"nobody is asked here\""));
  EXPECT_THAT(run({"explain", "--json", "--config", config, "--source", "10.0.0.7:5060", message}).output,
              HasSubstr("\"asks\": [\"route_query:crm\"]"));
}

TEST_F(CommandLineTest, ExplainSaysThatItAsksNoStoreOfUsers) {
  const std::string config =
      write("sip.toml",
            "listen = [{ on = \"udp:127.0.0.1:5060\" }]\n"
            "[auth.people]\nrealm = \"example.com\"\nusers = \"redis://127.0.0.1:1\"\n"
            "[[rule]]\nname = \"all\"\ndo = { challenge = \"people\", relay = \"sip:127.0.0.9\" }\n");
  const std::string credentials =
      "Proxy-Authorization: Digest username=\"b\", realm=\"example.com\", nonce=\"n\", uri=\"sip:a@example.com\", "
      "response=\"0\"\n";
  EXPECT_THAT(run({"explain", "--config", config, write("with.sip", invite + credentials)}).output,
              HasSubstr("explain: the users of [auth.people] are in a store, which is not asked here"));
  EXPECT_THAT(run({"explain", "--config", config, write("without.sip", invite)}).output, Not(HasSubstr("a store")));
}

TEST_F(CommandLineTest, TestBlocksSayWhatWouldBeAnswered) {
  const std::string file =
      write("sip.toml", asking +
                            "[[test]]\nname = \"a\"\nanswers = { \"route_query:crm\" = '{\"targets\": "
                            "[{\"uri\": \"sip:c@127.0.0.9\"}]}' }\nsend = { source = \"10.0.0.7\", "
                            "ruri = \"sip:a@b\" }\nwant = { ruri = \"sip:c@127.0.0.9\" }\n"
                            "[[test]]\nname = \"b\"\nsend = { source = \"10.0.0.7\", ruri = "
                            "\"sip:a@b\" }\nwant = { status = 503 }\n");
  const Result result = run({"test", file});
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

TEST_F(CommandLineTest, ExplainSpeaksJson) {
  const std::string config = write("sip.toml", pool), message = write("invite.sip", invite);
  const Result result = run({"explain", "--json", "--config", config, "--source", "10.0.0.7:5060", message});
  EXPECT_THAT(result.output, HasSubstr("{\"rule\": \"balance\", \"takes\": true, \"why_not\": \"\"}"));
  EXPECT_THAT(result.output, HasSubstr("\"group\": \"pool:app\", \"peer\": \"127.0.0.2\""));
}

TEST_F(CommandLineTest, ExplainRefusesWhatItDoesNotKnow) {
  const std::string config = write("sip.toml", pool), message = write("invite.sip", invite);
  EXPECT_THAT(run({"explain", "--config", config, "--listener", "x", message}).output,
              HasSubstr("there is no listener named 'x'"));
  EXPECT_THAT(run({"explain", "--config", config, "--source", "x", message}).output,
              HasSubstr("'x' is not an address with a port"));
  EXPECT_THAT(run({"explain", "--config", config, "--binding", "x", message}).output, HasSubstr("'x' is no binding"));
  EXPECT_EQ(run({"explain", "--config", config, "/nowhere"}).exit_code, 2);
}

}  // namespace own_file
}  // namespace intermediary
