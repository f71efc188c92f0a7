#include "tools/cli/worlds.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <new>
#include <vector>

#include "base/json.h"
#include "base/utf8.h"
#include "sim/explore/random_world.h"
#include "sim/explore/worlds.h"
#include "sim/scenario.h"
#include "tools/cli/commands.h"
#include "tools/cli/crew.h"

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

// Each failure ends with a zero byte.
void work(std::size_t job, int results, Shared& shared, const WorldsOptions& options) {
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
}

// The failures as written, off the front.
template <class Take>
void take_failures(std::string& written, Take take) {
  for (std::size_t end; (end = written.find('\0')) != std::string::npos;) {
    take(written.substr(0, end));
    written.erase(0, end + 1);
  }
}

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
  Crew crew(std::clamp<std::size_t>(options.jobs, 1, most_jobs),
            [&](std::size_t job, int results) { work(job, results, shared, options); });
  const auto crashed = crew.listen(
      [&](std::string& written) {
        take_failures(written, [&](const std::string& failure) {
          if (terminal) std::cerr << "\r\033[K";
          if (!options.json) std::cout << printable(failure) << std::flush;
          failures += (failures.empty() ? "\n  " : ",\n  ") + failure;
        });
      },
      [&] {
        if (terminal) std::cerr << "\r\033[K" << shared.done << '/' << options.runs << " worlds" << std::flush;
      });
  if (terminal) std::cerr << "\r\033[K";
  const std::int64_t took = std::max<std::int64_t>(1, milliseconds());
  const std::size_t done = shared.done, failed = shared.failed + crashed.size();
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
  for (const std::size_t job : crashed) {
    const std::uint64_t seed = shared.at[job];
    std::cerr << "intermediary-cli test: crashed at seed " << seed << "; again: intermediary-cli test --seed " << seed
              << " --runs 1 --jobs 1\n";
  }
  munmap(&shared, sizeof(shared));
  return failed == 0 ? exit_fine : exit_failed;
}

}  // namespace intermediary::cli
