"""Times welt and the Python WeLT in turns on the same text and machine, and prints the table of ratios.

usage: compare.py --welt build/bin/welt --checkout WeLT --python VENV/bin/python --models DIR --text FILE
                  [--rows train-fp32,…] [--trained RUN] [--rounds 3] [--json FILE]

--checkout: the Python WeLT's source. --models: a folder with prajjwal1/bert-tiny and the other models of reference.py
as folders with config.json (weights are made up). --text: plain text, a document a line; the first 6,000 lines are
read. --trained: the run or checkpoint of welt's that the rows trained-1 and trained-8 load into both; without it the
quick start is trained first, some minutes. Both continue the same lines of data/quickstart/held-out.txt, and how far
their texts agree is printed below the table. Nothing else should run beside it.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

from reference import PRESETS, TUNED

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]

# name: what is done, the preset or the file of prompts, arguments of the reference, those of welt, the figure and
# whether more is better
ROWS = {
    "train-fp32": ("train", "strrep", [], ["--set", "precision=fp32"], "words_per_second", True),
    "train-bf16": ("train", "strrep", ["--precision", "bf16"], ["--set", "precision=amp"], "words_per_second", True),
    "images-fp32": ("train", "tiny", [], ["--set", "precision=fp32"], "words_per_second", True),
    "images-bf16": ("train", "tiny", ["--precision", "bf16"], ["--set", "precision=amp"], "words_per_second", True),
    "generate-1": ("generate", "strrep", ["--batch", "1"], ["--batch", "1"], "ms_per_byte_step", False),
    "generate-8": ("generate", "strrep", ["--batch", "8"], ["--batch", "8"], "ms_per_byte_step", False),
    "trained-1": ("trained", "prompts-1", [], [], "words_per_second", True),
    "trained-8": ("trained", "prompts-8", [], [], "words_per_second", True),
}


def run(command, environment=None, folder=None):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=folder,
                          env={**os.environ, **(environment or {})})
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\nfailed: {done.stderr[-2000:]}")
    return json.loads(done.stdout[done.stdout.index("{"):])


def texts(args, folder):
    lines = [line for line in args.text.read_text(encoding="utf-8").split("\n")[:6000] if line]
    for name, preset in PRESETS.items():
        written = "".join(preset["line"].format(line) + "\n" for line in lines)
        (folder / f"{name}.txt").write_text(written, encoding="utf-8")
    held_out = [line.split() for line in (TOP / "data/quickstart/held-out.txt").read_text(encoding="utf-8").split("\n")]
    begun = [" ".join(words[:12]) + " " for words in held_out if len(words) > 20]
    for count in (1, 8):
        (folder / f"prompts-{count}.txt").write_text("".join(line + "\n" for line in begun[:count]), encoding="utf-8")


def trained(args, folder):
    """The newest checkpoint of --trained, or of the quick start."""
    if not args.trained:
        subprocess.run([args.welt, "run", "recipes/quickstart.toml", "--set", f'run_dir="{folder}/runs"'], check=True,
                       cwd=TOP, capture_output=True)
        args.trained = folder / "runs/quickstart"
    if not (args.trained / "config.json").exists():
        args.trained = max((args.trained / "checkpoints").glob("step-*"), key=lambda step: int(step.name[5:]))
    return args.trained.resolve()


def ours(args, row, folder):
    work, preset, _, extra, _, _ = ROWS[row]
    if work == "trained":
        out = run([args.welt, "bench", "generate", trained(args, folder), "--prompts", folder / f"{preset}.txt",
                   "--words", args.words, "--repeats", args.steps, "--json"])
        return dict(words_per_second=out["words_per_second"], peak_mb=out["peak_memory_bytes"] / 2**20,
                    texts=out["texts"])
    recipe = HERE / "recipes" / f"{preset}.toml"
    setting = ["--set", f'data.train.files=["{folder / (preset + ".txt")}"]', "--set", f'run_dir="{folder}/runs"']
    if work == "train":
        out = run([args.welt, "bench", "train", recipe, *setting, *extra, "--steps", args.steps, "--json"],
                  folder=args.models)
        return dict(words_per_second=out["words_per_second"], peak_mb=out["peak_memory_bytes"] / 2**20)
    checkpoint = folder / "runs" / f"generate-{preset}"
    if not checkpoint.exists():
        subprocess.run([args.welt, "run", recipe, *setting, "--set", "train.steps=1", "--set", "train.batch=1", "--set",
                        f'name="generate-{preset}"'], check=True, cwd=args.models, capture_output=True)
    out = run([args.welt, "bench", "generate", checkpoint, *extra, "--words", args.words, "--json"], folder=args.models)
    return dict(ms_per_byte_step=out["milliseconds"]["word_step"] / out["byte_steps_per_word"],
                words_per_second=out["words_per_second"], peak_mb=out["peak_memory_bytes"] / 2**20)


def theirs(args, row, folder):
    work, preset, extra, _, _, _ = ROWS[row]
    model = ["--checkpoint", trained(args, folder)] if work == "trained" else ["--preset", preset]
    return run([args.python, HERE / "reference.py", "train" if work == "train" else "generate", "--checkout",
                args.checkout.resolve(), "--models", args.models.resolve(), *model, "--text",
                folder / ("tiny.txt" if work == "generate" else f"{preset}.txt"), "--steps", args.steps, "--words",
                args.words, *extra], environment={"GLIBC_TUNABLES": TUNED})


def agreement(theirs, ours):
    """Of two lists of texts: how many are the same, and the share of their words before each first difference."""
    same = words = alike = 0
    for a, b in zip(theirs, ours, strict=True):
        same += a == b
        a, b = a.split(), b.split()
        words += max(len(a), len(b))
        alike += next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return dict(texts=len(theirs), same=same, words_alike=alike / max(words, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--welt", "--checkout", "--python", "--models", "--text"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    parser.add_argument("--rows", default=",".join(ROWS), help="comma-separated: " + ", ".join(ROWS))
    parser.add_argument("--trained", type=pathlib.Path, help="default: the quick start, trained for this")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--words", type=int, default=20)
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    args.welt, args.python = args.welt.resolve(), args.python.absolute()  # a venv's python is a link
    unknown = [row for row in args.rows.split(",") if row not in ROWS]
    if unknown:
        raise SystemExit(f"compare.py: --rows names {', '.join(unknown)}; expected some of {', '.join(ROWS)}")
    results = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        texts(args, folder)
        print("| row | figure | reference | welt | ratio (of each round) | memory, MB |\n| --- | --- | ---: | ---: | --- | --- |")
        for row in args.rows.split(","):
            figure, more = ROWS[row][4:]
            pairs = [(theirs(args, row, folder), ours(args, row, folder)) for _ in range(args.rounds)]
            ratios = [(b[figure] / a[figure]) if more else (a[figure] / b[figure]) for a, b in pairs]
            reference, own = (statistics.median(pair[i][figure] for pair in pairs) for i in (0, 1))
            memory = [max(pair[i]["peak_mb"] for pair in pairs) for i in (0, 1)]
            results[row] = dict(figure=figure, reference=reference, welt=own, ratios=ratios, memory_mb=memory)
            if "texts" in pairs[0][1]:
                results[row]["agreement"] = agreement(pairs[0][0]["texts"], pairs[0][1]["texts"])
            print(f"| {row} | {figure} | {reference:.3g} | {own:.3g} | {statistics.median(ratios):.2f} "
                  f"({', '.join(f'{ratio:.2f}' for ratio in ratios)}) | {memory[0]:,.0f}; {memory[1]:,.0f} |", flush=True)
    for row, result in results.items():
        if alike := result.get("agreement"):
            print(f"\n{row}: {alike['same']} of {alike['texts']} texts are the same, "
                  f"{100 * alike['words_alike']:.1f} % of the words stand before a first difference")
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


main()
