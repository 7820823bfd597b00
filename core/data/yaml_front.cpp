// See yaml_front.h.
#include "core/data/yaml_front.h"

#include <string>
#include <vector>

namespace welt {
namespace {

using nlohmann::json;

struct Line {
  std::size_t indent;
  std::string_view text;
};

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r"), text.size());
  const std::size_t end = text.find_last_not_of(" \t\r");
  return text.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin);
}

json scalar(std::string_view text, int depth = 0) {
  text = trimmed(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front())
    return std::string(text.substr(1, text.size() - 2));
  constexpr int deepest = 32;
  if (text.starts_with('[') && text.ends_with(']') && depth < deepest) {
    json list = json::array();
    std::string_view rest = text.substr(1, text.size() - 2);
    while (!trimmed(rest).empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      list.push_back(scalar(rest.substr(0, comma), depth + 1));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return list;
  }
  if (const std::size_t comment = text.find(" #"); comment != std::string_view::npos)
    text = trimmed(text.substr(0, comment));
  if (text == "true" || text == "false") return text == "true";
  return std::string(text);
}

// Where "key: value" is split; npos: it is no entry of a map.
std::size_t colon_of(std::string_view text) {
  if (text.starts_with('"') || text.starts_with('\'')) {
    const std::size_t close = text.find(text.front(), 1);
    return close != std::string_view::npos && text.substr(close + 1).starts_with(':') ? close + 1 : std::string::npos;
  }
  for (std::size_t at = text.find(':'); at != std::string_view::npos; at = text.find(':', at + 1))
    if (at + 1 == text.size() || text[at + 1] == ' ') return at;
  return std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(std::vector<Line> lines) : lines_(std::move(lines)) {}

  json block(std::size_t indent, int depth = 0) {
    constexpr int deepest = 32;
    if (at_ >= lines_.size() || depth > deepest) return nullptr;
    return is_item(lines_[at_].text) ? list(indent, depth) : map(indent, depth);
  }

 private:
  static bool is_item(std::string_view text) { return text == "-" || text.starts_with("- "); }

  json list(std::size_t indent, int depth) {
    json out = json::array();
    while (at_ < lines_.size() && lines_[at_].indent == indent && is_item(lines_[at_].text)) {
      const std::string_view rest = trimmed(lines_[at_].text.substr(1));
      if (rest.empty()) {
        ++at_;
        out.push_back(at_ < lines_.size() && lines_[at_].indent > indent ? block(lines_[at_].indent, depth + 1)
                                                                         : json());
      } else if (colon_of(rest) != std::string_view::npos) {
        // A map that begins on the line of its dash: as if the dash were a blank.
        const std::size_t inner = indent + static_cast<std::size_t>(rest.data() - lines_[at_].text.data());
        lines_[at_] = {inner, rest};
        out.push_back(map(inner, depth + 1));
      } else {
        out.push_back(scalar(rest));
        ++at_;
      }
    }
    return out;
  }

  json map(std::size_t indent, int depth) {
    json out = json::object();
    while (at_ < lines_.size() && lines_[at_].indent == indent && !is_item(lines_[at_].text)) {
      const std::string_view text = lines_[at_++].text;
      const std::size_t colon = colon_of(text);
      if (colon == std::string_view::npos) continue;
      const json key = scalar(text.substr(0, colon));
      const std::string_view value = trimmed(text.substr(colon + 1));
      json entry = value.empty() ? json() : scalar(value);
      if (value.empty() && at_ < lines_.size()) {
        const Line& next = lines_[at_];
        // A list may stand as far left as the key it belongs to.
        if (next.indent > indent || (next.indent == indent && is_item(next.text)))
          entry = block(next.indent, depth + 1);
      }
      if (key.is_string()) out[key.get<std::string>()] = std::move(entry);
      skip_deeper(indent);
    }
    return out;
  }

  void skip_deeper(std::size_t indent) {
    while (at_ < lines_.size() && lines_[at_].indent > indent) ++at_;
  }

  std::vector<Line> lines_;
  std::size_t at_ = 0;
};

}  // namespace

json yaml_front_matter(std::string_view readme) {
  if (readme.starts_with("\xEF\xBB\xBF")) readme.remove_prefix(3);
  std::vector<Line> lines;
  bool is_first = true, ended = false;
  while (!readme.empty() && !ended) {
    const std::size_t end = std::min(readme.find('\n'), readme.size());
    const std::string_view line = readme.substr(0, end);
    readme.remove_prefix(std::min(end + 1, readme.size()));
    const std::string_view text = trimmed(line);
    if (is_first && text != "---") return json::object();
    ended = !is_first && text == "---";
    if (!is_first && !ended && !text.empty() && text.front() != '#') lines.push_back({line.find(text.front()), text});
    is_first = false;
  }
  if (!ended || lines.empty()) return json::object();
  const std::size_t indent = lines.front().indent;
  json out = Reader(std::move(lines)).block(indent);
  return out.is_object() ? out : json::object();
}

}  // namespace welt
