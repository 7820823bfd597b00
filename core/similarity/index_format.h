// How an index of texts lies on the disk: a folder of segments, each a safetensors file of vectors and texts, and
// manifest.json, which names the segments that count. A segment never changes; what is added comes in new ones, and the
// manifest that names them takes the place of the old one last. So a kill at any instant leaves the index before or
// after. Used by text_index.h and index_writer.h.
//
// Both files are hostile until proven otherwise: names lead out of no folder, and no later read leaves a mapping.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace welt::similarity {

inline constexpr const char* manifest_name = "manifest.json";

struct IndexFacts {
  std::size_t dim = 0;
  std::string model, tokenizer;  // as they were named when it was made; empty: nothing was said
  std::string fingerprint;       // of the embedding: text_index.h
};

struct SegmentFile {
  std::string file;
  std::size_t texts = 0;
  bool operator==(const SegmentFile&) const = default;
};

struct Manifest {
  IndexFacts facts;
  std::uint64_t next = 1;  // the number of the next segment: no name is used twice
  std::vector<SegmentFile> segments;
};

// Throws Error: there is no index (not_found), or the file is no manifest of one (data_loss).
Manifest read_manifest(const std::filesystem::path& folder);
void write_manifest(const std::filesystem::path& folder, const Manifest& manifest);

std::string segment_name(std::uint64_t number);
bool is_segment_name(std::string_view name);

// A segment in its mapping.
struct Segment {
  std::filesystem::path path;
  std::size_t texts = 0, dim = 0, words = 0;
  const std::uint16_t* vectors = nullptr;  // [texts, dim] float16, of length 1 or 0
  const std::uint64_t* signs = nullptr;    // [texts, words]: bit i of a row is set where value i is above zero
  const std::int64_t* ends = nullptr;      // [texts]: of each text in `bytes`
  std::string_view bytes;
  std::shared_ptr<const void> mapping;

  // Throws Error where the file's ends lie outside it, or the text is not UTF-8.
  std::string_view text(std::size_t i) const;
};

// Throws Error naming file and tensor.
Segment open_segment(const std::filesystem::path& folder, const SegmentFile& file, std::size_t dim);

// Words of 64 bits for the signs of a row.
inline std::size_t sign_words(std::size_t dim) { return (dim + 63) / 64; }
void write_signs(const float* row, std::size_t dim, std::uint64_t* out);

// What a segment is made of.
struct SegmentRows {
  std::vector<std::uint16_t> vectors;
  std::vector<std::uint64_t> signs;
  std::vector<std::int64_t> ends;
  std::string bytes;
};
void write_segment(const std::filesystem::path& path, const SegmentRows& rows, std::size_t dim);

}  // namespace welt::similarity
