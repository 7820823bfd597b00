#!/usr/bin/env python3
"""`welt bench text-embedding` beside the Python packages wordllama and model2vec, in turns on this machine.

    python -m venv env && env/bin/pip install wordllama==0.4.0.post1 model2vec==0.10.0
    env/bin/python scripts/bench_wordllama.py build/bin/welt data/quickstart/train.txt [TURNS]

Prints the medians over the turns, and how many times as fast, and as large in memory, the others are. model2vec runs the
same table: the weights of wordllama saved as a folder of its own. Every turn is a process of its own, so all begin cold.

    python3 scripts/bench_wordllama.py --million build/bin/welt TEXT [COUNT]

`welt text dedup --near` of a million texts (COUNT) of 12 words drawn from those of TEXT, every tenth being an earlier one
with another word in it: seconds of the whole program, its peak memory, and how many stay.
"""
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

THREADS = "2"


def texts(words, count, each):
    return [" ".join(words[(i * each + k) % len(words)] for k in range(each)) for i in range(count)]


def inputs(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    words = text.split()
    book = (text * (1_000_000 // len(text.encode()) + 1)).encode()[:1_000_000].decode(errors="ignore")
    return texts(words, 8192, 12), texts(words, 512, 400), book


def load_wordllama():
    import wordllama

    package = pathlib.Path(wordllama.__file__).parent
    cache = pathlib.Path(tempfile.mkdtemp())  # the package looks for its own tokenizer in a folder that it does not ship
    (cache / "tokenizers").mkdir()
    name = "l2_supercat_tokenizer_config.json"
    shutil.copy(package / "tokenizers" / name, cache / "tokenizers" / name)
    return lambda: wordllama.WordLlama.load(cache_dir=str(cache), disable_download=True)


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def run_wordllama(path):
    import logging
    import resource

    import numpy as np

    short, long, book = inputs(path)
    out = {}
    load = load_wordllama()
    logging.disable(logging.CRITICAL)
    out["load"], _ = timed(load)
    out["embed 8192 short texts, cold"], _ = timed(lambda: load().embed(short))
    out["embed 512 long texts, cold"], _ = timed(lambda: load().embed(long))
    model = load()
    out["dedup 8192"], _ = timed(lambda: model.deduplicate(short, threshold=0.9))
    out["cluster 2000 into 10"], _ = timed(lambda: model.cluster(short[:2000], 10, random_state=42))
    out["split 1 MB"], _ = timed(lambda: model.split(book))
    rows = model.embed(short[:5000], norm=True)
    out["similarity 5000 × 5000"], _ = timed(lambda: model.vector_similarity(rows, rows))
    from wordllama import WordLlamaInference

    binary = WordLlamaInference(model.embedding, model.tokenizer, binary=True)
    bits = binary.embed(short[:5000])
    out["similarity 5000 × 5000, binary"], _ = timed(lambda: binary.vector_similarity(bits, bits))
    print(json.dumps({"seconds": out, "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def model2vec_folder():
    import wordllama
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    from model2vec import StaticModel

    package = pathlib.Path(wordllama.__file__).parent
    vectors = load_file(package / "weights/l2_supercat_256.safetensors")["embedding.weight"].astype("float32")
    tokenizer = Tokenizer.from_file(str(package / "tokenizers/l2_supercat_tokenizer_config.json"))
    folder = tempfile.mkdtemp()
    StaticModel(vectors, tokenizer, config={}, normalize=False, max_length=None).save_pretrained(folder)
    return folder


def run_model2vec(path, folder):
    import resource

    from model2vec import StaticModel

    short, long, _ = inputs(path)
    out = {}
    out["load"], _ = timed(lambda: StaticModel.from_pretrained(folder))
    out["embed 8192 short texts, cold"], _ = timed(lambda: StaticModel.from_pretrained(folder).encode(short))
    out["embed 512 long texts, cold"], _ = timed(lambda: StaticModel.from_pretrained(folder).encode(long))
    print(json.dumps({"seconds": out, "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def whole_program(command, output=subprocess.DEVNULL):
    """Seconds and peak bytes. The memory of the caller counts where it is larger, so the caller imports nothing large."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    return seconds, usage.ru_maxrss * 1024


def write_million(path, words, count):
    draw = random.Random(1)
    recent = []
    with open(path, "w", encoding="utf-8") as file:
        for i in range(count):
            if i % 10 == 9:
                text = list(draw.choice(recent))
                text[draw.randrange(len(text))] = draw.choice(words)
            else:
                text = draw.choices(words, k=12)
                recent = [*recent[-99:], text]
            file.write(" ".join(text) + "\n")


def run_million(welt, path, count=1_000_000):
    with tempfile.TemporaryDirectory() as folder:
        texts, kept = os.path.join(folder, "texts.txt"), os.path.join(folder, "kept.txt")
        # In a process of its own, so that this one stays small.
        subprocess.run([sys.executable, os.path.abspath(__file__), "--write-million", texts, path, str(count)], check=True)
        with open(kept, "wb") as output:
            seconds, peak = whole_program([welt, "text", "dedup", "--near", "--threshold", "0.9", "--threads", THREADS,
                                           "--file", texts], output)
        with open(kept, "rb") as file:
            left = sum(1 for _ in file)
    print(f"dedup of {count} texts: {seconds:.1f} s, peak memory {peak / 1e6:.0f} MB, {left} stay")


def print_row(name, row, digits):
    line = f"{name:36} {row['welt']:9.{digits}f}"
    for other in ("wordllama", "model2vec"):
        line += f" {row[other]:10.{digits}f} {row[other] / row['welt']:7.1f}" if other in row else " " * 19
    print(line)


def medians(values):
    return {name: statistics.median(each) for name, each in values.items() if each}


def main():
    kinds = {"--wordllama": run_wordllama, "--model2vec": run_model2vec, "--folder": lambda: print(model2vec_folder()),
             "--million": lambda welt, path, count=1_000_000: run_million(welt, path, int(count)),
             "--write-million": lambda out, path, count: write_million(
                 out, pathlib.Path(path).read_text(encoding="utf-8").split(), int(count))}
    if sys.argv[1] in kinds:
        return kinds[sys.argv[1]](*sys.argv[2:])
    welt, path, turns = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 3
    environment = {**os.environ, "OMP_NUM_THREADS": THREADS, "OPENBLAS_NUM_THREADS": THREADS, "RAYON_NUM_THREADS": THREADS,
                   "TOKENIZERS_PARALLELISM": "true"}
    own = [sys.executable, os.path.abspath(__file__)]
    folder = subprocess.run([*own, "--folder"], stdout=subprocess.PIPE, check=True, text=True).stdout.split()[-1]
    commands = {"welt": [welt, "bench", "text-embedding", "--file", path, "--threads", THREADS, "--repeats", "1", "--json"],
                "wordllama": [*own, "--wordllama", path], "model2vec": [*own, "--model2vec", path, folder]}
    start = "import sys; sys.path.insert(0, %r); import bench_wordllama as b; b.load_wordllama()().similarity('a', 'b')"
    first = "from model2vec import StaticModel as s; m = s.from_pretrained(%r).encode(['a', 'b']); m[0] @ m[1]"
    starts = {"welt": [welt, "text", "similarity", "a", "b"],
              "wordllama": [sys.executable, "-c", start % os.path.dirname(os.path.abspath(__file__))],
              "model2vec": [sys.executable, "-c", first % folder]}
    seconds, memory, first_memory = {}, {}, {}
    for _ in range(turns):
        for name, command in commands.items():
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
            result = json.loads(done.stdout.splitlines()[-1])
            for work, value in result["seconds"].items():
                seconds.setdefault(work, {}).setdefault(name, []).append(value)
            memory.setdefault(name, []).append(result["peak_memory_bytes"] / 1e6)
        for name, command in starts.items():
            for _ in range(5):  # short ones: more often
                took, peak = whole_program(command)
                seconds.setdefault("start to first answer", {}).setdefault(name, []).append(took)
                first_memory.setdefault(name, []).append(peak / 1e6)
    shutil.rmtree(folder)
    head = f"seconds, medians of {turns} turns"
    print(f"{head:36} {'welt':>9} {'wordllama':>10} {'times':>7} {'model2vec':>10} {'times':>7}")
    for work, row in seconds.items():
        if "welt" in row:
            print_row(work, medians(row), 4)
    print_row("peak memory of all this, MB", medians(memory), 0)
    print_row("peak memory of the first answer, MB", medians(first_memory), 0)


if __name__ == "__main__":
    main()
