// The component under a conformance test, in one of its LibTorch roles: made small, fed with random rows or images.
//
// Everything goes through TensorComponent, the host's own way to call a plugin; what it refuses is the test's failure.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/conformance/trial.h"
#include "core/tensor/tensor_component.h"

namespace welt::conformance {

inline bool is_image_role(std::string_view role) { return role == "welt.image_encoder/1"; }

// The configuration that tests use: the author's (--config), else the preset "nano" or the plugin's first, else the
// schema's defaults.
nlohmann::json config_of(Trial& trial, const ComponentType& type);

class Specimen {
 public:
  // In float64 where the component converts itself, else float32. Weights are random, the same for the same seed.
  Specimen(Trial& trial, const ComponentType& type, std::string_view role);
  // In float32; `init`: WELT_INIT_…; weights of another `draw` are others.
  Specimen(Trial& trial, const ComponentType& type, std::string_view role, std::uint32_t init, std::uint64_t draw = 0);

  Trial& trial() const { return trial_; }
  const ComponentType& type() const { return component_->type(); }
  const std::string& role() const { return role_; }
  TensorComponent& component() { return *component_; }
  bool is_image() const { return is_image_role(role_); }
  bool offers(std::string_view interface) const;
  // WELT_ATTENTION_CAUSAL for latents, decoders and encoders made of causal models.
  std::uint32_t kind() const;
  at::ScalarType dtype() const { return dtype_; }
  // Largest difference that rounding explains, relative to the values' size.
  double tolerance() const { return dtype_ == at::kDouble ? 1e-9 : 1e-4; }

  at::Tensor random(at::IntArrayRef shape);                                             // normal numbers
  at::Tensor rows(std::int64_t count, std::int64_t length);                             // [N,T,E]
  at::Tensor images(std::int64_t count, std::int64_t high = 1, std::int64_t wide = 3);  // [N,C,H,W], sizes in patches
  std::int64_t limited(std::int64_t length);                                            // at most max_positions

  // One call that must succeed; its name goes into messages.
  at::Tensor run(const RowsView& rows, AttentionView attention = {}, const at::Tensor& positions = {},
                 Cache* cache = nullptr);
  at::Tensor run(const at::Tensor& dense, AttentionView attention = {}, const at::Tensor& positions = {},
                 Cache* cache = nullptr) {
    return run(RowsView{dense, {}}, std::move(attention), positions, cache);
  }
  TensorComponent::Encoded encode(const at::Tensor& pixels, const at::Tensor& sizes = {}, bool want_hidden = false);
  Cache cache(std::int64_t batch, std::int64_t capacity, std::int64_t rollback = 0);
  // All that a call computes from an input (rows or images), as one row of numbers: hidden states, pooled vectors, what
  // the head is fed with, and the logits of a head of its own. Messages about that row blame the function that has
  // given the number in question.
  at::Tensor everything(const at::Tensor& input);
  struct Part {
    std::string function;  // "forward()"
    std::string what;      // "hidden"
    std::int64_t end;      // in the row
    at::ScalarType type;
  };
  const std::vector<Part>& parts() const { return parts_; }  // of the last everything()
  // A small input for everything(): rows [2,5,E] or images.
  at::Tensor input() { return is_image() ? images(2) : rows(2, limited(5)); }

  // Runs what belongs to the host or is refused by it; an Error is the test's failure, under `function`'s name.
  template <typename Body>
  auto must(std::string function, Body&& body) -> decltype(body()) {
    trial_.enter(std::move(function));
    try {
      return body();
    } catch (const Error& error) {
      trial_.fail({.seen = error.what(), .expected = "the call to succeed", .rule = ""});
    } catch (const c10::Error& error) {  // of the plugin's operators in a backward, where no fence stands around them
      trial_.fail({.seen = error.what_without_backtrace(), .expected = "the call to succeed", .rule = ""});
    }
  }
  // Runs what must be refused; returns the refusal. `what` was done wrong.
  Error refusal(std::string function, std::string_view what, const std::function<void()>& body);

  // Fails unless both are equal but for rounding. `what`: "the row alone and in a batch".
  void expect_equal(const at::Tensor& seen, const at::Tensor& expected, std::string_view what,
                    std::string_view rule) const;
  void expect_same(const at::Tensor& seen, const at::Tensor& expected, std::string_view what,
                   std::string_view rule) const;  // bit for bit
  void expect_finite(const at::Tensor& seen, std::string_view what) const;
  // A failure is that of the function which has given the first wrong number; none is wrong: as it was.
  void blame(const at::Tensor& wrong) const;  // BOOL, of the shape of what is looked at
  // Fails unless all parts() are of this dtype, which is that of input and weights, or of the other, where there is
  // one. `when`: "under autocast", or "".
  void expect_type(at::ScalarType type, std::string_view when, std::optional<at::ScalarType> other = {}) const;

 private:
  Specimen(Trial& trial, const ComponentType& type, std::string_view role, std::uint32_t init, std::uint64_t draw,
           bool exact);

  Trial& trial_;
  std::string role_;
  at::Generator generator_;
  std::optional<TensorComponent> component_;
  at::ScalarType dtype_ = at::kFloat;
  std::vector<Part> parts_;
};

// Runs `body` on every component in every LibTorch role it has among `roles`; skips the test where there is none.
using SpecimenBody = void (*)(Specimen&);
void for_each_specimen(Trial& trial, const std::vector<std::string>& roles, SpecimenBody body);

const std::vector<std::string>& row_roles();     // bytes encoder, latent transformer, decoder
const std::vector<std::string>& causal_roles();  // latent transformer, decoder
const std::vector<std::string>& tensor_roles();  // all four

// An entry of a test list whose body takes specimens.
template <SpecimenBody body, const std::vector<std::string>& (*roles)()>
Test specimen_test(std::string name, std::string description, std::string applies, std::vector<std::string> needs) {
  return {.name = std::move(name),
          .description = std::move(description),
          .applies = std::move(applies),
          .place = Place::component,
          .needs = std::move(needs),
          .roles = roles(),
          .body = [](Trial& trial) { for_each_specimen(trial, roles(), body); }};
}

}  // namespace welt::conformance
