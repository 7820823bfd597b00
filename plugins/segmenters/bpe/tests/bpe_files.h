// The golden tokenizers, variants of them, and texts to try them on.
#pragma once

#include <welt/abi/segmenter.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include <welt/tokenizers/tokenizer.h>
#include "core/base/utf8.h"
#include "core/plugin/registry.h"

namespace welt::test {

inline std::string golden_path(const std::string& name) { return std::string(WELT_TEST_DATA) + "/text/bpe/" + name; }

inline std::string golden_text(const std::string& name) {
  std::ifstream file(golden_path(name));
  return {std::istreambuf_iterator<char>(file), {}};
}

inline nlohmann::json golden_tokenizer(const std::string& name) {
  return nlohmann::json::parse(golden_text(name + ".json"));
}

// Each way in which a text may be cut: what is put in front, what splits, what is normalized, which tokens are added.
inline std::vector<std::pair<std::string, nlohmann::json>> variants() {
  using nlohmann::json;
  std::vector<std::pair<std::string, json>> out;
  const auto add = [&](const std::string& name, json tokenizer) { out.emplace_back(name, std::move(tokenizer)); };
  const json neox = golden_tokenizer("gpt-neox"), llama3 = golden_tokenizer("llama-3"),
             llama2 = golden_tokenizer("llama-2");
  add("gpt-neox", neox);
  add("llama-3", llama3);
  add("llama-2", llama2);
  json changed = neox;
  changed["pre_tokenizer"]["add_prefix_space"] = false;
  add("no prefix", changed);
  changed["pre_tokenizer"]["use_regex"] = false;
  add("bytes alone", changed);
  for (const char* scheme : {"always", "first", "never"}) {
    for (const bool split : {true, false}) {
      changed = llama2;
      changed["normalizer"] = nullptr;
      changed["pre_tokenizer"] = {
          {"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", scheme}, {"split", split}};
      add(std::string("Metaspace ") + scheme + (split ? " split" : ""), changed);
    }
  }
  for (const char* behavior : {"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"}) {
    for (const bool invert : {false, true}) {
      changed = llama3;
      auto& split = changed["pre_tokenizer"]["pretokenizers"][0];
      split["pattern"] = {{"Regex", "[\\s\\-.,]|'s"}};
      split["behavior"] = behavior;
      split["invert"] = invert;
      add(std::string(behavior) + (invert ? " inverted" : ""), changed);
    }
  }
  changed = llama3;
  changed["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "(?<=\\s)\\w+|^a|\\bthe\\b";
  add("look behind", changed);
  changed = neox;
  changed["normalizer"] = json::parse(R"({"type": "Sequence", "normalizers": [{"type": "NFKD"}, {"type": "Lowercase"},
      {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}]})");
  add("wide replacement", changed);
  for (const json& base : {neox, llama2}) {
    changed = base;
    const auto token = [&](const char* content, bool word, bool left, bool right, bool normalized) {
      changed["added_tokens"].push_back({{"id", 5000},
                                         {"content", content},
                                         {"single_word", word},
                                         {"lstrip", left},
                                         {"rstrip", right},
                                         {"normalized", normalized},
                                         {"special", false}});
    };
    token("<mask>", false, true, false, false);
    token("<x>", false, false, true, false);
    token("<x><y>", false, false, false, false);
    token("the", true, false, false, true);
    add(base == neox ? "added tokens" : "added tokens of llama-2", changed);
  }
  return out;
}

inline tokenizers::Tokenizer make_bpe(const nlohmann::json& tokenizer) {
  return tokenizers::Tokenizer(tokenizer.dump(), 1 << 20);
}

inline std::string random_text(std::mt19937& random, std::size_t parts) {
  static const std::vector<std::string> fragments = {"<|endoftext|>",
                                                     "<|begin_of_text|>",
                                                     "<s>",
                                                     "<mask>",
                                                     "<x>",
                                                     "<y>",
                                                     "the",
                                                     "'s",
                                                     "'LL",
                                                     "12345",
                                                     " ",
                                                     "  ",
                                                     "    ",
                                                     "\n",
                                                     "\r\n",
                                                     "\t",
                                                     "▁",
                                                     "word",
                                                     "-",
                                                     "e\u0301",
                                                     "\u0323",
                                                     "\u0301",
                                                     "日本",
                                                     "é",
                                                     "Å",
                                                     "👨‍👩‍👧",
                                                     ".",
                                                     ",",
                                                     " I'm",
                                                     "a",
                                                     "\x01",
                                                     "\u2028",
                                                     "각"};
  std::string text;
  for (std::size_t i = 0; i < parts; ++i) {
    if (random() % 4 != 0) {
      text += fragments[random() % fragments.size()];
    } else {
      char32_t c = static_cast<char32_t>(random() % (random() % 2 == 0 ? 0x3000 : 0x110000));
      if (c >= 0xD800 && c < 0xE000) c = ' ';
      append_utf8(text, c);
    }
  }
  return text;
}

// The built plugin as a component; it reads a golden file.
inline Component plugin_component(const std::string& tokenizer) {
  const ComponentType& type = Registry::instance().find("welt.segmenter/1", "bpe");
  const nlohmann::json config = {{"tokenizer", tokenizer}};
  return Component(type, ConfigView(type, config, true, "test"), WELT_INIT_NONE);
}

}  // namespace welt::test
