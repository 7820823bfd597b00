#!/usr/bin/env python3
"""Makes small tokenizers of every model with the library `tokenizers`, and records the ids that it gives for texts.

    python -m venv env && env/bin/pip install tokenizers==0.22.2 sentencepiece
    env/bin/python make_tokenizers.py data/quickstart/train.txt FOLDER [TEXTS]

Writes <name>.json, the tokenizer, and <name>.jsonl, a text and its ids a line, for TEXTS texts (default 60): lines of the
file, and random ones of many scripts. sentencepiece is only asked for a table of normalizations (Precompiled): a small
one, of a few blocks; with CHARSMAP=nmt_nfkc in the environment its own.
"""
import io
import json
import os
import pathlib
import random
import sys
import tempfile
import unicodedata

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

CORPUS, OUT = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines(), pathlib.Path(sys.argv[2])
COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 60
LINES = [line for line in CORPUS if line.strip()]
RANGES = [(0x20, 0x7E, 6), (0x61, 0x7A, 10), (0x20, 0x20, 8), (0xA0, 0x17F, 2), (0x370, 0x3FF, 2), (0x400, 0x4FF, 3), (0x590, 0x5FF, 1),
          (0x600, 0x6FF, 2), (0x900, 0x97F, 1), (0xE00, 0xE7F, 1), (0x1100, 0x11FF, 1), (0x1E00, 0x1EFF, 1), (0x2000, 0x206F, 2),
          (0x2100, 0x22FF, 1), (0x3000, 0x30FF, 2), (0x4E00, 0x9FFF, 4), (0xAC00, 0xD7A3, 2), (0xF900, 0xFFEF, 2), (0, 0x1F, 1),
          (0x300, 0x36F, 1), (0x10000, 0x1FFFF, 1), (0x1F300, 0x1FAFF, 2), (0x20000, 0x2FA1F, 1)]
MARKS = ["[UNK]", "[MASK]", "<unk>", "<s>", "##a", "▁", "  ", "\r\n", "é", "ﬁ", "Å", "İ", "the", " of ", "\u200b", "\ufeff", "㍿", "½"]


def texts():
    rng = random.Random(7)
    weights = [weight for *_, weight in RANGES]
    for i in range(COUNT):
        if i % 4 == 0:
            yield rng.choice(LINES)[:160]
            continue
        out = []
        for _ in range(rng.choice([1, 2, 3, 5, 8, 13, 21, 34])):
            if rng.random() < 0.12:
                out.append(rng.choice(MARKS))
            elif rng.random() < 0.3:
                out.append(rng.choice(rng.choice(LINES).split() or ["a"]))
            else:
                low, high, _ = rng.choices(RANGES, weights)[0]
                out.append(chr(rng.randint(low, high)))
            if rng.random() < 0.3:
                out.append(" ")
        yield "".join(out)


def rules():
    """What the table replaces: compatible forms, white space, and letters with a mark behind them."""
    def line(before, after):
        return " ".join(f"{ord(c):X}" for c in before) + "\t" + " ".join(f"{ord(c):X}" for c in after) + "\n"

    for low, high in [(0xA0, 0x17F), (0x2000, 0x206F), (0x2100, 0x214F), (0x3000, 0x3000), (0xFB00, 0xFB06), (0xFF01, 0xFF9F)]:
        for c in map(chr, range(low, high + 1)):
            if unicodedata.normalize("NFKC", c) != c:
                yield line(c, unicodedata.normalize("NFKC", c))
    yield from (line(c, "") for c in "\u200b\ufeff")
    yield from (line(letter + "\u0301", unicodedata.normalize("NFC", letter + "\u0301")) for letter in "aeiouAEIOU")


def charsmap():
    model, table = io.BytesIO(), tempfile.NamedTemporaryFile("w", suffix=".tsv")
    table.writelines(rules())
    table.flush()
    name = os.environ.get("CHARSMAP")
    normalization = {"normalization_rule_name": name} if name else {"normalization_rule_tsv": table.name}
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(LINES[:400]), model_writer=model, vocab_size=100,
                                             minloglevel=2, **normalization)
    data = model.getvalue()  # ModelProto: field 3 is the NormalizerSpec, whose field 2 is the table
    at, found = 0, None

    def varint(at):
        value = shift = 0
        while True:
            value |= (data[at] & 127) << shift
            shift += 7
            at += 1
            if data[at - 1] < 128:
                return value, at

    def fields(at, end):
        while at < end:
            key, at = varint(at)
            if key & 7 == 2:
                size, at = varint(at)
                yield key >> 3, at, at + size
                at += size
            elif key & 7 == 0:
                _, at = varint(at)
            else:
                at += 4 if key & 7 == 5 else 8

    for number, begin, end in fields(at, len(data)):
        if number == 3:
            for inner, first, last in fields(begin, end):
                if inner == 2:
                    found = data[first:last]
    return found


def train(model, trainer, normalizer, pre_tokenizer, added=()):
    tokenizer = Tokenizer(model)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(LINES[:400], trainer)
    for token in added:
        tokenizer.add_tokens([token])
    return tokenizer


def word_piece(normalizer, pre_tokenizer, added=()):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return train(models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False),
                 normalizer, pre_tokenizer, added)


def unigram(normalizer, pre_tokenizer, byte_fallback=False, added=()):
    special = ["<s>", "</s>", "<unk>"]
    if byte_fallback:
        special += [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = train(models.Unigram(), trainers.UnigramTrainer(vocab_size=500 if byte_fallback else 300, special_tokens=special, unk_token="<unk>", show_progress=False),
                      normalizer, pre_tokenizer, added)
    if byte_fallback:
        state = json.loads(tokenizer.to_str())
        state["model"]["byte_fallback"] = True
        tokenizer = Tokenizer.from_str(json.dumps(state))
    return tokenizer


def word_level(normalizer, pre_tokenizer):
    return train(models.WordLevel(unk_token="<unk>"), trainers.WordLevelTrainer(vocab_size=300, special_tokens=["<unk>"], show_progress=False),
                 normalizer, pre_tokenizer)


def bpe(normalizer, pre_tokenizer):
    return train(models.BPE(unk_token="<unk>"), trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>"], show_progress=False),
                 normalizer, pre_tokenizer)


bert = pre_tokenizers.BertPreTokenizer()
made = {
    "bert": word_piece(normalizers.BertNormalizer(), bert),
    "bert-cased": word_piece(normalizers.BertNormalizer(lowercase=False), bert, [AddedToken("ﬁnd", normalized=True)]),
    "bert-accents": word_piece(normalizers.BertNormalizer(strip_accents=False, handle_chinese_chars=False), bert),
    "word-piece-whitespace": word_piece(normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()]),
                                        pre_tokenizers.Whitespace()),
    "unigram": unigram(normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]),
                       pre_tokenizers.Metaspace()),
    "unigram-bytes": unigram(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False), True),
    "unigram-scripts": unigram(normalizers.Strip(), pre_tokenizers.Sequence([pre_tokenizers.UnicodeScripts(), pre_tokenizers.Digits(True)])),
    "xlm-roberta": unigram(normalizers.Sequence([normalizers.Precompiled(charsmap()), normalizers.Replace(Regex(" {2,}"), " ")]),
                           pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])),
    "word-level": word_level(normalizers.Lowercase(), pre_tokenizers.Whitespace()),
    "word-level-fixed": word_level(normalizers.Strip(left=True, right=False), pre_tokenizers.FixedLength(3)),
    "bytes-normalizer": bpe(normalizers.ByteLevel(), pre_tokenizers.CharDelimiterSplit("Ġ")),
}
OUT.mkdir(parents=True, exist_ok=True)
for name, tokenizer in made.items():
    tokenizer.save(str(OUT / f"{name}.json"), pretty=False)
    with open(OUT / f"{name}.jsonl", "w", encoding="utf-8") as file:
        for text in texts():
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            file.write(json.dumps({"text": text, "ids": ids}) + "\n")
    print(name, tokenizer.get_vocab_size())
