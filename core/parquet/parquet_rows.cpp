// See parquet_rows.h.
#include "core/parquet/parquet_rows.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/parquet/column.h"
#include "core/parquet/footer.h"
#include "core/parquet/json_text.h"

namespace welt {

namespace fs = std::filesystem;
// Of a row's text: the levels of a list may say in a few bytes that it has a billion nulls.
constexpr std::size_t largest_row = std::size_t{1} << 30;

using parquet::ColumnReader;
using parquet::Fault;
using parquet::Meaning;
using parquet::Node;

struct ParquetRows::State {
  explicit State(const fs::path& file_path) : path(file_path.string()), file(file_path) {}

  void open();
  void begin_group();
  void end_group();
  void value(const Node& node, std::string& out);
  void elements(const Node& node, const Node& element, std::string& out);
  void present(const Node& node, std::string& out);
  void map(const Node& entries, std::string& out);
  void pass_null(const Node& node);
  bool goes_on(const Node& repeated);
  ColumnReader& first(const Node& node) { return *columns[node.first_leaf]; }

  std::string path;
  parquet::PartsOfFile file;
  parquet::Footer footer;
  std::vector<std::unique_ptr<ColumnReader>> columns;  // of the group
  std::size_t group = 0;                               // the next one
  std::int64_t left = 0, row = 0;                      // rows of the group; rows so far
};

void ParquetRows::State::open() {
  constexpr std::uint64_t tail = 8, head = 4;
  if (file.size() < head + tail) throw Fault(fmt::format("its {} bytes are no Parquet file", file.size()));
  const std::string end = file.read(file.size() - tail, tail), begin = file.read(0, head);
  if (end.substr(4) == "PARE") throw Fault("it is encrypted");
  if (begin != "PAR1") throw Fault("it does not begin as a Parquet file does (PAR1)");
  if (end.substr(4) != "PAR1") throw Fault("it does not end as a Parquet file does (PAR1): cut off, or not finished");
  std::string_view digits = std::string_view(end).substr(0, 4);
  const std::uint64_t size = parquet::take_little_endian(digits, 4);
  if (size > file.size() - head - tail) throw Fault("its metadata is longer than the file");
  const std::uint64_t data_end = file.size() - tail - size;
  parquet::read_footer(file.read(data_end, size), data_end, footer);
  constexpr std::uint64_t rows_of_a_byte = 100000;  // more is a bomb, not a table
  if (static_cast<std::uint64_t>(footer.rows) / rows_of_a_byte > file.size())
    throw Fault(fmt::format("{} rows in {} bytes", footer.rows, file.size()));
}

void ParquetRows::State::begin_group() {
  const parquet::RowGroup& next = footer.groups[group++];
  columns.clear();
  for (std::size_t i = 0; i < next.chunks.size(); ++i)
    columns.push_back(std::make_unique<ColumnReader>(file, *footer.leaves[i], next.chunks[i]));
  left = next.rows;
}

void ParquetRows::State::end_group() {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (!columns[i]->ended())
      throw Fault(fmt::format("the column \"{}\" has more values than rows", footer.leaves[i]->name));
}

void ParquetRows::State::pass_null(const Node& node) {
  for (std::size_t i = 0; i < node.leaves; ++i) columns[node.first_leaf + i]->take();
}

bool ParquetRows::State::goes_on(const Node& repeated) {
  ColumnReader& column = first(repeated);
  return !column.ended() && column.repetition() == repeated.max_repetition;
}

void ParquetRows::State::value(const Node& node, std::string& out) {
  if (node.repetition == Node::Repetition::repeated) return elements(node, node, out);  // a list without the annotation
  if (node.repetition == Node::Repetition::optional && first(node).definition() < node.max_definition) {
    pass_null(node);
    out += "null";
    return;
  }
  present(node, out);
}

// Of the repeated `node`: what each repetition holds is `element`, the node itself or its only child.
void ParquetRows::State::elements(const Node& node, const Node& element, std::string& out) {
  out += '[';
  if (first(node).definition() < node.max_definition) {
    pass_null(node);
  } else {
    bool more = false;
    do {
      if (std::exchange(more, true)) out += ',';
      if (out.size() > largest_row) throw Fault(fmt::format("a row of more than {} bytes", largest_row));
      if (&element == &node)
        present(node, out);
      else
        value(element, out);
    } while (goes_on(node));
  }
  out += ']';
}

void ParquetRows::State::map(const Node& entries, std::string& out) {
  out += '{';
  if (first(entries).definition() < entries.max_definition) {
    pass_null(entries);
  } else {
    bool more = false;
    do {
      if (std::exchange(more, true)) out += ',';
      if (out.size() > largest_row) throw Fault(fmt::format("a row of more than {} bytes", largest_row));
      std::string key;
      value(entries.children[0], key);
      if (key.starts_with('"'))
        out += key;
      else
        parquet::put_text(key, out);
      out += ':';
      value(entries.children[1], out);
    } while (goes_on(entries));
  }
  out += '}';
}

void ParquetRows::State::present(const Node& node, std::string& out) {
  if (node.children.empty()) {
    ColumnReader& column = *columns[node.first_leaf];
    if (column.definition() != node.max_definition) throw Fault(fmt::format("\"{}\" lacks a value", node.name));
    return parquet::put_value(node, column.take(), out);
  }
  const Node& only = node.children.front();
  const bool holds_one = node.children.size() == 1 && only.repetition == Node::Repetition::repeated;
  if (holds_one && node.meaning == Meaning::list) {
    // Older writers leave the middle level out; the rules are those of Parquet's LogicalTypes.md.
    const bool is_element = only.children.size() != 1 || only.name == "array" || only.name == node.name + "_tuple";
    return elements(only, is_element ? only : only.children.front(), out);
  }
  if (holds_one && node.meaning == Meaning::map && only.children.size() == 2) return map(only, out);
  out += '{';
  for (const Node& child : node.children) {
    if (&child != &node.children.front()) out += ',';
    parquet::put_text(child.name, out);
    out += ':';
    value(child, out);
  }
  out += '}';
}

ParquetRows::ParquetRows(const fs::path& path) : state_(std::make_unique<State>(path)) {
  try {
    state_->open();
  } catch (const Fault& fault) {
    fail({path.string(), fault.what(), "a Parquet file", "Copy or download it again"}, ErrorCode::data_loss);
  }
}

ParquetRows::~ParquetRows() = default;

std::int64_t ParquetRows::rows() const { return state_->footer.rows; }

bool ParquetRows::next(std::string& row) {
  State& state = *state_;
  try {
    while (state.left == 0) {
      state.end_group();
      if (state.group == state.footer.groups.size()) return false;
      state.begin_group();
    }
    row.clear();
    state.present(state.footer.root, row);
    --state.left;
    ++state.row;
    return true;
  } catch (const Fault& fault) {
    fail({fmt::format("{}: row {}", state.path, state.row + 1), fault.what(), "rows of a Parquet file",
          "Copy or download it again, or write it with pyarrow's defaults"},
         ErrorCode::data_loss);
  }
}

}  // namespace welt
