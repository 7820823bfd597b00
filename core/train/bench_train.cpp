// See bench_train.h.
#include "core/train/bench_train.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "core/base/progress.h"
#include "core/base/resources.h"
#include "core/train/session.h"
#include "core/train/step_shares.h"
#include "core/train/stepper.h"

namespace welt {
namespace {

template <typename F>
double median(const std::vector<StepReport>& reports, F figure) {
  std::vector<double> values;
  for (const StepReport& report : reports) values.push_back(figure(report));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace

nlohmann::json bench_train(const Recipe& recipe, std::int64_t steps, std::int64_t warmup) {
  Session session = open_session(recipe, SessionUse::train);
  Stepper stepper(session.model, *session.train, stepper_options(recipe, session.micro_batches));
  Progress progress("bench", steps + warmup);
  std::vector<StepReport> reports;
  for (std::int64_t k = 1; k <= warmup + steps; ++k) {
    const StepReport report = stepper.step(k);
    if (k > warmup) reports.push_back(report);
    progress.update(k);
  }
  const auto total = [&](auto figure) {
    double sum = 0;
    for (const StepReport& report : reports) sum += static_cast<double>(figure(report));
    return sum;
  };
  const double words = total([](const StepReport&r) { return r.words; }),
               bytes = total([](const StepReport&r) { return r.bytes; }),
               slots = total([](const StepReport&r) { return r.slots; }),
               seconds = total([](const StepReport&r) { return r.total_seconds; }),
               encoder = total([](const StepReport&r) { return r.encoder_tokens; }),
               decoder = total([](const StepReport&r) { return r.decoder_tokens; }),
               computed_encoder = total([](const StepReport&r) { return r.passes.encoder_tokens; }),
               computed_decoder = total([](const StepReport&r) { return r.passes.decoder_tokens; }),
               padded_encoder = total([](const StepReport&r) { return r.padded_encoder_tokens; }),
               padded_decoder = total([](const StepReport&r) { return r.padded_decoder_tokens; });
  const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 1.0; };  // a byte_lm reads none
  const auto ms = [&](auto figure) { return 1e3 * median(reports, figure); };
  const std::int64_t peak_bytes = peak_memory();  // of the steps, not of what is timed below
  // One step more: watching the operators costs a little.
  OperatorWatch::Shares shares;
  double watched = 0;
  {
    const OperatorWatch watch;
    watched = stepper.step(warmup + steps + 1).total_seconds;
    shares = watch.shares();
  }
  const double rate = shares.product_flops / shares.product_seconds,
               step_rate = shares.product_flops / median(reports, [](const StepReport&r) { return r.total_seconds; }),
               peak = peak_product_rate(recipe.string("precision") == "fp32" ? at::kFloat : at::kBFloat16);
  return {
      {"precision", recipe.string("precision")},
      {"threads", at::get_num_threads()},
      {"steps", steps},
      {"parameters", session.model.parameter_count()},
      {"words_per_step", words / static_cast<double>(steps)},
      {"words_per_second", words / seconds},
      {"bytes_per_second", bytes / seconds},
      {"milliseconds",
       {{"step", ms([](const StepReport& r) { return r.total_seconds; })},
        {"data", ms([](const StepReport& r) { return r.data_seconds; })},
        {"encode", ms([](const StepReport& r) { return r.passes.encode; })},
        {"latent", ms([](const StepReport& r) { return r.passes.latent; })},
        {"decoder", ms([](const StepReport& r) { return r.passes.decoder; })},
        {"backward", ms([](const StepReport& r) { return r.passes.backward; })},
        {"optimizer", ms([](const StepReport& r) { return r.optimizer_seconds; })}}},
      {"products",
       {{"flops_per_step", shares.product_flops},
        {"share_of_step", shares.product_seconds / watched},
        {"flops_per_second", rate},
        {"peak_flops_per_second", peak},
        {"utilisation", step_rate / peak}}},
      {"attention", {{"share_of_step", shares.attention_seconds / watched}}},
      {"padding_share",
       {{"words", 1.0 - words / slots},
        {"encoder", 1.0 - share(encoder, computed_encoder)},
        {"decoder", 1.0 - share(decoder, computed_decoder)}}},
      {"computed_share_of_padded_batch",
       {{"encoder", share(computed_encoder, padded_encoder)}, {"decoder", share(computed_decoder, padded_decoder)}}},
      {"peak_memory_bytes", peak_bytes}};
}

}  // namespace welt
