// See word_cache.h.
#include "core/data/word_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "core/base/error.h"
#include "core/base/json.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "the file has numbers as they lie in memory");
static_assert(sizeof(Block) == 16);

constexpr std::string_view magic("welt words 1\n\0\0\0", 16), end_magic("weltwend");
constexpr std::uint64_t alignment = 64, trailer = 24;
constexpr std::uint64_t longest_index = std::uint64_t{1} << 30;
constexpr std::uint64_t most = std::uint64_t{1} << 50;  // of anything: no sum of sizes overflows
constexpr const char* counters[] = {"files",  "documents", "skipped",  "replaced",     "other_language",
                                    "kept",   "words",     "bytes",    "distinct",     "truncated",
                                    "blocks", "nested",    "unclosed", "without_start"};

// The figures under the names above.
std::vector<std::int64_t*> places(WordFigures& f) {
  return {&f.source.files,
          &f.source.documents,
          &f.source.skipped,
          &f.source.replaced,
          &f.source.other_language,
          &f.documents,
          &f.words,
          &f.bytes,
          &f.distinct,
          &f.truncated,
          &f.blocks,
          &f.faults.nested,
          &f.faults.unclosed,
          &f.faults.without_start};
}

// Goes on with the sum of what came before; only the last piece may have a size that is no multiple of 8. It finds
// damage, no malice.
std::uint64_t sum_on(std::uint64_t sum, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (std::size_t at = 0; at < size; at += 8) {
    std::uint64_t part = 0;
    std::memcpy(&part, bytes + at, std::min<std::size_t>(8, size - at));
    sum = std::rotl((sum ^ part) * 0x9E3779B97F4A7C15, 29);
  }
  return sum;
}

std::uint64_t rounded(std::uint64_t size, std::uint64_t to) { return (size + to - 1) / to * to; }

// A killed writer's file is of no use to anybody; a live one is written to all the time.
void remove_abandoned(const fs::path& folder) {
  std::error_code ignored;
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(".welt-") || !name.ends_with(".tmp")) continue;
    std::error_code error;
    const auto time = fs::last_write_time(at->path(), error);
    if (!error && fs::file_time_type::clock::now() - time > std::chrono::hours(1)) fs::remove(at->path(), error);
  }
}

fs::path in_clean_folder(const fs::path& file) {
  remove_abandoned(file.parent_path());
  return file;
}

// Part of a file, mapped from the page that it begins in.
struct Mapping {
  void* start = MAP_FAILED;
  std::size_t length = 0;
  const std::byte* data = nullptr;
  Mapping(int file, std::uint64_t offset, std::uint64_t size) {
    const std::uint64_t page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)), before = offset % page;
    length = static_cast<std::size_t>(size + before);
    start = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file, static_cast<off_t>(offset - before));
    if (start != MAP_FAILED) data = static_cast<const std::byte*>(start) + before;
  }
  ~Mapping() {
    if (start != MAP_FAILED) ::munmap(start, length);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
};

template <typename T>
std::span<const T> take(const std::byte*& at, std::uint64_t count) {
  const std::span<const T> list(reinterpret_cast<const T*>(at), static_cast<std::size_t>(count));
  at += rounded(count * sizeof(T), 8);
  return list;
}

// What is wrong with a window whose lists have the sizes that the index says; null: nothing.
const char* fault_of(const CorpusView& text) {
  const auto& [bytes, offsets, words, documents, blocks] = text;
  if (documents.front() != 0 || documents.back() != words.size()) return "its documents are not its words";
  for (std::size_t i = 1; i < documents.size(); ++i)
    if (documents[i] <= documents[i - 1]) return "a document has no words";
  if (offsets.front() != 0 || offsets.back() != static_cast<std::int64_t>(bytes.size()))
    return "its words are not its bytes";
  for (std::size_t i = 1; i < offsets.size(); ++i)
    if (offsets[i] < offsets[i - 1]) return "a word ends before it begins";
  if (offsets[1] != 0 || offsets[2] != 1 || bytes[0] != 0) return "it has no empty word";
  const auto distinct = static_cast<std::uint32_t>(offsets.size() - 1);
  if (std::ranges::any_of(words, [&](std::uint32_t word) { return word >= distinct; })) return "a word is not there";
  std::uint64_t free = 0;
  for (const Block& block : blocks) {
    if (block.first < free || block.last < block.first || block.last >= words.size()) return "a block is not there";
    free = block.last + 1;
  }
  return nullptr;
}

}  // namespace

void WordFigures::add(const Corpus& window) {
  documents += window.size();
  words += std::ssize(window.words) - window.size();
  bytes += window.bytes;
  distinct += window.store.size() - 2;  // without the empty word and NUL
  truncated += window.truncated_words;
  blocks += std::ssize(window.blocks);
  faults.nested += window.faults.nested;
  faults.unclosed += window.faults.unclosed;
  faults.without_start += window.faults.without_start;
}

WordCacheWriter::WordCacheWriter(const fs::path& file, std::string key)
    : file_(in_clean_folder(file)), key_(std::move(key)) {
  write(magic.data(), magic.size());
}

void WordCacheWriter::write(const void* data, std::size_t size) {
  static constexpr char zeros[alignment] = {};
  failed_ = true;
  file_.write(data, size);
  sum_ = sum_on(sum_, data, size);
  const std::uint64_t fill = rounded(size, 8) - size;
  if (fill > 0) file_.write(zeros, static_cast<std::size_t>(fill));
  at_ += size + fill;
  failed_ = false;
}

void WordCacheWriter::add(const Corpus& window) {
  const CorpusView text(window);
  static constexpr char zeros[alignment] = {};
  write(zeros, static_cast<std::size_t>(rounded(at_, alignment) - at_));
  const std::uint64_t offset = at_;
  sum_ = 0;
  write(text.documents.data(), text.documents.size_bytes());
  write(text.offsets.data(), text.offsets.size_bytes());
  write(text.blocks.data(), text.blocks.size_bytes());
  write(text.words.data(), text.words.size_bytes());
  write(text.bytes.data(), text.bytes.size_bytes());
  windows_.push_back({{"offset", offset},
                      {"documents", text.documents.size() - 1},
                      {"distinct", text.offsets.size() - 1},
                      {"blocks", text.blocks.size()},
                      {"words", text.words.size()},
                      {"bytes", text.bytes.size()},
                      {"sum", sum_}});
}

void WordCacheWriter::commit(const WordFigures& figures) {
  failed_ = true;
  WordFigures copy = figures;
  Json counted = Json::object();
  const std::vector<std::int64_t*> numbers = places(copy);
  for (std::size_t i = 0; i < numbers.size(); ++i) counted[counters[i]] = *numbers[i];
  const std::string index = json_text(Json{{"key", key_}, {"figures", counted}, {"windows", windows_}});
  const std::uint64_t end[] = {index.size(), sum_on(0, index.data(), index.size())};
  file_.write(index.data(), index.size());
  file_.write(end, sizeof end);
  file_.write(end_magic.data(), end_magic.size());
  file_.commit();
  failed_ = false;
}

std::uint64_t WordCache::Place::size() const {
  return (documents + 1) * 8 + (distinct + 1) * 8 + blocks * 16 + rounded(words * 4, 8) + rounded(bytes, 8);
}

void WordCache::damaged(const std::string& what) const {
  fail({name_, "a damaged word cache: " + what, {}, "Remove it"}, ErrorCode::data_loss);
}

std::string WordCache::read(std::uint64_t offset, std::size_t size) const {
  std::string out(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = ::pread(file_, out.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) damaged("it cannot be read");
    done += static_cast<std::size_t>(got);
  }
  return out;
}

std::shared_ptr<const WordCache> WordCache::open(const fs::path& file, const std::string& key) {
  std::shared_ptr<WordCache> cache(new WordCache(file.string()));  // the constructor is private
  cache->file_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (cache->file_ < 0)
    fail({file.string(), std::strerror(errno)}, errno == ENOENT ? ErrorCode::not_found : ErrorCode::data_loss);
  cache->read_index(key);
  return cache;
}

WordCache::~WordCache() {
  if (file_ >= 0) ::close(file_);
}

void WordCache::read_index(const std::string& key) {
  struct stat status {};
  if (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode)) damaged("it is no regular file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < magic.size() + trailer || size > most) damaged("its size");
  if (read(0, magic.size()) != magic) damaged("it begins with something else");
  const std::string end = read(size - trailer, trailer);
  std::uint64_t numbers[2];
  std::memcpy(numbers, end.data(), sizeof numbers);
  if (!end.ends_with(end_magic) || numbers[0] > std::min(size - trailer - magic.size(), longest_index))
    damaged("it has no end");
  const std::uint64_t index_at = size - trailer - numbers[0];
  const std::string text = read(index_at, static_cast<std::size_t>(numbers[0]));
  if (sum_on(0, text.data(), text.size()) != numbers[1]) damaged("the check sum of its index");
  try {
    read_index(parse_json(text), index_at, key);
  } catch (const Json::exception&) {
    damaged("its index");
  }
}

// Windows lie before `end`. at() throws for what is missing or of another type.
void WordCache::read_index(const Json& index, std::uint64_t end, const std::string& key) {
  const auto number = [&](const Json& json, const char* name) {
    const Json& value = json.at(name);
    if (!value.is_number_unsigned()) damaged(name);
    return value.get<std::uint64_t>();
  };
  if (index.at("key").get<std::string>() != key)
    fail({name_, "the words of another text or segmenter"}, ErrorCode::failed_precondition);
  const std::vector<std::int64_t*> figures = places(figures_);
  for (std::size_t i = 0; i < figures.size(); ++i)
    *figures[i] = static_cast<std::int64_t>(std::min(number(index.at("figures"), counters[i]), most));
  std::uint64_t documents = 0;
  for (const Json& window : index.at("windows")) {
    Place place{number(window, "offset"), number(window, "documents"), number(window, "distinct"),
                number(window, "blocks"), number(window, "words"),     number(window, "bytes"),
                number(window, "sum")};
    for (const std::uint64_t count : {place.documents, place.distinct, place.blocks, place.words, place.bytes})
      if (count > end) damaged("more of something than fits it");
    if (place.documents < 1 || place.distinct < 2 || place.distinct >= UINT32_MAX || place.bytes < 1)
      damaged("a window without documents");
    if (place.offset % alignment != 0 || place.offset > end || place.size() > end - place.offset)
      damaged("a window that is not in it");
    documents += place.documents;
    windows_.push_back(place);
  }
  if (windows_.empty() || documents != static_cast<std::uint64_t>(figures_.documents)) damaged("its documents");
}

WordWindow WordCache::window(std::size_t number) const {
  const Place& place = windows_.at(number);
  const auto map = std::make_shared<const Mapping>(file_, place.offset, place.size());
  if (map->data == nullptr) fail({name_, std::string("cannot be mapped: ") + std::strerror(errno)});
  // Bytes behind the last list are no part of its sum.
  const std::uint64_t size = place.size() - rounded(place.bytes, 8) + place.bytes;
  if (sum_on(0, map->data, static_cast<std::size_t>(size)) != place.sum) damaged("a check sum");
  const std::byte* at = map->data;
  CorpusView text;
  text.documents = take<std::uint64_t>(at, place.documents + 1);
  text.offsets = take<std::int64_t>(at, place.distinct + 1);
  text.blocks = take<Block>(at, place.blocks);
  text.words = take<std::uint32_t>(at, place.words);
  text.bytes = take<std::uint8_t>(at, place.bytes);
  if (const char* fault = fault_of(text)) damaged(fault);
  return {text, map};
}

}  // namespace welt
