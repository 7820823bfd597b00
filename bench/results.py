"""Trains latents, bytes encoders and byte-level models at equal parameters for equal minutes, and prints tables of what they reach.

usage: results.py --welt build/bin/welt [--tables latents,encoders,…] [--texts quickstart,repetition] [--seconds 180]
                  [--seeds 42,43] [--work runs/results] [--json FILE] [--markdown FILE]
       results.py --welt build/bin/welt --look                         parameters and `welt validate` of all, no training

Variants are data, below. A variant's inner width is the one that brings the part that differs to the parameters of the
table's first row (3 % at most off, by `welt model info`), its steps those that fit into --seconds (by `welt bench
train`; train.minutes is the limit), so that its schedule ends with the time. Held-out text is evaluated whole. What is
finished in --work is not trained again: the same command goes on where it was stopped. Nothing else should run beside it.
"""
import argparse
import json
import pathlib
import random
import shutil
import statistics
import sys

from trials import MUON, ROOT, call, json_of, settings


def part(slot, plugin, config, preset=None, **more):
    """--set of a slot's plugin, preset and configuration; {inner} stays to be filled in."""
    name = f'preset = "{preset}", ' if preset else ""
    pairs = ", ".join(f"{key} = {json.dumps(value)}" for key, value in {**config, **more}.items())
    return f'model.{slot} = {{ plugin = "{plugin}", {name}config = {{ {pairs}, intermediate_size = {{inner}} }} }}'


# What the recipes of matmul_free say of learning: small updates do not move a weight to another of -1, 0 and 1.
TERNARY = ["train.learning_rate=4e-3", 'train.schedule="cosine_halved"', "train.final_ratio=0.0"]
HEADS, KEYS = dict(num_attention_heads=4), dict(num_key_value_heads=4)


def decoders(width, layers, positions, **more):
    """{plugin: its settings as slot of that width and depth}"""
    shape = dict(hidden_size=width, **more)
    blocks, row = dict(num_hidden_layers=layers), dict(max_position_embeddings=positions)
    return {
        "llama": ({**shape, **blocks, **HEADS, **KEYS, **row}, []),
        "gpt_neox": ({**shape, **blocks, **HEADS, **row}, []),
        "matmul_free": ({**shape, **blocks, "num_heads": 1, "expand_ratio": 1}, TERNARY),
        "wave_cascade": ({**shape, "num_nodes": layers, "num_hidden_layers": 1, **HEADS, **row, "dropout": 0.0}, []),
    }


def rows_of(slot, width, layers, positions, plugins, **more):
    made = decoders(width, layers, positions, **more)
    return {name: [part(slot, name, made[name][0]), *made[name][1]] for name in plugins}


BYTES = dict(hidden_size=128, num_attention_heads=2, num_hidden_layers=2, max_position_embeddings=64)
WAVE = dict(**BYTES, dropout=0.0)
SMALL = rows_of("decoder", 128, 2, 1024, ("llama", "matmul_free", "wave_cascade"), tie_word_embeddings=True)
LARGE = rows_of("decoder", 256, 5, 1024, ("llama", "matmul_free", "wave_cascade"), tie_word_embeddings=True)
AS_QUICKSTART = [*MUON, "train.beta2=0.95", "train.learning_rate=8e-3"]  # so that tables can be laid beside each other
# table: what it is, recipe, the part that is counted (None: all), what it is to be as large as (None: the first row at
# `inner`), inner, settings of all rows, rows
TABLES = {
    "latents": ("Latent transformers in the quick start's model", "recipes/quickstart.toml", "latent_transformer", None, 512, [],
                rows_of("latent", 256, 4, 512, ("llama", "gpt_neox", "matmul_free", "wave_cascade"))),
    "encoders": ("Bytes encoders in the quick start's model without image encoder", "recipes/quickstart.toml", "bytes_encoder", None,
                 256, ["model.image_encoder.enabled=false", "model.modality_dropout=0.0"],
                 {"bert": [part("bytes_encoder", "bert", BYTES, preset="bert-nano")],
                  "wave": [part("bytes_encoder", "wave", WAVE, preset="nano", embedding="learned")],
                  "wave, the seed's embedding": [part("bytes_encoder", "wave", WAVE, preset="nano", embedding="fixed")]}),
    "bytes": ("Byte-level models, small", "recipes/wave/byte_llama.toml", None, None, 256, AS_QUICKSTART,
              {**SMALL, "wave_cascade, by mean squared error": [*SMALL["wave_cascade"], 'train.objective="mse"']}),
    "bytes-large": ("Byte-level models, as large as the quick start's whole model", "recipes/wave/byte_llama.toml", None,
                    "recipes/quickstart.toml", 512, [*AS_QUICKSTART, "train.batch=8"], LARGE),
}
TEXTS = ("quickstart", "repetition")
ALWAYS = ["train.eval_rows=0", "train.checkpoint_every=0", "samples.count=0"]
TOLERANCE = 0.03


def parameters(welt, recipe, sets, name):
    """(of the part, of all), without what has no part in the model"""
    info = json_of([welt, "model", "info", recipe, *settings(sets), "--json"])
    whole = info["parameters"] - info["idle_parameters"]
    if name is None:
        return whole, whole
    found = next(p for p in info["parts"] if p["name"] == name)
    return found["parameters"] - found["idle_parameters"], whole


def filled(sets, inner):
    return [one.replace("{inner}", str(inner)) for one in sets]


def equal_rows(welt, table):
    """{row: (settings, parameters of the part, of all)}, each within TOLERANCE of the first or of what the table names"""
    _, recipe, name, as_large, inner, shared, rows = TABLES[table]
    target = parameters(welt, as_large, [], name)[0] if as_large else None
    result = {}
    for row, sets in rows.items():
        def count(width):
            return parameters(welt, recipe, [*shared, *filled(sets, width)], name)
        width, (found, whole) = inner, count(inner)
        if target is not None and abs(found / target - 1) > TOLERANCE / 10:  # linear in the inner width
            slope = (count(2 * inner)[0] - found) / inner
            width = max(8, round((inner + (target - found) / slope) / 8) * 8)
            found, whole = count(width)
        target = target or found
        if abs(found / target - 1) > TOLERANCE:
            raise SystemExit(f"results.py: {table}, {row}: {found} parameters are not {target}; its depth or width has to change")
        result[row] = ([*shared, *filled(sets, width)], found, whole)
        print(f"{table}: {row}: {found:,} ({100 * (found / target - 1):+.1f} %) of {whole:,}, inner width {width}", file=sys.stderr, flush=True)
    return result


def repetition(work, longest):
    """String repetition made short, so that minutes teach it: 1 to `longest` words and the same again. No SO and SI: a
    recurrence cannot look ahead. Settings that train on it."""
    folder = work / f"repetition-{longest}"
    if not (folder / "held-out.jsonl").exists():
        call([sys.executable, ROOT / "scripts/make_experiment_data.py", "string_repetition", "--out", folder / "whole"])
        draw = random.Random(19)
        for name in ("train", "held-out"):
            with open(folder / "whole" / f"{name}.jsonl", encoding="utf-8") as lines, \
                    open(folder / f"{name}.part", "w", encoding="utf-8") as out:
                for line in lines:
                    words = json.loads(line)["completion"].split()
                    length = draw.randint(1, longest)
                    for start in range(0, len(words) - length + 1, length):
                        text = " ".join(words[start:start + length])
                        row = dict(prefix=f"<text> {text} <repeat> ", completion=text)
                        print(json.dumps({"text": row["prefix"] + text, **row}, ensure_ascii=False), file=out)
                        if name == "held-out":  # one of a sentence
                            break
            (folder / f"{name}.part").rename(folder / f"{name}.jsonl")
    sets = [f'data.{use}.{key}="{value}"' for use in ("train", "validation") for key, value in (("format", "jsonl"), ("field", "text"))]
    sets += [f'data.{use}.files=["{folder / name}.jsonl"]' for use, name in (("train", "train"), ("validation", "held-out"))]
    return sets + ['evaluate.metrics=["exact_match","cer"]', "evaluate.rows=200", f"generate.words={longest + 2}"]


def bytes_per_word(text):
    return len(text.encode()) / max(1, len(text.split()))


def held_out_bytes_per_word(text, work, longest):
    if text == "quickstart":
        return bytes_per_word((ROOT / "data/quickstart/held-out.txt").read_text(encoding="utf-8"))
    lines = (work / f"repetition-{longest}" / "held-out.jsonl").read_text(encoding="utf-8").splitlines()
    return bytes_per_word("\n".join(json.loads(line)["text"] for line in lines))


def train(args, table, text, row, sets, seed):
    """What is known of a trained variant: from --work where it is finished, else by training it."""
    recipe = TABLES[table][1]
    name = "-".join(filter(None, [table, text, "".join(c if c.isalnum() else "_" for c in row), str(seed)]))
    asked = dict(recipe=recipe, sets=[*sets, *args.set], seconds=args.seconds, steps=args.steps, seed=seed)
    kept = args.work / f"{name}.json"
    if kept.exists():
        known = json.loads(kept.read_text())
        if known["asked"] == asked:
            return known
    whole = [*sets, *ALWAYS, f"seed={seed}", f'name="{name}"', f'run_dir="{args.work / "runs"}"',
             f"train.minutes={args.seconds / 60:.4f}", *args.set]
    steps = args.steps
    if not steps:
        step = json_of([args.welt, "bench", "train", recipe, *settings(whole), "--steps", 8, "--json"])["milliseconds"]["step"]
        steps = max(10, int(1000 * args.seconds / step))
    whole += [f"train.steps={steps}", f"train.warmup_steps={min(30, steps // 10)}"]
    run = args.work / "runs" / name
    if run.exists():
        shutil.rmtree(run)  # begun and not finished
    print(f"{name}: {steps} steps", file=sys.stderr, flush=True)
    call([args.welt, "run", recipe, *settings(whole)])
    summary = json.loads((run / "summary.json").read_text())
    written = json_of([args.welt, "bench", "generate", run, "--words", 20, "--json"])
    known = dict(asked=asked, table=table, text=text, row=row, seed=seed, summary=summary, writing=written,
                 command=" ".join(f"'{word}'" if " " in word or '"' in word else word for word in ["welt", "run", recipe, *settings(whole)]))
    kept.write_text(json.dumps(known, indent=1) + "\n")
    return known


def figures(known, word_bytes):
    """{column: number} of a trained variant"""
    summary, after = known["summary"], known["summary"]["after"]
    scores = after.get("metrics", after)
    speed = summary["throughput"]["bytes_per_second"]
    return {
        "steps": summary["last_step"], "of the schedule, %": 100 * summary["last_step"] / summary["steps"],
        "minutes": summary["seconds"] / 60, "bits/byte": after["bits_per_byte"],
        "bytes right, %": 100 * after["byte_accuracy"],
        "words right, %": 100 * after["word_accuracy"] if "word_accuracy" in after else None,
        "repeated exactly, %": 100 * scores["exact_match"] if "exact_match" in scores else None,
        "character errors, %": 100 * scores["cer"] if "cer" in scores else None,
        "words/s learnt": speed / word_bytes, "words/s written": known["writing"]["words_per_second"] or None,
        "peak MB": summary["peak_memory_bytes"] / 1e6,
    }


def shown(column, values):
    values = [value for value in values if value is not None]
    if not values:
        return "–"
    digits = 3 if column == "bits/byte" else 1 if column.endswith("%") or column == "minutes" else 0
    text = f"{statistics.mean(values):,.{digits}f}"
    if len(values) > 1 and column in ("bits/byte", "repeated exactly, %", "words right, %"):
        text += f" ({min(values):,.{digits}f} to {max(values):,.{digits}f})"
    return text


def markdown(args, table, text, counted, results):
    """The lines of one table, and {row: {column: numbers by seed}}."""
    by_row = {row: [figures(known, held_out_bytes_per_word(text, args.work, args.longest)) for known in runs]
              for row, runs in results.items()}
    columns = [c for c in next(iter(by_row.values()))[0] if any(f[c] is not None for fs in by_row.values() for f in fs)]
    lines = [f"### {TABLES[table][0]}, {'the quick start' if text == 'quickstart' else 'string repetition'}", "",
             f"{args.seconds / 60:.3g} minutes each; seeds {args.seeds}.", "",
             "| | parameters | " + " | ".join(columns) + " |", "| --- | ---: |" + " ---: |" * len(columns)]
    for row, of_seeds in by_row.items():
        part_count, all_count = counted[row][1:]
        size = f"{part_count:,}" + (f" of {all_count:,}" if part_count != all_count else "")
        lines.append(f"| {row} | {size} | " + " | ".join(shown(c, [f[c] for f in of_seeds]) for c in columns) + " |")
    baselines = [known["summary"].get("baseline") for runs in results.values() for known in runs]
    if baselines[0]:
        lines += ["", "Byte unigrams: {byte_unigram_bits_per_byte:.3f} bits/byte; trigrams: {byte_trigram_bits_per_byte:.3f}."
                  .format(**baselines[0])]
    return lines, {row: dict(parameters=counted[row][1], all_parameters=counted[row][2], runs=of_seeds,
                             commands=[known["command"] for known in results[row]]) for row, of_seeds in by_row.items()}


def chosen(value, known, option):
    names = value.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"results.py: {option} names {', '.join(unknown)}; expected some of {', '.join(known)}")
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--welt", type=pathlib.Path, required=True)
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--texts", default=",".join(TEXTS))
    parser.add_argument("--seconds", type=float, default=180, help="training of a variant, without evaluation")
    parser.add_argument("--seeds", default="42")
    parser.add_argument("--steps", type=int, default=0, help="instead of as many as fit into --seconds")
    parser.add_argument("--longest", type=int, default=6, help="words of a string that is repeated")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for all variants: of trials")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "runs/results")
    parser.add_argument("--look", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path)
    args = parser.parse_args()
    args.welt, args.work = args.welt.resolve(), args.work.resolve()
    tables, texts = chosen(args.tables, TABLES, "--tables"), chosen(args.texts, TEXTS, "--texts")
    args.work.mkdir(parents=True, exist_ok=True)
    of_text = {text: repetition(args.work, args.longest) if text == "repetition" else [] for text in texts}
    lines, data = [], {}
    for table in tables:
        counted = equal_rows(args.welt, table)
        for text in texts:
            rows = {row: [*sets, *of_text[text]] for row, (sets, _, _) in counted.items()}
            if args.look:
                for sets in rows.values():
                    call([args.welt, "validate", TABLES[table][1], *settings([*sets, *ALWAYS, *args.set])])
                continue
            results = {row: [train(args, table, text, row, sets, int(seed)) for seed in args.seeds.split(",")]
                       for row, sets in rows.items()}
            made, data[f"{table} {text}"] = markdown(args, table, text, counted, results)
            lines += [*made, ""]
            print("\n".join(made) + "\n", flush=True)
            if args.markdown:
                args.markdown.write_text("\n".join(lines))
            if args.json:
                args.json.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    main()
