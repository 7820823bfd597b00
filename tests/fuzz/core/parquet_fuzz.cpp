// Parquet: any bytes are rows that are JSON objects, or an Error. A row's text may hold what is not UTF-8, which the
// reader of rows names.
#include <nlohmann/json.hpp>

#include "core/data/rows.h"
#include "core/parquet/parquet_rows.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace welt;
  static fuzz::MemoryFile file;
  file.put({reinterpret_cast<const char*>(data), size});
  fuzz::answers([&] {
    const std::unique_ptr<RowReader> rows = RowReader::open(file.path(), "parquet");
    int count = 0;
    for (RawRow row; count < 2000 && rows->next(row); ++count)
      fuzz::answers([&] { fuzz::require(row_value(row).is_object(), "a row is an object"); });
  });
  return 0;
}
