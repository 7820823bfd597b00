#!/usr/bin/env python3
"""Makes the text of recipes/experiments out of what Debian and this project bring, in place of the data sets that the
Python WeLT's experiments load from Hugging Face.

    scripts/make_experiment_data.py NAME --out DIR      writes DIR/train.jsonl and DIR/held-out.jsonl
    scripts/make_experiment_data.py --list              the names, what each is made of, and its original
    scripts/make_experiment_data.py all --out DIR       DIR/NAME for each

A row has "text", the document as it is trained on, and where something is to be written "prefix" and "completion", of
which it is made. The same files give the same bytes: what is drawn is drawn by --seed. It needs no package of Python's.
A Debian package that is not installed is fetched by `apt-get download` and unpacked into a temporary folder.
"""

import argparse
import collections
import html
import json
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import zlib

SO, SI = "\x0e", "\x0f"  # around a block of words that see each other and are not learnt
SOH, ENQ, ACK, ETB = "\x01", "\x05", "\x06", "\x17"  # of chat: docs/generation.md
ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = tempfile.TemporaryDirectory(prefix="welt-data-")


def fail(message):
    sys.exit(f"make_experiment_data: {message}")


def from_package(package, path):
    """The file of a Debian package: the installed one, or that of the package fetched."""
    installed = pathlib.Path("/", path)
    if installed.exists():
        return installed
    folder = pathlib.Path(PACKAGES.name, package)
    if not folder.exists():
        archives = pathlib.Path(PACKAGES.name)
        try:
            subprocess.run(["apt-get", "-q", "download", package], cwd=archives, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            subprocess.run(["dpkg-deb", "-x", next(archives.glob(f"{package}_*.deb")), folder], check=True)
        except (OSError, subprocess.CalledProcessError, StopIteration):
            fail(f"{installed} is missing and Debian's package {package} cannot be fetched: apt-get install {package}")
    return folder / path


def chapters():
    """The bundled New Testament: 260 lists of verses in order, and which of them are held out."""
    parts = {}
    for name in ("train", "held-out"):
        text = (ROOT / "data/quickstart" / f"{name}.txt").read_text(encoding="utf-8")
        parts[name] = [chapter.splitlines() for chapter in text.strip("\n").split("\n\n")]
    for number in range(1, 1 + sum(len(part) for part in parts.values())):
        held_out = number % 20 == 10
        yield parts["held-out" if held_out else "train"].pop(0), held_out


def sentences(options):
    """(sentence, is held out): the bundled verses, cut where a colon or a full stop ends a part of them; or the lines
    of --text, of which every twentieth is held out."""
    if options.text:
        lines = [line.strip() for line in options.text.read_text(encoding="utf-8").splitlines() if line.strip()]
        pairs = [(line, i % 20 == 10) for i, line in enumerate(lines)]
    else:
        pairs = [(part, held_out) for chapter, held_out in chapters() for verse in chapter
                 for part in re.split(r"(?<=[.:;?!]) ", verse)]
    known = set()
    for sentence, held_out in sorted(pairs, key=lambda pair: pair[1]):  # one that is in both is trained on
        if 2 <= len(sentence.split()) <= 40 and sentence not in known:
            known.add(sentence)
            yield sentence, held_out


def row(prefix, completion):
    return {"text": prefix + completion, "prefix": prefix, "completion": completion}


def repetition(options):
    return [(row(f"<text>{SO}{text}{SI}<repeat> ", text), held_out) for text, held_out in sentences(options)]


def letter_count(options):
    """How often each letter is in a word, in alphabetical order: "banana" → "a: 3, b: 1, n: 2"."""
    source = options.text or from_package("wamerican", "usr/share/dict/american-english")
    words = sorted(set(re.findall(r"\b[a-z]{3,12}\b(?!')", source.read_text(encoding="utf-8"))))
    rows = []
    for i, word in enumerate(words):
        counts = ", ".join(f"{letter}: {count}" for letter, count in sorted(collections.Counter(word).items()))
        rows.append((row(f"<text>{SO}{word}{SI}<count> ", counts), i % 20 == 10))
    return rows


def sword_entries(package, stem):
    """Texts of one testament of a SWORD module (zText): blocks compressed by zlib, and where in which each entry is."""
    index, places, blocks = (from_package(package, f"{stem}.{ending}").read_bytes() for ending in ("bzs", "bzv", "bzz"))
    plain = [zlib.decompress(blocks[start:start + size]) for start, size, _ in struct.iter_unpack("<III", index)]
    return [plain[block][start:start + size].decode("utf-8") if size else ""
            for block, start, size in struct.iter_unpack("<IIH", places)]


def plain_verse(marked):
    """A verse without its markup, headings and notes."""
    without_notes = re.sub(r"<(title|note)\b[^>]*(?<!/)>.*?</\1>", "", marked, flags=re.S)
    return html.unescape(" ".join(re.sub(r"<[^>]*>", "", without_notes).split()))


def translation(options):
    """The New Testament in English (King James Version) and Spanish (Reina-Valera 1909), verse by verse."""
    entries = sword_entries("sword-text-sparv", "usr/share/sword/modules/texts/ztext/spaRV1909eb/nt")
    rows, at = [], 0
    for english, held_out in chapters():
        while not re.search(r"<chapter [^>]*sID=", entries[at]):  # headings of the testament and of books
            at += 1
        for verse, marked in zip(english, entries[at + 1:at + 1 + len(english)]):
            if spanish := plain_verse(marked):
                rows.append((row(f"<en>{SO}{verse}{SI}<es> ", spanish), held_out))
        at += 1 + len(english)
    return rows


def chat(options):
    """Questions about the codes of countries, currencies and scripts, with a thought and an answer."""
    def table(name, key):
        file = from_package("iso-codes", f"usr/share/iso-codes/json/{name}.json")
        return json.loads(file.read_text(encoding="utf-8"))[key]

    kinds = [("country", "ISO 3166", "alpha_2", table("iso_3166-1", "3166-1")),
             ("currency", "ISO 4217", "alpha_3", table("iso_4217", "4217")),
             ("script", "ISO 15924", "alpha_4", table("iso_15924", "15924"))]
    questions = ["What is the code of the {kind} {name}?", "Which code does the {kind} {name} have?",
                 "Tell me the {standard} code of {name}.", "{name}: its code, please.",
                 "How is the {kind} {name} abbreviated?"]
    draw = random.Random(options.seed)
    rows = []
    for kind, standard, code, entries in kinds:
        for entry in entries:
            facts = {"kind": kind, "name": entry["name"], "standard": standard, "code": entry[code]}
            held_out = draw.randrange(len(questions))  # of some facts one of the five ways to ask is held out
            for i, question in enumerate(questions):
                prefix = f"{SOH}user{SO}{question}{SI}{ETB}{SOH}assistant".format(**facts)
                thought, answer = "{name} is a {kind}. {standard} has its code.", "The code of {name} is {code}."
                completion = f"{ENQ}{thought}{ACK}{answer}{ETB}".format(**facts)
                rows.append((row(prefix, completion), i == held_out and draw.random() < 0.2))
    return rows


def pretraining(options):
    """The World English Bible, a chapter a document, one verse a line."""
    if options.text:
        documents = options.text.read_text(encoding="utf-8").strip("\n").split("\n\n")
    else:
        stem = "usr/share/sword/modules/texts/ztext/engWEB2015eb/"
        documents = []
        for entry in sword_entries("sword-text-web", stem + "ot") + sword_entries("sword-text-web", stem + "nt"):
            if re.search(r"<chapter [^>]*sID=", entry):
                documents.append([])
            elif documents and (verse := plain_verse(entry)):
                documents[-1].append(verse)
        documents = ["\n".join(chapter) for chapter in documents if chapter]
    return [({"text": text}, i % 50 == 25) for i, text in enumerate(documents)]


def bpe(options):
    """The rows of string repetition, and a tokenizer.json whose 2,000 merges are learnt of them."""
    rows = repetition(options)
    texts = [item["completion"] for item, held_out in rows if not held_out]
    write_tokenizer(texts, options.out / "tokenizer.json", 2000)
    return rows


def bpe_words(text):
    """Pieces that no merge crosses: letters, digits or signs with the space before them, and other white space."""
    return re.findall(r" ?[^\W\d_]+| ?\d+| ?(?:[^\w\s]|_)+|\s+", text)


def byte_letters():
    """What the ByteLevel pre-tokenizer writes for each byte: its own letter where that shows, else one from U+0100."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {byte: chr(byte) for byte in shown} | {byte: chr(0x100 + i) for i, byte in enumerate(hidden)}


def learn_merges(texts, wanted):
    """The most frequent pair of neighbours becomes one token, `wanted` times; of several the first in order."""
    letters = byte_letters()
    counted = collections.Counter(word for text in texts for word in bpe_words(text))
    words = [([letters[byte] for byte in word.encode("utf-8")], count) for word, count in sorted(counted.items())]
    pairs, places = collections.Counter(), collections.defaultdict(set)  # how often, and in which words

    def count(i, sign):
        tokens, often = words[i]
        for pair in zip(tokens, tokens[1:]):
            pairs[pair] += sign * often
            places[pair].add(i)

    for i in range(len(words)):
        count(i, 1)
    merges = []
    while len(merges) < wanted and pairs:
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < 2:
            break
        merges.append(best)
        for i in sorted(places.pop(best)):
            count(i, -1)
            tokens = words[i][0]
            at = 0
            while at + 1 < len(tokens):
                if (tokens[at], tokens[at + 1]) == best:
                    tokens[at:at + 2] = ["".join(best)]
                at += 1
            count(i, 1)
        del pairs[best]
    return merges


def write_tokenizer(texts, path, wanted):
    merges = learn_merges(texts, wanted)
    vocabulary = [*byte_letters().values(), *("".join(pair) for pair in merges)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    path.write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": byte_level, "post_processor": None, "decoder": byte_level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                  "vocab": {token: i for i, token in enumerate(dict.fromkeys(vocabulary))},
                  "merges": [" ".join(pair) for pair in merges]}}, ensure_ascii=False), encoding="utf-8")


# Name: what makes it, what it is made of, and the data set that it stands for.
DATA_SETS = {
    "string_repetition": (repetition, "sentences of the bundled text", "Helsinki-NLP/opus-100 en-he"),
    "letter_count": (letter_count, "words of Debian's wamerican", "magus4450/english-words-small-letter-count"),
    "machine_translation": (translation, "the bundled text and Debian's sword-text-sparv",
                            "Helsinki-NLP/opus-100 en-he"),
    "chat": (chat, "tables of Debian's iso-codes", "PleIAs/SYNTH"),
    "pretraining": (pretraining, "Debian's sword-text-web", "monology/pile-uncopyrighted"),
    "bpe": (bpe, "sentences of the bundled text", "Helsinki-NLP/opus-100 en-he"),
}


def write(name, options):
    options.out.mkdir(parents=True, exist_ok=True)
    rows = DATA_SETS[name][0](options)
    random.Random(options.seed).shuffle(rows)
    told = []
    for part, wanted in (("train", False), ("held-out", True)):
        lines = [json.dumps(item, ensure_ascii=False) + "\n" for item, held_out in rows if held_out == wanted]
        (options.out / f"{part}.jsonl").write_text("".join(lines), encoding="utf-8")
        told.append(f"{part}.jsonl {len(lines)} rows, {sum(len(line.encode()) for line in lines)} bytes")
    print(f"{options.out}: {'; '.join(told)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("name", nargs="?", choices=["all", *DATA_SETS], help="data set; all: each in its own folder")
    parser.add_argument("--out", type=pathlib.Path, help="folder to write into; default: data/experiments/NAME")
    parser.add_argument("--text", type=pathlib.Path,
                        help="a text of your own in place of the source: a sentence a line, for letter_count any text,"
                             " for pretraining paragraphs with an empty line between; not for translation and chat")
    parser.add_argument("--seed", type=int, default=42, help="of the order and of what is drawn (default 42)")
    parser.add_argument("--list", action="store_true", help="say what there is")
    options = parser.parse_args()
    if options.list:
        for name, (_, made_of, original) in DATA_SETS.items():
            print(f"{name:20} {made_of}; in place of {original}")
        return
    if options.name is None:
        parser.error("a name of --list, or all")
    out = options.out or ROOT / "data/experiments"
    alone = options.out is not None and options.name != "all"
    for name in DATA_SETS if options.name == "all" else [options.name]:
        options.out = out if alone else out / name
        write(name, options)


if __name__ == "__main__":
    main()
