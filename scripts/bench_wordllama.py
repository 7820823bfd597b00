#!/usr/bin/env python3
"""`welt bench text-embedding` beside the Python packages wordllama and model2vec, in turns on this machine.

    python -m venv env && env/bin/pip install wordllama==0.4.0.post1 model2vec==0.10.0
    env/bin/python scripts/bench_wordllama.py build/bin/welt data/quickstart/train.txt [TURNS]

Prints the medians over the turns, and how many times as fast welt is. model2vec runs the same table: the weights of wordllama
saved as a folder of its own. Every turn is a process of its own, so all begin cold.
"""
import json
import os
import pathlib
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


def first_answer(command):
    return timed(lambda: subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True))[0]


def main():
    if sys.argv[1] == "--wordllama":
        return run_wordllama(sys.argv[2])
    if sys.argv[1] == "--model2vec":
        return run_model2vec(*sys.argv[2:4])
    welt, path, turns = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 3
    environment = {**os.environ, "OMP_NUM_THREADS": THREADS, "OPENBLAS_NUM_THREADS": THREADS, "RAYON_NUM_THREADS": THREADS,
                   "TOKENIZERS_PARALLELISM": "true"}
    folder = model2vec_folder()
    own = [sys.executable, os.path.abspath(__file__)]
    commands = {"welt": [welt, "bench", "text-embedding", "--file", path, "--threads", THREADS, "--repeats", "1", "--json"],
                "wordllama": [*own, "--wordllama", path], "model2vec": [*own, "--model2vec", path, folder]}
    start = "import sys; sys.path.insert(0, %r); import bench_wordllama as b; b.load_wordllama()().similarity('a', 'b')"
    starts = {"welt": [welt, "text", "similarity", "a", "b"],
              "wordllama": [sys.executable, "-c", start % os.path.dirname(os.path.abspath(__file__))]}
    seconds = {name: {} for name in commands}
    memory = {name: [] for name in commands}
    for _ in range(turns):
        for name, command in commands.items():
            result = json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])
            for work, value in result["seconds"].items():
                seconds[name].setdefault(work, []).append(value)
            memory[name].append(result["peak_memory_bytes"])
        for name, command in starts.items():
            seconds[name].setdefault("start to first answer", []).append(first_answer(command))
    print(f"{'seconds, medians of ' + str(turns) + ' turns':34} {'welt':>9} {'wordllama':>10} {'times':>7} {'model2vec':>10} {'times':>7}")
    for work in seconds["welt"]:
        row = {name: statistics.median(seconds[name][work]) for name in commands if work in seconds[name]}
        line = f"{work:34} {row['welt']:9.4f}"
        for name in ("wordllama", "model2vec"):
            line += f" {row[name]:10.4f} {row[name] / row['welt']:7.1f}" if name in row else " " * 19
        print(line)
    print("peak memory, MB: " + ", ".join(f"{name} {statistics.median(memory[name]) / 1e6:.0f}" for name in commands))


if __name__ == "__main__":
    main()
