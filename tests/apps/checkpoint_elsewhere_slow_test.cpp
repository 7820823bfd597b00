// What we write, read by the originals: exported parts by transformers, whole checkpoints by the Python WeLT. Both need
// a Python that has them (CONTRIBUTING.md names the variables), and are skipped without.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path golden(const std::string& name) { return fs::path(WELT_TEST_DATA) / "welt" / name; }

void expect_python(const std::string& python, const char* script, const std::vector<std::string>& arguments) {
  std::string command = "HF_HUB_OFFLINE=1 " + shell_quoted(python) + " " +
                        shell_quoted(WELT_SOURCE_DIR "/tests/apps/" + std::string(script));
  for (const std::string& argument : arguments) command += " " + shell_quoted(argument);
  const Outcome run = run_command(command);
  EXPECT_EQ(run.status, 0) << command << "\n" << run.out << run.err;
}

struct GoldenPart {
  std::string model, part;
};

class ExportedPartSlow : public testing::TestWithParam<GoldenPart> {};

// From one file and from several, into one and into several: the same values.
TEST_P(ExportedPartSlow, TransformersComputesWhatTheWholeModelHas) {
  const std::string python = environment("WELT_PYTHON_TRANSFORMERS");
  if (python.empty()) GTEST_SKIP() << "WELT_PYTHON_TRANSFORMERS names no Python with transformers 4.57";
  const TempFolder folder;
  const fs::path whole = golden(GetParam().model), cut = folder / "cut", one = folder / "one",
                 several = folder / "several";
  ASSERT_EQ(run_welt({"checkpoint", "convert", whole, cut, "--max-shard-size", "100KB"}).status, 0);
  const Outcome plain = run_welt({"checkpoint", "export", whole, one, "--part", GetParam().part});
  ASSERT_EQ(plain.status, 0) << plain.err;
  const Outcome sharded =
      run_welt({"checkpoint", "export", cut, several, "--part", GetParam().part, "--max-shard-size", "20KB"});
  ASSERT_EQ(sharded.status, 0) << sharded.err;
  EXPECT_TRUE(fs::exists(several / "model.safetensors.index.json"));
  for (const fs::path& part : {one, several})
    expect_python(python, "exported_parts.py", {whole, GetParam().part, part});
}

INSTANTIATE_TEST_SUITE_P(
    Parts, ExportedPartSlow,
    testing::Values(GoldenPart{"bytes-only", "bytes_encoder"}, GoldenPart{"bytes-only", "latent_transformer"},
                    GoldenPart{"bytes-only", "bytes_decoder"}, GoldenPart{"image-only", "image_encoder"},
                    GoldenPart{"image-only", "latent_transformer"}, GoldenPart{"image-only", "bytes_decoder"}),
    [](const auto& info) { return info.param.model.substr(0, info.param.model.find('-')) + "_" + info.param.part; });

class ExportedByteLmSlow : public testing::TestWithParam<std::string> {};

// The whole way: trained as a byte_lm, exported, and then the same logits, and the same bits per byte of a text.
TEST_P(ExportedByteLmSlow, IsTheSameModelInTransformers) {
  const std::string python = environment("WELT_PYTHON_TRANSFORMERS");
  if (python.empty()) GTEST_SKIP() << "WELT_PYTHON_TRANSFORMERS names no Python with transformers 4.57";
  const TempFolder folder;
  folder.put("text.txt", "in the beginning was the word\nand the word was with\nthe same was in the beginning\n");
  const std::string file = "[\"" + (folder / "text.txt").string() + "\"]";
  const Outcome run = run_welt({"run",   WELT_SOURCE_DIR "/recipes/wave/" + GetParam() + ".toml",
                                "--set", "run_dir=\"" + (folder / "runs").string() + "\"",
                                "--set", "data.train.files=" + file,
                                "--set", "data.validation.files=" + file,
                                "--set", "data.train.format=\"lines\"",
                                "--set", "data.validation.format=\"lines\"",
                                "--set", "train.steps=4",
                                "--set", "train.warmup_steps=1",
                                "--set", "train.batch=2",
                                "--set", "train.words=64",
                                "--set", "samples.count=0"});
  ASSERT_EQ(run.status, 0) << run.out << run.err;
  const fs::path trained = folder / "runs" / GetParam(), exported = folder / "exported";
  ASSERT_EQ(run_welt({"checkpoint", "export", trained, exported, "--part", "bytes_decoder"}).status, 0);
  expect_python(python, "exported_byte_lm.py", {WELT_BINARY, trained, exported, folder / "text.txt"});
}

INSTANTIATE_TEST_SUITE_P(Recipes, ExportedByteLmSlow, testing::Values("byte_llama", "byte_gpt2"),
                         [](const auto& info) { return info.param; });

class PythonWeltSlow : public testing::TestWithParam<std::string> {};

// Two steps of training away from a golden model, so that nothing is the file that came in; then exported, in one file
// and in several. The Python's own loader does not take models of UTF-16 units and code points.
TEST_P(PythonWeltSlow, LoadsWhatWeTrained) {
  const std::string python = environment("WELT_PYTHON_WELT"), checkout = environment("WELT_PYTHON_CHECKOUT");
  if (python.empty() || checkout.empty())
    GTEST_SKIP() << "WELT_PYTHON_WELT and WELT_PYTHON_CHECKOUT name no Python and checkout of the Python WeLT";
  const TempFolder folder;
  folder.put("text.txt", "in the beginning\nwas the word\nand the word was with\n");
  folder.put("recipe.toml", "name = \"trained\"\nrun_dir = '" + (folder / "runs").string() + "'\n[model]\nfrom = '" +
                                golden(GetParam()).string() + "'\n[data.train]\nfiles = ['" +
                                (folder / "text.txt").string() +
                                "']\nformat = \"lines\"\n[data.validation]\nfraction = 0.34\n[train]\nsteps = "
                                "2\nbatch = 2\nwords = 8\nwarmup_steps = 1\n");
  const Outcome run = run_welt({"run", folder / "recipe.toml"});
  ASSERT_EQ(run.status, 0) << run.out << run.err;
  const fs::path trained = folder / "runs/trained", io = golden(GetParam()) / "io.safetensors";
  for (const std::string size : {"0", "100KB"}) {
    const fs::path exported = folder / ("exported-" + size), ours = folder / ("ours-" + size);
    ASSERT_EQ(run_welt({"checkpoint", "export", trained, exported, "--max-shard-size", size}).status, 0);
    EXPECT_EQ(fs::exists(exported / "model.safetensors.index.json"), size != "0");
    const Outcome forward = run_welt({"model", "forward", exported, "--in", io, "--out", ours});
    ASSERT_EQ(forward.status, 0) << forward.err;
    expect_python(python, "python_welt.py", {checkout, exported, io, ours});
  }
}

INSTANTIATE_TEST_SUITE_P(Models, PythonWeltSlow, testing::Values("bytes-only", "image-only"),
                         [](const auto& info) { return info.param.substr(0, info.param.find('-')); });

}  // namespace
}  // namespace welt::test
