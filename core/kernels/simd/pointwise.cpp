// Activations with what stands beside them, each way in one pass: act(x + bias), act(gate) · up.
#include "core/kernels/kernel_table.h"
#include "numbers.h"

namespace welt::kernels::WELT_KERNELS {
namespace {

struct Value {
  Vec value, slope;
};

inline Vec logistic(Vec x) { return 1.0f / (1.0f + exponential(-x)); }

// tanh by its exponential where it is steep enough not to lose digits, by its series near 0.
inline Vec hyperbolic_tangent(Vec x) {
  const Vec square = x * x;
  const Vec near =
      x * (1.0f + square * (-1.0f / 3 + square * (2.0f / 15 + square * (-17.0f / 315 + square * (62.0f / 2835)))));
  const Vec far = 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f);
  return choose((x < 0.25f) & (x > -0.25f), near, far);
}

// erfc(t) · exp(t²) for t ≥ 0: u · P(u), u = 1 / (1 + t/2). P is our own least-maximum fit to values of 40 digits; in
// float32 the relative error is 1.1e-7 up to t = 10, where float32 has no erfc any more.
inline Vec scaled_complement(Vec t) {
  constexpr float coefficients[] = {0.0122838765f,  -0.123254687f, 0.428928405f, -0.670022488f, 0.421274275f,
                                    -0.0983176306f, 0.225541845f,  0.238644838f, 0.282857031f,  0.282064497f};
  const Vec u = 1.0f / (1.0f + 0.5f * t);
  Vec p = all(0);
  for (const float c : coefficients) p = p * u + c;
  return u * p;
}

struct Silu {
  static Value of(Vec x) {
    const Vec s = logistic(x);
    return {x * s, s * (1.0f + x * (1.0f - s))};
  }
};
struct QuickGelu {
  static Value of(Vec x) {
    const Vec s = logistic(1.702f * x);
    return {x * s, s * (1.0f + 1.702f * x * (1.0f - s))};
  }
};
struct Relu {
  static Value of(Vec x) {
    // NaN stays.
    return {choose(x < 0.0f, all(0), x), choose(x > 0.0f, all(1), all(0))};
  }
};
struct Gelu {  // x Φ(x)
  static Value of(Vec x) {
    const Vec t = choose(x < 0.0f, -x, x) * 0.70710678f, bell = exponential(-t * t);
    const Vec half = 0.5f * bell * scaled_complement(t);  // 1 − Φ(|x|)
    const Vec phi = choose(x < 0.0f, half, 1.0f - half);
    return {x * phi, phi + x * 0.39894228f * bell};
  }
};
struct GeluTanh {
  static Value of(Vec x) {
    const Vec inner = 0.79788456f * x * (1.0f + 0.044715f * x * x), t = hyperbolic_tangent(inner);
    const Vec slope = 0.79788456f * (1.0f + 3.0f * 0.044715f * x * x);
    return {0.5f * x * (1.0f + t), 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * slope};
  }
};

template <typename F>
inline void with_shape(Shape shape, F&& f) {
  switch (shape) {
    case Shape::silu:
      return f(Silu());
    case Shape::gelu:
      return f(Gelu());
    case Shape::gelu_tanh:
      return f(GeluTanh());
    case Shape::relu:
      return f(Relu());
    case Shape::quick_gelu:
      return f(QuickGelu());
  }
}

// f(first, count) for each vector of [0, n); the last may be shorter.
template <typename E, typename F>
inline void elements(int64_t n, F&& f) {
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    f([i](const E* from) { return load(from + i); }, [i](E* to, Vec value) { store(to + i, value); });
  if (i < n)
    f([i, n](const E* from) { return load_some(from + i, n - i); },
      [i, n](E* to, Vec value) { store_some(to + i, value, n - i); });
}

}  // namespace

void gated_forward(Number number, Shape shape, int64_t n, const void* gate, const void* up, void* out) {
  with_numbers(
      [&](auto e) {
        using E = decltype(e);
        with_shape(shape, [&](auto act) {
          elements<E>(n, [&](auto in, auto set) {
            set(static_cast<E*>(out), act.of(in(static_cast<const E*>(gate))).value * in(static_cast<const E*>(up)));
          });
        });
      },
      number);
}

void gated_backward(Number number, Shape shape, int64_t n, const void* gate, const void* up, const void* gradient,
                    void* gate_gradient, void* up_gradient) {
  with_numbers(
      [&](auto e) {
        using E = decltype(e);
        with_shape(shape, [&](auto act) {
          elements<E>(n, [&](auto in, auto set) {
            const Value a = act.of(in(static_cast<const E*>(gate)));
            const Vec g = in(static_cast<const E*>(gradient));
            set(static_cast<E*>(gate_gradient), g * in(static_cast<const E*>(up)) * a.slope);
            set(static_cast<E*>(up_gradient), g * a.value);
          });
        });
      },
      number);
}

void biased_forward(Number number, Shape shape, int64_t rows, int64_t width, const void* x, const float* bias,
                    void* out) {
  with_numbers(
      [&](auto e) {
        using E = decltype(e);
        with_shape(shape, [&](auto act) {
          for (int64_t row = 0; row < rows; ++row) {
            const E* from = static_cast<const E*>(x) + row * width;
            E* to = static_cast<E*>(out) + row * width;
            int64_t i = 0;
            for (; i + lanes <= width; i += lanes) store(to + i, act.of(load(from + i) + load(bias + i)).value);
            if (i < width)
              store_some(to + i, act.of(load_some(from + i, width - i) + load_some(bias + i, width - i)).value,
                         width - i);
          }
        });
      },
      number);
}

void biased_backward(Number number, Shape shape, int64_t rows, int64_t width, const void* x, const float* bias,
                     const void* gradient, void* x_gradient, float* bias_gradient) {
  with_numbers(
      [&](auto e) {
        using E = decltype(e);
        with_shape(shape, [&](auto act) {
          for (int64_t row = 0; row < rows; ++row) {
            const E *from = static_cast<const E*>(x) + row * width,
                    *of_out = static_cast<const E*>(gradient) + row * width;
            E* to = static_cast<E*>(x_gradient) + row * width;
            int64_t i = 0;
            for (; i + lanes <= width; i += lanes) {
              const Vec g = load(of_out + i) * act.of(load(from + i) + load(bias + i)).slope;
              store(to + i, g);
              store(bias_gradient + i, load(bias_gradient + i) + g);
            }
            if (i < width) {
              const int64_t rest = width - i;
              const Vec g =
                  load_some(of_out + i, rest) * act.of(load_some(from + i, rest) + load_some(bias + i, rest)).slope;
              store_some(to + i, g, rest);
              store_some(bias_gradient + i, load_some(bias_gradient + i, rest) + g, rest);
            }
          }
        });
      },
      number);
}

}  // namespace welt::kernels::WELT_KERNELS
