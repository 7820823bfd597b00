"""Times ways to write text with one trained model: words a second and milliseconds a byte, and whether the text is
that of greedy decoding word by word.

usage: decoding.py RUN [--welt build/bin/welt] [--draft RUN] [--words 40] [--repeats 3]

Prompts are the first twelve words of eight held-out chapters of the quick start, at batch 8 all together and at batch
1 the first four one by one. Speed is what `welt generate --statistics` tells, which does not count loading. About 3
minutes.
"""
import json
import pathlib
import re
import statistics
import subprocess
import trials


def methods(draft):
    listed = {"greedy": [], "greedy, bf16 weights": ["--weights", "bf16"],
              "greedy, int8 weights": ["--weights", "int8"],
              "drawn, 0.8, top-p 0.9": ["--temperature", "0.8", "--top-p", "0.9"],
              "4 beams of a word's bytes": ["--beams", "4"], "4 beams of words": ["--word-beams", "4"],
              "n-grams guess 4 words": ["--speculate", "4"]}
    if draft:
        listed["a small model guesses 4 words"] = ["--draft", str(draft)]
    return listed


def written(args, prompts, options):
    """(texts, words, bytes, seconds, how many guesses were right)"""
    command = [str(args.welt.resolve()), "generate", str(args.run), "--words", str(args.words), "--statistics",
               "--json", *options]
    for prompt in prompts:
        command += ["--prompt", prompt]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"decoding.py: {' '.join(options)}: {done.stderr[-1000:]}")
    told = re.search(r"(\d+) words, (\d+) bytes in ([\d.]+) s", done.stderr)
    if not told:
        raise SystemExit(f"decoding.py: no figures in {done.stderr[-500:]!r}")
    words, written_bytes, seconds = int(told[1]), int(told[2]), float(told[3])
    right = re.search(r"\d+ words guessed, \d+ of them as written \([^)]*\)", done.stderr)
    texts = [json.loads(line)["text"] for line in done.stdout.splitlines() if line.startswith("{")]
    return texts, words, written_bytes, seconds, right[0] if right else ""


def main():
    parser = trials.parser_of(__doc__)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--draft", type=pathlib.Path)
    parser.add_argument("--words", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    chapters = (trials.ROOT / "data/quickstart/held-out.txt").read_text(encoding="utf-8").strip().split("\n\n")
    prompts = [" ".join(chapter.split()[:12]) + " " for chapter in chapters[:8]]
    print("| method | batch | words/s | ms a byte | texts as greedy's | |\n| --- | ---: | ---: | ---: | ---: | --- |")
    for batch in (1, 8):
        groups = [prompts] if batch == 8 else [[prompt] for prompt in prompts[:4]]
        greedy = None
        for name, options in methods(args.draft).items():
            rates, milliseconds, notes = [], [], ""
            for _ in range(args.repeats):
                parts = [written(args, group, options) for group in groups]
                seconds = sum(part[3] for part in parts)
                rates.append(sum(part[1] for part in parts) / max(seconds, 1e-9))
                milliseconds.append(1000 * seconds / max(1, sum(part[2] for part in parts)))
                notes = parts[-1][4]
            texts = [text for part in parts for text in part[0]]
            greedy = greedy or texts
            same = sum(a == b for a, b in zip(texts, greedy))
            print(f"| {name} | {batch} | {statistics.median(rates):,.0f} | {statistics.median(milliseconds):.2f} | "
                  f"{same} of {len(texts)} | {notes} |", flush=True)


main()
