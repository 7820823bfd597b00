#!/usr/bin/env python3
"""Spearman of a static embedding's cosines with those of all-MiniLM-L6-v2, on pairs of held-out texts.

    python scripts/compare_similarity.py --welt build/bin/welt --teacher .deps/minilm \\
        --text data/quickstart/held-out.txt "published=l2_supercat" "distilled=runs/distill" \\
        "trained=runs/train-embedding/embedding"

Each line of the text makes two pairs: with the line behind it, and with one drawn from all others (--seed). The teacher
is run by transformers, sentences pooled by their mean; vectors of the others come from `welt text embed`, their signs
are compared by 1 - 2 hamming / dim. Prints a table in Markdown. Needs numpy, torch, transformers and tokenizers."""
import argparse
import os
import random
import subprocess
import tempfile

import numpy


def ranks(values):
    """Places in ascending order; equal values share the mean of theirs."""
    _, inverse, counts = numpy.unique(values, return_inverse=True, return_counts=True)
    ends = numpy.cumsum(counts)
    return (ends - (counts - 1) / 2)[inverse]


def spearman(a, b):
    return float(numpy.corrcoef(ranks(a), ranks(b))[0, 1])


def cosines(vectors, pairs):
    lengths = numpy.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / numpy.maximum(lengths, 1e-12)
    return numpy.round((vectors[pairs[:, 0]] * vectors[pairs[:, 1]]).sum(1), 12)  # equal signs, equal values


def teacher_vectors(folder, texts, threads):
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModel
    torch.set_num_threads(threads)
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    model = AutoModel.from_pretrained(folder).eval()
    parts = []
    with torch.no_grad():
        for at in range(0, len(texts), 64):
            batch = tokenizer.encode_batch(texts[at:at + 64])
            mask = torch.tensor([e.attention_mask for e in batch])
            hidden = model(input_ids=torch.tensor([e.ids for e in batch]), attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(2).float()
            parts.append((hidden * weights).sum(1) / weights.sum(1))
    return torch.cat(parts).double().numpy()


def static_vectors(welt, model, texts, threads):
    with tempfile.TemporaryDirectory() as folder:
        lines, out = os.path.join(folder, "texts.txt"), os.path.join(folder, "vectors.npy")
        with open(lines, "w", encoding="utf-8") as file:
            file.writelines(text + "\n" for text in texts)
        subprocess.run([welt, "text", "embed", "--model", model, "--file", lines, "--out", out, "--threads",
                        str(threads)], check=True, stdout=subprocess.DEVNULL)
        vectors = numpy.load(out).astype(numpy.float64)
    if len(vectors) != len(texts):
        raise SystemExit(f"{model}: {len(vectors)} vectors of {len(texts)} texts")
    return vectors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="NAME=MODEL", help="a name for the table, and what --model takes")
    parser.add_argument("--welt", default="build/bin/welt")
    parser.add_argument("--teacher", default=".deps/minilm", help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--text", default="data/quickstart/held-out.txt", help="a text a line")
    parser.add_argument("--dims", default="64,128,256")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()

    with open(options.text, encoding="utf-8") as file:
        texts = [line.strip() for line in file if line.strip()]
    draw = random.Random(options.seed)
    pairs = [(i, i + 1) for i in range(len(texts) - 1)]
    pairs += [(i, draw.choice([j for j in range(len(texts)) if abs(i - j) > 1])) for i in range(len(texts))]
    pairs = numpy.array(pairs)
    expected = cosines(teacher_vectors(options.teacher, texts, options.threads), pairs)

    dims = [int(dim) for dim in options.dims.split(",")]
    print(f"{len(texts)} texts, {len(pairs)} pairs\n")
    print("| | " + " | ".join([f"float {d}" for d in dims] + [f"binary {d}" for d in dims]) + " |")
    print("| --- |" + " ---: |" * (2 * len(dims)))
    for given in options.models:
        name, _, model = given.rpartition("=")
        vectors = static_vectors(options.welt, model, texts, options.threads)
        cells = []
        for binary in (False, True):
            for dim in dims:
                if dim > vectors.shape[1]:
                    cells.append("–")
                    continue
                part = vectors[:, :dim]
                if binary:  # of signs, 1 - 2 hamming / dim is the cosine
                    part = numpy.where(part > 0, 1.0, -1.0)
                cells.append(f"{spearman(cosines(part, pairs), expected):.3f}")
        print(f"| {name or model} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
