// See generate_lines.h.
#include "apps/welt/generate_lines.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "apps/welt/jsonl.h"
#include "core/base/error.h"
#include "core/generate/generation_config.h"

namespace welt {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::int64_t most_words = 1'000'000;

// The decoder's last norm, times a factor as long as this lives: so are all byte logits.
class ScaledLogits {
 public:
  ScaledLogits(WeltModel& model, double factor) {
    if (factor == 1) return;
    static constexpr const char* names[] = {"bytes_decoder.transformer.ln_f.weight",
                                            "bytes_decoder.transformer.ln_f.bias", "bytes_decoder.model.norm.weight",
                                            "bytes_decoder.gpt_neox.final_layer_norm.weight",
                                            "bytes_decoder.gpt_neox.final_layer_norm.bias"};
    const at::NoGradGuard no_grad;
    for (const ModelTensor& tensor : model.tensors()) {
      if (std::ranges::find(names, tensor.name) == std::end(names)) continue;
      kept_.emplace_back(tensor.tensor, tensor.tensor.detach().clone());
      kept_.back().first.mul_(factor);
    }
    if (kept_.empty())
      fail(
          {"the field \"logit_scale\"", fmt::format("{}, and a decoder whose last norm is not known", factor), "1", {}},
          ErrorCode::unimplemented);
  }
  ~ScaledLogits() {
    const at::NoGradGuard no_grad;
    for (auto& [tensor, before] : kept_) tensor.copy_(before);
  }
  ScaledLogits(const ScaledLogits&) = delete;
  ScaledLogits& operator=(const ScaledLogits&) = delete;

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> kept_;
};

double scale_of(const json& request) {
  const auto at = request.find("logit_scale");
  if (at == request.end() || at->is_null()) return 1;
  if (!at->is_number() || !std::isfinite(at->get<double>()))
    fail({"the field \"logit_scale\"", std::string(at->type_name()), "a finite number", {}});
  return *at;
}

json bytes_of(const std::string& text) {
  json bytes = json::array();
  for (const char byte : text) bytes.push_back(static_cast<std::uint8_t>(byte));
  return bytes;
}

// [word][row]: what each row wrote in each step, and what that scored.
json steps_of(const std::vector<Generated>& results, bool searched) {
  std::size_t steps = 0;
  for (const Generated& result : results) steps = std::max(steps, result.trace.size());
  json bytes = json::array(), scores = json::array();
  for (std::size_t step = 0; step < steps; ++step) {
    json row_bytes = json::array(), row_scores = json::array();
    for (const Generated& result : results) {
      if (step >= result.trace.size()) continue;
      const WordTrace& trace = result.trace[step];
      row_bytes.push_back(bytes_of(trace.bytes));
      row_scores.push_back(searched && !trace.scores.empty() ? json(trace.scores.front()) : json(trace.scores));
    }
    bytes.push_back(std::move(row_bytes));
    scores.push_back(std::move(row_scores));
  }
  return {{"bytes", std::move(bytes)}, {"scores", std::move(scores)}};
}

GenerateOptions options_of(const json& request, const GenerateOptions& defaults, bool byte_units) {
  const auto at = request.find("options");
  const json given = at == request.end() || at->is_null() ? json::object() : *at;
  GenerateOptions options = defaults;
  if (defaults.reference_compatible || !given.empty()) {
    options = generation_config(given);
    // The reference's loop over units knows no options at all.
    if (!byte_units) options = {.reference_compatible = true};
    options.reference_compatible = defaults.reference_compatible;
    options.sampling.seed = defaults.sampling.seed;
    if (options.beams.beams == 1) options.speculate = defaults.speculate;
  }
  options.words = integer_field(request, "max_generated_words", defaults.words);
  if (options.words < 0 || options.words > most_words)
    fail({"the field \"max_generated_words\"", std::to_string(options.words), fmt::format("0 to {}", most_words), {}});
  options.scores = byte_units;
  return options;
}

// Conversations: one, or a list of them.
std::vector<std::string> chat_prompts(const ordered_json& request, const ChatPrompts& chat) {
  const ordered_json& messages = request.at("messages");
  const auto tools = request.find("tools");
  const ordered_json list = messages.is_array() && !messages.empty() && messages.front().is_array()
                                ? messages
                                : ordered_json::array({messages});
  const bool escape = flag_field(request, "escape_control", false);
  std::vector<std::string> prompts;
  for (const ordered_json& said : list) {
    ordered_json conversation = chat.start();
    if (said.is_array())
      conversation.insert(conversation.end(), said.begin(), said.end());
    else
      conversation = said;  // refused by its reader, who says what it should be
    prompts.push_back(chat.text(conversation, tools == request.end() ? ordered_json() : *tools, escape));
  }
  return prompts;
}

json answer(WeltModel& model, Generator& generator, const ordered_json& ordered, const GenerateOptions& defaults,
            const ChatPrompts& chat) {
  const json request = ordered;
  GenerateOptions options = options_of(request, defaults, model.units().bytes() == 1);
  const bool messages = request.contains("messages");
  if (messages && request.contains("prompts"))
    fail({"the field \"messages\"", "\"prompts\" too", "one of the two", {}});
  if (messages) stop_at_message_end(options);
  const std::vector<std::string> prompts = messages ? chat_prompts(ordered, chat) : texts_field(request, "prompts");
  const ScaledLogits scaled(model, scale_of(request));
  const std::vector<Generated> results = generator.generate(prompts, options);
  json reply{{"texts", json::array()}};
  for (const Generated& result : results) {
    reply["texts"].push_back(result.text);
    if (messages) reply["messages"].push_back(json(assistant_message(result.text)));
  }
  if (options.scores) reply.update(steps_of(results, options.beams.beams > 1));
  return reply;
}

}  // namespace

void generate_lines(WeltModel& model, Generator& generator, const GenerateOptions& defaults, const ChatPrompts& chat) {
  answer_every_ordered_line(
      [&](const ordered_json& request) { return answer(model, generator, request, defaults, chat); });
}

}  // namespace welt
