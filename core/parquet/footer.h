// What the end of a Parquet file says: the columns as a tree, and where each group of rows has its pages.
// Format: https://parquet.apache.org/docs/file-format/ (parquet.thrift).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/parquet/thrift.h"

namespace welt::parquet {

enum class Type { boolean = 0, int32 = 1, int64 = 2, int96 = 3, real32 = 4, real64 = 5, bytes = 6, fixed = 7 };

// What a value means beyond its type.
enum class Meaning { none, text, date, time, timestamp, decimal, uint, uuid, real16, list, map };

struct Node {
  std::string name;
  enum class Repetition { required = 0, optional = 1, repeated = 2 } repetition = Repetition::required;
  Type type = Type::boolean;  // of a leaf
  Meaning meaning = Meaning::none;
  std::int64_t size = 0;   // of a fixed value, in bytes
  std::int64_t scale = 0;  // of decimals; of times the units in a second (1000, 1000000, 1000000000)
  int max_definition = 0, max_repetition = 0;
  std::vector<Node> children;              // none: a leaf
  std::size_t first_leaf = 0, leaves = 1;  // columns below it
};

struct Chunk {  // of a column in a group of rows
  std::int64_t codec = 0, values = 0, begin = 0, size = 0;
};

struct RowGroup {
  std::int64_t rows = 0;
  std::vector<Chunk> chunks;  // by leaf
};

struct Footer {
  Node root;
  std::vector<const Node*> leaves;  // into root
  std::vector<RowGroup> groups;
  std::int64_t rows = 0;
  Footer() = default;
  Footer(const Footer&) = delete;
  Footer& operator=(const Footer&) = delete;
};

// `bytes`: the metadata between the data and the last eight bytes; `data_end`: where it begins. Throws Fault.
void read_footer(std::string_view bytes, std::uint64_t data_end, Footer& footer);

}  // namespace welt::parquet
