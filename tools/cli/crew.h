// Processes that share a work, each with a pipe to the one that started them. They end with it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary::cli {

class Crew {
 public:
  // In a process of its own; what it writes to `results` is its result.
  using Work = std::function<void(std::size_t job, int results)>;
  // Takes what is whole off the front of what one process has written.
  using Take = std::function<void(std::string& written)>;

  // Throws std::runtime_error where there is no process to be had.
  Crew(std::size_t jobs, const Work& work);

  // Until all have ended; `idle` is called now and then. The jobs that ended badly.
  std::vector<std::size_t> listen(const Take& take, const std::function<void()>& idle = [] {});

 private:
  struct Member {
    std::size_t job = 0;
    pid_t process = -1;
    int pipe = -1;
    std::string written{};
  };

  void start(std::size_t job, const Work& work);

  std::vector<Member> members_;
};

// Of a member: ends the process where nobody reads any more.
void write_all(int results, std::string_view bytes);

}  // namespace intermediary::cli
