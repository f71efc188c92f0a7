#include "sim/explore/random_world.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/random.h"
#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

using namespace std::chrono_literals;

// One draw a statement.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed_from_number(seed)) {}

  std::uint64_t below(std::uint64_t count) { return random_.below(count); }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  std::uint64_t between(std::uint64_t least, std::uint64_t most) { return least + below(most - least + 1); }
  // In whole milliseconds: nobody reads microseconds.
  Duration up_to(Duration bound) {
    const auto most = static_cast<std::uint64_t>(bound / 1ms);
    return std::chrono::milliseconds(static_cast<std::int64_t>(below(most + 1)));
  }
  template <class T>
  const T& one_of(const std::vector<T>& those) {
    return those[below(those.size())];
  }

 private:
  RandomSource random_;
};

std::string option(std::string_view name, Duration value) {
  return ' ' + std::string(name) + '=' + seconds_text(value) + 's';
}
std::string option(std::string_view name, const std::string& value) { return ' ' + std::string(name) + '=' + value; }

class Author {
 public:
  explicit Author(std::uint64_t seed) : seed_(seed), dice_(seed) {}

  std::string write() {
    plan();
    text_ = "# Found by seed " + std::to_string(seed_) + ".\nscenario random-" + std::to_string(seed_) + "\npromises\n";
    text_ += "seed     " + std::to_string(1 + dice_.below(1'000'000)) + '\n';
    write_nodes();
    write_agents();
    write_nat();
    write_names();
    write_rules();
    write_links();
    write_calls();
    write_troubles();
    write_faults();
    for (const auto& [time, line] : lines_) text_ += seconds_text(time) + "   " + line + '\n';
    return text_;
  }

 private:
  static constexpr std::string_view names[] = {"ann", "ben", "cat", "dan", "eve", "fay"};

  void plan() {
    const std::uint64_t size = dice_.below(10);
    nodes_ = size < 5 ? 1 : size < 8 ? 2 : 3;
    home_ = "p" + std::to_string(nodes_);
    agents_ = dice_.between(2, 5);
    calm_ = dice_.one_in(3);
    asks_who_ = dice_.one_in(6);
    boxed_ = !calm_ && dice_.one_in(4) ? dice_.between(1, 2) : 0;
  }

  std::string agent(std::uint64_t index) const { return std::string(names[index]); }
  std::string any_agent() { return agent(dice_.below(agents_)); }
  // Some of those who call, and at times of those who are called.
  bool is_boxed(std::uint64_t index) const { return index + boxed_ >= agents_; }
  std::string any_node() { return "p" + std::to_string(dice_.between(1, nodes_)); }

  // ---- the world

  void write_nodes() {
    for (std::uint64_t i = 1; i <= nodes_; ++i) {
      const bool home = i == nodes_;
      const std::uint64_t kind = dice_.below(10);
      const bool stateless = !home && kind == 0;
      const std::string address = "192.0.2." + std::to_string(i) + ":5060";
      text_ += "node     p" + std::to_string(i) + " proxy ";
      text_ += stateless ? "stateless " : kind < 3 ? "call-stateful " : "stateful ";
      text_ += address + ' ' + address + ";transport=tcp";
      if (!dice_.one_in(3)) text_ += " record-route";
      if (home && boxed_ > 0) text_ += " outbound";
      if (home) text_ += " domain=example.com";
      text_ += " relay=any\n";
    }
  }

  void write_agents() {
    for (std::uint64_t i = 0; i < agents_; ++i) {
      const std::string network = is_boxed(i) ? " 10.0.0." : " 192.0.2.";
      text_ += "auto     " + agent(i) + network + std::to_string(11 + i) + ":5060";
      if (dice_.one_in(5)) text_ += ";transport=tcp";
      if (!dice_.one_in(4) || is_boxed(i)) text_ += " registers=" + home_;
      if (is_boxed(i)) text_ += " outbound";
      if (asks_who_) text_ += " password=secret";
      write_manners();
      text_ += '\n';
    }
  }

  void write_manners() {
    if (!dice_.one_in(3)) text_ += option("rings-after", dice_.up_to(800ms));
    const bool slow = dice_.one_in(8);
    if (slow || !dice_.one_in(3)) text_ += option("answers-after", slow ? 150s + dice_.up_to(200s) : dice_.up_to(6s));
    if (dice_.one_in(3)) {
      static const std::vector<std::string> refusals{"302", "404", "480", "486", "500", "503", "600", "603"};
      text_ += option("rejects", dice_.one_of(refusals));
    }
    if (dice_.one_in(4)) text_ += option("hangs-up-after", dice_.up_to(20s));
    if (dice_.one_in(5)) text_ += " old-ack";
  }

  void write_names() {
    if (nodes_ > 1) write_servers("192.0.2." + std::to_string(nodes_));
    // A team, who are called together or one by one; and a name for somebody else, which comes by the registrar twice.
    text_ += "location sip:team@example.com = ";
    team_ = dice_.between(1, agents_ - 1);
    for (std::uint64_t i = 0; i < team_; ++i) {
      text_ += (i > 0 ? ", " : "") + agent(i);
      if (dice_.one_in(2)) text_ += ";q=0." + std::to_string(dice_.between(1, 9));
    }
    text_ += '\n';
    if (dice_.one_in(3)) text_ += "location sip:desk@example.com = <sip:team@example.com>\n";
  }

  // User agents behind a box are reached by their flows (RFC 5626), as long as the box remembers.
  void write_nat() {
    if (boxed_ == 0) return;
    static const std::vector<std::string> kinds{"full-cone", "restricted", "port-restricted", "symmetric"};
    text_ += "nat      box outside 203.0.113.7 inside ";
    for (std::uint64_t i = agents_ - boxed_; i < agents_; ++i) text_ += (i > agents_ - boxed_ ? "," : "") + agent(i);
    text_ += option("kind", dice_.one_of(kinds));
    text_ += option("timeout", 10s + dice_.up_to(50s));
    if (dice_.one_in(2)) text_ += " hairpin=yes";
    text_ += '\n';
  }

  // Where the domain is served; the first server may be nobody.
  void write_servers(const std::string& address) {
    const std::uint64_t kind = dice_.below(4);
    if (kind == 0) {
      text_ +=
          "dns      example.com NAPTR 10 50 s SIP+D2U _sip._udp.example.com\n"
          "dns      _sip._udp.example.com SRV 10 60 5060 a.example.com, 20 0 5060 b.example.com\n"
          "dns      a.example.com A 192.0.2.99\n"
          "dns      b.example.com A " +
          address + option("after", dice_.up_to(300ms)) + '\n';
    } else {
      text_ += "host     example.com = " + std::string(kind == 1 ? "192.0.2.99, " : "") + address + '\n';
    }
  }

  void write_rules() {
    if (nodes_ == 3)
      text_ += "rule     p1 domain=example.com relay=<sip:192.0.2.2:5060>\nrule     p1 relay=request-uri\n";
    const bool forks_otherwise = dice_.one_in(2);
    if (!forks_otherwise && !asks_who_) return;
    if (asks_who_) {
      text_ += "users    " + home_ + " example.com";
      for (std::uint64_t i = 0; i < agents_; ++i) text_ += ' ' + agent(i) + ":secret";
      text_ += '\n';
    }
    const std::string challenge = asks_who_ ? " challenge=example.com" : "";
    static const std::vector<std::string> forks{"parallel", "serial", "q"};
    text_ += "rule     " + home_ + " method=REGISTER domain=example.com" + challenge + " register\n";
    text_ += "rule     " + home_ + " method=INVITE domain=example.com" + challenge + " fork=" + dice_.one_of(forks);
    if (dice_.one_in(3)) text_ += option("ring-timeout", 1s + dice_.up_to(9s));
    text_ += " lookup\nrule     " + home_ + " domain=example.com lookup\nrule     " + home_ + " relay=request-uri\n";
  }

  static std::string share(std::uint64_t per_mille) {
    return std::to_string(per_mille / 10) + '.' + std::to_string(per_mille % 10) + '%';
  }

  void write_links() {
    text_ += "link     *" + option("latency", dice_.up_to(50ms));
    if (calm_) return void(text_ += '\n');
    text_ += option("jitter", dice_.up_to(50ms));
    if (!dice_.one_in(3)) text_ += option("loss", share(dice_.below(301)));
    if (!dice_.one_in(3)) text_ += option("duplicate", share(dice_.below(301)));
    if (!dice_.one_in(3)) text_ += option("reorder", share(dice_.below(301)));
    text_ += '\n';
  }

  // ---- what happens

  void at(Duration time, std::string line) { lines_.emplace(time, std::move(line)); }

  void write_calls() {
    const std::uint64_t calls = dice_.between(1, 5);
    for (std::uint64_t i = 0; i < calls; ++i) {
      const Duration time = 1s + dice_.up_to(20s);
      // Nobody calls himself: a user agent here keeps one account of a call.
      const std::string caller = agent(dice_.between(team_, agents_ - 1));
      const std::uint64_t whom = dice_.below(10);
      std::string line = caller + " calls sip:";
      line += whom < 5 ? "team" : whom < 7 ? "desk" : agent(dice_.below(team_));
      line += "@example.com via " + (dice_.one_in(3) ? home_ : std::string("p1"));
      if (!dice_.one_in(5)) line += " for " + seconds_text(dice_.up_to(30s)) + 's';
      at(time, line);
      if (dice_.one_in(4)) at(time + dice_.up_to(6s), caller + " gives up");
    }
  }

  std::string any_link() {
    const std::string node = any_node();
    if (nodes_ == 1 || !dice_.one_in(3)) return "link " + node + ' ' + any_agent();
    const std::string other = any_node();
    return "link " + node + ' ' + (other == node ? any_agent() : other);
  }

  // One after the other is clogged, and unclogged in another order, some of them before the last one is clogged.
  void write_clogs() {
    if (!dice_.one_in(2)) return;
    std::set<std::string> links;
    const std::uint64_t clogs = dice_.between(1, 4);
    for (std::uint64_t i = 0; i < clogs; ++i) links.insert(any_link());
    for (const std::string& link : links) {
      const Duration begins = dice_.up_to(30s);
      at(begins, link + " loss=100%");
      at(begins + dice_.up_to(40s), link + " loss=0%");
    }
  }

  // Some are cut off from some.
  void write_partition() {
    if (!dice_.one_in(5)) return;
    std::string here = any_node();
    std::string there;
    for (std::uint64_t i = 1; i <= nodes_; ++i) {
      const std::string node = "p" + std::to_string(i);
      if (node != here && dice_.one_in(3)) there += ' ' + node;
    }
    for (std::uint64_t i = 0; i < agents_; ++i) {
      const std::uint64_t side = dice_.below(3);
      if (side < 2) (side == 0 ? here : there) += ' ' + agent(i);
    }
    if (there.empty()) return;
    const Duration begins = dice_.up_to(30s);
    at(begins, "partition " + here + " |" + there);
    at(begins + dice_.up_to(40s), "heal");
  }

  // Names are not resolved for a while; somebody is away; a box forgets.
  void write_troubles() {
    if (calm_) return;
    write_clogs();
    write_partition();
    if (boxed_ > 0 && dice_.one_in(3)) at(dice_.up_to(30s), "box rebinds");
    if (nodes_ > 1 && dice_.one_in(5)) {
      const Duration begins = dice_.up_to(20s);
      at(begins, dice_.one_in(2) ? "dns * * fails" : "dns * * times-out");
      at(begins + dice_.up_to(20s), "dns * * answers");
    }
    if (dice_.one_in(5)) {
      const std::string who = any_agent();
      const Duration begins = dice_.up_to(20s);
      at(begins, who + " refuses");
      at(begins + dice_.up_to(20s), who + " accepts");
    }
  }

  // Operands of + are evaluated in whatever order a compiler likes: one draw a statement.
  void node_fault(const std::string& kind) {
    text_ += "fault    " + kind + ' ' + std::to_string(dice_.between(2, 25));
    text_ += ' ' + any_node() + '\n';
  }

  void write_faults() {
    if (calm_) return;
    if (dice_.one_in(5)) node_fault("restart");
    if (dice_.one_in(8)) node_fault("timer-first");
    if (dice_.one_in(8)) {
      text_ += "fault    close " + std::to_string(dice_.between(2, 8));
      text_ += ' ' + any_agent();
      text_ += " -> " + any_node() + '\n';
    }
  }

  std::uint64_t seed_;
  Dice dice_;
  std::string text_;
  std::multimap<Duration, std::string> lines_;
  std::uint64_t nodes_ = 1, agents_ = 2, team_ = 1;
  std::uint64_t boxed_ = 0;  // the last so many are behind a NAT box
  std::string home_;
  bool calm_ = false;      // no trouble but latency
  bool asks_who_ = false;  // the registrar challenges
};

}  // namespace

std::string random_world(std::uint64_t seed) { return Author(seed).write(); }

}  // namespace intermediary::sim
