"""Compares the memory that `welt model info` says a recipe's training takes with what `welt bench train` takes.

usage: memory.py --welt build/bin/welt [--recipe recipes/quickstart.toml] [--only amp] [--json points.json]

Trains a few steps of each point of the grid below, on the recipe's own text: the preset that the recipe extends, or
another (--set), at several batches, words, precisions, chunks of the decoder, with activation checkpointing and with the
kernels off. Prints the estimate, the measured peak and how far the first is off; ends with status 1 where that is more
than 15 %. Other programs may run beside it.
"""
import argparse
import json
import os
import subprocess

BYTES_ALONE = "model.image_encoder.enabled=false"
ALL_READ = "model.modality_dropout=0"
# name: settings, environment
GRID = {
    **{f"bytes, batch {n}": ([BYTES_ALONE, f"train.batch={n}"], {}) for n in (1, 4, 16, 64)},
    "bytes, batch 8, words 512": ([BYTES_ALONE, "train.batch=8", "train.words=512"], {}),
    **{f"bytes, batch 64, chunks of {n}": ([BYTES_ALONE, "train.batch=64", f"train.decoder_chunk_tokens={n}"], {})
       for n in (1024, 32768)},
    **{f"bytes and images, batch {n}": ([f"train.batch={n}"], {}) for n in (4, 16, 64)},
    **{f"bytes, {p}, batch {n}": ([BYTES_ALONE, f"train.batch={n}", f"precision={p}"], {})
       for p in ("amp", "bf16") for n in (4, 48)},
    **{f"bytes, {p}, checkpointing, batch 48": (
        [BYTES_ALONE, "train.batch=48", f"precision={p}", "train.activation_checkpoint_every=1"], {})
       for p in ("fp32", "amp")},
    "bytes, every other block, batch 48": ([BYTES_ALONE, "train.batch=48", "train.activation_checkpoint_every=2"], {}),
    **{f"bytes, two latents a word, batch {n}": ([BYTES_ALONE, f"train.batch={n}", "model.decoder_context=2"], {})
       for n in (16,)},
    **{f"bytes, {p}, kernels off, batch {n}": ([BYTES_ALONE, f"train.batch={n}", f"precision={p}"],
                                            {"WELT_KERNELS": "off"})
       for p, n in (("fp32", 4), ("fp32", 32), ("amp", 32), ("bf16", 32))},
}
BOUND = 0.15


def answer(command, environment):
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nfailed: {done.stderr[-2000:]}")
    return json.loads(done.stdout[done.stdout.index("{"):])


def point(args, settings, environment):
    given = [word for setting in [ALL_READ, *args.set, *settings] for word in ("--set", setting)]
    estimate = answer([args.welt, "model", "info", args.recipe, *given, "--json"], environment)["training_memory"]
    run = answer([args.welt, "bench", "train", args.recipe, *given, "--steps", "2", "--warmup", "1", "--json"],
                 environment)
    return dict(estimate, measured=run["peak_memory_bytes"], words=run["words_per_step"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--welt", required=True)
    parser.add_argument("--recipe", default="recipes/quickstart.toml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for all points")
    parser.add_argument("--only", default="", help="points whose name has this in it")
    parser.add_argument("--json", help="where the points are written")
    args = parser.parse_args()
    points, worst = [], 0
    print(f"{'':36} {'estimate MB':>12} {'measured MB':>12} {'off':>8}")
    for name, (settings, environment) in GRID.items():
        if args.only not in name:
            continue
        one = dict(point(args, settings, environment), name=name)
        off = one["peak"] / one["measured"] - 1
        worst = max(worst, abs(off))
        points.append(one)
        print(f"{name:36} {one['peak'] / 1e6:12.0f} {one['measured'] / 1e6:12.0f} {off:8.1%}", flush=True)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as out:
            json.dump(points, out, indent=1)
    print(f"\nfurthest off: {worst:.1%}; {BOUND:.0%} are meant")
    raise SystemExit(1 if worst > BOUND else 0)


if __name__ == "__main__":
    main()
