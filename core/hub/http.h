// One HTTP or HTTPS request after the other, by libcurl, which is opened when the first is made: a program that
// downloads nothing does not load it. Redirects are followed, from https to https only. What an answer means, and
// whether to try again, is hub_client.h's part.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers = {};  // "Name: value"; Authorization goes to this host only
  bool head = false;                      // the headers alone
  std::uint64_t begin = 0;                // the first byte wanted; above 0 the answer may be 206 with that part
  long stall_seconds = 10;                // without a byte, then it is given up
  // Takes a piece of the body of an answer below 300; false ends the transfer. `headers` are complete by then. Without
  // it the body goes to HttpAnswer::body, up to max_body bytes; so does that of any other answer.
  std::function<bool(long status, const std::map<std::string, std::string>& headers, std::string_view piece)> take = {};
};

enum class HttpFault {
  none,         // there is an answer, whatever its status
  unreachable,  // no such host, nobody listens, no network
  cut,          // the connection ended, or nothing came, before the answer was whole
  stopped,      // by `take`, or because the body is too long
  refused,      // a certificate, a redirect, a URL: trying again does not help
};

struct HttpAnswer {
  HttpFault fault = HttpFault::none;
  std::string reason;  // of a fault, in libcurl's words
  long status = 0;     // 0: none came
  std::string url;     // that answered, behind redirects
  std::string body;
  std::map<std::string, std::string> headers;  // of the last answer, names in small letters; of those before it what
                                               // they say of the file they lead to: x-linked-…, x-repo-commit
  std::string header(const std::string& name) const;  // "" when absent
};

// An address as messages show it: without user and password, and without its query, where signatures and tokens stand.
std::string shown_address(std::string_view url);

inline constexpr std::size_t max_body = std::size_t{64} << 20;

// Keeps connections between requests. Proxies: http_proxy, https_proxy, all_proxy, no_proxy, in capitals too;
// certificates: REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE, else the system's. [one thread at a time]
class HttpClient {
 public:
  HttpClient();  // throws Error (unavailable) where there is no libcurl
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  HttpAnswer ask(const HttpRequest& request);

 private:
  void* handle_;
};

}  // namespace welt
