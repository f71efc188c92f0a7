#include "tools/cli/worlds.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <new>
#include <vector>

#include "base/json.h"
#include "sim/explore/random_world.h"
#include "sim/explore/worlds.h"
#include "sim/scenario.h"
#include "tools/cli/commands.h"

namespace intermediary::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_failures = 3;  // then nothing more is looked for
constexpr std::size_t most_jobs = 256;

// What the processes know of each other.
struct Shared {
  std::atomic<std::size_t> next{0}, done{0}, failed{0};
  std::atomic<std::int64_t> virtual_us{0};
  std::array<std::atomic<std::uint64_t>, most_jobs> at{};  // the seed that each is at
};

Shared& share() {
  void* page = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw std::bad_alloc();
  return *new (page) Shared;
}

struct Failure {
  std::uint64_t seed = 0;
  std::string file;
  std::vector<std::string> promises;
  std::string text;    // the smallest world
  std::string ladder;  // of it
};

std::string again(const Failure& failure) { return "intermediary-cli test " + failure.file; }
std::string whole(const Failure& failure) {
  return "intermediary-cli test --seed " + std::to_string(failure.seed) + " --runs 1";
}

Failure shrunk_failure(std::uint64_t seed, const std::string& world, const WorldsOptions& options) {
  const sim::Shrunk shrunk = sim::shrink_world(world);
  const sim::Look smallest = sim::look_at(shrunk.text);
  Failure failure{seed, {}, smallest.broken, {}, smallest.ladder};
  const std::string name = "failure-" + std::to_string(seed);
  failure.file = (std::filesystem::path(options.folder) / (name + ".flow")).string();
  const std::string promise = smallest.broken.empty() ? "" : smallest.broken.front();
  failure.text = sim::named(shrunk.text, name, promise + "\n# The whole world: " + whole(failure));
  std::ofstream out(failure.file, std::ios::binary | std::ios::trunc);
  out << failure.text;
  out.close();
  if (!out) failure.file = "(cannot write " + failure.file + ')';
  return failure;
}

std::string for_people(const Failure& failure) {
  std::string text = "FAIL  seed " + std::to_string(failure.seed) + '\n';
  for (const std::string& promise : failure.promises) text += "  " + promise + '\n';
  return text + failure.text + "----\n" + failure.ladder + "  again: " + again(failure) +
         "\n  the whole world: " + whole(failure) + '\n';
}

std::string for_programs(const Failure& failure) {
  std::string list;
  for (const std::string& promise : failure.promises) list += (list.empty() ? "" : ", ") + json_string(promise);
  return "{\"seed\": " + std::to_string(failure.seed) + ", \"file\": " + json_string(failure.file) +
         ", \"promises\": [" + list + "], \"scenario\": " + json_string(failure.text) + "}";
}

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count <= 0) _exit(exit_failed);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

// Each failure ends with a zero byte.
[[noreturn]] void work(std::size_t job, int results, Shared& shared, const WorldsOptions& options) {
  for (std::size_t run = shared.next++; run < options.runs && shared.failed < most_failures; run = shared.next++) {
    const std::uint64_t seed = options.seed + run;
    shared.at[job] = seed;
    const std::string world = sim::random_world(seed);
    const sim::Look look = sim::look_at(world);
    shared.virtual_us += look.virtual_time.count();
    ++shared.done;
    if (look.broken.empty()) continue;
    ++shared.failed;
    const Failure failure = shrunk_failure(seed, world, options);
    write_all(results, (options.json ? for_programs(failure) : for_people(failure)) + '\0');
  }
  _exit(exit_fine);
}

class Crew {
 public:
  Crew(Shared& shared, const WorldsOptions& options) : shared_(shared), options_(options) {
    std::cout.flush();
    for (std::size_t i = 0; i < std::min(most_jobs, std::max<std::size_t>(1, options.jobs)); ++i) start(i);
  }

  // Until all have ended. `take` gets each failure as written, `idle` is called now and then.
  template <class Take, class Idle>
  void listen(Take take, Idle idle) {
    std::array<char, 65536> chunk{};
    while (!members_.empty()) {
      std::vector<pollfd> waits;
      for (const Member& member : members_) waits.push_back({member.pipe, POLLIN, 0});
      poll(waits.data(), waits.size(), 200);
      idle();
      for (std::size_t i = waits.size(); i > 0; --i) {
        if (waits[i - 1].revents == 0) continue;
        Member& member = members_[i - 1];
        const ssize_t count = read(member.pipe, chunk.data(), chunk.size());
        if (count > 0) {
          member.buffer.append(chunk.data(), static_cast<std::size_t>(count));
          for (std::size_t end; (end = member.buffer.find('\0')) != std::string::npos;) {
            take(member.buffer.substr(0, end));
            member.buffer.erase(0, end + 1);
          }
          continue;
        }
        bury(member);
        members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(i) - 1);
      }
    }
  }

  // Seeds at which a process ended badly.
  const std::vector<std::uint64_t>& crashed() const { return crashed_; }

 private:
  struct Member {
    std::size_t job = 0;
    pid_t process = -1;
    int pipe = -1;
    std::string buffer{};
  };

  void start(std::size_t job) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    const pid_t process = fork();
    if (process < 0) throw std::runtime_error("no process");
    if (process == 0) {
      close(ends[0]);
      work(job, ends[1], shared_, options_);
    }
    close(ends[1]);
    members_.push_back({job, process, ends[0]});
  }

  void bury(Member& member) {
    int status = 0;
    close(member.pipe);
    waitpid(member.process, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == exit_fine) return;
    crashed_.push_back(shared_.at[member.job]);
  }

  Shared& shared_;
  const WorldsOptions& options_;
  std::vector<Member> members_;
  std::vector<std::uint64_t> crashed_;
};

std::string tenths(std::int64_t milliseconds) {
  return std::to_string(milliseconds / 1000) + '.' + std::to_string(milliseconds / 100 % 10);
}

}  // namespace

int explore_worlds(const WorldsOptions& options) {
  Shared& shared = share();
  const auto began = Clock::now();
  const auto milliseconds = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count();
  };
  const bool terminal = !options.json && isatty(STDERR_FILENO) != 0;
  std::string failures;
  Crew crew(shared, options);
  crew.listen(
      [&](const std::string& failure) {
        if (terminal) std::cerr << "\r\033[K";
        if (!options.json) std::cout << failure << std::flush;
        failures += (failures.empty() ? "\n  " : ",\n  ") + failure;
      },
      [&] {
        if (terminal) std::cerr << "\r\033[K" << shared.done << '/' << options.runs << " worlds" << std::flush;
      });
  if (terminal) std::cerr << "\r\033[K";
  const std::int64_t took = std::max<std::int64_t>(1, milliseconds());
  const std::size_t done = shared.done, failed = shared.failed + crew.crashed().size();
  const std::int64_t virtual_seconds = shared.virtual_us / 1'000'000;
  if (options.json) {
    std::cout << "{\"seed\": " << options.seed << ", \"worlds\": " << done << ", \"failed\": " << failed
              << ", \"virtual_s\": " << virtual_seconds << ", \"real_ms\": " << took << ", \"failures\": [" << failures
              << "]}\n";
  } else {
    std::cout << done << " random worlds from seed " << options.seed << ", " << failed << " failed; " << virtual_seconds
              << " s of virtual time in " << tenths(took) << " s, " << done * 1000 / static_cast<std::size_t>(took)
              << " worlds/s\n";
  }
  for (const std::uint64_t seed : crew.crashed()) {
    std::cerr << "intermediary-cli test: crashed at seed " << seed << "; again: intermediary-cli test --seed " << seed
              << " --runs 1 --jobs 1\n";
  }
  munmap(&shared, sizeof(shared));
  return failed == 0 ? exit_fine : exit_failed;
}

}  // namespace intermediary::cli
