// See throughput.h.
#include "core/train/throughput.h"

#include <fmt/format.h>

namespace welt {
namespace {

constexpr std::int64_t watched_steps = 3;
constexpr std::int64_t peak_side = 1024;  // 2 GFLOP a product: a tenth of a second for all of them on two cores

}  // namespace

Throughput::Throughput(const Recipe& recipe)
    : peak_(peak_product_rate(recipe.string("precision") == "fp32" ? at::kFloat : at::kBFloat16, peak_side)) {}

void Throughput::before() {
  if (steps_ < watched_steps) watch_.emplace();
}

void Throughput::after(const StepReport& report) {
  ++steps_;
  words_ += static_cast<double>(report.words);
  bytes_ += static_cast<double>(report.bytes);
  slots_ += static_cast<double>(report.slots);
  seconds_ += report.total_seconds;
  if (!watch_) return;
  watched_words_ += static_cast<double>(report.words);
  watched_flops_ += watch_->shares().product_flops;
  flops_per_word_ = watched_words_ > 0 ? watched_flops_ / watched_words_ : 0;
  watch_.reset();
}

nlohmann::json Throughput::figures(double words, double bytes, double slots, double seconds) const {
  if (seconds <= 0) return nlohmann::json::object();
  nlohmann::json out{{"words_per_second", words / seconds},
                     {"bytes_per_second", bytes / seconds},
                     {"padding_share", slots > 0 ? 1 - words / slots : 0}};
  if (flops_per_word_ > 0 && peak_ > 0) out["mfu"] = flops_per_word_ * words / seconds / peak_;
  return out;
}

nlohmann::json Throughput::of_step(const StepReport& report) const {
  return figures(static_cast<double>(report.words), static_cast<double>(report.bytes),
                 static_cast<double>(report.slots), report.total_seconds);
}

nlohmann::json Throughput::of_all() const {
  nlohmann::json out = figures(words_, bytes_, slots_, seconds_);
  if (!out.empty()) out["peak_flops_per_second"] = peak_;
  return out;
}

std::string Throughput::text(const nlohmann::json& figures, bool byte_lm) {
  if (figures.empty()) return {};
  std::string text =
      byte_lm ? std::string() : fmt::format("{:.0f} words/s, ", figures.at("words_per_second").get<double>());
  text += fmt::format("{:.1f} kB/s, {:.1f} % of {} slots empty", figures.at("bytes_per_second").get<double>() / 1e3,
                      100 * figures.at("padding_share").get<double>(), byte_lm ? "byte" : "word");
  if (figures.contains("mfu") && figures.contains("peak_flops_per_second"))
    text += fmt::format(", products at {:.1f} % of {:.0f} GFLOP/s", 100 * figures.at("mfu").get<double>(),
                        figures.at("peak_flops_per_second").get<double>() / 1e9);
  return text;
}

}  // namespace welt
