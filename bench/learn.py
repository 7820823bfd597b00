"""Runs the experiments of docs/results.md and prints their rows. What is whole is not repeated; what was broken off
goes on.

usage: learn.py [--welt build/bin/welt] [--seeds 42,43] NAME …        learn.py --list

The data: scripts/make_experiment_data.py string_repetition, and letter_count. Nothing else should run beside it, for
minutes are told.
"""
import trials

# What the quick start was found to learn fastest by (docs/results.md), at a rate that holds longer.
FAST = [*trials.MUON, "train.learning_rate=6e-3", "train.batch=16", "train.schedule=wsd", "train.decay_steps=300"]
DROPOUT = ["model.bytes_encoder.config.hidden_dropout_prob=0.1",
           "model.bytes_encoder.config.attention_probs_dropout_prob=0.1"]
RECIPES = "recipes/experiments/"
# name: (recipe, settings, share of bytes and of words at which it ends; none: it goes on to its last step, minutes)
EXPERIMENTS = {
    "string-repetition": ("string_repetition", ["train.steps=500"], None, 12),
    "string-repetition-dropout": ("string_repetition", [*DROPOUT, "train.steps=500"], None, 12),
    "string-repetition-on": ("string_repetition", [*FAST, "train.steps=1500", "train.eval_every=50"], (0.99, 0.97), 17),
    "letter-count": ("letter_count", ["train.steps=600"], None, 14),
    "letter-count-on": ("letter_count", [*FAST, "train.steps=900", "train.eval_every=50"], (0.93, 0.79), 8),
    "ocr": ("ocr", ["train.steps=500"], None, 11),
    "ocr-on": ("ocr", [*FAST, "train.steps=1200", "train.eval_every=50"], (0.9, 0.0), 14),
    "machine-translation": ("machine_translation", [], None, 9),
    "bpe": ("bpe", [], None, 17),
    "chat": ("chat", [], None, 6),
    "pretraining": ("pretraining", [], None, 11),
}


def one(args, name, seed):
    recipe, values, goal, _ = EXPERIMENTS[name]
    if args.minutes:
        values = [*values, f"train.minutes={args.minutes}"]
    if args.steps:
        values = [*values, f"train.steps={args.steps}"]

    def reached(entry):
        return goal and entry["byte_accuracy"] >= goal[0] and entry["word_accuracy"] >= goal[1]

    folder = trials.train(args, f"{RECIPES}{recipe}.toml", f"{name}-{seed}", [
        *values, *args.set, f"seed={seed}", "train.checkpoint_every=100", "evaluate.rows=16", "samples.count=0"],
        reached)
    figures = trials.evaluate(args, folder)
    steps, minutes, _ = trials.trained(folder)
    return dict(steps=steps, minutes=minutes, **figures)


def main():
    parser = trials.parser_of(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seeds", default="42")
    parser.add_argument("--minutes", type=float, help="of a run at most")
    parser.add_argument("--steps", type=int, help="in place of the experiment's own, to try the script")
    parser.add_argument("--set", action="append", default=[], help="a further key=value")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.list:
        for name, (recipe, values, goal, minutes) in EXPERIMENTS.items():
            ends = f"ends at {goal[0]} of bytes and {goal[1]} of words" if goal else "whole"
            print(f"{name:28} {recipe}.toml {' '.join(values)}; {ends}; about {minutes} minutes on 2 cores")
        return
    if unknown := [name for name in args.names if name not in EXPERIMENTS]:
        parser.error(f"no experiment {unknown[0]!r}; there are: {', '.join(EXPERIMENTS)}")
    print("| experiment | seeds | steps | minutes | byte accuracy | word accuracy | loss | chrF | BLEU |\n"
          "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    seeds = args.seeds.split(",")
    for name in args.names:
        runs = [one(args, name, seed) for seed in seeds]

        def cell(key, form):
            values = [run[key] for run in runs if key in run]
            return ", ".join(form.format(value) for value in values) if values else "–"

        print(f"| {name} | {', '.join(seeds)} | {cell('steps', '{}')} | {cell('minutes', '{:.1f}')} | "
              f"{cell('byte_accuracy', '{:.4f}')} | {cell('word_accuracy', '{:.4f}')} | {cell('loss', '{:.3f}')} | "
              f"{cell('chrf', '{:.1f}')} | {cell('sacrebleu', '{:.1f}')} |", flush=True)


main()
