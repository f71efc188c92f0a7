// What the tests of the program share: it runs as its users run it.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace intermediary {

struct Result {
  int exit_code = -1;
  std::string output;  // standard output and standard error
};

// The program while it runs.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    std::array<int, 2> pipe_ends{};
    EXPECT_EQ(pipe2(pipe_ends.data(), O_CLOEXEC), 0);
    output_ = pipe_ends[0];
    child_ = fork();
    if (child_ == 0) {
      dup2(pipe_ends[1], STDOUT_FILENO);
      dup2(pipe_ends[1], STDERR_FILENO);
      const std::string program = INTERMEDIARY_BINARY_DIR "/bin/intermediary-cli";
      arguments.insert(arguments.begin(), program);
      std::vector<char*> argv;
      for (std::string& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      execv(program.c_str(), argv.data());
      _exit(127);
    }
    close(pipe_ends[1]);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    if (output_ >= 0) close(output_);
  }

  // All it has printed up to and with `text`, or up to its end.
  std::string read_until(const std::string& text) {
    std::array<char, 4096> buffer{};
    while (output_ >= 0 && (text.empty() || printed_.find(text) == std::string::npos)) {
      const ssize_t count = read(output_, buffer.data(), buffer.size());
      if (count <= 0) break;
      printed_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return printed_;
  }
  void stop_reading() {
    close(output_);
    output_ = -1;
  }
  void signal(int number) const { kill(child_, number); }
  Result wait() {
    Result result{-1, read_until("")};
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = -1;
    if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
    return result;
  }

 private:
  pid_t child_ = -1;
  int output_ = -1;
  std::string printed_;
};

inline Result run(std::vector<std::string> arguments) { return Program(std::move(arguments)).wait(); }

// A socket to a server on `port` of 127.0.0.1.
inline int connected_socket(std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  const timeval patience{5, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(port);
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connect(descriptor, reinterpret_cast<const sockaddr*>(&server), sizeof(server));
  return descriptor;
}

inline void send_datagram(std::uint16_t port, const std::string& bytes) {
  const int descriptor = connected_socket(port);
  send(descriptor, bytes.data(), bytes.size(), 0);
  close(descriptor);
}

// The first line of the answer that a server on `port` of 127.0.0.1 gives to an OPTIONS.
inline std::string ask_options(std::uint16_t port) {
  const int descriptor = connected_socket(port);
  const std::string request =
      "OPTIONS sip:127.0.0.1:" + std::to_string(port) +
      " SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKcli\r\nMax-Forwards: 70\r\n"
      "From: <sip:a@localhost>;tag=1\r\nTo: <sip:localhost>\r\nCall-ID: cli\r\nCSeq: 1 OPTIONS\r\n\r\n";
  send(descriptor, request.data(), request.size(), 0);
  std::array<char, 2048> buffer{};
  const ssize_t count = recv(descriptor, buffer.data(), buffer.size(), 0);
  close(descriptor);
  const std::string answer(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  return answer.substr(0, answer.find("\r\n"));
}

class CommandLineTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "cli_test_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

 private:
  std::string folder_;
};

// Of a configuration.
inline const std::string listen = "listen = [{ on = \"udp:127.0.0.1:5060\" }, { on = \"tcp:127.0.0.1:5060\" }]\n";

}  // namespace intermediary
