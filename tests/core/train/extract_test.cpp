// Token tables taken out of models (tests/goldens/distill/make_distill.py), and what is refused.
#include "core/train/extract.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include "core/base/file.h"
#include "core/similarity/embedding_files.h"
#include "core/tensor/tensor_io.h"
#include "core/train/recipe_keys.h"
#include "tests/core/base/temp_folder.h"
#include "tests/core/train/distill_goldens.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::tensor_of;

const fs::path& goldens = test::distill_goldens;

class Extract : public testing::Test {
 protected:
  Recipe recipe(const std::vector<fs::path>& from, std::vector<std::string> more = {}) const {
    std::string list;
    for (const fs::path& each : from) list += "\"" + each.string() + "\", ";
    more.insert(more.end(), {"run_dir=\"" + folder.path().string() + "\"", "name=made"});
    return parse_recipe("task = \"extract\"\n[extract]\nfrom = [" + list + "]\n", "test.toml", more);
  }
  at::Tensor made(const std::vector<fs::path>& from, const std::vector<std::string>& more = {}) const {
    fs::remove_all(folder / "made");
    extract_task(recipe(from, more), {});
    return tensor_of(folder / "made/model.safetensors", "embedding.weight");
  }
  std::string refusal(const std::vector<fs::path>& from, const std::vector<std::string>& more = {}) const {
    return error_of([&] { extract_task(recipe(from, more), {}); });
  }
  // A model's folder of these tensors, with the tokenizer of the golden one.
  fs::path model(const std::string& name, const std::vector<std::vector<NamedTensor>>& shards) const {
    fs::create_directories(folder / name);
    for (std::size_t i = 0; i < shards.size(); ++i)
      save_tensors(folder / name / fmt::format("model-{}-of-{}.safetensors", i + 1, shards.size()), shards[i]);
    write_file(folder / name / "tokenizer.json", read_file(goldens / "bert/tokenizer.json"));
    return folder / name;
  }
  test::TempFolder folder;
  const at::Tensor words =
      tensor_of(goldens / "bert/model.safetensors", "embeddings.word_embeddings.weight");  // [24, 12]
};

// Of 24 tokens two frame a text, one is the mask, and two are unused.
TEST_F(Extract, RowsOfTheTokensThatStayAreTheModels) {
  const at::Tensor table = made({goldens / "bert"}, {"extract.dtype=float32"});
  ASSERT_EQ(table.sizes(), (at::IntArrayRef{19, 12}));
  EXPECT_TRUE(at::equal(table[0], words[0]));
  EXPECT_TRUE(at::equal(table[1], words[2]));
  EXPECT_TRUE(at::equal(table.narrow(0, 2, 17), words.narrow(0, 7, 17)));
  const auto embedding = similarity::StaticEmbedding::load(similarity::find_embedding((folder / "made").string()));
  EXPECT_EQ(embedding.tokenize("the cat"), (std::vector<std::int32_t>{2, 3}));
  EXPECT_EQ(made({goldens / "bert"}, {"extract.remove=\"\""}).size(0), 21);
}

TEST_F(Extract, ModelsOfOneVocabularyStandSideBySide) {
  const fs::path other = model("other", {{{"wte.weight", at::ones({30, 3})}}});
  const at::Tensor table = made({goldens / "bert", other}, {"extract.dtype=float32"});
  EXPECT_TRUE(at::equal(table.narrow(1, 0, 12), made({goldens / "bert"}, {"extract.dtype=float32"})));
  EXPECT_TRUE(at::equal(table.narrow(1, 12, 3), at::ones({19, 3})));
  fs::remove_all(folder / "made");
  EXPECT_CONTAINS(refusal({goldens / "bert", goldens / "llama"}), "vocabulary");
}

TEST_F(Extract, ShardsAreFoundWithoutAnIndex) {
  const fs::path sharded = model("sharded", {{{"layer.weight", at::ones({40, 12})}, {"lm_head.weight", words}},
                                             {{"model.embed_tokens.weight", words.to(at::kBFloat16)}}});
  EXPECT_TRUE(at::equal(made({sharded})[4], words[9].to(at::kBFloat16).to(at::kHalf).to(at::kFloat)));
  EXPECT_TRUE(
      at::equal(made({sharded}, {"extract.tensors=[\"lm_head.weight\"]"})[4], words[9].to(at::kHalf).to(at::kFloat)));
}

TEST_F(Extract, RefusalsNameFileAndTensor) {
  const fs::path two = model("two", {{{"emb_a", words}, {"emb_b", words}}});
  EXPECT_CONTAINS(refusal({two}), "emb_a [24, 12], emb_b [24, 12]");
  EXPECT_CONTAINS(refusal({two}, {"extract.tensors=[\"emb_c\"]"}), "Did you mean");
  EXPECT_CONTAINS(refusal({two}, {"extract.tensors=[\"a\", \"b\"]"}), "as many as there are models");
  EXPECT_CONTAINS(refusal({model("short", {{{"emb", at::ones({5, 2})}}})}), "24 tokens");
  EXPECT_CONTAINS(refusal({model("named", {{{"emb", at::ones({5, 2})}}})}, {"extract.tensors=[\"emb\"]"}), "5 rows");
  EXPECT_CONTAINS(refusal({model("large", {{{"emb", at::full({24, 2}, 1e6)}}})}), "float16");
  EXPECT_CONTAINS(refusal({model("none", {})}), "no .safetensors");
  EXPECT_CONTAINS(refusal({folder / "nowhere"}), "nowhere");
  EXPECT_CONTAINS(refusal({}), "extract.from");
  made({goldens / "bert"});
  EXPECT_CONTAINS(refusal({goldens / "bert"}), "already");
}

}  // namespace
}  // namespace welt
