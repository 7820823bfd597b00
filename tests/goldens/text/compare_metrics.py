"""Random pairs in many scripts: `welt metrics --jsonl` beside sacreBLEU 2.6.0 and jiwer 4.0.0.

    python compare_metrics.py build/bin/welt [--pairs 8000] [--seed 1]

Needs sacrebleu and jiwer. Prints every mismatch over 1e-9 (relative to 1 or the value), their number, and pairs a
second of both sides; leaves with status 1 when there is any.
"""
import argparse
import json
import logging
import random
import subprocess
import sys
import time

import jiwer
from sacrebleu.metrics import BLEU, CHRF

SCRIPTS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFG", "0123456789", "àéîõüßñçøåœ", "абвгдежзиклмнопрстуфхцчшщ",
    "αβγδεζηθικλμν", "אבגדהוזחטיכלמנ", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "कखगघङचछजझञटठडढणतथदधनािीुूेैोौ्",
    "กขคงจฉชซญฎฏฐดตถทนบปผาิีึืุูเแโ", "的一是不了人我在有他这中大来上国", "あいうえおかきくけこアイウエオカキクケコ", "가나다라마바사아자차카타파하",
    "ሀለሐመሠረሰሸ", "ⴰⴱⴳⴷⴹⴻ", "😀😁🎉🚀👍🏽👩\u200d👩\u200d👧", "e\u0301a\u0308o\u0327", "𝔸𝔹ℂ𝟙𝟚", "ⅠⅡ①②½¼²³٣४"
]
MARKS = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + list("。、，！？；：「」『』—–…“”‘’«»¿¡·٪،؟।॥€£¥±×÷©®™→∑∞") + [
    "&quot;", "&amp;", "&lt;", "&gt;", "&amp;lt;", "<skipped>", "-\n", "...", "..", ",.", "1.5", "3,14", "5-", "-5", "n't", "--"
]
SPACES = [
    "\t", "\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0", "\u1680",
    "\u180e", "\u2000", "\u2003", "\u200a", "\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
    "\ufeff", "\x00", "\x1b", "  ", "   ", " \t", "\u3000\u3000"
]


def word(rng):
    letters = rng.choice(SCRIPTS) if rng.random() < 0.8 else SCRIPTS[0]
    text = "".join(rng.choice(letters) for _ in range(rng.choice([1, 1, 2, 2, 3, 4, 5, 7])))
    for _ in range(rng.choice([0, 0, 0, 0, 1, 1, 2])):
        mark = rng.choice(MARKS)
        text = rng.choice([mark + text, text + mark, text[:1] + mark + text[1:]])
    return text


def sentence(rng, words):
    text = ""
    for _ in range(rng.choice([0, 1, 2, 3, 5, 8, 8, 13, 21, 40])):
        text += rng.choice(words) if rng.random() < 0.97 else rng.choice(MARKS)
        text += " " if rng.random() < 0.9 else rng.choice(SPACES)
    return text if rng.random() < 0.3 else text.rstrip(" ")


def noisy(rng, text, words):
    parts = text.split(" ")
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        at = rng.randrange(len(parts) + 1)
        action = rng.random()
        if action < 0.3:
            parts.insert(at, rng.choice(words))
        elif action < 0.6 and at < len(parts):
            del parts[at]
        elif action < 0.8 and at < len(parts):
            parts[at] = rng.choice(words)
        else:
            rng.shuffle(parts) if rng.random() < 0.2 else parts.insert(at, rng.choice(SPACES + MARKS))
    text = " ".join(parts)
    if text and rng.random() < 0.4:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", "x", rng.choice(SPACES), rng.choice(MARKS)]) + text[at + 1:]
    return text


def random_row(rng, pairs):
    words = [word(rng) for _ in range(rng.choice([3, 10, 40]))]
    references = [sentence(rng, words) for _ in range(pairs)]
    hypotheses = [sentence(rng, words) if rng.random() < 0.2 else noisy(rng, r, words) for r in references]
    return hypotheses, references


def reference_row(hypotheses, references, metrics):
    bleu, sentence_bleu, chrf, chrfpp = metrics
    score = bleu.corpus_score(hypotheses, [references])
    row = {"bleu": score.score, "bleu_counts": score.counts, "bleu_totals": score.totals,
           "bleu_precisions": score.precisions, "bleu_bp": score.bp, "hyp_len": score.sys_len, "ref_len": score.ref_len,
           "chrf2": chrf.corpus_score(hypotheses, [references]).score,
           "chrfpp": chrfpp.corpus_score(hypotheses, [references]).score,
           "wer": jiwer.wer(references, hypotheses), "cer": jiwer.cer(references, hypotheses)}
    if len(hypotheses) == 1:
        row |= {"sentence_bleu_effective_order": sentence_bleu.sentence_score(hypotheses[0], references).score,
                "tokens_13a_hyp": bleu.tokenizer(hypotheses[0]), "tokens_13a_ref": bleu.tokenizer(references[0])}
    return row


def differs(a, b):
    if isinstance(a, list):
        return len(a) != len(b) or any(differs(x, y) for x, y in zip(a, b))
    if isinstance(a, float):
        return abs(a - b) > 1e-9 * max(1, abs(a))
    return a != b


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("welt")
    parser.add_argument("--pairs", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    rng = random.Random(arguments.seed)
    rows, pairs = [], 0
    while pairs < arguments.pairs:
        rows.append(random_row(rng, 1 if rng.random() < 0.8 else rng.randrange(2, 12)))
        pairs += len(rows[-1][0])
    metrics = BLEU(), BLEU(effective_order=True), CHRF(), CHRF(word_order=2)
    start = time.perf_counter()
    expected = [reference_row(h, r, metrics) for h, r in rows]
    python_seconds = time.perf_counter() - start

    lines = "".join(json.dumps({"kind": "pair" if len(h) == 1 else "corpus", "hyp": h, "ref": r}) + "\n"
                    for h, r in rows)
    start = time.perf_counter()
    out = subprocess.run([arguments.welt, "metrics", "--jsonl"], input=lines.encode(), capture_output=True,
                         check=True).stdout
    seconds = time.perf_counter() - start
    answers = [json.loads(line) for line in out.decode().split("\n")[:-1]]
    mismatches = abs(len(answers) - len(expected))
    for (hypotheses, references), want, got in zip(rows, expected, answers):
        wrong = sorted(set(want) ^ set(got)) + [k for k in want if k in got and differs(want[k], got[k])]
        if wrong:
            mismatches += 1
            print("mismatch", {k: (want.get(k), got.get(k)) for k in wrong}, hypotheses, references)
    print(f"{pairs} pairs in {len(rows)} rows, {mismatches} mismatches; "
          f"Python {pairs / python_seconds:.0f} pairs/s, welt with its start and JSON {pairs / seconds:.0f} pairs/s")
    return mismatches > 0


if __name__ == "__main__":
    sys.exit(main())
