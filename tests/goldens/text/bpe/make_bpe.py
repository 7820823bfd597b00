#!/usr/bin/env python3
"""Trains three small tokenizers and writes what the library makes of texts: the goldens of the segmenter bpe.

    python3 -m venv env && env/bin/pip install tokenizers==0.22.2
    env/bin/python tests/goldens/text/bpe/make_bpe.py        # from the top of the source tree

gpt-neox.json: NFC, byte level with a space in front, runs of spaces as added tokens. llama-3.json: a Split expression,
ignore_merges. llama-2.json: SentencePiece's manner, ▁ for spaces, bytes for unknown characters, merges as strings.
ids.jsonl: {"text", "gpt-neox", "llama-3", "llama-2"}, ids by encode(text, add_special_tokens=False).
"""
import json
import os
import random

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
LLAMA_3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
           r"\s*[\r\n]+|\s+(?!\S)|\s+")
FRAGMENTS = ["<|endoftext|>", "<|begin_of_text|>", "<s>", "</s>", "<unk>", "<0xE2>", "▁", "▁▁", "  ", "    ", "'s", "'LL",
             "'ſ", "123", "45678", " the", "the ", "-", "\n\n", "\r\n", "\t", "I'm", "日本", "語", "é", "e\u0301", "ก็", "🏽", "👨‍👩‍👧",
             "\x00", "\x1c", "\u0085", "\u00a0", "\u2028", "\u3000", "\u200d", "\u1e0b\u0323", "각", "\u1100\u1161\u11a8", "Å"]


def corpus():
    with open(os.path.join(HERE, "../segmentation.jsonl"), encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    with open(os.path.join(HERE, "../../../../data/quickstart/train.txt"), encoding="utf-8") as file:
        return texts, texts + file.read().splitlines()[:1500]


def train(lines, vocabulary, pre_tokenizer, normalizer=None, special=(), byte_level=True):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    options = {"initial_alphabet": pre_tokenizers.ByteLevel.alphabet()} if byte_level else {"limit_alphabet": 120}
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=list(special),
                                                             show_progress=False, **options))
    return tokenizer


def gpt_neox(lines):
    tokenizer = train(lines, 1000, pre_tokenizers.ByteLevel(add_prefix_space=True), normalizers.NFC(), ["<|endoftext|>"])
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in range(2, 6)])
    return json.loads(tokenizer.to_str())


def llama_3(lines):
    split = pre_tokenizers.Split(Regex(LLAMA_3), "isolated")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    out = json.loads(train(lines, 1000, pre_tokenizers.Sequence([split, level]), special=["<|begin_of_text|>"]).to_str())
    out["model"]["ignore_merges"] = True
    out["model"]["vocab"]["Ġbeginning"] = len(out["model"]["vocab"])  # no merge makes it
    return out


def llama_2(lines):
    out = json.loads(train(lines, 740, pre_tokenizers.Metaspace(), byte_level=False).to_str())
    model = out["model"]
    base = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    learnt = [token for token, _ in sorted(model["vocab"].items(), key=lambda item: item[1])]
    model.update(vocab={token: i for i, token in enumerate(base + learnt)}, byte_fallback=True, fuse_unk=True,
                 unk_token="<unk>", merges=[" ".join(pair) for pair in model["merges"]])
    out["pre_tokenizer"] = None
    out["normalizer"] = {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
    out["added_tokens"] = [{"id": i, "content": base[i], "single_word": False, "lstrip": False, "rstrip": False,
                            "normalized": False, "special": True} for i in range(3)]
    return out


def random_text(generator, lines):
    parts = []
    for _ in range(generator.randrange(1, 15)):
        kind = generator.random()
        if kind < 0.4:
            parts.append(generator.choice(FRAGMENTS))
        elif kind < 0.6:
            line = generator.choice(lines)
            begin = generator.randrange(len(line) + 1)
            parts.append(line[begin:begin + 20])
        elif kind < 0.8:
            parts.append(chr(generator.randrange(0x20, 0x3000)))
        else:
            c = generator.randrange(0x110000)
            parts.append(" " if 0xD800 <= c < 0xE000 else chr(c))
    return "".join(parts)


def main():
    texts, lines = corpus()
    generator = random.Random(6)
    texts = [text for text in dict.fromkeys(texts) if len(text) < 400] + ["", " ", "a", " beginning beginning"]
    texts += [random_text(generator, lines) for _ in range(300)]
    tokenizers = {}
    for name, made in (("gpt-neox", gpt_neox), ("llama-3", llama_3), ("llama-2", llama_2)):
        document = made(lines)
        document.pop("decoder")
        document.pop("post_processor")
        with open(os.path.join(HERE, name + ".json"), "w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False, separators=(",", ":"))
            file.write("\n")
        tokenizers[name] = Tokenizer.from_file(file.name)
    with open(os.path.join(HERE, "ids.jsonl"), "w", encoding="utf-8") as file:
        for text in texts:
            ids = {name: tokenizer.encode(text, add_special_tokens=False).ids for name, tokenizer in tokenizers.items()}
            file.write(json.dumps({"text": text} | ids, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
