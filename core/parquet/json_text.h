// A Parquet value as JSON. Used by parquet_rows.cpp.
#pragma once

#include <string>
#include <string_view>

#include "core/parquet/footer.h"
#include "core/parquet/values.h"

namespace welt::parquet {

// In quotation marks; bytes that are not UTF-8 stay as they are, for the row's reader to name.
void put_text(std::string_view text, std::string& out);

// As its meaning has it. Bytes without one are text where they are UTF-8, else base64.
void put_value(const Node& leaf, const Value& value, std::string& out);

}  // namespace welt::parquet
