// The one exception type of welt's C++ code, and the helper that words its message.
//
// A message says where, what was found, what was expected and how to mend it. Inside the libraries errors are thrown;
// at the C ABI they become a status and a welt_error (sdk, core/plugin); the command line prints the message as one
// paragraph and leaves with a non-zero status.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

// The canonical codes of core/abi (welt_status), so that a code survives the way through a plugin.
enum class ErrorCode : std::int32_t {
  ok = 0, cancelled = 1, unknown = 2, invalid_argument = 3, deadline_exceeded = 4, not_found = 5, already_exists = 6,
  permission_denied = 7, resource_exhausted = 8, failed_precondition = 9, aborted = 10, out_of_range = 11,
  unimplemented = 12, internal = 13, unavailable = 14, data_loss = 15,
};

class Error : public std::runtime_error {
 public:
  // A message may quote a hostile file: what of it is not UTF-8 becomes U+FFFD, so that it can be shown and written.
  explicit Error(std::string_view message, ErrorCode code = ErrorCode::invalid_argument);
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

// Four parts of a good message. `where` names file, line, key, plugin or tensor; the last two may be empty.
// Example: {"model.safetensors: tensor \"a.b\"", "data offsets 0..9999 end behind the file (800 bytes)",
//           "offsets within the data section", "The file is cut off: copy or download it again"}
struct Problem {
  std::string where, found, expected = {}, mend = {};
};

// "<where>: <found>; expected <expected>. <mend>."
std::string describe(const Problem& problem);
[[noreturn]] void fail(const Problem& problem, ErrorCode code = ErrorCode::invalid_argument);

// The entry of `known` nearest to `name` by edit distance (a swap of two letters
// counts one), or "" when none is near (distance over a third of the length).
std::string nearest(std::string_view name, const std::vector<std::string>& known);

}  // namespace welt
