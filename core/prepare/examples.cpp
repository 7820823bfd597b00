// See examples.h.
#include "core/prepare/examples.h"

#include <algorithm>
#include <span>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/text/python_text.h"

namespace welt {
namespace {

// As json.dumps(text, ensure_ascii=False) writes it.
void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, at - plain);
    plain = at + 1;
    constexpr std::string_view marks = "\n\r\t\b\f\"\\", letters = "nrtbf\"\\";
    if (const std::size_t mark = marks.find(text[at]); mark != std::string_view::npos)
      out += {'\\', letters[mark]};
    else
      out += fmt::format("\\u{:04x}", c);
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

std::int64_t code_points(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

}  // namespace

ExampleMaker::ExampleMaker(const PrepareOptions& options, const SplitFunction& split)
    : options_(options), split_(split), language_(", \"language\": ") {
  if (options.text_template) template_.emplace(*options.text_template);
  append_json_text(language_, options.language);
}

// `tail`: what follows the text in a line.
std::optional<std::string> ExampleMaker::text_of(const RawRow& row, std::string& tail) const {
  tail = language_;
  if (!template_ && !options_.id_column) return row_text(row, options_.text_column);
  const RowValue value = row_value(row);
  if (options_.id_column) {
    const auto id = value.find(*options_.id_column);
    if (id != value.end() && !id->is_null()) tail += ", \"id\": " + python_json(*id);
  }
  if (template_) {
    std::string text;
    with_context(row.where(), [&] { text = template_->format(value); });
    return text;
  }
  const auto text = value.find(options_.text_column);
  if (text == value.end()) {
    std::vector<std::string> known;
    for (const auto& [name, ignored] : value.items()) known.push_back(name);
    fail_no_field(row.where(), options_.text_column, known);
  }
  if (text->is_null()) return std::nullopt;
  if (!text->is_string())
    fail({row.where(), fmt::format("\"{}\" is a JSON {}", options_.text_column, text->type_name()), "a string"},
         ErrorCode::data_loss);
  return text->get<std::string>();
}

Example ExampleMaker::example(std::string_view text, const std::string& tail, std::int64_t words) const {
  Example out;
  out.units = options_.unit_type == "chars" ? code_points(text) : words;
  out.line.reserve(text.size() + tail.size() + 16);
  out.line = "{\"text\": ";
  append_json_text(out.line, text);
  out.line += tail;
  out.line += "}\n";
  return out;
}

PreparedRow ExampleMaker::make(const RawRow& row, bool only_hash) const {
  PreparedRow out;
  try {
    std::string tail;
    const std::optional<std::string> found = text_of(row, tail);
    out.is_empty = !found || found->empty();
    if (out.is_empty) return out;
    const std::string& text = *found;
    if (options_.dedup == "exact") out.hash = hash_text(text);
    if (only_hash && options_.dedup != "near") return out;
    std::vector<std::uint64_t> ends;
    with_context(row.where(), [&] { split_(text, ends); });
    if (options_.dedup == "near") out.sketch = sketch_text(text, ends);
    if (only_hash) return out;
    const auto words = static_cast<std::int64_t>(ends.size());
    if (!options_.max_seq_length) {
      out.examples.push_back(example(text, tail, words));
      return out;
    }
    const std::int64_t most = *options_.max_seq_length;
    for (std::int64_t first = 0; first < words; first += most) {
      const std::int64_t size = std::min(most, words - first);
      if (options_.drop_remainder && size < most) break;
      const std::uint64_t begin = first == 0 ? 0 : ends[first - 1];
      out.examples.push_back(example(std::string_view(text).substr(begin, ends[first + size - 1] - begin), tail, size));
    }
  } catch (...) {
    out.fault = std::current_exception();
  }
  return out;
}

}  // namespace welt
