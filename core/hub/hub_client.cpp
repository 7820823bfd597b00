// See hub_client.h.
#include "core/hub/hub_client.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <ctime>
#include <thread>
#include <utility>

#include "core/base/error.h"
#include "core/base/hub_cache.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/hub/git_hash.h"
#include "core/hub/hub_store.h"
#include "core/hub/part_file.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::chrono::seconds longest_wait{300};

bool is_whole(long status) { return status == 200 || status == 206; }

bool may_pass(long status) { return status == 408 || status == 429 || (status >= 500 && status != 501); }

// What `text` is in an address; '/' stays where `keep_slash`.
std::string quoted(std::string_view text, bool keep_slash) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 128 && (std::isalnum(byte) != 0 || std::string_view("-_.~").find(c) != std::string::npos);
    if (plain || (keep_slash && c == '/'))
      out += c;
    else
      out += fmt::format("%{:02X}", byte);
  }
  return out;
}

// `W/"abc"` as abc.
std::string plain_tag(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() > 1 && tag.front() == '"' && tag.back() == '"') tag = tag.substr(1, tag.size() - 2);
  return std::string(tag);
}

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Retry-After: seconds or a date.
std::chrono::seconds asked_wait(const HttpAnswer& answer) {
  const std::string text = answer.header("retry-after");
  if (const auto seconds = number(text)) return std::chrono::seconds(std::min<std::uint64_t>(*seconds, 1000000));
  std::tm time{};
  if (text.empty() || ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S", &time) == nullptr)
    return std::chrono::seconds(0);
  return std::chrono::seconds(std::max<std::int64_t>(0, ::timegm(&time) - std::time(nullptr)));
}

std::string said(const HttpAnswer& answer) {
  if (answer.fault != HttpFault::none && answer.status == 0) return answer.reason;
  if (answer.fault != HttpFault::none) return fmt::format("status {}, then {}", answer.status, answer.reason);
  const std::string message = answer.header("x-error-message");
  return message.empty() ? fmt::format("status {}", answer.status)
                         : fmt::format("status {} (\"{:.300}\")", answer.status, message);
}

HubFile listed_file(const json& entry) {
  HubFile out{.path = entry.value("rfilename", "")};
  const json large = entry.value("lfs", json());
  const json& about = large.is_object() ? large : entry;
  if (about.contains("size") && about["size"].is_number_unsigned()) out.size = about["size"].get<std::uint64_t>();
  out.tag = about.value(large.is_object() ? "sha256" : "blobId", "");
  if (hash_kind(out.tag) == HashKind::none || !out.size) out.tag.clear();
  return out;
}

// "bytes 100-199/200" begins at `begin`.
bool is_part_from(const std::string& range, std::uint64_t begin) {
  return range.starts_with(fmt::format("bytes {}-", begin));
}

}  // namespace

HubClient::HubClient(HubSettings settings)
    : settings_(std::move(settings)), shown_endpoint_(shown_address(settings_.endpoint)) {
  if (hub_is_offline())
    fail({shown_endpoint_, "HF_HUB_OFFLINE says that no network is to be used", "HF_HUB_OFFLINE unset or 0",
          "Unset it (TRANSFORMERS_OFFLINE and HF_DATASETS_OFFLINE too), or name a folder"},
         ErrorCode::failed_precondition);
}

std::string HubClient::address(const HubId& id, const std::string& commit, const std::string& path) const {
  return fmt::format("{}/{}{}/resolve/{}/{}", settings_.endpoint, id.kind == "models" ? "" : id.kind + "/", id.name,
                     quoted(commit, false), quoted(path, true));
}

HttpRequest HubClient::request(std::string url) const {
  HttpRequest out{.url = std::move(url), .stall_seconds = settings_.stall_seconds};
  if (!settings_.token.empty()) out.headers.push_back("Authorization: Bearer " + settings_.token);
  return out;
}

HttpAnswer HubClient::ask(const HttpRequest& request) {
  for (int failures = 1;; ++failures) {
    HttpAnswer answer = http_.ask(request);
    if (answer.status != 0) reached_ = true;
    const bool again = answer.fault == HttpFault::cut || (answer.fault == HttpFault::unreachable && reached_) ||
                       (answer.fault == HttpFault::none && may_pass(answer.status));
    if (!again || failures >= settings_.tries) return answer;
    wait(answer, failures);
  }
}

void HubClient::wait(const HttpAnswer& answer, int failures) const {
  const std::chrono::seconds asked = asked_wait(answer);
  if (asked > longest_wait)
    fail({shown_address(answer.url), fmt::format("{}, and to come back in {} s", said(answer), asked.count()),
          fmt::format("at most {} s", longest_wait.count()), "Try again then, or sign in with a token (HF_TOKEN)"},
         ErrorCode::resource_exhausted);
  const auto own = settings_.first_wait * (1 << std::min(failures - 1, 5));
  const auto pause = std::max<std::chrono::milliseconds>(own, asked);
  log_info("hub", "{}: {}; again in {:.1f} s", shown_address(answer.url), said(answer),
           static_cast<double>(pause.count()) / 1000);
  std::this_thread::sleep_for(pause);
}

void HubClient::fail_answer(const HubId& id, const std::string& path, const HttpAnswer& answer) const {
  const std::string where = path.empty() ? fmt::format("{} on {}", id.text(), shown_endpoint_)
                                         : fmt::format("{} of {} on {}", path, id.text(), shown_endpoint_);
  const std::string page = fmt::format("{}/{}{}", shown_endpoint_, id.kind == "models" ? "" : id.kind + "/", id.name);
  const std::string code = answer.header("x-error-code");
  if (answer.fault == HttpFault::unreachable)
    fail({where, "the hub cannot be reached: " + answer.reason, "a network",
          "Check the network and the proxy (https_proxy) and HF_ENDPOINT; HF_HUB_OFFLINE=1 takes what is in the cache"},
         ErrorCode::unavailable);
  if (answer.fault != HttpFault::none)
    fail({where, said(answer), "an answer of the hub", "Try again; what was downloaded is kept"},
         ErrorCode::unavailable);
  if (code == "GatedRepo" || answer.status == 403)
    fail({where, said(answer), "access to a gated or private repository",
          settings_.token.empty()
              ? fmt::format("Accept its conditions at {} and give a token of that account (HF_TOKEN)", page)
              : fmt::format("Accept its conditions at {} with the account that the token is of", page)},
         ErrorCode::permission_denied);
  if (code == "RevisionNotFound")
    fail({where, fmt::format("no revision \"{}\"", id.revision), "a branch, a tag or a commit", "See " + page},
         ErrorCode::not_found);
  const std::string near = nearest(id.name, cached_names(id.kind));
  const std::string hint = near.empty() ? "" : fmt::format("; on this machine there is {}", near);
  if (answer.status == 401)
    fail({where, said(answer), "a public repository, or a token that may read it",
          fmt::format("Check the name{}; a private one wants {} (HF_TOKEN, or `hf auth login`)", hint,
                      settings_.token.empty() ? "a token" : "another token, or one that has not expired")},
         ErrorCode::permission_denied);
  if (answer.status == 404)
    fail({where,
          path.empty() ? fmt::format("no such repository among the hub's {} ({})", id.kind, said(answer))
                       : "no such file",
          "a name as the hub has it", fmt::format("Check the name{}", hint)},
         ErrorCode::not_found);
  fail({where, said(answer), "the status 200", "Try again later; what was downloaded is kept"}, ErrorCode::unavailable);
}

HubListing HubClient::list(const HubId& id) {
  const std::string url = fmt::format("{}/api/{}/{}/revision/{}?blobs=true", settings_.endpoint, id.kind, id.name,
                                      quoted(id.revision, false));
  const HttpAnswer answer = ask(request(url));
  if (answer.fault != HttpFault::none || answer.status != 200) fail_answer(id, "", answer);
  return read_hub_listing(answer.body, shown_address(url));
}

HubListing read_hub_listing(std::string_view text, const std::string& where) {
  HubListing out;
  try {
    const json all = parse_json(text);
    out.commit = all.value("sha", "");
    for (const json& entry : all.value("siblings", json::array())) out.files.push_back(listed_file(entry));
  } catch (const std::exception& error) {
    fail({where, fmt::format("not a hub's list of files ({:.200})", error.what()), "JSON with sha and siblings",
          "Check HF_ENDPOINT"},
         ErrorCode::data_loss);
  }
  const bool good_commit = out.commit.size() <= 64 && !out.commit.empty() &&
                           std::ranges::all_of(out.commit, [](unsigned char c) { return std::isalnum(c) != 0; });
  if (!good_commit)
    fail({where, fmt::format("the commit \"{:.80}\"", out.commit), "letters and digits", "Check HF_ENDPOINT"},
         ErrorCode::data_loss);
  for (const HubFile& file : out.files)
    if (!is_inner_path(file.path))
      fail({where, fmt::format("a file named \"{:.80}\", which leads out of the repository's folder", file.path),
            "paths below it", "Do not take anything from there"},
           ErrorCode::data_loss);
  return out;
}

HubFile HubClient::look(const HubId& id, const std::string& commit, const HubFile& file) {
  if (!file.tag.empty()) return file;
  HttpRequest head = request(address(id, commit, file.path));
  head.head = true;
  const HttpAnswer answer = ask(head);
  const std::string linked = answer.header("x-linked-etag");
  if (linked.empty() && (answer.fault != HttpFault::none || answer.status != 200)) fail_answer(id, file.path, answer);
  HubFile out = file;
  out.tag = plain_tag(linked.empty() ? answer.header("etag") : linked);
  out.size = number(answer.header(linked.empty() ? "content-length" : "x-linked-size"));
  const auto good = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; };
  if (!is_plain_name(out.tag) || out.tag.size() > 200 || !std::ranges::all_of(out.tag, good))
    fail({shown_address(head.url), fmt::format("the entity tag \"{:.80}\"", out.tag),
          "letters, digits, '-', '_' and '.'", "Check HF_ENDPOINT"},
         ErrorCode::data_loss);
  return out;
}

void HubClient::download(const HubId& id, const std::string& commit, const HubFile& file, const fs::path& path,
                         const std::function<void(std::uint64_t)>& got) {
  PartFile part(path);
  if (file.size && part.size() > *file.size) part.cut(0);
  bool has_old = part.size() > 0;
  const HashKind kind = hash_kind(file.tag);
  const std::string where = fmt::format("{} of {} on {}", file.path, id.text(), shown_endpoint_);
  for (int failures = 0;;) {
    bool whole = file.size && part.size() == *file.size;
    if (!whole) {
      const std::uint64_t before = part.size();
      bool too_long = false;
      HttpRequest wanted = request(address(id, commit, file.path));
      wanted.begin = before;
      bool first = true;
      wanted.take = [&](long status, const auto& headers, std::string_view piece) {
        if (std::exchange(first, false) && before > 0) {
          const auto range = headers.find("content-range");
          if (status != 206 || range == headers.end() || !is_part_from(range->second, before)) part.cut(0);
        }
        too_long = file.size && part.size() + piece.size() > *file.size;
        if (too_long || !part.write(piece)) return false;
        got(part.size());
        return true;
      };
      const HttpAnswer answer = http_.ask(wanted);
      if (answer.status != 0) reached_ = true;
      part.check();  // a full disk is nobody else's fault
      whole = answer.fault == HttpFault::none && is_whole(answer.status) && (!file.size || part.size() == *file.size);
      if (too_long || answer.status == 416) {
        part.cut(0);
      } else if (!whole) {
        const bool silent = answer.fault == HttpFault::unreachable && !reached_;
        if (silent || answer.fault == HttpFault::refused ||
            (answer.fault == HttpFault::none && !is_whole(answer.status) && !may_pass(answer.status)))
          fail_answer(id, file.path, answer);
      }
      if (!whole) {
        failures = part.size() > before ? 1 : failures + 1;
        if (failures >= settings_.tries)
          fail({where,
                too_long ? fmt::format("more bytes than the {} it is said to have", *file.size)
                         : fmt::format("{}; {} of {} bytes are here", said(answer), part.size(),
                                       file.size ? std::to_string(*file.size) : "an unknown number of"),
                file.size ? fmt::format("{} bytes", *file.size) : "the whole file",
                "Try again: it goes on from what is here"},
               ErrorCode::unavailable);
        wait(answer, failures);
        continue;
      }
    }
    part.sync();
    const std::string hash = hash_file(path, kind);
    if (kind == HashKind::none || hash == file.tag) return;
    part.cut(0);
    if (std::exchange(has_old, false)) {
      log_warning("hub", "{}: what was left of an earlier download did not belong to it; from the start", where);
      continue;
    }
    fail({where, fmt::format("the hash {} of what came", hash), file.tag,
          "The hub or what lies between is at fault: nothing of it was kept. Try again, or another HF_ENDPOINT"},
         ErrorCode::data_loss);
  }
}

}  // namespace welt
