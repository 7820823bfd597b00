"""Times `welt data prepare` and the reading of what it wrote beside the Python WeLT and gzip, in turns.

usage: data.py --welt build/bin/welt --checkout WeLT --python VENV/bin/python --text FILE
               [--mb 100] [--rounds 3] [--workers 2] [--unit_type words] [--max_seq_length 512] [--json FILE]

--checkout: the Python WeLT's source. --text: plain text, whose lines are repeated up to --mb, each behind a number of
its own. Prepares it with the same options here and there, packs the same lines with gzip, then reads the shards. Times
are of whole programs; what each takes to start (--help) is told beside them. MB/s are of the corpus, in MB of 10^6
bytes; memory is a process's peak, or this script's own 20 to 50 MB where that is more. Some 7 times --mb are needed on
the disk. Nothing else should run beside it.
"""
import argparse
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import measure  # noqa: E402

UNITS = 10**15  # all there are
# What welt-train --prepared_data_path calls, then each example once; the second time from the Arrow files of the first.
READER = """import sys, time
from welt_training.data_utils import load_prepared_data
began = time.perf_counter()
examples = sum(1 for rows in load_prepared_data(sys.argv[1]).values() for row in rows if row["text"])
print("examples", examples, "seconds", time.perf_counter() - began)
"""
# name: its row, what it is compared with
ROWS = {
    "prepare": ("`welt data prepare`, libdeflate's level 6", "prepare-python"),
    "prepare-python": ("`welt-prepare-data`, zlib's level 9", None),
    "gzip": ("`gzip -6` of the same lines", None),
    "gzip-two": ("two `gzip -6`, each of one half", None),
    "read": ("reading: `welt data prepare --dry_run` from the shards (unpack, JSON, words)", "read-python"),
    "bench": ("reading as training does (`welt bench data`: unpack, JSON, UTF-8), without start-up", "inner-python"),
    "verify": ("`welt data verify` (unpack, UTF-8, lines)", "read-python"),
    "deep": ("`welt data verify --deep` (also JSON, words, hashes, near duplicates)", "read-python"),
    "stats": ("`welt data stats`", "read-python"),
    "read-python": ("`load_prepared_data`, each example once", None),
    "inner-python": ("the same without imports", None),
    "again-python": ("`load_prepared_data` again, from its Arrow files, without imports", None),
}


def options(args):
    out = ["--language", "eng_Latn", "--train_split_units", UNITS, "--num_units_per_file", args.num_units_per_file,
           "--max_seq_length", args.max_seq_length, "--unit_type", args.unit_type]
    return ["--dataset_name", "corpus", *out]


def lines_of(folder):
    return sorted(folder.glob("*.jsonl.gz"))


def hashes(folder):
    """By name, of the shards' text and of the metadata."""
    out = {}
    for path in sorted(folder.iterdir()):
        if not path.name.startswith("."):
            with (gzip.open(path) if path.suffix == ".gz" else open(path, "rb")) as file:
                out[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return out


def unpack_halves(shards, folder):
    """All lines as one file and as two."""
    size = 0
    with open(folder / "lines", "wb") as whole:
        for shard in shards:
            with gzip.open(shard) as file:
                shutil.copyfileobj(file, whole, 1 << 20)
        size = whole.tell()
    with open(folder / "lines", "rb") as whole:
        for name in ("half-1", "half-2"):
            with open(folder / name, "wb") as half:
                for left in range(size // 2 + 1, 0, -(1 << 20)):
                    half.write(whole.read(min(left, 1 << 20)))


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder, self.turns = args, folder, {name: [] for name in ROWS}
        (folder / "corpus").mkdir()
        self.bytes = measure.write_corpus(args.text, folder / "corpus" / "corpus.txt", int(args.mb * 1e6))
        self.python = {"PYTHONPATH": str(args.checkout.resolve()), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1",
                       "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "HF_HOME": str(folder / "hf")}
        self.same = None

    def time(self, name, command, environment=None):
        self.turns[name].append(measure.run(command, self.folder, environment))
        return self.turns[name][-1]

    def python_reads(self):
        return measure.run([self.args.python, "-c", READER, "ours"], self.folder, self.python)

    def prepare(self, turn):
        for name in ("theirs", "ours", "hf"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        args = self.args
        self.time("prepare-python", [args.python, "-m", "welt_training.prepare_data", *options(args), "--output_path",
                                     "theirs"], self.python)
        self.time("prepare", [args.welt, "data", "prepare", *options(args), "--workers", args.workers, "--output_path",
                              "ours"])
        if turn == 0:
            self.same = hashes(self.folder / "theirs") == hashes(self.folder / "ours")
            unpack_halves(lines_of(self.folder / "ours"), self.folder)
        self.time("gzip", ["sh", "-c", "gzip -6 <lines >packed"])
        self.time("gzip-two", ["sh", "-c", "gzip -6 <half-1 >packed-1 & gzip -6 <half-2 >packed-2; wait"])

    def read(self):
        args = self.args
        for whole, inner in (("read-python", "inner-python"), (None, "again-python")):
            turn = self.python_reads()
            if whole:
                self.turns[whole].append(turn)
            self.turns[inner].append({**turn, "seconds": float(turn["output"].rsplit(None, 1)[1])})
        turn = self.time("bench", [args.welt, "bench", "data", "ours", "--repeats", 1, "--json"])
        turn["seconds"] = json.loads(turn["output"][turn["output"].index("{"):])["seconds"]["median"]
        self.time("read", [args.welt, "data", "prepare", "--dataset_name", "ours/*.jsonl.gz", "--language", "eng_Latn",
                           "--train_split_units", UNITS, "--shuffle_buffer_size", 1, "--workers", args.workers,
                           "--output_path", "nowhere", "--dry_run"])
        self.time("verify", [args.welt, "data", "verify", "--data_path", "ours"])
        self.time("deep", [args.welt, "data", "verify", "--data_path", "ours", "--deep"])
        self.time("stats", [args.welt, "data", "stats", "ours", "--json"])

    def run(self):
        for turn in range(self.args.rounds):
            self.prepare(turn)
            self.read()
        starts = dict(
            welt=measure.run([self.args.welt, "data", "prepare", "--help"], self.folder)["seconds"],
            python=measure.run([self.args.python, "-m", "welt_training.prepare_data", "--help"], self.folder,
                               self.python)["seconds"])
        packed = {"ours": sum(path.stat().st_size for path in lines_of(self.folder / "ours")),
                  "theirs": sum(path.stat().st_size for path in lines_of(self.folder / "theirs")),
                  "gzip": (self.folder / "packed").stat().st_size}
        return dict(bytes=self.bytes, rows=self.rows(), starts=starts, packed=packed, same_files=self.same)

    def rows(self):
        out = {}
        for name, (_, beside) in ROWS.items():
            turns = self.turns[name]
            out[name] = dict(seconds=[turn["seconds"] for turn in turns],
                             cpu_seconds=statistics.median(turn["cpu_seconds"] for turn in turns),
                             peak_mb=max(turn["peak_mb"] for turn in turns))
            out[name]["mb_per_second"] = self.bytes / 1e6 / statistics.median(out[name]["seconds"])
            if beside:
                out[name]["ratios"] = [b["seconds"] / a["seconds"] for a, b in zip(turns, self.turns[beside])]
        return out


def show(result):
    print("| | seconds | MB/s | CPU seconds | peak memory, MB | times the Python WeLT (of each round) |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for name, row in result["rows"].items():
        ratios = row.get("ratios", [])
        told = f"{statistics.median(ratios):.1f} ({', '.join(f'{r:.1f}' for r in ratios)})" if ratios else ""
        print(f"| {ROWS[name][0]} | {statistics.median(row['seconds']):.2f} | {row['mb_per_second']:.1f} "
              f"| {row['cpu_seconds']:.2f} | {row['peak_mb']:,.0f} | {told} |")
    print(f"\ncorpus: {result['bytes'] / 1e6:,.1f} MB; packed, MB: "
          + ", ".join(f"{name} {size / 1e6:.1f}" for name, size in result["packed"].items())
          + f"\nstart-up, in the other times above: welt {result['starts']['welt']:.2f} s, Python "
            f"{result['starts']['python']:.2f} s"
          + f"\nshards and metadata are {'the same' if result['same_files'] else 'NOT the same'} here and there")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--welt", "--checkout", "--python", "--text"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    parser.add_argument("--mb", type=float, default=100, help="size of the corpus, MB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--unit_type", default="words", choices=["words", "chars"])
    parser.add_argument("--max_seq_length", type=int, default=512)
    parser.add_argument("--num_units_per_file", type=int, default=1_000_000)
    parser.add_argument("--folder", type=pathlib.Path, help="for the corpus and shards; default: of the system")
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    args.welt, args.python = args.welt.resolve(), args.python.absolute()  # a venv's python is a link
    with tempfile.TemporaryDirectory(dir=args.folder) as temporary:
        result = Bench(args, pathlib.Path(temporary)).run()
    show(result)
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(0 if result["same_files"] else 1)


main()
