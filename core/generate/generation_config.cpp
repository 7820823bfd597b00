// See generation_config.h.
#include "core/generate/generation_config.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/json_fields.h"

namespace welt {
namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(std::string_view name, const Json& value, std::string_view expected) {
  fail({fmt::format("options.{}", name), fmt::format("{:.80}", json_text(value)), std::string(expected), {}});
}

// Values of an object of options.
class Reader {
 public:
  explicit Reader(const Json& options) : options_(options) {
    if (!options.is_object()) fail({"options", std::string(options.type_name()), "an object", {}});
  }

  const Json* find(const char* name) const { return value_in(options_, name); }
  double number(const char* name, double fallback, double least, double most) const {
    const Json* value = find(name);
    if (!value) return fallback;
    if (!value->is_number() || !(value->get<double>() >= least && value->get<double>() <= most))
      refuse(name, *value, fmt::format("a number from {} to {}", least, most));
    return *value;
  }
  std::int64_t integer(const char* name, std::int64_t fallback, std::int64_t least) const {
    const Json* value = find(name);
    if (!value) return fallback;
    if (!is_integer_in(*value, least, 1'000'000))
      refuse(name, *value, fmt::format("an integer from {} to 1000000", least));
    return *value;
  }
  bool flag(const char* name) const {
    const Json* value = find(name);
    if (value && !value->is_boolean()) refuse(name, *value, "true or false");
    return value && value->get<bool>();
  }
  std::optional<ByteSet> bytes(const char* name) const {  // a byte or a list of them
    const Json* value = find(name);
    if (!value) return std::nullopt;
    ByteSet set;
    if (value->is_array())
      for (const Json& one : *value) set.set(byte_of(name, one));
    else
      set.set(byte_of(name, *value));
    return set;
  }
  std::vector<std::string> sequences(const char* name) const {
    std::vector<std::string> all;
    const Json* value = find(name);
    if (!value) return all;
    if (!value->is_array() || value->empty()) refuse(name, *value, "a list of byte sequences, not empty");
    for (const Json& one : *value) all.push_back(sequence_of(name, one));
    return all;
  }
  static std::string sequence_of(const char* name, const Json& value) {
    if (!value.is_array() || value.empty()) refuse(name, value, "a list of bytes, not empty");
    std::string sequence;
    for (const Json& byte : value) sequence.push_back(static_cast<char>(byte_of(name, byte)));
    return sequence;
  }
  static std::size_t byte_of(const char* name, const Json& value) {
    if (!is_integer_in(value, 0, 255)) refuse(name, value, "bytes, 0 to 255");
    return value;
  }

 private:
  const Json& options_;
};

// What transformers' generate, or the reference around it, fails at. `failing`: the value makes it fail.
void refuse_what_fails(const Reader& reader) {
  struct Failing {
    const char* name;
    bool (*fails)(const Json&);
    const char* expected;
  };
  const auto given = [](const Json&) { return true; };
  const auto on = [](const Json& value) { return value != Json(false); };
  const auto several = [](const Json& value) { return value != Json(1); };
  const Failing all[] = {
      {"num_return_sequences", several, "1: a word is decided before the next one starts"},
      {"return_dict_in_generate", on, "false"},
      {"penalty_alpha", on, "nothing: contrastive search is not known"},
      {"num_beam_groups", several, "1: diverse beams are not known"},
      {"low_memory", on, "false"},
      {"prompt_lookup_num_tokens", given, "nothing"},
      {"guidance_scale", several, "1"},
      {"force_words_ids", given, "nothing: constrained beams are not known"},
      {"constraints", given, "nothing: constrained beams are not known"},
      {"dola_layers", given, "nothing"},
      {"token_healing", on, "false"},
      {"assistant_early_exit", given, "nothing"},
  };
  for (const Failing& one : all)
    if (const Json* value = reader.find(one.name); value && one.fails(*value)) refuse(one.name, *value, one.expected);
}

ByteRules read_rules(const Reader& reader) {
  ByteRules rules;
  rules.repetition_penalty = reader.number("repetition_penalty", 1, 0, 1e9);
  if (rules.repetition_penalty == 0) refuse("repetition_penalty", 0.0, "a number above 0");
  rules.no_repeat_ngram = std::max<std::int64_t>(0, reader.integer("no_repeat_ngram_size", 0, -1'000'000));
  rules.bad_words = reader.sequences("bad_words_ids");
  if (const Json* biases = reader.find("sequence_bias")) {
    if (!biases->is_array() || biases->empty()) refuse("sequence_bias", *biases, "a list of [bytes, bias], not empty");
    for (const Json& one : *biases) {
      if (!one.is_array() || one.size() != 2 || !one[1].is_number() || std::abs(one[1].get<double>()) > 1e9)
        refuse("sequence_bias", one, "[bytes, bias]");
      rules.sequence_bias.emplace_back(Reader::sequence_of("sequence_bias", one[0]), one[1].get<double>());
    }
  }
  rules.min_bytes = reader.integer("min_new_tokens", 0, 0);
  if (!reader.find("min_new_tokens")) rules.min_length = reader.integer("min_length", 0, 0);
  if (const auto byte = reader.find("forced_bos_token_id"))
    rules.forced_second = static_cast<std::uint8_t>(Reader::byte_of("forced_bos_token_id", *byte));
  rules.forced_last = reader.bytes("forced_eos_token_id");
  if (const Json* growth = reader.find("exponential_decay_length_penalty")) {
    if (!growth->is_array() || growth->size() != 2 || !growth->at(0).is_number_integer() ||
        std::abs(growth->at(0).get<double>()) > 1e9 || !growth->at(1).is_number() ||
        !(growth->at(1).get<double>() > 0 && growth->at(1).get<double>() < 1e9))
      refuse("exponential_decay_length_penalty", *growth, "[bytes, factor]");
    rules.end_growth = {growth->at(0).get<std::int64_t>(), growth->at(1).get<double>()};
  }
  rules.suppressed = reader.bytes("suppress_tokens").value_or(ByteSet());
  rules.suppressed_first = reader.bytes("begin_suppress_tokens").value_or(ByteSet());
  rules.finite_only = reader.flag("remove_invalid_values");
  rules.renormalise = reader.flag("renormalize_logits");
  if (const auto ends = reader.bytes("eos_token_id"); ends && ends->any()) rules.ends = *ends;
  return rules;
}

SamplingOptions read_filters(const Reader& reader, std::int64_t top_k) {
  SamplingOptions sampling;
  sampling.temperature = reader.number("temperature", 1, 0, 1e6);
  sampling.top_k = reader.integer("top_k", top_k, 0);
  // 0 keeps as few as may be, which the least number above it does, too.
  sampling.top_p = std::max(reader.number("top_p", 1, 0, 1), std::numeric_limits<double>::min());
  sampling.min_p = reader.number("min_p", 0, 0, 1);
  sampling.typical_p = reader.number("typical_p", 1, 0, 1);
  sampling.epsilon_cutoff = reader.number("epsilon_cutoff", 0, 0, 1);
  sampling.eta_cutoff = reader.number("eta_cutoff", 0, 0, 1);
  return sampling;
}

BeamOptions read_beams(const Reader& reader) {
  BeamOptions beams;
  beams.beams = reader.integer("num_beams", 1, 1);
  beams.length_penalty = reader.number("length_penalty", 1, -1e6, 1e6);
  if (const Json* early = reader.find("early_stopping")) {
    if (*early != Json("never") && !early->is_boolean()) refuse("early_stopping", *early, "true, false or \"never\"");
    beams.early_stopping = *early == Json("never") ? EarlyStopping::never
                           : *early == Json(true)  ? EarlyStopping::yes
                                                   : EarlyStopping::no;
  }
  return beams;
}

std::vector<std::string> read_stops(const Reader& reader) {
  std::vector<std::string> stops;
  const Json* value = reader.find("stop_strings");
  if (!value) return stops;
  for (const Json& one : value->is_array() ? *value : Json::array({*value})) {
    if (!one.is_string() || one.get_ref<const std::string&>().empty())
      refuse("stop_strings", *value, "texts that are not empty");
    stops.push_back(one);
  }
  return stops;
}

std::uint8_t first_end(const Reader& reader) {
  const Json* ends = reader.find("eos_token_id");
  if (!ends || (ends->is_array() && ends->empty())) return eos_byte;
  return static_cast<std::uint8_t>(Reader::byte_of("eos_token_id", ends->is_array() ? ends->front() : *ends));
}

}  // namespace

GenerateOptions step_config(const Json& options) {
  const Reader reader(options);
  GenerateOptions read;
  read.rules = read_rules(reader);
  read.sampling = read_filters(reader, 0);
  read.max_bytes = reader.integer("max_new_tokens", 0, 1);
  read.sampling.check();
  return read;
}

GenerateOptions generation_config(const Json& options) {
  const Reader reader(options);
  refuse_what_fails(reader);
  GenerateOptions read;
  read.reference_compatible = true;
  read.rules = read_rules(reader);
  if (reader.flag("do_sample")) read.sampling = read_filters(reader, 50);
  read.beams = read_beams(reader);
  read.max_bytes = reader.integer("max_new_tokens", 0, 1);
  read.stop = read_stops(reader);
  if (const Json* pad = reader.find("pad_token_id"))
    read.pad = static_cast<std::uint8_t>(Reader::byte_of("pad_token_id", *pad));
  // Behind the beams of rows that are done stands the first end byte where the pad is 0.
  if (read.beams.beams > 1 && read.pad == pad_byte) read.pad = first_end(reader);
  return read;
}

}  // namespace welt
