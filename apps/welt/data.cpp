// welt data: texts made ready once, for any number of trainings.
#include "apps/welt/verb.h"

namespace welt {

void add_data(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("data", "Prepare text for training, check prepared text, tell what is in a corpus");
  verb->require_subcommand(1);
  add_data_prepare(*verb);
  add_data_stats(*verb);
  add_data_verify(*verb);
  verb->footer(
      "Examples:\n"
      "  welt data prepare --dataset_name corpus --language eng_Latn --train_split_units 1000000 --output_path out\n"
      "  welt data verify --data_path out\n"
      "  welt data stats out --html stats.html");
}

}  // namespace welt
