#!/usr/bin/env python3
"""Lays the answers of `welt text … --jsonl` beside recorded answers of the Python package wordllama.

    scripts/check_wordllama.py build/bin/welt tests/goldens/wordllama

The folder holds the files tokenize.jsonl, embed.jsonl … of the recorder; those that are missing are passed over. Prints a
table by file; exit status 1 where an answer differs by more than its file allows.
"""
import collections
import json
import pathlib
import subprocess
import sys

BINARY, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
differing = collections.Counter()


def rows_of(name):
    path = FOLDER / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def answers(verb, rows, *options):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    run = subprocess.run([BINARY, "text", verb, "--jsonl", *options], input=text.encode(), stdout=subprocess.PIPE, check=True)
    out = [json.loads(line) for line in run.stdout.decode().split("\n")[:-1]]
    assert len(out) == len(rows), (verb, len(out), len(rows))
    return out


def near(a, b, absolute, relative=0.0):
    return isinstance(a, (int, float)) and abs(a - b) <= absolute + relative * abs(b)


def all_near(a, b, absolute):
    return len(a) == len(b) and all(near(x, 0.0 if y == "nan" else y, absolute) for x, y in zip(a, b))


def check(name, rows, found, good):
    bad = [(row, answer) for row, answer in zip(rows, found) if not good(row, answer)]
    print(f"{name:28} {len(rows):5} rows  {len(bad):3} differ")
    for row, answer in bad[:2]:
        print("   ", json.dumps(row)[:300], "\n     ->", json.dumps(answer)[:300])
    differing[name] += len(bad)


def same_order(row, order, scores):
    """Neighbours nearer than 2e-6 may be swapped."""
    return sorted(order) == list(range(len(scores))) and all(
        near(scores[a], 0.0 if scores[b] == "nan" else scores[b], 2e-6) for a, b in zip(order, row["order"]))


def run(name, verb, keys, good, *options, rows=None, label=None):
    rows = rows_of(name) if rows is None else rows
    if rows:
        asked = [{key: row[key] for key in keys if key in row} for row in rows]
        check(label or name, rows, answers(verb, asked, *options), good)


run("tokenize", "tokenize", ["text"], lambda row, a: a.get("ids") == row["ids"])
run("tokenize_batch", "tokenize", ["texts"], lambda row, a: a.get("ids") == row["ids"] and a["mask"] == row["mask"])
run("embed", "embed", ["text", "dim"], lambda row, a: all(a.get(key) == row[key] for key in
                                                           ("tokens", "first8", "crc32", "sum", "sum_sq", "binary_words")))
run("similarity", "similarity", ["a", "b", "dim"],
    lambda row, a: near(a.get("dense"), row["dense"], 1e-6) and near(a["dense"], row["dense_f64"], 5e-7) and a["binary"] == row["binary"])
run("rank", "rank", ["query", "docs", "dim", "binary"],
    lambda row, a: all_near(a.get("scores", []), row["scores"], 1e-6) and same_order(row, a["order"], row["scores"]))
run("topk", "topk", ["query", "docs", "k", "binary"], lambda row, a: [row["docs"][i] for i in a.get("index", [])] == row["correct"])
run("filter", "filter", ["query", "docs", "threshold", "binary"],
    lambda row, a: a.get("index") == row["correct"] or 0 < row["margin"] < 2e-6)
documents = {row["name"]: row["docs"] for row in rows_of("deduplicate_docs")}
duplicates = [{**row, "docs": documents[row["name"]]} for row in rows_of("deduplicate")]
keys = ["docs", "dim", "binary", "threshold", "batch_size"]
run("deduplicate", "dedup", keys, lambda row, a: a.get("drop") == row["correct"], rows=duplicates)
run("deduplicate", "dedup", keys, lambda row, a: a.get("drop") == row["reference_drop"], "--reference-compatible",
    rows=duplicates, label="deduplicate, reference")
keys = ["docs", "matrix", "k", "dim", "random_state", "n_init", "min_iterations", "max_iterations", "tolerance"]
for name in ("cluster", "kmeans_matrix"):
    run(name, "cluster", keys, lambda row, a: (a.get("labels") == row["labels"] or not row["stable"]) and
        near(a["inertia"], row["inertia"], 1e-6, 1e-4))
keys = ["text", "target_size", "window_size", "poly_order", "savgol_window", "cleanup_size", "intermediate_size"]
splits = [{**row, "return_minima": True} for row in rows_of("split")]


def good_split(row, a):
    if row["chunks"] is None:  # where the package raises on a text without pieces, the answer is no chunk
        return "error" in a or (row["pieces"] == [] and a["chunks"] == [])
    exact = a.get("pieces") == row["pieces"] and all_near(a["window_average"], row["window_average"], 1e-6)
    return exact and (row["sensitive"] or (a["minima_index"] == row["minima_index"] and a["chunks"] == row["chunks"]))


run("split", "split", keys + ["return_minima"], good_split, rows=splits)
run("key", "key", ["query", "candidates", "norm", "binary"],
    lambda row, a: all_near(a.get("scores", []), row["scores"], 1e-6) and (row["order"] is None or a["order"] == row["order"]))
sys.exit(1 if sum(differing.values()) else 0)
