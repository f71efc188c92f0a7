// Judges what a target sends against the lines of a scenario, in real time and with tolerances.
//
// It is slower to accuse than the simulator is to fail a run: only what demands.txt names can be violated. Anything
// else that goes otherwise than written "differs", which says nothing about right or wrong, and ends the run. Three
// things are no difference: a 100 for an INVITE that comes or does not, a message that repeats an earlier one to the
// byte, and lines about what stands inside the node.
//
// Time is the scenario's, since the run began. Whatever our side does later than written (because it waited for
// something, or the machine is busy) makes all that follows that much later: the lag.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conformance/target/demands.h"
#include "sim/pattern.h"
#include "sim/scenario.h"

namespace intermediary::conformance {

struct Finding {
  enum class Kind { Differs, Violates };

  Kind kind = Kind::Differs;
  std::vector<std::string> rows;  // violated
  std::string text;               // lines for people
};

class Judge {
 public:
  // REQUIRES: both outlive it.
  Judge(const sim::Scenario& scenario, const std::vector<Demand>& demands, Duration tolerance);

  // ---- what our side does: stimuli and what happens to connections, in the order of the file

  std::optional<std::size_t> next_act() const;
  // Its time has come, and whatever has to come before it has.
  bool may_happen(std::size_t act, Duration now) const;
  void act_happens(std::size_t act, Duration now);
  // Our side woke up that much too late: what it sends, and what it finds in its sockets, is late through no fault of
  // the target's. Where that adds up to more than the tolerance, nobody is accused any more.
  void woke_late(Duration by);

  // ---- what the target sends

  struct Verdict {
    bool heard = true;  // false: a line says that it is lost
  };
  // `other` is the same with the node named otherwise; either may fit.
  Verdict hear(Duration now, const std::string& receiver, const std::string& bytes, const std::string& other);
  void note_connection(Duration now, bool opens, const std::string& other);
  // Decides about lines whose time is over.
  void look(Duration now);

  // ---- how it stands

  bool all_happened() const;
  // When look() or may_happen() may say something new; nullopt when only a message can bring news.
  std::optional<Duration> next_time(Duration now) const;
  const std::optional<Finding>& finding() const { return finding_; }
  // After the last line: names that should be different.
  void finish();
  void give_up(const std::string& why, const sim::LineHead* head);

  const std::set<std::string>& rows_shown() const { return shown_; }
  bool lacks_trying() const { return lacks_trying_; }
  sim::Bindings& bindings() { return bindings_; }

 private:
  enum class State { Pending, Happened, Absent };
  struct Entry {
    State state = State::Pending;
    Duration when{0};
    std::string bytes;     // what it was fulfilled by
    std::string off_time;  // a repetition that came at another time
    std::vector<const Demand*> demands{};
  };
  struct Window {
    Duration from{0}, to{0};
  };

  bool is_act(std::size_t index) const;
  const sim::MessageLine* expectation(std::size_t index) const;
  bool is_trying(std::size_t index) const;
  Window window(std::size_t index) const;
  bool is_in_window(std::size_t index, Duration now) const;
  bool matches(std::size_t index, const std::string& bytes, const std::string& other, const std::string* previous);
  bool came_elsewhere(std::size_t index) const;
  void fits(std::size_t index, Duration now, const std::string& bytes);
  std::string* last_of_kind(const std::string& receiver, const std::string& bytes);
  bool note_repetition(Duration now, const std::string& receiver, const std::string& bytes);
  bool breaks_demand(Duration now, const std::string& receiver, const std::string& bytes);
  bool is_other_answer(const sim::MessageLine& line, const std::string& bytes) const;
  void explain(Duration now, const std::string& receiver, const std::string& bytes, const std::string* previous);
  void violate(const Demand& demand, const std::string& what, const std::string& bytes);
  void differ(const std::string& text);
  std::string described(std::size_t index) const;
  std::string place(std::size_t index) const;
  std::string off_time(std::size_t index, Duration now) const;

  const sim::Scenario& scenario_;
  const std::vector<Demand>& demands_;
  Duration tolerance_;
  Duration lag_{0};
  Duration overslept_{0};
  std::string node_;
  std::vector<Entry> entries_;
  std::vector<std::pair<std::string, std::string>> received_;  // by whom, what
  sim::Bindings bindings_;
  std::set<std::string> shown_;
  bool lacks_trying_ = false;
  std::optional<Finding> finding_;
};

}  // namespace intermediary::conformance
