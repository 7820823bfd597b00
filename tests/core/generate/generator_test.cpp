// Generation: batches, caches, words that begin in the prompt, edges. Models: tests/goldens/welt (bytes-only is trained
// on four sentences; image-only reads drawn words, its weights are random).
#include "core/generate/generator.h"
#include "core/checkpoint/model_files.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/unbind.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/generate/latent_runner.h"
#include "core/generate/word_encoder.h"
#include "core/kernels/instructions.h"
#include "tests/core/base/temp_folder.h"
#include "tests/core/generate/whole_text.h"

namespace welt {
namespace {

const std::filesystem::path goldens = std::filesystem::path(WELT_TEST_DATA) / "welt";

WeltModel load(const char* name) { return load_model(goldens / name); }

std::vector<std::string> texts(WeltModel& model, const std::vector<std::string>& prompts,
                               const GenerateOptions& options) {
  std::vector<std::string> out;
  for (const Generated& result : Generator(model).generate(prompts, options)) {
    std::string joined;
    for (const std::string& word : result.words) joined += word;
    EXPECT_EQ(joined, result.text);
    out.push_back(result.text);
  }
  return out;
}

TEST(Generator, ATextDoesNotDependOnItsBatch) {
  const std::vector<std::string> prompts{"the cat ", "on a", "", "the cat ", "hello", "   "};
  for (const char* name : {"bytes-only", "image-only", "utf16", "utf32"}) {
    WeltModel model = load(name);
    const GenerateOptions greedy{.words = 3};
    std::vector<std::string> alone;
    for (const std::string& prompt : prompts) alone.push_back(texts(model, {prompt}, greedy).front());
    EXPECT_EQ(texts(model, prompts, greedy), alone) << name;
    EXPECT_EQ(texts(model, {prompts.rbegin(), prompts.rend()}, greedy),
              std::vector<std::string>(alone.rbegin(), alone.rend()));
  }
}

TEST(Generator, SampledTextsDependOnSeedAndOccurrenceOnly) {
  WeltModel model = load("bytes-only");
  GenerateOptions options{.words = 6, .sampling = {.temperature = 1.5, .seed = 3}};
  const auto together = texts(model, {"the cat ", "a ", "the cat "}, options);
  EXPECT_EQ(together[0], texts(model, {"the cat "}, options)[0]);
  EXPECT_EQ(together[1], texts(model, {"x ", "a "}, options)[1]);
  EXPECT_NE(together[0], together[2]) << "the second of two equal prompts draws anew";
  options.sampling.seed = 4;
  EXPECT_NE(texts(model, {"the cat "}, options)[0], together[0]);
}

// Caches: words written one call after the other, each from the whole text so far, are the words of one call.
TEST(Generator, CachesGiveWhatTheWholeTextGives) {
  WeltModel model = load("bytes-only");
  Generator generator(model);
  for (const std::string prompt : {"the cat ", "on a bi", "na\u00efve \u000ea: b\u000f ok "}) {
    const Generated whole = generator.generate({prompt}, {.words = 5}).front();
    std::string text = prompt;
    for (const std::string& word : whole.words) {
      EXPECT_EQ(generator.generate({text}, {.words = 1}).front().words, std::vector<std::string>{word}) << text;
      text += word;
      if (!word.ends_with(' ')) break;  // read anew it would be a word that goes on
    }
  }
}

TEST(Generator, ATextEndsBehindTheFirstStopString) {
  WeltModel model = load("bytes-only");
  const Generated plain = Generator(model).generate({"the cat "}, {.words = 2}).front();
  ASSERT_TRUE(plain.text.starts_with("sat ")) << plain.text;
  const Generated inside = Generator(model).generate({"the cat "}, {.words = 2, .stop = {"nowhere", "a"}}).front();
  EXPECT_EQ(inside.text, "sa");
  EXPECT_EQ(inside.finish, FinishReason::stop);
  // One that reaches over two words.
  const std::string over = plain.text.substr(2, 3);
  const Generated across = Generator(model).generate({"the cat "}, {.words = 2, .stop = {over}}).front();
  EXPECT_EQ(across.text, plain.text.substr(0, 5));
}

TEST(Generator, ASearchOverWordsTellsTheBestTextsByTheirJointLogProbability) {
  WeltModel model = load("bytes-only");
  const std::vector<std::string> prompt{"the cat "};
  const Generated greedy = Generator(model).generate(prompt, {.words = 2, .scores = true}).front();
  double joint = 0;
  for (const WordTrace& word : greedy.trace)
    for (const double one : word.log_probabilities) joint += one;
  const Generated found =
      Generator(model)
          .generate(prompt, {.words = 2, .beams = {.beams = 4, .length_penalty = 0, .word_beams = 4, .n_best = 4}})
          .front();
  ASSERT_GE(found.n_best.size(), 2U);
  EXPECT_EQ(found.text, found.n_best.front().text);
  EXPECT_GE(found.score, joint - 1e-3);
  for (std::size_t i = 1; i < found.n_best.size(); ++i) {
    EXPECT_LE(found.n_best[i].score, found.n_best[i - 1].score);
    EXPECT_NE(found.n_best[i].text + std::string(finish_name(found.n_best[i].finish)),
              found.n_best[i - 1].text + std::string(finish_name(found.n_best[i - 1].finish)));
  }
}

TEST(Generator, ASearchOverWordsTellsNoTextThatItLeftUnfinished) {
  WeltModel model = load("bytes-only");
  const Generated found =
      Generator(model).generate({"ship ship "}, {.words = 20, .beams = {.word_beams = 4, .n_best = 4}}).front();
  ASSERT_EQ(found.n_best.size(), 4U);
  for (const Generated& one : found.n_best)
    EXPECT_TRUE(one.finish != FinishReason::words || one.words.size() == 20) << one.text;
}

std::int64_t bytes_of(const Generated& text) {
  std::int64_t bytes = 0;
  for (const WordTrace& word : text.trace) bytes += std::ssize(word.bytes);
  return bytes;
}

// The search for words was cut to the best by the penalty of each word, and ended as if there were none.
TEST(Generator, ASearchOverWordsRanksWholeTextsByTheLengthPenalty) {
  WeltModel model = load("bytes-only");
  const auto search = [&](double penalty) {
    const BeamOptions beams{
        .length_penalty = penalty, .early_stopping = EarlyStopping::never, .word_beams = 12, .n_best = 12};
    return Generator(model).generate({"a "}, {.words = 4, .beams = beams, .scores = true}).front();
  };
  const Generated plain = search(0);
  for (const double penalty : {1.0, 3.0, -1.0}) {
    const Generated found = search(penalty);
    double before = found.score;
    for (const Generated& one : found.n_best) {
      double joint = 0;
      for (const WordTrace& word : one.trace)
        for (const double byte : word.log_probabilities) joint += byte;
      EXPECT_NEAR(one.score, joint / std::pow(bytes_of(one), penalty), 1e-3 * std::abs(one.score) + 1e-4);
      EXPECT_LE(one.score, before + 1e-9);
      before = one.score;
    }
    for (const Generated& one : plain.n_best)
      if (penalty > 0) {
        EXPECT_GE(found.score, one.score / std::pow(bytes_of(one), penalty) - 1e-6) << one.text;
      }
  }
}

TEST(Generator, LogProbabilitiesOfASearchAreTheModelsWhateverTheRules) {
  WeltModel model = load("bytes-only");
  GenerateOptions options{.words = 3, .sampling = {.temperature = 0.5, .top_k = 5}, .scores = true};
  options.rules.repetition_penalty = 3;
  options.rules.no_repeat_ngram = 2;
  options.rules.renormalise = true;
  for (const BeamOptions& beams : {BeamOptions{}, BeamOptions{.beams = 4}, BeamOptions{.beams = 2, .word_beams = 4}}) {
    options.beams = beams;
    const Generated found = Generator(model).generate({"the cat "}, options).front();
    ASSERT_FALSE(found.trace.empty());
    test::expect_as_in_one_pass(model, "the cat ", found);
  }
}

TEST(Generator, ASearchEndsTheTextWhereRulesLeaveNoByte) {
  WeltModel model = load("bytes-only");
  for (const std::int64_t word_beams : {1, 2}) {
    GenerateOptions options{.words = 2, .beams = {.beams = 2, .word_beams = word_beams}};
    options.rules.suppressed.set();
    const Generated found = Generator(model).generate({"a "}, options).front();
    EXPECT_EQ(found.text, "");
    EXPECT_EQ(found.finish, FinishReason::end_of_text);
  }
}

TEST(Generator, OnlyTheReferenceWritesPads) {
  WeltModel model = load("bytes-only");
  const std::vector<std::string> prompts{"a ", "the cat sat on a mat "};
  EXPECT_EQ(texts(model, prompts, {.words = 2, .pad = 'A'}), texts(model, prompts, {.words = 2}));
}

TEST(Generator, MoreBestTextsThanBeamsAreRefused) {
  WeltModel model = load("bytes-only");
  EXPECT_THROW(Generator(model).generate({"a "}, {.beams = {.word_beams = 2, .n_best = 3}}), Error);
}

// The same for latents: a prefilled row and its steps, whatever the other rows' lengths, against one forward pass.
// Damaged weights wrote text all the same.
TEST(Generator, WeightsThatAreNotFiniteAreRefusedNamingThePart) {
  for (const auto& [weight, part] : {std::pair{"latent_transformer.", "the latent transformer ("},
                                     {"bytes_decoder.", "the decoder ("},
                                     {"bytes_encoder.", "the bytes encoder ("}}) {
    WeltModel model = load("bytes-only");
    for (const ModelParameter& parameter : model.parameters())
      if (parameter.name.starts_with(weight)) parameter.tensor.detach().fill_(std::nan(""));
    EXPECT_CONTAINS(test::error_of([&] { Generator(model).generate({"the cat "}, {.words = 2}); }), part);
  }
}

TEST(LatentRunner, RowsOfDifferentLengthGrowAsTheyWouldAlone) {
  WeltModel model = load("image-only");
  WordEncoder encoder(model, std::make_shared<TextFrontEnd>(model));
  TensorComponent& latent = model.latent_transformer();
  const at::NoGradGuard no_grad;
  const std::vector<std::vector<std::string>> rows{{"a ", "b ", "c "}, {"x "}, {"the ", "cat "}};
  const std::vector<std::string> next{"one ", "two ", "three "}, last{"un ", "trois "};
  LatentRunner runner(latent, 3, 8);
  std::vector<at::Tensor> vectors;
  for (const auto& row : rows) vectors.push_back(encoder.encode(row));
  std::vector<at::Tensor> found{runner.prefill(vectors, {{-1, -1, -1}, {-1}, {-1, -1}})[1]};
  found.push_back(runner.step(encoder.encode(next))[2]);
  runner.keep({0, 2});
  found.push_back(runner.step(encoder.encode(last))[1]);
  const auto alone = [&](const std::vector<std::string>& words) {
    return latent.forward({encoder.encode(words).unsqueeze(0), {}}, {}).select(1, std::ssize(words) - 1)[0];
  };
  const at::Tensor expected[] = {alone({"x "}), alone({"the ", "cat ", "three "}),
                                 alone({"the ", "cat ", "three ", "trois "})};
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LT((found[i] - expected[i]).abs().max().item<double>(), 1e-5) << i;
}

TEST(LatentRunner, SomeRowsGrowAsTheyWouldBesideAll) {
  WeltModel model = load("image-only");
  WordEncoder encoder(model, std::make_shared<TextFrontEnd>(model));
  const at::NoGradGuard no_grad;
  const std::vector<std::string> first{"a ", "x ", "the ", "on "}, next{"one ", "two ", "three ", "four "};
  const std::vector<std::string> last{"un ", "deux ", "trois ", "quatre "};
  const at::Tensor vectors[] = {encoder.encode(first), encoder.encode(next), encoder.encode(last)};
  const auto prompts = vectors[0].unsqueeze(1).unbind();
  const std::vector<std::vector<std::int64_t>> prefixes(4, {-1});
  const auto some = [&](std::size_t i, std::initializer_list<std::int64_t> rows) {
    return at::index_select(vectors[i], 0, at::tensor(std::vector<std::int64_t>(rows), at::kLong));
  };
  const kernels::InstructionSet* const chosen = kernels::chosen_instructions();
  for (const kernels::InstructionSet* set : {chosen, static_cast<const kernels::InstructionSet*>(nullptr)}) {
    kernels::choose_instructions(set);
    LatentRunner all(model.latent_transformer(), 4, 8), parts(model.latent_transformer(), 4, 8);
    all.prefill(prompts, prefixes), parts.prefill(prompts, prefixes);
    const at::Tensor expected[] = {all.step(vectors[1]), all.step(vectors[2])};
    const at::Tensor found[] = {at::cat({parts.step(some(1, {0, 3}), {0, 3}), parts.step(some(1, {1, 2}), {1, 2})}),
                                at::cat({parts.step(some(2, {2}), {2}), parts.step(some(2, {0, 1, 3}), {0, 1, 3})})};
    const std::vector<std::int64_t> orders[] = {{0, 3, 1, 2}, {2, 0, 1, 3}};
    for (std::size_t i = 0; i < 2; ++i) {
      const at::Tensor same = at::index_select(expected[i], 0, at::tensor(orders[i], at::kLong));
      EXPECT_LT((found[i] - same).abs().max().item<double>(), 1e-5) << i;
    }
  }
  kernels::choose_instructions(chosen);
}

// A byte_lm runs its decoder so.
TEST(LatentRunner, ErrorsNameThePartThatTheComponentIs) {
  WeltModel model = load("image-only");
  WordEncoder encoder(model, std::make_shared<TextFrontEnd>(model));
  const at::NoGradGuard no_grad;
  for (const ModelParameter& parameter : model.parameters())
    if (parameter.name.starts_with("latent_transformer.")) parameter.tensor.detach().fill_(std::nan(""));
  LatentRunner runner(model.latent_transformer(), 1, 4, "the decoder");
  const std::vector<std::string> words{"a "};
  EXPECT_CONTAINS(test::error_of([&] { runner.prefill({encoder.encode(words)}, {{-1}}); }), "the decoder (");
}

TEST(Generator, AnythingThatIsWrittenIsWellFormedAndWithinTheLimit) {
  for (const char* name : {"bytes-only", "image-only", "utf16", "utf32"}) {
    WeltModel model = load(name);
    const auto limit = static_cast<std::size_t>(model.spec().segmenter.max_bytes);
    Generator generator(model);
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const GenerateOptions wild{.words = 6, .sampling = {.temperature = 30, .seed = seed}};
      for (const Generated& result : generator.generate({"a ", "caf\u00e9", "", "\u65e5\U0001F642"}, wild))
        for (const std::string& word : result.words) {
          EXPECT_EQ(find_invalid_utf8(word), utf8_ok);
          EXPECT_LE(word.size(), limit);
          EXPECT_EQ(word.find_first_of(std::string("\x00\x02\x03", 3)), std::string::npos);
        }
    }
  }
}

// Of the four sentences that these models were trained on, one has a smile: a pair of units, or a unit.
TEST(Generator, ModelsOfUnitsWriteTheTextsTheyLearnt) {
  for (const char* name : {"utf16", "utf32"}) {
    WeltModel model = load(name);
    const std::vector<std::string> learnt{"sat on a red mat", "\U0001F642 day we sail to the "};
    EXPECT_EQ(texts(model, {"the cat ", "on a big "}, {.words = 6}), learnt) << name;
  }
}

TEST(Generator, PromptsWithoutAWordOfTheirOwnGoOnFromTheStart) {
  WeltModel model = load("bytes-only");
  const auto results = Generator(model).generate({"", "   ", "\x01", "\n\t"}, {.words = 3});
  for (const Generated& result : results) EXPECT_FALSE(result.text.empty());
  EXPECT_EQ(results[0].text, "a broken cup");
}

TEST(Generator, AWordBegunInThePromptIsFinishedInABatchToo) {
  WeltModel model = load("bytes-only");
  const auto results = Generator(model).generate({"a brok", "on a big ", "the ca"}, {.words = 2});
  EXPECT_EQ(results[0].words, (std::vector<std::string>{"en ", "cup"}));
  EXPECT_EQ(results[1].words.front(), "ship ");
  EXPECT_EQ(results[2].words.front(), "t ");
}

TEST(Generator, TheReferenceDoesNotSeeThatABlankEndsTheWordOfThePrompt) {
  WeltModel model = load("bytes-only");
  GenerateStatistics ours, reference;
  Generator(model).generate({"the cat"}, {.words = 1}, {}, &ours);
  Generator(model).generate({"the cat"}, {.words = 1, .reference_compatible = true}, {}, &reference);
  EXPECT_EQ(ours.bytes, 1);       // " "
  EXPECT_EQ(reference.bytes, 2);  // " " and the end byte
}

TEST(Generator, NothingWrittenForABegunWordEndsTheWordNotTheText) {
  WeltModel model = load("bytes-only");  // learnt "hello" as a whole text
  const auto generate = [&](bool compatible) {
    return Generator(model).generate({"hello"}, {.words = 5, .reference_compatible = compatible}).front();
  };
  EXPECT_EQ(generate(false).finish, FinishReason::end_of_text);
  EXPECT_EQ(generate(true).finish, FinishReason::end_of_text);
  EXPECT_EQ(generate(false).text, "");
}

TEST(Generator, StopsWhereThePositionsOfTheLatentTransformerEnd) {
  WeltModel model = load("image-only");  // GPT-2 with 32 positions
  std::string prompt;
  for (int i = 0; i < 29; ++i) prompt += "a ";
  Generator generator(model);
  const Generated full = generator.generate({prompt}, {.words = 50}).front();  // 30 words with the start of the text
  EXPECT_EQ(full.finish, FinishReason::positions);
  EXPECT_EQ(full.words.size(), 3U);
  for (int i = 0; i < 3; ++i) prompt += "a ";
  try {
    generator.generate({"a ", prompt}, {.words = 1});
    FAIL() << "33 words have no place in 32 positions";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("prompt 2: 33 words"), std::string::npos) << error.what();
  }
}

TEST(Generator, APromptThatIsNoTextIsRefusedByNumberAndByte) {
  WeltModel model = load("bytes-only");
  const auto message = [&](const std::string& prompt) -> std::string {
    try {
      Generator(model).generate({"fine ", prompt}, {.words = 1});
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_NE(message("caf\xc3").find("prompt 2: byte 3 (C3) begins a character that is cut off"), std::string::npos);
  EXPECT_NE(message("a\xff z").find("prompt 2: byte 1 (FF) is not UTF-8"), std::string::npos);
  EXPECT_NE(message("\x80").find("byte 0"), std::string::npos);
}

TEST(Generator, NoPromptsAndNoWordsGiveNothing) {
  WeltModel model = load("bytes-only");
  EXPECT_TRUE(Generator(model).generate({}, {}).empty());
  EXPECT_EQ(Generator(model).generate({"a "}, {.words = 0}).front().text, "");
}

TEST(Generator, StatisticsCountWhatWasWritten) {
  WeltModel model = load("bytes-only");
  GenerateStatistics spent;
  std::vector<std::string> told;
  const auto results = Generator(model).generate(
      {"the cat ", "a "}, {.words = 3}, [&](std::size_t, std::string_view word) { told.emplace_back(word); }, &spent);
  EXPECT_EQ(results[1].finish, FinishReason::end_of_text);  // "broken ", "cup", end
  EXPECT_EQ(spent.words, 5);
  EXPECT_EQ(told.size(), 5U);
  std::size_t bytes = 2;  // the end bytes of "cup" and of the text
  for (const std::string& word : told) bytes += word.size();
  EXPECT_EQ(spent.bytes, static_cast<std::int64_t>(bytes));
}

TEST(WordEncoder, AVectorFromTheCacheIsTheOneOfAFreshEncoder) {
  for (const char* name : {"bytes-only", "image-only", "utf16", "utf32"}) {
    WeltModel model = load(name);
    const auto text = std::make_shared<TextFrontEnd>(model);
    WordEncoder small(model, text, /*cache_words=*/2), fresh(model, text);
    const std::vector<std::string> words{"the ", "cat ", "the ", "a ", "on ", "the ", "cat "};
    const at::Tensor first = small.encode(words), again = small.encode(words), other = fresh.encode(words);
    EXPECT_EQ(first.sizes(), other.sizes());
    EXPECT_LT((first - other).abs().max().item<double>(), 1e-5);
    EXPECT_LT((again - other).abs().max().item<double>(), 1e-5);
    EXPECT_GT((first[0] - first[1]).abs().max().item<double>(), 1e-3);
  }
}

}  // namespace
}  // namespace welt
