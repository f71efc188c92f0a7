// explore_planted EDIT [SECONDS] [SEED] — looks for a random world in which a planted edit breaks a promise, and
// shrinks it. Prints one line of words, "found SEED WORLDS MILLISECONDS LINES SHRINK_RUNS PROMISE", then the smallest
// world; or "nothing - WORLDS MILLISECONDS". EDIT 0 is the code as it is.
//
// Every world runs in a process of its own kind: an edit may crash it ("crashes"), or never end ("hangs").

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <iostream>
#include <new>
#include <stdexcept>
#include <string>

#include "base/text.h"
#include "conformance/planted/planted.h"
#include "sim/explore/random_world.h"
#include "sim/explore/worlds.h"

namespace {

using intermediary::sim::Look;
using Clock = std::chrono::steady_clock;

constexpr long processor_seconds = 5;  // of one world: most take milliseconds
constexpr rlim_t most_memory = rlim_t{4} << 30;
constexpr std::size_t most_shrink_runs = 1500;

void start_clock() {
  const itimerval limit{{0, 0}, {processor_seconds, 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
}

// What a child writes, and how it ended: "" well, else "crashes" or "hangs".
struct Ended {
  std::string written;
  std::string how;
};

template <class Work>
Ended in_child(std::uint32_t edit, Work work) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    const rlimit memory{most_memory, most_memory};
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CORE, &no_core);
    close(STDERR_FILENO);  // failed assertions speak there
    planted::active = edit;
    const std::string result = work();
    for (std::size_t at = 0; at < result.size();) {
      const ssize_t count = write(ends[1], result.data() + at, result.size() - at);
      if (count <= 0) _exit(1);
      at += static_cast<std::size_t>(count);
    }
    _exit(0);
  }
  close(ends[1]);
  Ended ended;
  std::array<char, 4096> buffer{};
  for (ssize_t count; (count = read(ends[0], buffer.data(), buffer.size())) > 0;) {
    ended.written.append(buffer.data(), static_cast<std::size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) ended.how = WTERMSIG(status) == SIGPROF ? "hangs" : "crashes";
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) ended.how = "crashes";
  return ended;
}

// A look from a distance.
Look look(std::uint32_t edit, const std::string& text) {
  const Ended ended = in_child(edit, [&] {
    start_clock();
    const Look seen = intermediary::sim::look_at(text);
    std::string lines;
    for (const std::string& broken : seen.broken) lines += broken + '\n';
    return lines + '\0' + seen.plain;
  });
  Look found;
  if (!ended.how.empty()) {
    found.broken.push_back(ended.how + ':');
    return found;
  }
  const std::size_t end = ended.written.find('\0');
  std::string_view lines = std::string_view(ended.written).substr(0, end);
  while (!lines.empty()) {
    const std::size_t newline = lines.find('\n');
    found.broken.emplace_back(lines.substr(0, newline));
    lines.remove_prefix(newline + 1);
  }
  found.plain = ended.written.substr(end + 1);
  return found;
}

// Worlds of one seed after the other until one breaks a promise; `last` outlives a crash.
struct Progress {
  std::uint64_t last = 0;
  bool broken = false;
};

void search(std::uint32_t edit, std::uint64_t first, std::chrono::seconds limit, Progress& progress) {
  const auto began = Clock::now();
  const Ended ended = in_child(edit, [&] {
    for (std::uint64_t seed = first; Clock::now() - began < limit; ++seed) {
      progress.last = seed;
      start_clock();
      if (intermediary::sim::look_at(intermediary::sim::random_world(seed)).broken.empty()) continue;
      progress.broken = true;
      break;
    }
    return std::string();
  });
  if (!ended.how.empty()) progress.broken = true;
}

long milliseconds_since(Clock::time_point began) {
  return static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count());
}

int explore(std::uint32_t edit, std::chrono::seconds limit, std::uint64_t first) {
  void* page = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw std::bad_alloc();
  Progress& progress = *new (page) Progress;
  const auto began = Clock::now();
  search(edit, first, limit, progress);
  const std::uint64_t worlds = progress.last - first + 1;
  if (!progress.broken) {
    std::cout << "nothing - " << worlds << ' ' << milliseconds_since(began) << '\n';
    return 1;
  }
  const auto look_now = [&](const std::string& text) { return look(edit, text); };
  const std::string world = intermediary::sim::random_world(progress.last);
  const long found_after = milliseconds_since(began);
  const auto shrunk = intermediary::sim::shrink_world(world, look_now, most_shrink_runs);
  const Look smallest = look_now(shrunk.text);
  const std::string promise = smallest.broken.empty() ? "-" : intermediary::sim::promise_of(smallest.broken.front());
  std::cout << "found " << progress.last << ' ' << worlds << ' ' << found_after << ' '
            << intermediary::sim::scenario_lines(shrunk.text).size() << ' ' << shrunk.asked << ' ' << promise << '\n'
            << shrunk.text;
  for (const std::string& broken : smallest.broken) std::cout << "# " << broken << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int index, std::uint64_t otherwise) {
    return index < argc ? intermediary::parse_decimal<std::uint64_t>(argv[index]) : std::optional(otherwise);
  };
  const auto edit = number(1, 0);
  const auto seconds = number(2, 300);
  const auto seed = number(3, 1);
  if (argc < 2 || argc > 4 || !edit || !seconds || !seed) {
    std::cerr << "usage: explore_planted EDIT [SECONDS] [SEED]\n";
    return 2;
  }
  try {
    return explore(static_cast<std::uint32_t>(*edit), std::chrono::seconds(*seconds), *seed);
  } catch (const std::exception& error) {
    std::cerr << "explore_planted: " << error.what() << '\n';
    return 1;
  }
}
