// core/model/tensor_io: tensors over mapped files, copies, saving.
#include "core/tensor/tensor_io.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include "core/base/file.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using test::error_of;
using test::TempFolder;

TEST(TensorIo, EveryTypeSurvivesARoundTrip) {
  const TempFolder folder;
  const at::Tensor numbers = at::arange(6, at::kFloat).reshape({2, 3});
  std::vector<NamedTensor> tensors;
  for (const char* dtype : {"F32", "F64", "BF16", "F16", "I64", "I32", "I16", "I8", "U8", "BOOL"})
    tensors.emplace_back(dtype, numbers.to(*safetensors_scalar_type(dtype)));
  tensors.emplace_back("turned", numbers.t());  // not row-major in memory
  tensors.emplace_back("empty", numbers.narrow(0, 0, 0));
  save_tensors(folder.path() / "a.safetensors", tensors);

  const SafetensorsFile file = SafetensorsFile::open(folder.path() / "a.safetensors");
  ASSERT_EQ(file.entries().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    SCOPED_TRACE(name);
    const at::Tensor mapped = mapped_tensor(file, *file.find(name)), copied = copied_tensor(file, *file.find(name));
    EXPECT_EQ(mapped.scalar_type(), tensor.scalar_type());
    EXPECT_TRUE(mapped.equal(tensor));
    EXPECT_TRUE(copied.equal(tensor));
    EXPECT_TRUE(copied_tensor(file, *file.find(name), at::kDouble).equal(tensor.to(at::kDouble)));
  }
}

TEST(TensorIo, MappedTensorsShareTheFileAndOutliveIt) {
  const TempFolder folder;
  save_tensors(folder.path() / "a.safetensors", {{"x", at::arange(4, at::kFloat)}});
  at::Tensor mapped;
  {
    const SafetensorsFile file = SafetensorsFile::open(folder.path() / "a.safetensors");
    mapped = mapped_tensor(file, *file.find("x"));
    EXPECT_EQ(mapped.const_data_ptr(), file.find("x")->data.data());
    EXPECT_NE(copied_tensor(file, *file.find("x")).const_data_ptr(), file.find("x")->data.data());
  }
  EXPECT_EQ(mapped.sum().item<float>(), 6);
}

TEST(TensorIo, DataThatItsTypeCannotBeReadFromInPlaceIsCopied) {
  const TempFolder folder;
  // A flag of one byte before the floats puts them at an odd address.
  std::string header = R"({"flag":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]},)"
                       R"("x":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})";
  while (header.size() % 8 != 0) header += ' ';
  std::string content(8, '\0');
  content[0] = static_cast<char>(header.size());
  content += header;
  content += '\1';
  const float value = 2.5;
  content.append(reinterpret_cast<const char*>(&value), sizeof value);
  const SafetensorsFile file = SafetensorsFile::open(folder.put("odd.safetensors", content));
  EXPECT_EQ(mapped_tensor(file, *file.find("x")).item<float>(), 2.5F);
  EXPECT_TRUE(mapped_tensor(file, *file.find("flag")).item<bool>());
}

TEST(TensorIo, UnknownTypesAreNamed) {
  EXPECT_EQ(safetensors_scalar_type("F8_E4M3"), std::nullopt);
  EXPECT_EQ(safetensors_dtype(at::kComplexFloat), "");
  const TempFolder folder;
  EXPECT_CONTAINS(error_of([&] {
                    save_tensors(folder.path() / "c.safetensors", {{"z", at::ones({1}, at::kComplexFloat)}});
                  }),
                  "tensor \"z\"");
  EXPECT_EQ(parse_float_dtype("bfloat16", "here"), at::kBFloat16);
  EXPECT_CONTAINS(error_of([] { parse_float_dtype("bfloat17", "recipe.toml: precision"); }),
                  "recipe.toml: precision: dtype \"bfloat17\"; expected one of float32, float64, bfloat16, float16. "
                  "Did you mean bfloat16?");
}

}  // namespace
}  // namespace welt
