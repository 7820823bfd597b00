// `from = "…"` with weights: bodies of Hugging Face models as the start of a WeLT model's parts.
//
// A body is taken over whole. Of a token table (and, in an untied decoder, of the head and its bias) the first 256 rows
// become the byte table; rows that are missing keep their random start, and the bit projection stays 0. In a model of
// UTF-16 units or code points byte tables are narrower than any token table and start at random; the decoder's head
// takes the first rows of the other model's head, which may be its table.
#include <ATen/core/grad_mode.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/log.h"
#include "core/huggingface/hf_load.h"
#include "core/huggingface/hf_source.h"
#include "core/model/welt_model.h"

namespace welt {
namespace {

// Rows that both have; `into` keeps the rest.
void take_rows(at::Tensor into, const at::Tensor& from) {
  if (!into.defined() || !from.defined()) return;
  const at::NoGradGuard no_grad;
  const std::int64_t rows = std::min(into.size(0), from.size(0));
  into.narrow(0, 0, rows).copy_(from.narrow(0, 0, rows));
}

}  // namespace

void WeltModel::take_weights() {
  const auto wanted = [](const SlotSpec& slot) { return slot.type && !slot.weights_from.empty(); };
  const auto take = [this](TensorComponent& component, const SlotSpec& slot, const char* part) {
    return load_weights(component, HfSource::find(slot.weights_from).part(part).weights(),
                        {.dtype = dtype(), .requires_grad = true, .whole_vocabulary = false});
  };
  const auto tell = [](const SlotSpec& slot, LoadedWeights& loaded, const std::vector<std::string>& more = {}) {
    for (const std::string& name : more)
      if (!name.empty()) loaded.unused.push_back(name);
    if (!loaded.unused.empty())
      log_info("model", "{}: not used in this place: {}", slot.weights_from, fmt::join(loaded.unused, ", "));
    if (!loaded.initialized.empty())
      log_warning("model", "{}: not in the file, so they start at random: {}", slot.weights_from,
                  fmt::join(loaded.initialized, ", "));
  };
  // A byte table or head that the file has nothing for keeps its random start.
  const auto missing = [this](LoadedWeights& loaded, const TensorComponent& component, bool needs_head) {
    const Vocabulary& vocabulary = component.vocabulary();
    if (units().bytes() == 1 && !loaded.table.defined()) loaded.initialized.push_back(vocabulary.table_name);
    if (needs_head && !(vocabulary.tied ? loaded.table : loaded.head).defined())
      loaded.initialized.push_back(vocabulary.head_name);
  };
  // What is kept under another name than the table's: a tied head is the table.
  const auto own_head = [](const LoadedWeights& loaded) {
    return loaded.head_file_name == loaded.table_file_name ? std::string() : loaded.head_file_name;
  };

  if (wanted(spec_.image_encoder)) {
    LoadedWeights loaded = take(*image_encoder_, spec_.image_encoder, "image_encoder");
    tell(spec_.image_encoder, loaded);
  }
  if (wanted(spec_.bytes_encoder)) {
    LoadedWeights loaded = take(*bytes_encoder_, spec_.bytes_encoder, "bytes_encoder");
    if (encoder_table_ && units().bytes() == 1) take_rows(encoder_table_->base, loaded.table);
    std::vector<std::string> heads{own_head(loaded), loaded.head_bias_file_name};
    const std::string prefix = encoder_body();
    const auto outside = [&](const std::string& name) { return !name.starts_with(prefix); };
    for (std::size_t i = 0; i < loaded.file_names.size(); ++i)
      if (outside(bytes_encoder_->parameters()[i].name)) heads.push_back(loaded.file_names[i]);
    std::erase_if(loaded.initialized, outside);
    if (encoder_table_) missing(loaded, *bytes_encoder_, /*needs_head=*/false);
    tell(spec_.bytes_encoder, loaded, heads);
  }
  if (wanted(spec_.latent)) {
    LoadedWeights loaded = take(*latent_, spec_.latent, "latent_transformer");
    tell(spec_.latent, loaded, {loaded.table_file_name, own_head(loaded), loaded.head_bias_file_name});
  }
  if (wanted(spec_.decoder)) {
    LoadedWeights loaded = take(*decoder_, spec_.decoder, "bytes_decoder");
    if (units().bytes() == 1) take_rows(decoder_table_->base, loaded.table);
    take_rows(head_weight_, decoder_->vocabulary().tied ? loaded.table : loaded.head);
    take_rows(head_bias_, loaded.head_bias);
    missing(loaded, *decoder_, head_weight_.defined());
    tell(spec_.decoder, loaded);
  }
}

}  // namespace welt
