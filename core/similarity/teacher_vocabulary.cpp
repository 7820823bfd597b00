// See teacher_vocabulary.h.
#include "core/similarity/teacher_vocabulary.h"

#include <welt/common/file_kind.h>
#include <welt/tokenizers/tokenizer.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"

namespace welt::similarity {
namespace {

using Json = nlohmann::json;
using Ids = std::map<std::string, std::int64_t, std::less<>>;

constexpr std::uintmax_t largest_tokenizer = 256 << 20;
constexpr std::size_t longest_match = 1000;  // bytes of a token that a pattern is tried on

// Of an object's text members; "" where there is none.
std::string text_at(const Json& object, const char* key) {
  const auto at = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

// The tokens of one "SpecialToken" of a template's `single`, first or last.
std::vector<std::string> template_tokens(const Json& post_processor, bool first) {
  const Json& single = post_processor.at("single");
  if (single.empty()) return {};
  const Json& piece = first ? single.front() : single.back();
  if (!piece.contains("SpecialToken")) return {};
  const Json& all = post_processor.at("special_tokens");
  const auto found = all.find(piece.at("SpecialToken").at("id").get<std::string>());
  return found == all.end() ? std::vector<std::string>() : found->at("tokens").get<std::vector<std::string>>();
}

// What stands before a text (first) or behind it.
std::vector<std::string> frame(const Json& file, bool first) {
  const auto at = file.find("post_processor");
  if (at == file.end() || at->is_null()) return {};
  const std::string type = text_at(*at, "type");
  if (type == "TemplateProcessing") return template_tokens(*at, first);
  if (type == "BertProcessing" || type == "RobertaProcessing")
    return {at->at(first ? "cls" : "sep").at(0).get<std::string>()};
  return {};
}

// Model and added tokens of a tokenizer.json, to be taken apart and put together again.
class TokenizerFile {
 public:
  TokenizerFile(Json file, const tokenizers::Tokenizer& read) : file_(std::move(file)) {
    for (const auto& [token, id] : read.vocabulary()) ids_.emplace(token, id);
  }

  const Ids& ids() const { return ids_; }
  std::vector<std::int64_t> ids_of(const std::vector<std::string>& tokens) const {
    std::vector<std::int64_t> out;
    for (const std::string& token : tokens) {
      const auto at = ids_.find(token);
      if (at == ids_.end())
        fail({.found = fmt::format("the post-processor names the token \"{}\"", token),
              .expected = "one of the vocabulary"},
             ErrorCode::data_loss);
      out.push_back(at->second);
    }
    return out;
  }

  std::vector<std::string> frame(bool first) const { return similarity::frame(file_, first); }

  // Added tokens that are for a text's frame, for training, or for talking: all but the unknown one and padding.
  std::set<std::string> framing() const {
    std::set<std::string> out;
    if (const auto added = file_.find("added_tokens"); added != file_.end() && !added->is_null())
      for (const Json& token : *added) out.insert(text_at(token, "content"));
    out.erase(unknown());
    if (const auto padding = file_.find("padding"); padding != file_.end()) out.erase(text_at(*padding, "pad_token"));
    return out;
  }

  std::string unknown() const {
    const Json& model = file_.at("model");
    if (!is_unigram()) return text_at(model, "unk_token");
    const auto at = model.find("unk_id");
    if (at == model.end() || !at->is_number_unsigned() || at->get<std::size_t>() >= model.at("vocab").size()) return "";
    return model.at("vocab")[at->get<std::size_t>()].at(0).get<std::string>();
  }

  // The same tokenizer with these tokens alone, whose ids are their places.
  std::string with(const std::vector<std::string>& kept) {
    Ids places;
    for (const std::string& token : kept) places.emplace(token, places.size());
    renumber_model(kept, places);
    renumber_added(places);
    file_["post_processor"] = nullptr;
    if (auto padding = file_.find("padding"); padding != file_.end() && padding->is_object()) {
      const auto at = places.find(text_at(*padding, "pad_token"));
      if (at == places.end())
        *padding = nullptr;
      else
        (*padding)["pad_id"] = at->second;
    }
    if (auto splitter = file_.find("pre_tokenizer"); splitter != file_.end()) put_space_in_front(*splitter);
    return json_text(file_);
  }

 private:
  bool is_unigram() const { return file_.at("model").at("vocab").is_array(); }

  void renumber_model(const std::vector<std::string>& kept, const Ids& places) {
    Json& model = file_["model"];
    if (is_unigram()) {
      const std::string unknown = this->unknown();
      std::map<std::string, Json> pieces;
      for (const Json& piece : model["vocab"]) pieces.emplace(piece.at(0).get<std::string>(), piece);
      Json vocabulary = Json::array();
      for (const std::string& token : kept) {  // an added token has no score: it is cut out before
        const auto piece = pieces.find(token);
        vocabulary.push_back(piece == pieces.end() ? Json::array({token, 0.0}) : piece->second);
      }
      model["vocab"] = std::move(vocabulary);
      const auto at = places.find(unknown);
      model["unk_id"] = at == places.end() ? Json() : Json(at->second);
      return;
    }
    Json vocabulary = Json::object();
    for (const std::string& token : kept) vocabulary[token] = places.at(token);
    model["vocab"] = std::move(vocabulary);
    if (model.contains("merges")) drop_merges(model["merges"], places);
  }

  // Those of and to a token that is gone.
  void drop_merges(Json& merges, const Ids& places) const {
    const auto gone = [&](const std::string& token) { return ids_.contains(token) && !places.contains(token); };
    Json left = Json::array();
    for (Json& merge : merges) {
      std::string one, other;
      if (merge.is_string()) {
        const auto text = merge.get<std::string>();
        one = text.substr(0, text.find(' ')), other = text.substr(one.size() + 1);
      } else {
        one = merge.at(0).get<std::string>(), other = merge.at(1).get<std::string>();
      }
      if (!gone(one) && !gone(other) && !gone(one + other)) left.push_back(std::move(merge));
    }
    merges = std::move(left);
  }

  void renumber_added(const Ids& places) {
    Json left = Json::array();
    if (const auto added = file_.find("added_tokens"); added != file_.end() && !added->is_null()) {
      for (Json& token : *added) {
        const auto at = places.find(text_at(token, "content"));
        if (at == places.end()) continue;
        token["id"] = at->second;
        left.push_back(std::move(token));
      }
    }
    file_["added_tokens"] = std::move(left);
  }

  // A static embedding's texts begin where a word does.
  static void put_space_in_front(Json& splitter) {
    if (!splitter.is_object()) return;
    if (text_at(splitter, "type") == "ByteLevel") splitter["add_prefix_space"] = true;
    if (const auto parts = splitter.find("pretokenizers"); parts != splitter.end())
      for (Json& part : *parts) put_space_in_front(part);
  }

  Json file_;
  Ids ids_;
};

std::regex expression_of(const std::string& remove) {
  try {
    return std::regex(remove, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    fail({.where = "the pattern of tokens to remove",
          .found = fmt::format("\"{}\" ({})", remove, error.what()),
          .expected = "a regular expression, as in ECMAScript"});
  }
}

TeacherVocabulary take_apart(const std::string& text, const std::string& remove) {
  const tokenizers::Tokenizer read(text, 0);  // tells by name what is no tokenizer.json, or not read here
  TokenizerFile file(parse_json<Json>(text), read);
  TeacherVocabulary out;
  out.before = file.ids_of(file.frame(true)), out.behind = file.ids_of(file.frame(false));
  const std::set<std::string> framing = file.framing();
  const std::regex pattern = expression_of(remove);
  const std::string unknown = file.unknown();
  std::vector<std::pair<std::int64_t, std::string>> kept;
  for (const auto& [token, id] : file.ids()) {
    const bool matches = !remove.empty() && token != unknown && token.size() <= longest_match &&
                         std::regex_search(token, pattern, std::regex_constants::match_continuous);
    if (!framing.contains(token) && !matches) kept.emplace_back(id, token);
  }
  if (kept.empty())
    fail({.found = "no token is left",
          .expected = "a vocabulary with tokens that are not removed",
          .mend = "Give another pattern of tokens to remove, or none"});
  std::ranges::sort(kept);
  for (auto& [id, token] : kept) {
    out.token_ids.push_back(id);
    out.tokens.push_back(std::move(token));
  }
  out.tokenizer = file.with(out.tokens);
  return out;
}

}  // namespace

TeacherVocabulary read_teacher_vocabulary(const std::filesystem::path& tokenizer, const std::string& remove) {
  std::error_code error;
  if (std::filesystem::file_size(tokenizer, error) > largest_tokenizer && !error)
    fail({.where = tokenizer.string(), .found = "a file of more than 256 MB", .expected = "a tokenizer.json"});
  const std::string text = read_file(tokenizer);
  refuse_other_kind(std::string_view(text).substr(0, file_head), tokenizer.string(), "a tokenizer.json");
  try {
    return take_apart(text, remove);
  } catch (const Error& refused) {
    throw Error(fmt::format("{}: {}", tokenizer.string(), refused.what()), refused.code());
  } catch (const std::exception& refused) {  // of the tokenizer's reader, or of JSON that is shaped otherwise
    fail({.where = tokenizer.string(), .found = refused.what(), .expected = "a tokenizer.json"}, ErrorCode::data_loss);
  }
}

}  // namespace welt::similarity
