// A hub on this machine for the time of a test: what it answers, a test may change.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace welt::test {

struct Asked {
  std::string method, path;                    // the path without the query
  std::map<std::string, std::string> headers;  // names in small letters
};

struct Reply {
  int status = 200;
  std::map<std::string, std::string> headers = {};
  std::string body = {};
  std::string said_length = {};      // instead of the body's
  std::size_t cut_after = SIZE_MAX;  // bytes of the body, then the connection ends
  int pause_ms = 0;                  // before each tenth of the body
};

struct StoredFile {
  std::string content;
  bool large = false;  // tag: SHA-256, and the bytes come from another place, as those of large files on the hub
};

// [the test's thread and the server's own]
class LocalHub {
 public:
  LocalHub();
  ~LocalHub();
  LocalHub(const LocalHub&) = delete;
  LocalHub& operator=(const LocalHub&) = delete;

  std::string address() const;  // http://127.0.0.1:PORT
  // Files of "models/org/name" or "datasets/org/name", whose only revision, main, is `commit`.
  void put(const std::string& repository, const std::string& path, StoredFile file);
  std::string commit = "0123456789abcdef0123456789abcdef01234567";
  bool lists_tags = true;  // the listing has sizes and tags; else they are in the headers of each file alone
  // Looks at an answer before it is sent; `count` answers were sent to the same path before.
  std::function<void(const Asked& asked, int count, Reply& reply)> alter;
  std::vector<Asked> asked() const;
  int count(const std::string& path_part) const;  // of requests whose path holds that

 private:
  void serve();
  void answer(int connection);
  Reply reply_to(const Asked& asked) const;
  Reply listing(const std::string& repository) const;

  int listener_ = -1, port_ = 0;
  bool ends_ = false;
  std::map<std::string, std::map<std::string, StoredFile>> repositories_;
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  std::map<std::string, int> counts_;
  std::thread thread_;
};

}  // namespace welt::test
