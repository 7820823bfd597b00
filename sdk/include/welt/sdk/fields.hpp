// Settings: a configuration as a struct whose members say themselves which key they are, once.
//
//   struct Settings : sdk::Fields {
//     using Fields::Fields;
//     std::string architecture = classes({"LlamaForCausalLM", "LlamaModel"});
//     std::int64_t width = integer("hidden_size", 4096, "width D").range(1, 1 << 20);
//     std::int64_t heads = integer("num_attention_heads", 32, "query heads H").range(1, 1 << 16);
//     std::int64_t kv_heads = key_heads(heads);
//     std::int64_t head_width = head_dim(width, heads);
//     std::optional<std::int64_t> window = integer("sliding_window", sdk::null, "positions seen; null: all");
//     std::string activation = text("hidden_act", "silu", "activation of the gate").one_of(nn::activation_names());
//     std::vector<std::int64_t> depths = integers("depths", {2, 2, 6, 2}, "blocks of each stage");
//   };
//   sdk::schema_of<Settings>();     // the schema: keys in the order of the members
//   Settings settings(config);      // the values, checked; throws Failure naming the key
//
// Members are initialised in order, so one may depend on those before it. What only several members together can tell
// is checked in a constructor: explicit Settings(const sdk::Source& source) : Fields(source) { … }.
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <utility>
#include <welt/sdk/config.hpp>
#include <welt/sdk/schema.hpp>

namespace welt::sdk {
inline namespace v0_1 {

// A default of null, which is then allowed: the member is a std::optional.
struct Null {};
inline constexpr Null null{};

// What a settings struct is made from: a configuration that is read, or a record of its keys.
struct Record {
  Schema schema;
  std::vector<std::string> classes;
};
class Source {
 public:
  Source(const Config& config) : config_(config) {}
  explicit Source(Record& record) : config_(nullptr), record_(&record) {}

 private:
  friend class Fields;
  template <typename T>
  friend class Field;
  Source table(std::string_view name) const {
    Source inner = *this;
    inner.config_ = config_.table(name);
    return inner;
  }
  void add(Key key) const {
    key.name = config_.full(key.name);
    record_->schema.push_back(std::move(key));
  }
  Config config_;
  Record* record_ = nullptr;
};

// Another key and its value, for a check and its message.
struct Named {
  std::string_view key;
  std::int64_t value;
};

namespace detail {

template <typename T>
struct FieldTypes {
  using Plain = T;
  static constexpr bool optional = false;
};
template <typename T>
struct FieldTypes<std::optional<T>> {
  using Plain = T;
  static constexpr bool optional = true;
};

template <typename T>
std::optional<T> find(const Config& config, std::string_view key) {
  if constexpr (std::same_as<T, std::int64_t>)
    return config.find_int(key);
  else if constexpr (std::same_as<T, double>)
    return config.find_double(key);
  else if constexpr (std::same_as<T, bool>)
    return config.find_bool(key);
  else if constexpr (std::same_as<T, std::string>)
    return config.find_string(key);
  else if (!config.has(key))
    return std::nullopt;
  else if constexpr (std::same_as<T, std::vector<std::int64_t>>)
    return config.get_ints(key);
  else if constexpr (std::same_as<T, std::vector<double>>)
    return config.get_doubles(key);
  else
    return config.get_strings(key);
}

}  // namespace detail

// A key on its way into a member: what is said of it stands behind it, and the conversion records or reads it.
// T: std::int64_t, double, bool, std::string, a std::vector of one, or a std::optional of any of these.
template <typename T>
class [[nodiscard]] Field {
  using Plain = typename detail::FieldTypes<T>::Plain;
  static constexpr bool is_optional = detail::FieldTypes<T>::optional;

 public:
  Field(const Source& source, Key key, std::optional<Plain> fallback, std::string other = {}, Named whole = {})
      : source_(source),
        key_(std::move(key)),
        fallback_(std::move(fallback)),
        other_(std::move(other)),
        whole_(whole) {}

  // Of numbers, and of every number of a list.
  Field range(double low, double high) && { return key_.range(low, high), std::move(*this); }
  Field one_of(std::vector<std::string> values) && { return key_.choices = std::move(values), std::move(*this); }
  // No default: it must be given.
  Field required() && {
    key_ = std::move(key_).required();
    return fallback_.reset(), std::move(*this);
  }
  // null is allowed beside the default.
  Field<std::optional<Plain>> nullable() && {
    return {source_, std::move(key_).nullable(), std::move(fallback_), std::move(other_), whole_};
  }
  // No default, and absent from checkpoints where it is not given.
  Field<std::optional<Plain>> optional() && {
    return {source_, std::move(key_).optional(), std::nullopt, std::move(other_), whole_};
  }
  // A second spelling, which counts where both are given; of a required key, one of the two must be.
  Field or_key(std::string name) && { return other_ = std::move(name), std::move(*this); }
  // It must divide that number.
  Field dividing(Named whole) && { return whole_ = whole, std::move(*this); }

  operator T() && { return record_or_read(); }
  // Where it is null or absent: `other`, a value or a function that gives one.
  template <typename Other = Plain>
      Plain value_or(Other&& other) && requires is_optional {
    if (T value = record_or_read()) return *std::move(value);
    if constexpr (std::invocable<Other>)
      return std::forward<Other>(other)();
    else
      return static_cast<Plain>(std::forward<Other>(other));
  }
  // A key that exists and is served with one value only; `why` ends the message.
  void only(const Plain& value, std::string_view why) && requires std::same_as<Plain, bool> {
    const std::string name = source_.config_.full(key_.name);
    bool found = value;
    if constexpr (is_optional)
      found = std::move(*this).value_or(value);
    else
      found = record_or_read();
    if (found != value)
      throw invalid(name + " = " + (found ? "true" : "false") + " is not served; " + std::string(why), name);
  }

 private:
  T record_or_read() {
    if (source_.record_ == nullptr) return read();
    if (!other_.empty()) key_.flags &= ~WELT_CONFIG_REQUIRED;
    source_.add(key_);
    if (!other_.empty()) {
      Key second = key_;
      second.help = key_.name + "; counts where both are given", second.name = other_;
      second.flags = (second.flags & ~WELT_CONFIG_NULLABLE) | WELT_CONFIG_SPELLING;
      source_.add(std::move(second).optional());
    }
    if constexpr (is_optional)
      return fallback_;
    else
      return fallback_.value_or(Plain());
  }

  T read() const {
    const Config& config = source_.config_;
    const std::string& name = !other_.empty() && config.has(other_) ? other_ : key_.name;
    std::optional<Plain> value = detail::find<Plain>(config, name);
    if (value) check(name, *value);
    if constexpr (is_optional) {
      if (config.type(name) == WELT_VALUE_NULL) return std::nullopt;
      return value ? std::move(value) : fallback_;
    } else {
      return config.require(name, value ? std::move(value) : fallback_);
    }
  }

  void check(const std::string& name, const Plain& value) const {
    const std::string full = source_.config_.full(name);
    const auto refuse = [&](const std::string& found, const std::string& expected) {
      throw invalid("config key \"" + full + "\" is " + found + "; expected " + expected, full);
    };
    const auto check_number = [&](double number) {
      const bool ranged = key_.minimum != 0 || key_.maximum != 0;
      if (ranged && !(number >= key_.minimum && number <= key_.maximum))
        refuse(detail::shown(number), detail::shown(key_.minimum) + " to " + detail::shown(key_.maximum));
    };
    if constexpr (std::same_as<Plain, std::string>) {
      if (key_.choices.empty() || std::ranges::find(key_.choices, value) != key_.choices.end()) return;
      refuse("\"" + value + "\"", "one of: " + detail::listed(key_.choices));
    } else if constexpr (std::same_as<Plain, std::int64_t> || std::same_as<Plain, double>) {
      check_number(static_cast<double>(value));
    } else if constexpr (std::same_as<Plain, std::vector<std::int64_t>> || std::same_as<Plain, std::vector<double>>) {
      for (const auto item : value) check_number(static_cast<double>(item));
    }
    if constexpr (std::same_as<Plain, std::int64_t>) {
      if (!whole_.key.empty() && (value < 1 || whole_.value % value != 0)) {
        throw invalid(full + " (" + std::to_string(value) + ") must divide " + std::string(whole_.key) + " (" +
                          std::to_string(whole_.value) + ")",
                      full);
      }
    }
  }

  Source source_;
  Key key_;
  std::optional<Plain> fallback_;
  std::string other_;
  Named whole_{};
};

class Fields {
 public:
  explicit Fields(const Source& source) : source_(source) {}

  // Keys that are read together, by a function of their own: read(config). `while_recording` stands for its result.
  template <typename T, std::invocable<const Config&> Read>
  T custom(const Schema& keys, T while_recording, Read&& read) const {
    if (source_.record_ == nullptr) return std::forward<Read>(read)(source_.config_);
    for (const Key& key : keys) source_.add(key);
    return while_recording;
  }

 protected:
  Field<std::int64_t> integer(std::string name, std::int64_t value, std::string help) const {
    return {source_, sdk::integer(std::move(name), value, std::move(help)), value};
  }
  Field<std::optional<std::int64_t>> integer(std::string name, Null, std::string help) const {
    return {source_, sdk::integer(std::move(name), 0, std::move(help)).null_default(), std::nullopt};
  }
  Field<double> number(std::string name, double value, std::string help) const {
    return {source_, sdk::number(std::move(name), value, std::move(help)), value};
  }
  Field<std::optional<double>> number(std::string name, Null, std::string help) const {
    return {source_, sdk::number(std::move(name), 0, std::move(help)).null_default(), std::nullopt};
  }
  Field<bool> boolean(std::string name, bool value, std::string help) const {
    return {source_, sdk::boolean(std::move(name), value, std::move(help)), value};
  }
  Field<std::string> text(std::string name, const std::string& value, std::string help) const {
    return {source_, sdk::text(std::move(name), value, std::move(help)), value};
  }
  Field<std::optional<std::string>> text(std::string name, Null, std::string help) const {
    return {source_, sdk::text(std::move(name), "", std::move(help)).null_default(), std::nullopt};
  }
  Field<std::vector<std::int64_t>> integers(std::string name, std::vector<std::int64_t> value, std::string help) const {
    return list(std::move(name), std::move(value), std::move(help), [](auto item) { return std::to_string(item); });
  }
  Field<std::vector<double>> numbers(std::string name, std::vector<double> value, std::string help) const {
    return list(std::move(name), std::move(value), std::move(help), [](auto item) { return detail::shown(item); });
  }
  Field<std::vector<std::string>> texts(std::string name, std::vector<std::string> value, std::string help) const {
    return list(std::move(name), std::move(value), std::move(help), detail::json_text);
  }
  Field<std::optional<std::vector<std::int64_t>>> integers(std::string name, Null, std::string help) const {
    return {source_, sdk::list(std::move(name), std::move(help)), std::nullopt};
  }
  Field<std::optional<std::vector<double>>> numbers(std::string name, Null, std::string help) const {
    return {source_, sdk::list(std::move(name), std::move(help)), std::nullopt};
  }
  Field<std::optional<std::vector<std::string>>> texts(std::string name, Null, std::string help) const {
    return {source_, sdk::list(std::move(name), std::move(help)), std::nullopt};
  }

  // Keys of the class that change no result here: known, whatever they hold, and never looked at.
  void irrelevant(const std::vector<std::string>& names) const {
    if (source_.record_ == nullptr) return;
    for (const std::string& name : names) source_.add(sdk::irrelevant(name));
  }
  // A table whose keys are the members of T, itself a struct of Fields: those of `vision_config` of a class, say.
  template <std::derived_from<Fields> T>
  T table(std::string_view name) const {
    return T(source_.table(name));
  }
  // The same for a table that may be null or absent, and is so unless given.
  template <std::derived_from<Fields> T>
  std::optional<T> table(std::string name, std::string help) const {
    if (source_.record_ == nullptr) return source_.config_.has(name) ? std::optional<T>(table<T>(name)) : std::nullopt;
    source_.add(sdk::table(name, std::move(help)));
    static_cast<void>(table<T>(name));
    return std::nullopt;
  }
  // A number that counts for both, or a list of two: height and width. T is made of the two.
  template <typename T>
  T sides(std::string name, std::int64_t value, std::string help) const {
    constexpr std::int64_t largest = 1 << 16;
    return custom(
        {sdk::any(name, std::to_string(value), std::move(help)).range(1, largest)}, T{value, value},
        [&](const Config& config) {
          const std::vector<std::int64_t> both = config.type(name) == WELT_VALUE_LIST
                                                     ? config.get_ints(name)
                                                     : std::vector<std::int64_t>(2, config.get_int(name, value));
          const auto bad = [](std::int64_t side) { return side < 1 || side > largest; };
          if (both.size() != 2 || std::ranges::any_of(both, bad)) {
            const std::string full = config.full(name);
            throw invalid(full + " must be a number of pixels from 1 to 65536, or two: [height, width]", full);
          }
          return T{both[0], both[1]};
        });
  }
  // `architectures`: the class of the checkpoint, one of `served`; the first where none is given.
  std::string classes(std::vector<std::string> served) const {
    if (source_.record_ != nullptr) {
      std::string either;
      for (const std::string& name : served)
        either += (either.empty() ? "" : name == served.back() ? " or " : ", ") + name;
      source_.add(sdk::list("architectures", "class of the checkpoint: " + either));
      source_.record_->classes = served;
      return served.front();
    }
    std::string name = source_.config_.get_string("architectures.0", served.front());
    if (std::ranges::find(served, name) == served.end())
      throw invalid("class \"" + name + "\" is not served; known: " + detail::listed(served),
                    source_.config_.full("architectures"));
    return name;
  }
  // `num_key_value_heads`, which divide `heads`; as many where it is null, `usual` (none: as many) where it is absent.
  std::int64_t key_heads(std::int64_t heads, std::optional<std::int64_t> usual = {}) const {
    const std::string name = "num_key_value_heads", help = "key heads Hkv; null: as many as query heads";
    return (usual ? integer(name, *usual, help).nullable() : integer(name, null, help))
        .range(1, 1 << 16)
        .dividing({"num_attention_heads", heads})
        .value_or(heads);
  }
  // `head_dim`: the width of a head, where it is null `width` / `heads`.
  std::int64_t head_dim(std::int64_t width, std::int64_t heads) const {
    return integer("head_dim", null, "width of a head; null: hidden_size / num_attention_heads")
        .range(1, 1 << 20)
        .value_or([&] {
          return quotient({"hidden_size", width}, {"num_attention_heads", heads},
                          "give head_dim or change one of them");
        });
  }
  // `pad_token_id`: the row of the token table that gets no gradient, −1 where it is null. As in torch, −1 in a
  // configuration is the last row.
  template <typename Default>
  std::int64_t padding_row(Default value, std::int64_t rows) const {
    const std::optional<std::int64_t> row =
        integer("pad_token_id", value, "row of the table that gets no gradient; null: none").nullable();
    return row && *row < 0 ? *row + rows : row.value_or(-1);
  }
  // `whole` / `part`; throws Failure where something is left over.
  static std::int64_t quotient(Named whole, Named part, std::string_view mend = "change one of them") {
    if (whole.value % part.value != 0) {
      throw invalid(std::string(whole.key) + " (" + std::to_string(whole.value) + ") is not a multiple of " +
                        std::string(part.key) + " (" + std::to_string(part.value) + "); " + std::string(mend),
                    std::string(whole.key));
    }
    return whole.value / part.value;
  }

 private:
  template <typename T, typename Shown>
  Field<std::vector<T>> list(std::string name, std::vector<T> value, std::string help, Shown shown) const {
    std::string json;
    for (const T& item : value) json += (json.empty() ? "[" : ", ") + shown(item);
    Key key{std::move(name), WELT_VALUE_LIST, json.empty() ? "[]" : json + "]", std::move(help)};
    return {source_, std::move(key), std::move(value)};
  }

  // The configuration's view is the caller's: looked at only while the members are made.
  Source source_;
};

template <std::derived_from<Fields> Settings>
Record record_of() {
  Record record;
  static_cast<void>(Settings(Source(record)));
  return record;
}
template <std::derived_from<Fields> Settings>
Schema schema_of() {
  return record_of<Settings>().schema;
}

// Of a component: its own schema(), or that of its Settings.
template <typename T>
Schema declared_schema() {
  if constexpr (requires { T::schema(); })
    return T::schema();
  else
    return schema_of<typename T::Settings>();
}

}  // namespace v0_1
}  // namespace welt::sdk
