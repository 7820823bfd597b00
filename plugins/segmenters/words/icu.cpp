// Words by ICU's dictionaries: a word break iterator for each thread that is cutting.
#include <unicode/ubrk.h>
#include <unicode/uversion.h>

#include <welt/text/utf8.h>
#include <algorithm>
#include <array>
#include <mutex>
#include <welt/sdk/base.hpp>

#include "engine.h"

namespace welt::words {
namespace {

struct Close {
  void operator()(UBreakIterator* iterator) const { ubrk_close(iterator); }
};
using Iterator = std::unique_ptr<UBreakIterator, Close>;

// What one thread cuts with. Text is handed over in UTF-16: ICU reads UTF-8 at half the speed.
struct Worker {
  Iterator iterator;
  std::u16string text;
};

void append_utf16(std::u16string& out, char32_t c) {
  if (c >= 0x10000) {
    out += static_cast<char16_t>(0xD7C0 + (c >> 10));
    c = 0xDC00 | (c & 0x3FF);
  }
  out += static_cast<char16_t>(c);
}

class Icu final : public Engine {
 public:
  explicit Icu(std::string_view language) : language_(language) {
    UErrorCode status = U_ZERO_ERROR;
    first_.reset(ubrk_open(UBRK_WORD, language_.c_str(), nullptr, 0, &status));
    check(status, "opening");
    UVersionInfo version;
    u_getVersion(version);
    identity_ = "ICU " + std::to_string(version[0]) + "." + std::to_string(version[1]) + " " + language_;
  }

  void cut(std::string_view span, std::vector<std::uint32_t>& ends) const override {
    std::size_t begin = 0;
    if (span.empty()) return;
    text::decode(span, begin);
    if (begin == span.size() || is_foreign(span)) {
      ends.push_back(static_cast<std::uint32_t>(span.size()));
      return;
    }
    std::unique_ptr<Worker> worker = take();
    cut(*worker, span, ends);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(worker));
  }

  std::string identity() const override { return identity_; }

 private:
  void check(UErrorCode status, std::string_view doing) const {
    if (U_SUCCESS(status)) return;
    throw sdk::Failure(WELT_INTERNAL, "ICU: " + std::string(doing) + " the word breaks of \"" + language_ +
                                          "\" failed (" + u_errorName(status) + "); is ICU's data installed?");
  }

  std::unique_ptr<Worker> take() const {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Worker> worker = std::move(idle_.back());
      idle_.pop_back();
      return worker;
    }
    UErrorCode status = U_ZERO_ERROR;
    Iterator iterator(ubrk_clone(first_.get(), &status));
    check(status, "copying");
    return std::make_unique<Worker>(Worker{std::move(iterator), {}});
  }

  // Shan, Mon, Karen and others in Burmese letters: a dictionary of Burmese says nothing about them.
  bool is_foreign(std::string_view span) const {
    if (language_ != "my") return false;
    for (std::size_t at = 0; at < span.size();) {
      const char32_t c = text::decode(span, at);
      if ((c >= 0x1050 && c <= 0x109F) || c > 0x10FF) return true;
    }
    return false;
  }

  void cut(Worker& worker, std::string_view span, std::vector<std::uint32_t>& ends) const {
    worker.text.clear();
    for (std::size_t at = 0; at < span.size();) append_utf16(worker.text, text::decode(span, at));
    UErrorCode status = U_ZERO_ERROR;
    ubrk_setText(worker.iterator.get(), worker.text.data(), static_cast<std::int32_t>(worker.text.size()), &status);
    check(status, "setting a text for");
    std::size_t at = 0;
    std::int32_t unit = 0;
    for (std::int32_t end = ubrk_next(worker.iterator.get()); end != UBRK_DONE;
         end = ubrk_next(worker.iterator.get())) {
      while (unit < end) unit += text::decode(span, at) >= 0x10000 ? 2 : 1;
      ends.push_back(static_cast<std::uint32_t>(at));
    }
  }

  std::string language_, identity_;
  Iterator first_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Worker>> idle_;
};

}  // namespace

std::unique_ptr<Engine> make_icu(std::string_view language) {
  static constexpr std::array<std::string_view, 6> known = {"zh", "ja", "th", "lo", "km", "my"};
  if (std::find(known.begin(), known.end(), language) == known.end()) {
    throw sdk::invalid("no dictionary of ICU is for the language \"" + std::string(language) +
                       "\"; expected zh, ja, th, lo, km or my");
  }
  return std::make_unique<Icu>(language);
}

}  // namespace welt::words
