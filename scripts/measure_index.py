#!/usr/bin/env python3
"""`welt text index` and `welt text search`: how many of the nearest are found, and how long a search takes.

    python3 scripts/measure_index.py build/bin/welt FILE...            # the lines of the files, each once
    python3 scripts/measure_index.py build/bin/welt FILE... --words 6  # pieces of six words: many texts of few files

Every n-th text is a query and not in the index (--queries of them, 200). Recall: the share of hits that score at least as
much as the last of the ten (--k) that `--exact` finds, so that texts with equal scores count alike. A query is one line of
--jsonl, timed from its writing to its answer, in the process that answers all of them; the first answer, which opens the
index, is told apart. Up to 131,072 texts both searches compare all.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time


def texts_of(paths, words, most):
    found = {}
    for path in paths:
        text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
        if words:
            all_words = text.split()
            lines = (" ".join(all_words[i:i + words]) for i in range(0, len(all_words), words))
        else:
            lines = (" ".join(line.split()) for line in text.split("\n"))
        for line in lines:
            if line:
                found.setdefault(line)
    return list(found)[:most]


def build(welt, folder, texts, threads):
    """An index of the texts; seconds, and megabytes on the disk."""
    start = time.perf_counter()
    subprocess.run([welt, "text", "index", "build", str(folder), *threads], input="\n".join(texts).encode(),
                   stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start, sum(file.stat().st_size for file in folder.iterdir()) / 1e6


def search(welt, folder, queries, k, options):
    """The answers, and the seconds that each took."""
    process = subprocess.Popen([welt, "text", "search", str(folder), "--jsonl", *options], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    answers, seconds = [], []
    for query in queries:
        start = time.perf_counter()
        process.stdin.write(json.dumps({"query": query, "k": k}).encode() + b"\n")
        process.stdin.flush()
        answers.append(json.loads(process.stdout.readline()))
        seconds.append(time.perf_counter() - start)
    process.stdin.close()
    if process.wait() != 0:
        raise SystemExit(f"welt text search ended with status {process.returncode}")
    return answers, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("welt")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--words", type=int, default=0, help="cut the files into texts of so many words; 0: lines")
    parser.add_argument("--texts", type=int, help="take so many texts; default: all")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()

    texts = texts_of(given.files, given.words, given.texts)
    step = max(2, len(texts) // given.queries)
    queries = texts[step // 2::step][:given.queries]
    asked = set(queries)
    texts = [text for text in texts if text not in asked]
    threads = ["--threads", str(given.threads)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "index"
        seconds, megabytes = build(given.welt, folder, texts, threads)
        exact, exact_seconds = search(given.welt, folder, queries, given.k, [*threads, "--exact"])
        found, found_seconds = search(given.welt, folder, queries, given.k, threads)
    hits = wanted = 0
    for right, answer in zip(exact, found):
        if not right["scores"]:
            continue
        wanted += len(right["scores"])
        hits += sum(score >= right["scores"][-1] for score in answer["scores"])
    result = {"texts": len(texts), "queries": len(queries), "k": given.k, "build_seconds": seconds, "megabytes": megabytes,
              "recall": hits / max(1, wanted)}
    for name, times in (("search", found_seconds), ("exact", exact_seconds)):
        result[name] = {"first_ms": 1e3 * times[0], "median_ms": 1e3 * statistics.median(times[1:] or times)}
    if given.json:
        print(json.dumps(result))
        return
    print(f"{len(texts)} texts, {megabytes:.1f} MB, built in {seconds:.2f} s\n"
          f"recall of the {given.k} nearest, {len(queries)} queries: {100 * result['recall']:.2f} %")
    for name in ("search", "exact"):
        print(f"{name:6} {result[name]['median_ms']:8.2f} ms a query; the first {result[name]['first_ms']:.1f} ms")


if __name__ == "__main__":
    main()
