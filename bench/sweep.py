"""Tries settings of a recipe, each for the same seconds of training with a schedule that ends with them, and prints
what each reaches on held-out text.

usage: sweep.py [--welt build/bin/welt] [--recipe recipes/quickstart.toml] [--seconds 90] [--only NAME,…]
                [--variant 'NAME: key=value key=value' …] [--seed 42]

The list below is of the quick start. Each variant takes its seconds and about 20 more (six timed steps, evaluations).
Rows are printed as they come and again in order; runs that are there already are not repeated.
"""
import trials

# What the quick start's recipe says itself: Muon, 8 rows of 128 words, 8e-3 (a tenth of it for the rest), cosine, both
# encoders, one of them left out in 15 of 100 steps, no dropout, float32.
DROPOUT = ["model.bytes_encoder.config.hidden_dropout_prob=0.1",
           "model.bytes_encoder.config.attention_probs_dropout_prob=0.1"]
ADAMW = ["train.optimizer=adamw", "train.learning_rate=2e-3"]
VARIANTS = {
    "now": [],
    "amp": ["precision=amp"],
    "half the rate": ["train.learning_rate=4e-3"],
    "twice the rate": ["train.learning_rate=16e-3", "train.rest_rate=0.05"],
    "a quarter of the rate for the rest": ["train.rest_rate=0.25"],
    "4 rows": ["train.batch=4"],
    "dropout": DROPOUT,
    "latents of 384 x 3": ["model.latent.config.hidden_size=384", "model.latent.config.num_hidden_layers=3",
                           "model.latent.config.num_attention_heads=6", "model.latent.config.num_key_value_heads=6",
                           "model.latent.config.intermediate_size=768"],
    "AdamW": ADAMW,
    "AdamW, 16 rows": [*ADAMW, "train.batch=16"],
    "AdamW, 16 rows, dropout, an encoder left out in 3 of 10 steps": [
        *ADAMW, *DROPOUT, "train.batch=16", "train.beta2=0.999", "model.modality_dropout=0.3"],
}


def name_of(variant, seconds, seed):
    short = "".join(letter if letter.isalnum() else "-" for letter in variant)
    return f"sweep-{seconds:g}s-{seed}-{short}"[:120]


def tried(args, variant, values):
    name = name_of(variant, args.seconds, args.seed)
    warm_up = lambda steps: f"train.warmup_steps={max(5, steps // 12)}"
    note = args.runs / f"{name}.steps"
    if not note.exists():
        steps, bench = trials.steps_in(args.welt.resolve(), args.recipe, values, args.seconds)
        args.runs.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{steps} {bench['milliseconds']['step']:.0f}\n", encoding="utf-8")
    steps, milliseconds = map(int, note.read_text(encoding="utf-8").split())
    folder = trials.train(args, args.recipe, name, [
        *values, f"train.steps={steps}", warm_up(steps), f"seed={args.seed}", "train.minutes=0", "samples.count=0"])
    after = trials.evaluate(args, folder)
    done, minutes, rate = trials.trained(folder)
    return after["bits_per_byte"], (f"| {variant} | {done} | {milliseconds} | {minutes:.1f} | {rate:,.0f} | "
                                    f"{after['bits_per_byte']:.3f} | {100 * after['byte_accuracy']:.1f} % | "
                                    f"{100 * after['word_accuracy']:.1f} % |")


def main():
    parser = trials.parser_of(__doc__)
    parser.add_argument("--recipe", default="recipes/quickstart.toml")
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--only", help="names of the list, separated by semicolons")
    parser.add_argument("--variant", action="append", default=[],
                        help="'NAME: key=value key=value' in place of the list")
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    variants = dict(VARIANTS)
    if args.variant:
        variants = {name.strip(): values.split() for name, values in (text.split(":", 1) for text in args.variant)}
    if args.only:
        wanted = [name.strip() for name in args.only.split(";")]
        if unknown := [name for name in wanted if name not in variants]:
            parser.error(f"--only names {unknown[0]!r}; there are: {'; '.join(variants)}")
        variants = {name: variants[name] for name in wanted}
    head = ("| variant | steps | ms a step, timed before | minutes of steps | words/s | bits/byte | bytes right | "
            "words right |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    print(head, flush=True)
    rows = []
    for variant, values in variants.items():
        rows.append(tried(args, variant, values))
        print(rows[-1][1], flush=True)
    print("\nBest first:\n\n" + head)
    print("\n".join(row for _, row in sorted(rows)))


main()
