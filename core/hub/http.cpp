// See http.h.
#include "core/hub/http.h"

#include <algorithm>

#include "core/base/error.h"

#if __has_include(<curl/curl.h>)

#define CURL_DISABLE_TYPECHECK
#define CURL_DISABLE_DEPRECATION  // the names that older ones have too
#include <curl/curl.h>
#include <dlfcn.h>

#include <cctype>
#include <cstdlib>

namespace welt {
namespace {

struct Library {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) init = nullptr;
  decltype(&curl_easy_reset) reset = nullptr;
  decltype(&curl_easy_setopt) set = nullptr;
  decltype(&curl_easy_perform) perform = nullptr;
  decltype(&curl_easy_getinfo) get = nullptr;
  decltype(&curl_easy_strerror) words = nullptr;
  decltype(&curl_easy_cleanup) cleanup = nullptr;
  decltype(&curl_slist_append) append = nullptr;
  decltype(&curl_slist_free_all) free_list = nullptr;
};

[[noreturn]] void fail_library(const std::string& found) {
  fail({"downloading", found, "libcurl 7.58 or later",
        "Install it (Debian: libcurl4), or fetch the files where there is one and copy the folder here"},
       ErrorCode::unavailable);
}

Library open_library() {
  void* file = nullptr;
  for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"})
    if (file == nullptr) file = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (file == nullptr) fail_library("libcurl cannot be opened");
  Library out;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(file, name));
    if (function == nullptr) fail_library(fmt::format("libcurl has no {}", name));
  };
  find(out.global_init, "curl_global_init");
  find(out.init, "curl_easy_init");
  find(out.reset, "curl_easy_reset");
  find(out.set, "curl_easy_setopt");
  find(out.perform, "curl_easy_perform");
  find(out.get, "curl_easy_getinfo");
  find(out.words, "curl_easy_strerror");
  find(out.cleanup, "curl_easy_cleanup");
  find(out.append, "curl_slist_append");
  find(out.free_list, "curl_slist_free_all");
  if (out.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) fail_library("libcurl does not start");
  return out;
}

const Library& library() {
  static const Library opened = open_library();
  return opened;
}

const char* first_set(std::initializer_list<const char*> variables) {
  for (const char* variable : variables)
    if (const char* value = std::getenv(variable); value != nullptr && *value != '\0') return value;
  return nullptr;
}

struct Transfer {
  const HttpRequest& request;
  HttpAnswer& answer;
};

std::size_t take_header(char* data, std::size_t, std::size_t size, void* user) {
  HttpAnswer& answer = static_cast<Transfer*>(user)->answer;
  std::string_view line(data, size);
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // of a further answer, behind a redirect or a proxy
    std::erase_if(answer.headers, [](const auto& header) {
      return !header.first.starts_with("x-linked-") && header.first != "x-repo-commit";
    });
    const std::size_t blank = std::min(line.find(' '), line.size());
    answer.status = std::strtol(std::string(line.substr(blank)).c_str(), nullptr, 10);
    return size;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || answer.headers.size() > 200) return size;
  std::string name(line.substr(0, colon));
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  line.remove_prefix(colon + 1);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  answer.headers[name] = line;
  return size;
}

std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) {
  const Transfer& transfer = *static_cast<Transfer*>(user);
  HttpAnswer& answer = transfer.answer;
  if (transfer.request.take && answer.status < 300)
    return transfer.request.take(answer.status, answer.headers, {data, size}) ? size : 0;
  if (answer.status >= 300 && answer.status < 400) return size;
  if (answer.body.size() + size > max_body) return 0;
  answer.body.append(data, size);
  return size;
}

HttpFault fault_of(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return HttpFault::none;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      return HttpFault::unreachable;
    case CURLE_WRITE_ERROR:
    case CURLE_ABORTED_BY_CALLBACK:
      return HttpFault::stopped;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_OUT_OF_MEMORY:
      return HttpFault::refused;
    default:
      return HttpFault::cut;
  }
}

}  // namespace

HttpClient::HttpClient() : handle_(library().init()) {
  if (handle_ == nullptr) fail_library("libcurl gives no handle");
}

HttpClient::~HttpClient() { library().cleanup(static_cast<CURL*>(handle_)); }

HttpAnswer HttpClient::ask(const HttpRequest& request) {
  const Library& curl = library();
  CURL* const handle = static_cast<CURL*>(handle_);
  const auto set = [&](CURLoption option, auto value) { curl.set(handle, option, value); };
  HttpAnswer answer;
  Transfer transfer{request, answer};
  std::string words(CURL_ERROR_SIZE, '\0');
  const bool is_secure = request.url.starts_with("https:");
  curl.reset(handle);  // connections stay
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  set(CURLOPT_REDIR_PROTOCOLS, static_cast<long>(is_secure ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 10L);
  set(CURLOPT_NOBODY, request.head ? 1L : 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, 10L);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, request.stall_seconds);
  set(CURLOPT_USERAGENT, "welt/" WELT_VERSION);
  set(CURLOPT_ERRORBUFFER, words.data());
  set(CURLOPT_HEADERFUNCTION, take_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(CURLOPT_WRITEFUNCTION, take_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  if (const char* bundle = first_set({"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}))
    set(CURLOPT_CAINFO, bundle);
  // libcurl reads the others itself; this one not, for fear of CGI scripts, but Python does.
  if (const char* proxy = std::getenv("HTTP_PROXY");
      !is_secure && proxy != nullptr && first_set({"http_proxy"}) == nullptr)
    set(CURLOPT_PROXY, proxy);
  const std::string range = fmt::format("{}-", request.begin);
  if (request.begin > 0) set(CURLOPT_RANGE, range.c_str());
  curl_slist* list = nullptr;
  // Byte for byte: an answer that is packed on the way has neither the size nor the place of a part that are asked for.
  list = curl.append(list, "Accept-Encoding: identity");
  for (const std::string& header : request.headers) list = curl.append(list, header.c_str());
  set(CURLOPT_HTTPHEADER, list);
  const CURLcode code = curl.perform(handle);
  curl.free_list(list);
  answer.fault = fault_of(code);
  if (code != CURLE_OK) {
    words.resize(std::char_traits<char>::length(words.c_str()));
    answer.reason = words.empty() ? curl.words(code) : words;
  }
  const char* url = nullptr;
  curl.get(handle, CURLINFO_EFFECTIVE_URL, &url);
  answer.url = url == nullptr ? request.url : url;
  return answer;
}

}  // namespace welt

#else

namespace welt {

HttpClient::HttpClient() : handle_(nullptr) {
  fail({"downloading", "this program was built without libcurl", "a build with it",
        "Install libcurl4-openssl-dev (scripts/setup.sh does) and build again, or fetch the files elsewhere and copy "
        "the folder here"},
       ErrorCode::unavailable);
}
HttpClient::~HttpClient() = default;
HttpAnswer HttpClient::ask(const HttpRequest&) { return {}; }

}  // namespace welt

#endif

namespace welt {

std::string shown_address(std::string_view url) {
  const std::size_t query = std::min(url.find_first_of("?#"), url.size());
  const std::string_view place = url.substr(0, query);
  const std::size_t scheme = place.find("://"), begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  // The last one: a password may hold such a sign, or a slash, that should have been escaped.
  const std::size_t at = place.rfind('@');
  std::string out(place.substr(0, begin));
  if (at == std::string_view::npos || at < begin) {
    out += place.substr(begin);
  } else {
    out += "***";
    out += place.substr(at);
  }
  return query < url.size() ? out + "?***" : out;
}

std::string HttpAnswer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

}  // namespace welt
