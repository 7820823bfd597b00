// See component_facts.h.
#include "core/tensor/component_facts.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/error.h"
#include "core/plugin/strings.h"

namespace welt {
namespace {

constexpr std::uint64_t most_parameters = 1u << 20, most_dimensions = 64;  // of tensors, that is LibTorch's limit

void check_name(const Component& component, std::string_view what, const std::string& name, std::string_view ending) {
  if (name.ends_with(ending)) return;
  fail({.where = fmt::format("plugin {}: its vocabulary", component.type().id),
        .found = fmt::format("{} \"{}\"", what, name),
        .expected = fmt::format("the name of a state dict that ends in \"{}\"", ending),
        .mend = "Tell the plugin's author"});
}

// Sets same_as, through ties of ties.
template <typename Refuse>
void resolve_ties(std::vector<NamedParameter>& parameters, const Refuse& refuse) {
  std::unordered_map<std::string_view, std::size_t> numbers;
  for (std::size_t i = 0; i < parameters.size(); ++i) numbers.emplace(parameters[i].name, i);
  for (NamedParameter& parameter : parameters) {
    std::size_t steps = 0;
    for (const NamedParameter* at = &parameter; !at->tied_to.empty(); at = &parameters[parameter.same_as]) {
      const auto found = numbers.find(at->tied_to);
      if (found == numbers.end())
        refuse(fmt::format("\"{}\" is tied to \"{}\", which is not there", at->name, at->tied_to),
               "the name of another parameter");
      if (++steps > parameters.size())
        refuse(fmt::format("\"{}\" is tied to itself", parameter.name), "a tie that ends at another parameter");
      parameter.same_as = found->second;
    }
    const NamedParameter& first = parameters[parameter.same_as];
    if (first.shape != parameter.shape)
      refuse(fmt::format("\"{}\" [{}] is tied to \"{}\" [{}]", parameter.name, fmt::join(parameter.shape, ", "),
                         first.name, fmt::join(first.shape, ", ")),
             "one shape under both names");
  }
}

}  // namespace

std::vector<NamedParameter> read_parameters(const Component& component, const welt_parameters_v1& table) {
  std::vector<NamedParameter> result;
  const std::uint64_t count = table.count(component.raw());
  const auto refuse = [&](std::string found, std::string_view expected) {
    fail({.where = fmt::format("plugin {}: its parameters", component.type().id),
          .found = std::move(found),
          .expected = std::string(expected),
          .mend = "Tell the plugin's author"},
         ErrorCode::failed_precondition);
  };
  if (count > most_parameters) refuse(fmt::format("there are {}", count), "a number that can be");
  result.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    welt_parameter_info info{};
    info.struct_size = sizeof info;
    CallError error;
    error.check(table.describe(component.raw(), i, &info, error.raw()),
                fmt::format("plugin {}: describing parameter {}", component.type().id, i));
    if (info.dims > most_dimensions || (info.dims > 0 && info.shape == nullptr))
      refuse(fmt::format("number {} has {} dimensions{}", i, info.dims, info.shape == nullptr ? " and no shape" : ""),
             fmt::format("a shape of at most {} dimensions", most_dimensions));
    if (view_of(info.name).empty()) refuse(fmt::format("number {} has no name", i), "its name in the state dict");
    result.push_back({.name = text_of(info.name),
                      .kind = info.kind,
                      .trainable = info.trainable != 0,
                      .decay = info.decay == WELT_DECAY_YES,
                      .optional_in_file = info.optional_in_file != 0,
                      .table = WELT_HAS(&info, table) && info.table != 0,
                      .shape = std::vector<std::int64_t>(info.shape, info.shape + info.dims),
                      .tied_to = text_of(info.tied_to),
                      .same_as = i});
  }
  resolve_ties(result, refuse);
  return result;
}

Vocabulary read_vocabulary(const Component& component, const welt_vocabulary_v1& table) {
  welt_vocabulary_info info{};
  info.struct_size = sizeof info;
  CallError error;
  error.check(table.describe(component.raw(), &info, error.raw()),
              fmt::format("plugin {}: describing its vocabulary", component.type().id));
  Vocabulary result{.base_prefix = text_of(info.base_prefix),
                    .table_name = text_of(info.table_name),
                    .head_name = text_of(info.head_name),
                    .head_bias_name = text_of(info.head_bias_name),
                    .width = info.width,
                    .vocab_size = info.vocab_size,
                    .padding_row = info.padding_row - 1,
                    .scale = info.scale == 0 ? 1.0 : info.scale,
                    .logit_softcap = info.logit_softcap,
                    .initializer_range = info.initializer_range == 0 ? 0.02 : info.initializer_range,
                    .tied = info.tied != 0,
                    .has_head_transform = WELT_HAS(&table, head_transform) && table.head_transform != nullptr,
                    .first_position = WELT_HAS(&info, first_position) ? info.first_position : 0};
  check_name(component, "token table", result.table_name, "weight");
  if (!result.head_name.empty()) check_name(component, "head", result.head_name, "weight");
  if (!result.head_bias_name.empty()) check_name(component, "head bias", result.head_bias_name, "bias");
  return result;
}

ImageEncoderInfo read_image_facts(const Component& component, const welt_image_encoder_v1& table) {
  welt_image_encoder_info info{};
  info.struct_size = sizeof info;
  CallError error;
  error.check(table.describe(component.raw(), &info, error.raw()),
              fmt::format("plugin {}: describing itself as an image encoder", component.type().id));
  const auto expect = [&](bool good, std::string_view what, auto found, std::string_view expected) {
    if (good) return;
    fail({.where = fmt::format("plugin {}: its description as an image encoder", component.type().id),
          .found = fmt::format("{} {}", what, found),
          .expected = std::string(expected),
          .mend = "Tell the plugin's author"});
  };
  ImageEncoderInfo facts{.base_prefix = text_of(info.base_prefix),
                         .width = info.width,
                         .channels = info.channels,
                         .patch_height = info.patch_height,
                         .patch_width = info.patch_width,
                         .minimum_height = std::max(info.minimum_height, info.patch_height),
                         .minimum_width = std::max(info.minimum_width, info.patch_width),
                         .ragged = info.images == WELT_IMAGES_RAGGED,
                         .has_pooler = info.has_pooler != 0,
                         .initializer_range = info.initializer_range == 0 ? 0.02 : info.initializer_range,
                         .scale = info.scale == 0 ? 1.0 / 255 : info.scale};
  expect(facts.width > 0, "width", facts.width, "at least 1");
  expect(facts.channels > 0 && facts.channels <= 4, "channels", facts.channels, "1 to 4");
  expect(facts.patch_height > 0, "patch_height", facts.patch_height, "at least 1");
  expect(facts.patch_width > 0, "patch_width", facts.patch_width, "at least 1");
  expect(facts.ragged || info.images == WELT_IMAGES_SAME_SHAPE, "images", info.images, "a WELT_IMAGES_… constant");
  expect(std::isfinite(facts.scale), "scale", facts.scale, "a finite number");
  for (std::size_t channel = 0; channel < facts.mean.size(); ++channel) {
    facts.mean[channel] = info.mean[channel];
    facts.deviation[channel] = info.deviation[channel] == 0 ? 1.0 : info.deviation[channel];
    expect(std::isfinite(facts.mean[channel]), "mean", facts.mean[channel], "a finite number");
    expect(std::isfinite(facts.deviation[channel]), "deviation", facts.deviation[channel], "a finite number");
  }
  return facts;
}

}  // namespace welt
