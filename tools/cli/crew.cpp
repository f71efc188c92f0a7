#include "tools/cli/crew.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <iostream>
#include <stdexcept>

#include "tools/cli/commands.h"

namespace intermediary::cli {
namespace {

constexpr int idle_after_milliseconds = 200;

bool ended_well(pid_t process) {
  int status = 0;
  return waitpid(process, &status, 0) == process && WIFEXITED(status) && WEXITSTATUS(status) == exit_fine;
}

}  // namespace

Crew::Crew(std::size_t jobs, const Work& work) {
  std::cout.flush();
  for (std::size_t job = 0; job < jobs; ++job) start(job, work);
}

void Crew::start(std::size_t job, const Work& work) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe for another process");
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process < 0) throw std::runtime_error("no other process");
  if (process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // with its parent; and that may be gone by now
    if (getppid() != parent) _exit(exit_fine);
    close(ends[0]);
    work(job, ends[1]);
    _exit(exit_fine);
  }
  close(ends[1]);
  members_.push_back({job, process, ends[0]});
}

std::vector<std::size_t> Crew::listen(const Take& take, const std::function<void()>& idle) {
  std::vector<std::size_t> failed;
  std::array<char, 65536> chunk{};
  while (!members_.empty()) {
    std::vector<pollfd> waits;
    for (const Member& member : members_) waits.push_back({member.pipe, POLLIN, 0});
    poll(waits.data(), waits.size(), idle_after_milliseconds);
    idle();
    for (std::size_t i = waits.size(); i > 0; --i) {
      if (waits[i - 1].revents == 0) continue;
      Member& member = members_[i - 1];
      const ssize_t count = read(member.pipe, chunk.data(), chunk.size());
      if (count > 0) {
        member.written.append(chunk.data(), static_cast<std::size_t>(count));
        take(member.written);
        continue;
      }
      close(member.pipe);
      if (!ended_well(member.process)) failed.push_back(member.job);
      members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(i) - 1);
    }
  }
  return failed;
}

void write_all(int results, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(results, bytes.data(), bytes.size());
    if (count <= 0) _exit(exit_failed);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace intermediary::cli
