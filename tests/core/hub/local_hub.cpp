// See local_hub.h. HTTP/1.1 with a connection for each answer.
#include "tests/core/hub/local_hub.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/base/file.h"
#include "core/hub/git_hash.h"

namespace welt::test {
namespace {

std::string tag_of(const StoredFile& file) {
  if (file.large) return sha256(file.content);
  GitHash hash(file.content.size());
  hash.add(file.content);
  return hash.digits();
}

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

Asked parse(const std::string& head) {
  Asked out;
  std::size_t end = head.find("\r\n");
  const std::string line = head.substr(0, end);
  const std::size_t blank = line.find(' '), last = line.rfind(' ');
  out.method = line.substr(0, blank);
  out.path = line.substr(blank + 1, last - blank - 1);
  out.path = out.path.substr(0, out.path.find('?'));
  while (end + 2 < head.size()) {
    const std::size_t begin = end + 2;
    end = head.find("\r\n", begin);
    const std::string header = head.substr(begin, end - begin);
    const std::size_t colon = header.find(": ");
    if (colon == std::string::npos) break;
    std::string name = header.substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    out.headers[name] = header.substr(colon + 2);
  }
  return out;
}

// The part that a Range asks for.
void cut_range(const Asked& asked, Reply& reply) {
  const auto range = asked.headers.find("range");
  if (range == asked.headers.end() || !range->second.starts_with("bytes=")) return;
  const std::size_t begin = std::stoul(range->second.substr(6)), size = reply.body.size();
  if (begin >= size) {
    reply = {.status = 416};
    return;
  }
  reply.status = 206;
  reply.headers["Content-Range"] = fmt::format("bytes {}-{}/{}", begin, size - 1, size);
  reply.body.erase(0, begin);
}

}  // namespace

LocalHub::LocalHub() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof place;
  auto* const address = reinterpret_cast<sockaddr*>(&place);
  if (::bind(listener_, address, size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, address, &size) != 0)
    throw std::runtime_error("no socket to listen on");
  port_ = ntohs(place.sin_port);
  thread_ = std::thread([this] { serve(); });
}

LocalHub::~LocalHub() {
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

std::string LocalHub::address() const { return fmt::format("http://127.0.0.1:{}", port_); }

void LocalHub::put(const std::string& repository, const std::string& path, StoredFile file) {
  const std::scoped_lock lock(mutex_);
  repositories_[repository][path] = std::move(file);
}

std::vector<Asked> LocalHub::asked() const {
  const std::scoped_lock lock(mutex_);
  return asked_;
}

int LocalHub::count(const std::string& path_part) const {
  const std::scoped_lock lock(mutex_);
  return static_cast<int>(
      std::ranges::count_if(asked_, [&](const Asked& one) { return one.path.find(path_part) != std::string::npos; }));
}

void LocalHub::serve() {
  while (true) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    {
      const std::scoped_lock lock(mutex_);
      if (ends_) {
        if (connection >= 0) ::close(connection);
        return;
      }
    }
    if (connection < 0) continue;
    answer(connection);
    ::close(connection);
  }
}

void LocalHub::answer(int connection) {
  std::string head;
  char piece[4096];
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t size = ::recv(connection, piece, sizeof piece, 0);
    if (size <= 0) return;
    head.append(piece, static_cast<std::size_t>(size));
  }
  const Asked asked = parse(head);
  Reply reply;
  {
    const std::scoped_lock lock(mutex_);
    asked_.push_back(asked);
    reply = reply_to(asked);
    const int count = counts_[asked.path]++;
    if (alter) alter(asked, count, reply);
  }
  const bool has_body = asked.method != "HEAD";
  const std::string length = reply.said_length.empty() ? std::to_string(reply.body.size()) : reply.said_length;
  std::string text =
      fmt::format("HTTP/1.1 {} Said\r\nContent-Length: {}\r\nConnection: close\r\n", reply.status, length);
  for (const auto& [name, value] : reply.headers) text += fmt::format("{}: {}\r\n", name, value);
  if (!send_all(connection, text + "\r\n") || !has_body) return;
  const std::string_view body = std::string_view(reply.body).substr(0, reply.cut_after);
  const std::size_t step = reply.pause_ms > 0 ? body.size() / 10 + 1 : body.size() + 1;
  for (std::size_t at = 0; at < body.size(); at += step) {
    if (reply.pause_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(reply.pause_ms));
    if (!send_all(connection, body.substr(at, step))) return;
  }
}

Reply LocalHub::listing(const std::string& repository) const {
  const auto found = repositories_.find(repository);
  if (found == repositories_.end())
    return {.status = 404, .headers = {{"X-Error-Code", "RepoNotFound"}, {"X-Error-Message", "Repository not found"}}};
  nlohmann::json files = nlohmann::json::array();
  for (const auto& [path, file] : found->second) {
    nlohmann::json entry{{"rfilename", path}};
    if (lists_tags) {
      entry["size"] = file.content.size();
      entry["blobId"] = file.large ? std::string(40, 'a') : tag_of(file);
      if (file.large) entry["lfs"] = {{"sha256", tag_of(file)}, {"size", file.content.size()}, {"pointerSize", 130}};
    }
    files.push_back(entry);
  }
  return {.body = nlohmann::json{{"id", repository}, {"sha", commit}, {"siblings", files}}.dump()};
}

Reply LocalHub::reply_to(const Asked& asked) const {
  const std::string api = "/api/", revision = "/revision/", resolve = "/resolve/", elsewhere = "/elsewhere/";
  if (asked.path.starts_with(api)) {
    const std::size_t end = asked.path.find(revision);
    return listing(asked.path.substr(api.size(), end - api.size()));
  }
  const bool is_direct = asked.path.starts_with(elsewhere);
  const std::string path = is_direct ? asked.path.substr(elsewhere.size() - 1) : asked.path;
  const std::size_t at = path.find(resolve);
  if (at == std::string::npos) return {.status = 404};
  std::string repository = path.substr(1, at - 1);
  if (!repository.starts_with("datasets/")) repository = "models/" + repository;
  const std::size_t slash = path.find('/', at + resolve.size());
  const auto files = repositories_.find(repository);
  if (files == repositories_.end()) return {.status = 404, .headers = {{"X-Error-Code", "RepoNotFound"}}};
  const auto file = files->second.find(path.substr(slash + 1));
  if (file == files->second.end()) return {.status = 404, .headers = {{"X-Error-Code", "EntryNotFound"}}};
  const std::string tag = '"' + tag_of(file->second) + '"';
  if (file->second.large && !is_direct)
    return {.status = 302,
            .headers = {{"Location", address() + "/elsewhere" + path},
                        {"X-Linked-Etag", tag},
                        {"X-Linked-Size", std::to_string(file->second.content.size())},
                        {"X-Repo-Commit", commit}}};
  Reply out{.headers = {{"ETag", tag}, {"X-Repo-Commit", commit}}, .body = file->second.content};
  cut_range(asked, out);
  return out;
}

}  // namespace welt::test
