"""Runs large data through welt: a text of many GB in bounded memory, and near duplicates among a million documents.

usage: data_scale.py big  --welt build/bin/welt --text FILE [--gb 10] [--limit_gb 1.5] [--folder DIR] [--json FILE]
       data_scale.py near --welt build/bin/welt [--documents 1000000] [--words 100] [--share 0.1] [--folder DIR]
                          [--json FILE]

big: the lines of --text, repeated behind numbers of their own, go through `welt data prepare`, then into a training of
the nano preset (bytes alone, 4 rows of 128 words, 5 steps), which keeps all words in a file, then into a second
training, which finds that file. Needs about three times --gb on the disk. Status 1 where a process's peak memory is
above --limit_gb.

near: documents of words drawn at random from 50,000 with a Zipf law; a share of them repeats another, with 1 to 10
words replaced by others. `welt data prepare --dedup near` drops one of each pair that it finds; told is the share found
by words replaced, beside the pairs' mean Jaccard index of five-word shingles (it means to find 0.8 and above), and the
documents dropped that resemble none. `welt data prepare` without --dedup is timed beside it.

--folder: where all is written, and removed again. Run from the root of the checkout.
"""
import argparse
import gzip
import itertools
import json
import pathlib
import random
import statistics
import tempfile

import measure

UNITS = 10**15  # all there are
REPLACED = (1, 2, 3, 5, 10)  # words, in turns
SHINGLE = 5
VOCABULARY = 50_000


def row(name, done, size):
    print(f"| {name} | {done['seconds']:,.1f} | {size / 1e6 / done['seconds']:,.1f} | {done['peak_mb']:,.0f} "
          f"| {done['own_mb']:,.0f} |", flush=True)
    return {key: value for key, value in done.items() if key != "output"}


def head():
    print("| | seconds | MB/s | peak memory, MB | of it not mapped, MB |")
    print("| --- | ---: | ---: | ---: | ---: |", flush=True)


def prepare(args, name, out, *more):
    return measure.run([args.welt, "data", "prepare", "--dataset_name", name, "--language", "eng_Latn",
                        "--train_split_units", UNITS, "--num_units_per_file", 20_000_000, "--workers", args.workers,
                        "--output_path", out, *more])


def train(args, folder, name):
    sets = {"data.train.files": f'["{folder / "corpus.txt"}"]', "data.train.format": '"lines"',
            "data.cache": f'"{folder / "words"}"', "run_dir": f'"{folder / "runs"}"', "name": f'"{name}"',
            "model.image_encoder.enabled": "false", "model.modality_dropout": "0", "train.steps": "5",
            "train.minutes": "0", "train.batch": "4", "train.words": "128", "train.eval_rows": "4"}
    return measure.run([args.welt, "run", args.recipe,
                        *itertools.chain.from_iterable(("--set", f"{key}={value}") for key, value in sets.items())])


def big(args, folder):
    corpus = folder / "corpus.txt"
    size = measure.write_corpus(args.text, corpus, int(args.gb * 1e9))
    print(f"corpus: {size / 1e9:.3f} GB\n")
    head()
    result = dict(bytes=size)
    result["prepare"] = row("`welt data prepare`", prepare(args, corpus, folder / "prepared"), size)
    result["packed_bytes"] = 0
    for path in (folder / "prepared").iterdir():
        result["packed_bytes"] += path.stat().st_size
        path.unlink()
    result["first"] = row("training, words to the file", train(args, folder, "first"), size)
    result["words_bytes"] = sum(path.stat().st_size for path in (folder / "words").rglob("*") if path.is_file())
    result["second"] = row("training, words from the file", train(args, folder, "second"), size)
    peak = max(result[name]["peak_mb"] for name in ("prepare", "first", "second"))
    result["fits"] = peak <= args.limit_gb * 1000
    print(f"\nshards: {result['packed_bytes'] / 1e9:.3f} GB; word file: {result['words_bytes'] / 1e9:.3f} GB; "
          f"highest peak {peak:,.0f} MB, {args.limit_gb * 1000:,.0f} MB are meant")
    return result, result["fits"]


def shingles(words):
    return {tuple(words[i:i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1))}


def jaccard(one, other):
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


def write_documents(args, path):
    """Bytes; {number of the copy: (number of the original, words replaced)}; Jaccard indices of some pairs by words
    replaced."""
    draw = random.Random(args.seed)
    words = [f"w{number:x}" for number in range(VOCABULARY)]
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))
    copies = round(args.documents * args.share)
    originals = args.documents - copies
    pairs, likeness = {}, {count: [] for count in REPLACED}
    copied = dict.fromkeys(draw.sample(range(originals), copies))
    number = originals
    with open(path, "w", encoding="utf-8") as file:
        for original in range(originals):
            text = draw.choices(words, cum_weights=weights, k=args.words)
            file.write(f'{{"id": {original}, "text": "{" ".join(text)}"}}\n')
            if original not in copied:
                continue
            count = REPLACED[len(pairs) % len(REPLACED)]
            other = list(text)
            for at in draw.sample(range(len(other)), min(count, len(other))):
                other[at] = f"x{draw.getrandbits(32):x}"
            file.write(f'{{"id": {number}, "text": "{" ".join(other)}"}}\n')
            pairs[number] = (original, count)
            if len(likeness[count]) < 200:
                likeness[count].append(jaccard(text, other))
            number += 1
        size = file.tell()
    return size, pairs, {count: statistics.mean(found) for count, found in likeness.items() if found}


def kept_ids(folder, documents):
    kept = bytearray(documents)
    for shard in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(shard, "rt", encoding="utf-8") as lines:
            for line in lines:
                kept[int(line[line.rindex('"id": ') + 6:line.rindex("}")])] = 1
    return kept


def near(args, folder):
    corpus = folder / "documents.jsonl"
    size, pairs, likeness = write_documents(args, corpus)
    print(f"{args.documents:,} documents of {args.words} words, {size / 1e6:,.1f} MB; {len(pairs):,} repeat another\n")
    head()
    result = dict(bytes=size, documents=args.documents, planted=len(pairs))
    result["plain"] = row("`welt data prepare`", prepare(args, corpus, folder / "all", "--id_column", "id"), size)
    result["near"] = row("`welt data prepare --dedup near`",
                         prepare(args, corpus, folder / "fewer", "--id_column", "id", "--dedup", "near"), size)
    kept = kept_ids(folder / "fewer", args.documents)
    found, planted = dict.fromkeys(REPLACED, 0), dict.fromkeys(REPLACED, 0)
    wrong = args.documents - sum(kept)
    for copy, (original, count) in pairs.items():
        planted[count] += 1
        lost = 2 - kept[copy] - kept[original]
        found[count] += lost > 0
        wrong -= lost > 0  # of two that are lost, one resembles none that stayed
    print("\n| words replaced | Jaccard index, mean | planted | found | share |\n| ---: | ---: | ---: | ---: | ---: |")
    for count, of in planted.items():
        if of:
            print(f"| {count} | {likeness[count]:.3f} | {of:,} | {found[count]:,} | {found[count] / of:.4f} |")
    print(f"\ndropped though they resemble none: {wrong:,}")
    result.update(recall=[dict(replaced=count, jaccard=likeness[count], planted=planted[count], found=found[count])
                          for count in REPLACED if planted[count]], wrong=wrong)
    return result, wrong == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name in ("big", "near"):
        verb = verbs.add_parser(name)
        verb.add_argument("--welt", type=pathlib.Path, required=True)
        verb.add_argument("--workers", type=int, default=2)
        verb.add_argument("--folder", type=pathlib.Path, help="default: of the system's temporary files")
        verb.add_argument("--json", type=pathlib.Path)
    verbs.choices["big"].add_argument("--text", type=pathlib.Path, required=True)
    verbs.choices["big"].add_argument("--gb", type=float, default=10)
    verbs.choices["big"].add_argument("--limit_gb", type=float, default=1.5)
    verbs.choices["big"].add_argument("--recipe", default="recipes/quickstart.toml")
    verbs.choices["near"].add_argument("--documents", type=int, default=1_000_000)
    verbs.choices["near"].add_argument("--words", type=int, default=100)
    verbs.choices["near"].add_argument("--share", type=float, default=0.1, help="of documents that repeat another")
    verbs.choices["near"].add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.verb == "near" and not 0 <= args.share <= 0.5:
        parser.error("--share is 0 to 0.5: each document is repeated once at most")
    args.welt = args.welt.resolve()
    with tempfile.TemporaryDirectory(dir=args.folder) as temporary:
        result, is_good = {"big": big, "near": near}[args.verb](args, pathlib.Path(temporary).resolve())
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(0 if is_good else 1)


main()
