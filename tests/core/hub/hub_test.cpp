// Downloads from a hub on this machine: what is whole, what is cut, what lies, and what is refused.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <thread>

#include "core/base/file.h"
#include "core/data/dataset_folder.h"
#include "core/hub/git_hash.h"
#include "core/hub/hub_fetch.h"
#include "core/hub/hub_shelf.h"
#include "core/hub/hub_store.h"
#include "tests/core/base/temp_folder.h"
#include "tests/core/hub/local_hub.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::Asked;
using test::LocalHub;
using test::Reply;

// With a cache of its own and nothing of the user's.
class Hub : public testing::Test {
 protected:
  Hub() {
    for (const char* name : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_TOKEN",
                             "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME",
                             "HF_HUB_DISABLE_IMPLICIT_TOKEN", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"})
      ::unsetenv(name);
    ::setenv("HOME", folder_.path().c_str(), 1);
    ::setenv("HF_HUB_CACHE", (folder_ / "cache").c_str(), 1);
    ::setenv("HF_ENDPOINT", hub_.address().c_str(), 1);
    try {
      HttpClient client;
    } catch (const Error& error) {
      skipped_ = error.what();
    }
  }
  void SetUp() override {
    if (skipped_.empty()) return;
    ASSERT_EQ(std::getenv("CI"), nullptr) << skipped_ << " scripts/setup.sh installs what is missing";
    GTEST_SKIP() << skipped_;
  }

  static HubSettings quick() {
    HubSettings out = HubSettings::from_environment();
    out.first_wait = std::chrono::milliseconds(1);
    out.stall_seconds = 1;
    return out;
  }
  static HubFetched get(const std::string& name, const std::string& kind = "models") {
    HubClient client(quick());
    const HubId id = hub_id(name, kind).value();
    return hub_fetch(client, id, client.list(id), [](std::string_view) { return true; });
  }
  fs::path repository() const { return folder_ / "cache/models--org--name"; }
  // Files of any name below the blobs that are whole, or that a download has left.
  std::vector<std::string> blobs() const {
    std::vector<std::string> out;
    std::error_code error;
    for (fs::directory_iterator at(repository() / "blobs", error), end; !error && at != end; at.increment(error))
      out.push_back(at->path().filename().string());
    return out;
  }

  const test::TempFolder folder_;
  LocalHub hub_;
  std::string skipped_;
  const std::string large_ = [] {
    std::string out;
    for (int i = 0; i < 200000; ++i) out += static_cast<char>(i * 31 + i / 7);
    return out;
  }();
};

TEST(GitHash, IsGitsOwnNameOfAFile) {
  const test::TempFolder folder;  // git hash-object
  EXPECT_EQ(hash_file(folder.put("a", "what is up, doc?"), HashKind::git), "bd9dbf5aae1a3862dd1526723246b20206e5fc37");
  EXPECT_EQ(hash_file(folder.put("b", ""), HashKind::git), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(hash_kind(std::string(64, 'a')), HashKind::sha256);
  EXPECT_EQ(hash_kind(std::string(40, 'A')), HashKind::none);
}

TEST(HubAddress, IsShownWithoutPasswordsAndSignatures) {
  EXPECT_EQ(shown_address("https://huggingface.co/org/name"), "https://huggingface.co/org/name");
  EXPECT_EQ(shown_address("https://user:pass@host:80/a"), "https://***@host:80/a");
  EXPECT_EQ(shown_address("https://user:pa/s@s@host/a"), "https://***@host/a");
  EXPECT_EQ(shown_address("https://cdn/a?X-Amz-Signature=s3cret&token=t"), "https://cdn/a?***");
  EXPECT_EQ(shown_address("https://host/a#s3cret"), "https://host/a?***");
  EXPECT_EQ(shown_address("nothing"), "nothing");
}

TEST(HubId, NamesAndRevisions) {
  EXPECT_EQ(hub_id("org/name@refs/pr/1", "models")->revision, "refs/pr/1");
  EXPECT_EQ(hub_id("name", "models")->text(), "name");
  for (const char* bad : {"../name", "org/name@", "org/name@../x", "org/name@a//b", "org/name@a b", "a/b/c", ""})
    EXPECT_FALSE(hub_id(bad, "models")) << bad;
}

TEST_F(Hub, FilesLieWhereTheHubsOwnToolsKeepThem) {
  hub_.put("models/org/name", "config.json", {.content = "{}"});
  hub_.put("models/org/name", "sub/dir/model.safetensors", {.content = large_, .large = true});
  const HubFetched got = get("org/name");
  EXPECT_EQ(got.downloaded, 2);
  EXPECT_EQ(read_file(repository() / "refs/main"), hub_.commit);
  EXPECT_EQ(got.folder, repository() / "snapshots" / hub_.commit);
  EXPECT_EQ(read_file(got.folder / "sub/dir/model.safetensors"), large_);
  EXPECT_EQ(fs::read_symlink(got.folder / "sub/dir/model.safetensors"), "../../../../blobs/" + sha256(large_));
  EXPECT_EQ(fs::read_symlink(got.folder / "config.json"), "../../blobs/9e26dfeeb6e641a33dae4961196235bdb965b21b");
  EXPECT_EQ(get("org/name").downloaded, 0);
  EXPECT_EQ(hub_.count("/resolve/"), 3) << "of the large one also where the hub sends to";
}

TEST_F(Hub, AListingWithoutTagsIsFilledByTheHeadersOfEachFile) {
  hub_.lists_tags = false;
  hub_.put("models/org/name", "model.safetensors", {.content = large_, .large = true});
  hub_.put("models/org/name", "a b/ü.txt", {.content = "x"});
  hub_.alter = [](const Asked& asked, int, Reply& reply) {  // the place that keeps large files signs a GET only
    if (asked.method == "HEAD" && asked.path.starts_with("/elsewhere/")) reply = {.status = 403};
  };
  // The test's hub keeps paths as they come, escaped.
  hub_.put("models/org/name", "a%20b/%C3%BC.txt", {.content = "x"});
  HubClient client(quick());
  const HubId id = hub_id("org/name", "models").value();
  const HubFetched got = hub_fetch(client, id, client.list(id), [](std::string_view path) { return path[1] != '%'; });
  EXPECT_EQ(read_file(got.folder / "model.safetensors"), large_);
  EXPECT_EQ(read_file(got.folder / "a b/ü.txt"), "x");
}

TEST_F(Hub, ADownloadThatIsCutGoesOnWhereItWas) {
  hub_.put("models/org/name", "model.safetensors", {.content = large_, .large = true});
  hub_.alter = [](const Asked& asked, int, Reply& reply) {
    if (asked.path.starts_with("/elsewhere/")) reply.cut_after = 60000;
  };
  EXPECT_EQ(read_file(get("org/name").folder / "model.safetensors"), large_);
  EXPECT_EQ(hub_.asked().back().headers.at("range"), "bytes=180000-");
  EXPECT_EQ(blobs().size(), 1U);
}

TEST_F(Hub, ARunThatWasKilledIsGoneOnWithByTheNext) {
  hub_.put("models/org/name", "model.safetensors", {.content = large_, .large = true});
  const fs::path part = repository() / "blobs" / (sha256(large_) + ".incomplete");
  fs::create_directories(part.parent_path());
  write_file(part, large_.substr(0, 150000));
  EXPECT_EQ(read_file(get("org/name").folder / "model.safetensors"), large_);
  EXPECT_EQ(hub_.asked().back().headers.at("range"), "bytes=150000-");
  EXPECT_FALSE(fs::exists(part));
}

TEST_F(Hub, APartOfSomethingElseIsThrownAway) {
  hub_.put("models/org/name", "model.safetensors", {.content = large_, .large = true});
  const fs::path part = repository() / "blobs" / (sha256(large_) + ".incomplete");
  fs::create_directories(part.parent_path());
  write_file(part, std::string(150000, 'x'));
  EXPECT_EQ(read_file(get("org/name").folder / "model.safetensors"), large_);
}

TEST_F(Hub, AServerWithoutRangesIsReadFromTheStart) {
  hub_.put("models/org/name", "model.safetensors", {.content = large_, .large = true});
  hub_.alter = [this](const Asked& asked, int count, Reply& reply) {
    if (!asked.path.starts_with("/elsewhere/")) return;
    reply = {.body = large_};
    if (count == 0) reply.cut_after = 50000;
  };
  EXPECT_EQ(read_file(get("org/name").folder / "model.safetensors"), large_);
}

TEST_F(Hub, AWrongHashIsRefusedAndNothingIsKept) {
  for (const bool is_large : {true, false}) {
    hub_.put("models/org/name", "model.safetensors", {.content = large_, .large = is_large});
    hub_.alter = [](const Asked& asked, int, Reply& reply) {
      if (asked.path.find("/resolve/") != std::string::npos && !reply.body.empty()) reply.body[100] ^= 1;
    };
    EXPECT_CONTAINS(test::error_of([] { get("org/name"); }), "hash");
    EXPECT_FALSE(fs::exists(repository() / "snapshots" / hub_.commit / "model.safetensors"));
    EXPECT_FALSE(fs::exists(repository() / "refs/main"));
    for (const std::string& blob : blobs()) EXPECT_EQ(fs::file_size(repository() / "blobs" / blob), 0U) << blob;
  }
}

TEST_F(Hub, LengthsThatLieAreErrors) {
  hub_.put("models/org/name", "model.safetensors", {.content = large_, .large = true});
  for (const std::string& said : {std::string("100000"), std::string("300000")}) {  // bytes too few, and never enough
    hub_.alter = [&](const Asked& asked, int, Reply& reply) {
      if (asked.path.starts_with("/elsewhere/"))
        reply.body.resize(100000), reply.said_length = said, reply.status = 200;
    };
    EXPECT_CONTAINS(test::error_of([] { get("org/name"); }), "expected 200000 bytes");
  }
  hub_.alter = [&](const Asked& asked, int, Reply& reply) {
    if (asked.path.starts_with("/elsewhere/")) reply = {.body = large_ + "more"};
  };
  EXPECT_CONTAINS(test::error_of([] { get("org/name"); }), "more bytes than the 200000");
}

TEST_F(Hub, TooManyRequestsAreAnsweredByPatience) {
  hub_.put("models/org/name", "config.json", {.content = "{}"});
  hub_.alter = [](const Asked&, int count, Reply& reply) {
    if (count == 0) reply = {.status = 429, .headers = {{"Retry-After", "0"}}};
    if (count == 1) reply = {.status = 503};
  };
  EXPECT_EQ(get("org/name").downloaded, 1);
  EXPECT_EQ(hub_.count("/api/"), 3);
  hub_.alter = [](const Asked&, int, Reply& reply) { reply = {.status = 429, .headers = {{"Retry-After", "9999"}}}; };
  EXPECT_CONTAINS(test::error_of([] { get("org/other"); }), "9999 s");
  hub_.alter = [](const Asked&, int, Reply& reply) { reply = {.status = 502}; };
  EXPECT_CONTAINS(test::error_of([] { get("org/other"); }), "502");
  EXPECT_EQ(hub_.count("org/other"), 1 + 5);
}

TEST_F(Hub, ASlowLinkIsWaitedFor) {
  hub_.put("models/org/name", "model.safetensors", {.content = large_, .large = true});
  hub_.alter = [](const Asked& asked, int, Reply& reply) {
    if (asked.path.starts_with("/elsewhere/")) reply.pause_ms = 20;
  };
  EXPECT_EQ(read_file(get("org/name").folder / "model.safetensors"), large_);
  EXPECT_EQ(hub_.count("/elsewhere/"), 1);
}

TEST_F(Hub, TheTokenGoesToTheHubAndNowhereElse) {
  hub_.put("models/org/name", "model.safetensors", {.content = large_, .large = true});
  LocalHub other;
  other.put("models/org/name", "model.safetensors", {.content = large_, .large = true});
  hub_.alter = [&](const Asked& asked, int, Reply& reply) {
    if (reply.status == 302) reply.headers["Location"] = other.address() + "/elsewhere" + asked.path;
  };
  const fs::path file = folder_.put("token", "hf_secret\n");
  ::setenv("HF_TOKEN_PATH", file.c_str(), 1);
  get("org/name");
  EXPECT_EQ(hub_.asked().back().headers.at("authorization"), "Bearer hf_secret");
  EXPECT_FALSE(other.asked().back().headers.contains("authorization"));
  ::setenv("HF_TOKEN", "two\nlines", 1);
  EXPECT_CONTAINS(test::error_of([] { get("org/name"); }), "HF_TOKEN");
}

TEST_F(Hub, RefusalsSayWhatToDo) {
  hub_.put("models/org/name", "config.json", {.content = "{}"});
  get("org/name");
  EXPECT_CONTAINS(test::error_of([] { get("org/nam"); }), "on this machine there is org/name");
  const auto answers = [&](int status, const char* code) {
    hub_.alter = [=](const Asked&, int, Reply& reply) {
      reply = {.status = status, .headers = {{"X-Error-Code", code}}};
    };
    return test::error_of([] { get("org/name@v2"); });
  };
  EXPECT_CONTAINS(answers(401, "RepoNotFound"), "HF_TOKEN");
  EXPECT_CONTAINS(answers(403, "GatedRepo"), "Accept its conditions at " + hub_.address() + "/org/name");
  EXPECT_CONTAINS(answers(401, "GatedRepo"), "Accept its conditions at");
  EXPECT_CONTAINS(answers(404, "RevisionNotFound"), "no revision \"v2\"");
  ::setenv("HF_ENDPOINT", "http://127.0.0.1:1", 1);
  EXPECT_CONTAINS(test::error_of([] { get("org/name"); }), "cannot be reached");
  for (const char* endpoint : {"http://user:s3cret@127.0.0.1:1", "ftp://user:s3cret@x"}) {
    ::setenv("HF_ENDPOINT", endpoint, 1);
    const std::string message = test::error_of([] { get("org/name"); });
    EXPECT_CONTAINS(message, "HF_ENDPOINT");
    EXPECT_EQ(message.find("s3cret"), std::string::npos) << message;
  }
  ::setenv("HF_ENDPOINT", hub_.address().c_str(), 1);
  ::setenv("HF_HUB_OFFLINE", "1", 1);
  EXPECT_CONTAINS(test::error_of([] { get("org/name"); }), "HF_HUB_OFFLINE");
}

TEST_F(Hub, NamesThatLeadOutOfTheCacheAreRefused) {
  for (const char* path : {"../../evil", "/etc/evil", "a/../../evil", "a//b", ""}) {
    hub_.alter = [&](const Asked& asked, int, Reply& reply) {
      if (asked.path.starts_with("/api/"))
        reply = {.body = R"({"sha": "abc", "siblings": [{"rfilename": ")" + std::string(path) + R"("}]})"};
    };
    EXPECT_CONTAINS(test::error_of([] { get("org/name"); }), "leads out") << path;
  }
  hub_.alter = [](const Asked&, int, Reply& reply) { reply = {.body = R"({"sha": "../../x", "siblings": []})"}; };
  EXPECT_CONTAINS(test::error_of([] { get("org/name"); }), "commit");
  hub_.alter = [](const Asked&, int, Reply& reply) { reply = {.body = "<html>"}; };
  EXPECT_CONTAINS(test::error_of([] { get("org/name"); }), "not a hub's list of files");
  hub_.lists_tags = false;
  hub_.put("models/org/name", "config.json", {.content = "{}"});
  hub_.alter = [](const Asked& asked, int, Reply& reply) {
    if (asked.method == "HEAD") reply.headers["ETag"] = "\"../../x\"";
  };
  EXPECT_CONTAINS(test::error_of([] { get("org/name"); }), "entity tag");
}

TEST_F(Hub, TwoAtOnceDownloadOnce) {
  hub_.put("models/org/name", "model.safetensors", {.content = large_, .large = true});
  hub_.alter = [](const Asked& asked, int, Reply& reply) {
    if (asked.path.starts_with("/elsewhere/")) reply.pause_ms = 10;
  };
  std::thread other([] { get("org/name"); });
  get("org/name");
  other.join();
  EXPECT_EQ(hub_.count("/elsewhere/"), 1);
}

TEST_F(Hub, OfADataSetTheFilesOfTheSplitAreDownloaded) {
  const std::string card = "---\nconfigs:\n- config_name: default\n  data_dir: d\n---\n";
  hub_.put("datasets/org/texts", "README.md", {.content = card});
  for (const char* file : {"train-00000-of-00002.jsonl", "train-00001-of-00002.jsonl", "test-00000-of-00001.jsonl"})
    hub_.put("datasets/org/texts", std::string("d/data/") + file, {.content = "{\"text\": \"a\"}\n", .large = true});
  hub_.put("datasets/org/texts", "d/picture.png", {.content = "x"});
  const DatasetFiles got = find_dataset_files("org/texts", {}, "train");
  ASSERT_EQ(got.files.size(), 2U);
  EXPECT_EQ(read_file(got.files[1]), "{\"text\": \"a\"}\n");
  EXPECT_EQ(hub_.count("test-"), 0);
  const int before = static_cast<int>(hub_.asked().size());
  find_dataset_files("org/texts", {}, "train");
  EXPECT_EQ(static_cast<int>(hub_.asked().size()), before) << "what is there is not asked for again";
  fs::remove(got.files[0]);  // a snapshot that is half filled
  ::setenv("HF_HUB_OFFLINE", "1", 1);
  EXPECT_CONTAINS(test::error_of([] { find_dataset_files("org/texts", {}, "train"); }), "train-00000-of-00002.jsonl");
  ::unsetenv("HF_HUB_OFFLINE");
  EXPECT_EQ(find_dataset_files("org/texts", {}, "train").files.size(), 2U);
  EXPECT_CONTAINS(test::error_of([] { find_dataset_files("org/texs", {}, "train"); }), "org/texts");
}

TEST_F(Hub, WhatAnotherCacheHasBegunIsCompletedThere) {
  hub_.put("models/org/name", "config.json", {.content = "{}"});
  hub_.put("models/org/name", "model.safetensors", {.content = large_, .large = true});
  const fs::path snapshot = folder_ / "home/hub/models--org--name/snapshots" / hub_.commit;
  folder_.put((snapshot / "config.json").lexically_relative(folder_.path()).string(), "{}");
  ::setenv("HF_HOME", (folder_ / "home").c_str(), 1);
  const HubFetched got = get("org/name");
  EXPECT_EQ(got.folder, snapshot);
  EXPECT_EQ(got.downloaded, 1);
  EXPECT_EQ(read_file(snapshot / "model.safetensors"), large_);
  EXPECT_FALSE(fs::exists(repository()));
  ::unsetenv("HF_HOME");
}

TEST_F(Hub, TheShelfIsListedVerifiedAndCleared) {
  hub_.put("models/org/name", "config.json", {.content = "{}"});
  hub_.put("models/org/name", "model.safetensors", {.content = large_, .large = true});
  get("org/name");
  hub_.put("models/org/name", "config.json", {.content = "{\"a\": 1}"});
  const std::string first = hub_.commit;
  hub_.commit = std::string(40, 'b');
  get("org/name");
  std::vector<CachedRepository> shelf = cached_repositories();
  ASSERT_EQ(shelf.size(), 1U);
  ASSERT_EQ(shelf[0].revisions.size(), 2U);
  EXPECT_TRUE(shelf[0].revisions[0].names.empty());
  EXPECT_EQ(shelf[0].revisions[1].names, std::vector<std::string>{"main"});
  EXPECT_TRUE(verify_cached(shelf[0], [](std::uint64_t) {}).empty());
  EXPECT_EQ(remove_cached(shelf[0], first, true).files, 1) << "the weights are the other's too";
  remove_cached(shelf[0], first, false);
  EXPECT_FALSE(fs::exists(repository() / "snapshots" / first));
  std::ofstream(repository() / "blobs" / sha256(large_), std::ios::app) << "x";
  shelf = cached_repositories();
  const std::vector<CacheFinding> found = verify_cached(shelf[0], [](std::uint64_t) {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].level, "fail");
  EXPECT_CONTAINS(found[0].path.string(), "model.safetensors");
  get("org/name");  // its size is wrong, so it is fetched again
  EXPECT_TRUE(verify_cached(cached_repositories()[0], [](std::uint64_t) {}).empty());
  remove_cached(cached_repositories()[0], "", false);
  EXPECT_TRUE(cached_repositories().empty());
}

}  // namespace
}  // namespace welt
