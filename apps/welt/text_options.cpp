// See text_options.h.
#include "apps/welt/text_options.h"

#include "apps/welt/repeatable.h"

namespace welt {

void add_embedding_options(CLI::App& verb, TextOptions& options) {
  verb.add_option("--model", options.model,
                  "Folder of WordLlama or Model2Vec, its safetensors file, or a published name. Default: l2_supercat")
      ->type_name("NAME")
      ->group("Model");
  verb.add_option("--tokenizer", options.tokenizer, "tokenizer.json; default: the one beside the weights")
      ->type_name("FILE")
      ->group("Model");
  verb.add_option("--threads", options.threads, "Threads; 0: one a core")
      ->check(CLI::Range(0, 1024))
      ->type_name("N")
      ->capture_default_str()
      ->group("Model");
}

void add_vector_options(CLI::App& verb, TextOptions& options) {
  verb.add_option("--dim", options.dim, "The first N dimensions (Matryoshka); 0: all")
      ->type_name("N")
      ->capture_default_str()
      ->group("Model");
  verb.add_flag("--binary", options.binary, "Signs of the values as bits, compared by Hamming distance")
      ->group("Model");
}

void add_text_inputs(CLI::App& verb, TextOptions& options, const char* help) {
  all_arguments(verb.add_option("TEXT", options.arguments, help)->type_name(""));
  repeatable(
      verb.add_option("--file", options.files, "Texts of this file, a line each; of a folder all files; repeatable")
          ->type_name("FILE"));
  verb.add_flag("--whole", options.whole_files, "Each file, or standard input, is one text");
}

}  // namespace welt
