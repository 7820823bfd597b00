#!/usr/bin/env python3
"""Writes the seeds of the fuzz harnesses, tests/fuzz/corpus/<harness>/: small, whole inputs of every kind a harness reads.

    python3 tests/fuzz/make_corpus.py

Needs nothing but Python 3. Each seed is taken by the reader it is for, or refused if its name begins with refused-; the
driver checks that. Recipes are written by hand; seeds that were found by fuzzing (regression-*) stay as they are.
"""
import gzip
import json
import struct
from pathlib import Path

import tiny_fonts

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(__file__).resolve().parent / "corpus"


def put(harness, name, data):
    folder = CORPUS / harness
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


# ---- plugin files: ELF-64 with just the tables that the note reader looks at ----

def welt_note(kind, libtorch, sanitizers=0, string_abi=3, plugin_id="toy"):
    text = lambda value, size: value.encode().ljust(size, b"\0")
    body = struct.pack("<8I", 0, 0, 1, 1, kind, *libtorch, string_abi) + struct.pack("<I", sanitizers)
    body += text(plugin_id, 64) + text("1.0.0", 32) + text("0.1.0", 32) + text("GNU 12.2.0", 64)
    return struct.pack("<I", 4 + len(body)) + body


def elf(note, exports=("welt_plugin_entry",), needed=("libc.so.6",), align=4):
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in (*exports, *needed))
    place = lambda name: strings.index(b"\0" + name.encode() + b"\0") + 1
    symbols = bytes(24) + b"".join(struct.pack("<IBBHQQ", place(name), 0x12, 0, 1, 0x1000, 16) for name in exports)
    dynamic = b"".join(struct.pack("<qQ", 1, place(name)) for name in needed) + bytes(16)
    owner = struct.pack("<III", 5, len(note), 1) + b"welt\0"
    notes = owner + bytes(-len(owner) % align) + note
    names = b"\0.note.welt\0.dynsym\0.dynstr\0.dynamic\0.shstrtab\0"
    parts, at = [], 64 + 56
    for data in (notes, symbols, strings, dynamic, names):
        at += -at % 8
        parts.append((at, data))
        at += len(data)
    headers_at = at + -at % 8
    section = lambda name, kind, index, link, alignment: struct.pack(
        "<IIQQQQIIQQ", names.index(name), kind, 2, 0, parts[index][0], len(parts[index][1]), link, 1, alignment, 0)
    headers = bytes(64) + section(b".note.welt", 7, 0, 0, align) + section(b".dynsym", 11, 1, 3, 8)
    headers += section(b".dynstr", 3, 2, 0, 1) + section(b".dynamic", 6, 3, 3, 8) + section(b".shstrtab", 3, 4, 0, 1)
    image = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, headers_at, 0, 64, 56, 1, 64, 6, 5)
    image += struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, at, at, 4096)
    for place_, data in parts:
        image = image.ljust(place_, b"\0") + data
    return image.ljust(headers_at, b"\0") + headers


put("note_reader", "torch-free", elf(welt_note(1, (0, 0))))
put("note_reader", "torch-linked", elf(welt_note(2, (2, 15), string_abi=1), needed=("libtorch_cpu.so", "libc10.so")))
put("note_reader", "sanitized-two-exports", elf(welt_note(1, (0, 0), 7), exports=("welt_plugin_entry", "other"), align=8))


# ---- .safetensors ----

def safetensors(tensors, metadata=None):
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, dtype, shape, content in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def longs(*values):
    return struct.pack(f"<{len(values)}q", *values)


put("safetensors", "two", safetensors([("a.weight", "F32", [2, 3], floats(*range(6))), ("ids", "I64", [3], longs(1, 2, 3))],
                                      {"format": "pt"}))
put("safetensors", "every-type", safetensors([
    ("f64", "F64", [1], bytes(8)), ("i32", "I32", [2], bytes(8)), ("bf16", "BF16", [3], bytes(6)), ("f16", "F16", [], bytes(2)),
    ("i16", "I16", [1], bytes(2)), ("i8", "I8", [1, 1], bytes(1)), ("u8", "U8", [1], bytes(1)), ("bool", "BOOL", [2], b"\0\1"),
    ("none", "F32", [0, 7], b"")]))
put("safetensors", "unread-types", safetensors([("a", "U32", [1], longs(1)[:4]), ("b", "F4", [2], b"\x21"), ("c", "NEW", [9], b"xy")]))
put("safetensors", "refused-pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n")
put("safetensors", "empty", safetensors([]))

# ---- an index of texts: manifest, NUL, one segment ----

def text_index(segment, **changes):
    manifest = {"format": "welt text index", "version": 1, "dim": 8, "model": "", "tokenizer": "", "fingerprint": "f", "next": 2,
                "segments": [{"file": "segment-000001.safetensors", "texts": 2}]}
    return json.dumps({**manifest, **changes}).encode() + b"\0" + segment


def text_segment(ends=(5, 9), texts=b"riverboat", vectors=struct.pack("<16H", *([0x3800] * 8 + [0] * 8))):
    return safetensors([("signs", "I64", [2, 1], longs(255, 0)), ("ends", "I64", [2], longs(*ends)),
                        ("vectors", "F16", [2, 8], vectors), ("texts", "U8", [len(texts)], texts)])


put("text_index", "two-texts", text_index(text_segment()))
put("text_index", "empty", text_index(b"", segments=[]))
put("text_index", "refused-ends", text_index(text_segment(ends=(5, 10))))
put("text_index", "refused-no-text", text_index(text_segment(texts=b"\xff" * 9)))
put("text_index", "refused-no-numbers", text_index(text_segment(vectors=b"\0~" * 16)))
put("text_index", "refused-elsewhere", text_index(text_segment(), segments=[{"file": "../segment-1.safetensors", "texts": 2}]))
put("text_index", "refused-more-texts", text_index(text_segment(), segments=[{"file": "segment-000001.safetensors", "texts": 3}]))

# ---- the words of a text in a file (core/data/word_cache.h) ----

def word_sum(*pieces):
    total = 0
    for piece in pieces:
        for at in range(0, len(piece), 8):
            total = ((total ^ int.from_bytes(piece[at:at + 8].ljust(8, b"\0"), "little")) * 0x9E3779B97F4A7C15) % 2**64
            total = (total << 29 | total >> 35) % 2**64
    return total


def word_cache(words=(2, 3, 4, 2, 5, 3, 6), documents=(0, 3, 7), blocks=((4, 6),), texts=(b"", b"\0", b"\2", b"a ", b"b", b"\x0e", b"\x0f"),
               key="key", cut=0, **changes):
    offsets = [0]
    for text in texts:
        offsets.append(offsets[-1] + len(text))
    lists = [struct.pack(f"<{len(documents)}Q", *documents), struct.pack(f"<{len(offsets)}Q", *offsets),
             b"".join(struct.pack("<2Q", *block) for block in blocks), struct.pack(f"<{len(words)}I", *words), b"".join(texts)]
    body = b"".join(piece.ljust(-(-len(piece) // 8) * 8, b"\0") for piece in lists)
    names = ("files documents skipped replaced other_language kept words bytes distinct truncated blocks nested unclosed without_start")
    figures = dict.fromkeys(names.split(), 1)
    figures["documents"] = figures["kept"] = len(documents) - 1
    window = {"offset": 64, "documents": len(documents) - 1, "distinct": len(texts), "blocks": len(blocks), "words": len(words),
              "bytes": offsets[-1], "sum": word_sum(*lists)}
    index = json.dumps({"key": key, "figures": figures, "windows": [{**window, **changes}]}).encode()
    whole = b"welt words 1\n".ljust(64, b"\0") + body + index + struct.pack("<QQ", len(index), word_sum(index)) + b"weltwend"
    return whole[:len(whole) - cut]


put("word_cache", "two-documents", word_cache())
put("word_cache", "one-word", word_cache(words=(2,), documents=(0, 1), blocks=()))
put("word_cache", "refused-cut", word_cache(cut=1))
put("word_cache", "refused-key", word_cache(key="another"))
put("word_cache", "refused-word", word_cache(words=(2, 3, 4, 2, 5, 3, 7)))
put("word_cache", "refused-documents", word_cache(documents=(0, 3, 9)))
put("word_cache", "refused-block", word_cache(blocks=((4, 7),)))
put("word_cache", "refused-elsewhere", word_cache(offset=1 << 40))
put("word_cache", "refused-many", word_cache(words=(1,) * 7, distinct=2**63))


# ---- the weights of a folder: index, two bytes with the first shard's size, two shards ----

SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]


def weights(index, first, second):
    text = index if isinstance(index, str) else json.dumps({"metadata": {"total_size": 24}, "weight_map": index})
    return text.encode() + b"\0" + struct.pack(">H", len(first)) + first + second


table = safetensors([("_orig_mod.bytes_encoder.wte.weight", "F32", [2], floats(1, 2)),
                     ("_orig_mod.bytes_encoder.wte.bit_proj_w", "F32", [1], floats(3))],
                    {"format": "pt", "_orig_mod.lm_head.weight": "_orig_mod.bytes_encoder.wte.weight"})
mapping = safetensors([("_orig_mod.encoder_mapping.weight", "F32", [1, 2], floats(4, 5)), ("extra", "U32", [1], longs(1)[:4])],
                      {"extra.too": "extra", "of.nothing": "not.there"})
put("weights", "two-shards", weights({"_orig_mod.bytes_encoder.wte.weight": SHARDS[0],
                                      "_orig_mod.bytes_encoder.wte.bit_proj_w": SHARDS[0],
                                      "_orig_mod.encoder_mapping.weight": SHARDS[1]}, table, mapping))
put("weights", "no-tensor", weights({}, safetensors([]), b""))
put("weights", "refused-beside-the-folder", weights({"a": "../" + SHARDS[0], "b": "/dev/zero", "c": ""}, table, mapping))
put("weights", "refused-another-shard", weights({"extra": SHARDS[0]}, table, mapping))
put("weights", "refused-lists", weights({"a": [SHARDS[0]], "b": None}, table, mapping))
put("weights", "refused-page", weights("<!DOCTYPE html><html>", table, mapping))


# ---- batches in the Python reference's layout: two bytes of choices, then a file ----

def batch(rows, words, width, images):
    slots = rows * words
    ids = [65 + i % 20 for i in range(slots * width)]
    tensors = [("input_ids", "I64", [rows, words, width], longs(*ids)),
               ("input_attention_mask", "BOOL", [rows, words, width], b"\1" * (slots * width)),
               ("attention_mask", "BOOL", [rows, 1, words, words], b"\1" * (slots * words)),
               ("position_ids", "I64", [rows, words], longs(*(i % words for i in range(slots)))),
               ("labels_input", "I64", [rows, words, width], longs(*ids)),
               ("labels_attention_mask", "BOOL", [rows, words, width], b"\1" * (slots * width)),
               ("labels_output", "I64", [rows, words, width], longs(*ids))]
    if images:
        tensors += [("input_images", "F32", [rows, words, 3, 4, 4], floats(*[0.5] * (slots * 48))),
                    ("input_images_dimensions", "I64", [rows, words, 2], longs(*[4, 4] * slots))]
    return safetensors([("batch/" + name, *rest) for name, *rest in tensors])


put("dense_batch", "bytes", b"\0\0" + batch(2, 3, 4, False))
put("dense_batch", "bytes-shown", b"\0\1" + batch(1, 2, 3, False))
put("dense_batch", "images", b"\1\0" + batch(1, 2, 2, True))


# ---- fonts ----

for name, data in tiny_fonts.FONTS.items():
    put("font", name, data)
put("font", "refused-no-font", "this is no font")


# ---- fonts of dots: glyphs, a NUL byte, marks ----

put("bitmap_font", "narrow-and-wide", "0061:" + "81" * 16 + "\n# none\n\n62:" + "8001" * 16 + "\r\n301:" + "18" + "0" * 30
    + "\n10FFFF:" + "ff" * 16 + "\0" + "0301:-8\n0062:0\n0300:-16")
put("bitmap_font", "no-marks", "0061:" + "42" * 16)
put("bitmap_font", "refused-no-glyph", "# unifont\n")
put("bitmap_font", "refused-width", "0061:" + "00" * 17)
put("bitmap_font", "refused-character", "110000:" + "00" * 16)
put("bitmap_font", "refused-mark", "0061:" + "00" * 16 + "\0" + "0301:8")


# ---- tokenizers: a tokenizer.json, a NUL byte, a text ----

def tokenizer(vocabulary, merges, pre_tokenizer, normalizer=None, added=(), **model):
    ids = {token: index for index, token in enumerate(vocabulary)}
    tokens = [{"id": len(ids) + i, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
               "normalized": False, "special": False, **flags} for i, (content, flags) in enumerate(added)]
    return json.dumps({"version": "1.0", "added_tokens": tokens, "normalizer": normalizer, "pre_tokenizer": pre_tokenizer,
                       "model": {"type": "BPE", "vocab": ids, "merges": merges, **model}}, ensure_ascii=False)


LETTERS = list("abcdefghijklmnopqrstuvwxyzT'0123456789<>.")
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
MERGES = ["T h", "Th e", "a b", "Ġ ab", "ab ab"]
MERGED = ["Th", "The", "ab", "Ġab", "abab"]
TOKENIZERS = {
    "byte-level": tokenizer(LETTERS + ["Ġ"] + MERGED, MERGES, BYTE_LEVEL, {"type": "NFC"}, [("<x>", {"special": True})]),
    "split": tokenizer(LETTERS + ["Ġ"] + MERGED, MERGES, {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+"},
         "behavior": "Isolated", "invert": False}, {**BYTE_LEVEL, "use_regex": False}]}, ignore_merges=True),
    "byte-fallback": tokenizer(["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *LETTERS, "ab", "▁ab"],
                               [["a", "b"], ["▁", "ab"]], None,
                               {"type": "Sequence", "normalizers": [
                                   {"type": "Prepend", "prepend": "▁"},
                                   {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
                               unk_token="<unk>", fuse_unk=True, byte_fallback=True),
    "metaspace": tokenizer(["<unk>", "▁", *LETTERS, "ab", "##b", "b</w>"], ["a b"], {"type": "Sequence", "pretokenizers": [
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True},
        {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "Isolated"}]},
        {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}]},
        [("<x>", {"lstrip": True}), ("ab", {"single_word": True, "normalized": True}), ("<x><x>", {"rstrip": True})],
        unk_token="<unk>")}
for name, text in TOKENIZERS.items():
    put("bpe", name, text.encode() + b"\0" + "Theabab's  \u00e9t\u00e9 <x> <x><x> 1234\n\u3042".encode())
    put("teacher_vocabulary", name, text)
WORD_PIECE = json.dumps({
    "added_tokens": [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                      "special": True} for i, t in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])],
    "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
    "padding": {"strategy": "BatchLongest", "direction": "Right", "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9,
              "vocab": {t: i for i, t in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[unused1]", "a", "##b"])}}})
put("teacher_vocabulary", "word-piece", WORD_PIECE)
put("teacher_vocabulary", "unigram", json.dumps({
    "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "post_processor": {
        "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "a", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "special_tokens": {"a": {"id": "a", "ids": [1], "tokens": ["a"]}}},
    "model": {"type": "Unigram", "unk_id": 0, "vocab": [["?", 0.0], ["a", -1.0], ["ab", -2.5]]}}))
put("teacher_vocabulary", "refused-pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n")


# ---- a folder of Model2Vec: tokenizer.json, NUL, config.json, NUL, model.safetensors; 7 tokens ----

def model2vec(*tensors, config='{"normalize": true}'):
    return WORD_PIECE.encode() + b"\0" + config.encode() + b"\0" + safetensors(tensors)


HALVES = struct.pack("<14H", *range(0x3800, 0x3800 + 14))
put("model2vec", "half", model2vec(("embeddings", "F16", [7, 2], HALVES)))
put("model2vec", "float", model2vec(("embeddings", "F32", [7, 1], floats(*range(7))), config='{"max_length": 2}'))
put("model2vec", "quantised", model2vec(("embeddings", "I8", [3, 2], bytes(range(6))), ("weights", "F64", [7], struct.pack("<7d", *range(7))),
                                        ("mapping", "I64", [7], longs(0, 1, 2, 2, 1, 0, 2)), config='{"normalize": false}'))
put("model2vec", "refused-mapping", model2vec(("embeddings", "I8", [3, 2], bytes(range(6))), ("mapping", "I64", [7], longs(0, 1, 2, 3, 1, 0, 2))))
put("model2vec", "refused-rows", model2vec(("embeddings", "F16", [2, 2], HALVES[:8])))
for name, dtype, values in (("half", "F16", bytes(range(256)) * 4), ("float", "F32", floats(*([1.5, -2] * 256)))):
    put("token_table", name, safetensors([("embedding.weight", dtype, [256, 2], values)]))
put("token_table", "refused-rows", safetensors([("embeddings", "F32", [255, 2], floats(*([1.5, -2] * 255)))]))
put("bpe", "refused-unigram", TOKENIZERS["metaspace"].replace("BPE", "Unigram"))
put("bpe", "refused-merge", TOKENIZERS["byte-level"].replace("ab ab", "ab ba"))


# ---- dictionaries of the segmenter words: see dictionary_fuzz.cpp ----

def double_array(words):
    """MeCab's: a unit is (base, check); `words` have their readings' number and where these begin."""
    root = {}
    for word, value in words.items():
        node = root
        for byte in word.encode():
            node = node.setdefault(byte, {})
        node[-1] = value  # the end of a word; a byte's unit is at base + byte + 1
    units, bases = {0: None}, set()

    def place(node):
        base = next(b for b in range(1, 1 << 16) if b not in bases and not any(b + c + 1 in units for c in node))
        bases.add(base)
        for byte in node:
            units[base + byte + 1] = None
        for byte, child in node.items():
            units[base + byte + 1] = (-child - 1 if byte < 0 else place(child), base)
        return base

    units[0] = (place(root), 0xFFFFFFFF)
    return b"".join(struct.pack("<iI", *units.get(i, (0, 0xFFFFFFFF))) for i in range(max(units) + 1))


def mecab_words(kind, words):
    tokens, values, count = b"", {}, 0
    for word, readings in words.items():
        values[word] = count << 8 | len(readings)
        for left, right, cost in readings:
            tokens += struct.pack("<HHHhII", left, right, 0, cost, 0, 0)
            count += 1
    units = double_array(values)
    sizes = struct.pack("<10I", 0xEF718F77 ^ (72 + len(units) + len(tokens)), 102, kind, count, 2, 2, len(units), len(tokens), 0, 0)
    return sizes + b"UTF-8".ljust(32, b"\0") + units + tokens


def mecab():
    names = ("DEFAULT", "SPACE", "KANJI")
    plain, space, last = 1 | 1 << 30, 2 | 1 << 18, 4 | 2 << 18 | 2 << 26
    categories = struct.pack("<I", 3) + b"".join(name.encode().ljust(32, b"\0") for name in names)
    categories += struct.pack("<34I", *[plain] * 32, space, last)
    files = (mecab_words(0, {"東": [(0, 0, 10)], "東京": [(0, 0, 15), (1, 1, 9)], "京": [(0, 0, 10)], "ああ": [(0, 0, 20)],
                             "あ": [(0, 0, 10)]}),
             mecab_words(2, {name: [(0, 0, 1000)] for name in names}),
             struct.pack("<I4h", 2 | 2 << 16, 0, 30, 5, 0), categories)
    return b"".join(struct.pack(">H", len(data)) + data for data in files) + b"cost-factor = 700\nmax-grouping-size = 3\n"


HMM = "start B -0.3\nstart S -1.2\ntrans B E -0.5\ntrans B M -0.9\ntrans M E -0.3\ntrans E S -0.6\ntrans E B -0.7\n" \
    "trans S B -0.7\nemit B 4E00 -7\nemit B 6587 -3.5\nemit E 5B57 -2.1\nemit S 4E2D -4\n"
put("dictionary", "jieba", b"\0" + "中文 10 n\n文 3\n字 4 n\n12.5 1 m\nabc 2 eng\n".encode() + b"\0" + HMM.encode())
put("dictionary", "jieba-again", b"\0" + "中 1\r\n中 7 x\r\n中文字中 100000 n\n".encode() + b"\0" + HMM.encode())
put("dictionary", "newmm", b"\1" + "กา\nกาแฟ\nแฟ\nกก\n".encode())
put("dictionary", "mecab", b"\2" + mecab())
put("dictionary", "refused-jieba", b"\0" + "中文 ten\n".encode() + b"\0" + HMM.encode())
put("dictionary", "refused-hmm", b"\0" + "中文 10 n\n".encode() + b"\0start B 1\n")
put("dictionary", "refused-newmm", b"\1\xe0\xb8")
put("dictionary", "refused-mecab", b"\2" + mecab()[:-900])


# ---- configurations ----

for path in sorted((ROOT / "plugins").glob("*/*/presets/*nano.json")):
    put("config", f"{path.parts[-4]}-{path.parts[-3]}-{path.stem}", b"\0" + path.read_bytes())
put("config", "llama-rope-scaling", bytes([0]) + json.dumps(
    {"model_type": "llama", "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "num_hidden_layers": 1,
     "intermediate_size": 64, "vocab_size": 256, "pad_token_id": -1,
     "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "beta_fast": 32, "original_max_position_embeddings": 64}}).encode())
put("config", "llama-longrope", bytes([0]) + json.dumps(
    {"model_type": "llama", "hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 1, "intermediate_size": 32, "vocab_size": 256,
     "rope_scaling": {"rope_type": "longrope", "short_factor": [1, 1, 1, 1], "long_factor": [2, 2, 2, 2], "factor": 2}}).encode())

pixels = {"rescale_factor": 1 / 255, "image_mean": [0.5, 0.5, 0.5], "image_std": 0.5, "do_normalize": True, "do_rescale": True}
for name in ("bytes-only", "image-only", "bert-llama-llama"):
    config = (ROOT / "tests/goldens/welt" / name / "config.json").read_bytes()
    put("checkpoint", name, config)
    own = {"format": 1, "plugins": {"latent_transformer": "llama", "bytes_decoder": "llama"}, "pooling": "mean",
           "segmenter": {"plugin": "words", "max_bytes": 30, "config": {}},
           "renderer": {"plugin": "freetype", "config": {"block": 16}, "fingerprint": "x"}}
    put("checkpoint", name + "-own", config + b"\0" + json.dumps(own).encode() + b"\0" + json.dumps(pixels).encode())


# ---- text: choices first, then the text ----

TEXTS = {"plain": "Hello, world! 12.5 ok\n", "hebrew": "שָׁלוֹם עולם\tab\u00a0c", "clusters": "e\u0301🏳️‍🌈👨‍👩‍👧 क्षि \u0e01\u0e33\r\n\x02a\x1cb",
         "spaces": " \u3000\u1680\u2003\x85 \x0b\x0c x", "long": "abcdefghij" * 12 + " ", "nul": "a\0b\0 c"}
for name, text in TEXTS.items():
    put("utf8", name, text)
    for kind, limit in ((0, b""), (1, b"\x05"), (2, b"\x03")):
        put("segmenter", f"{name}-{kind}", bytes([kind]) + limit + b"\x07\x03" + text.encode())
    for kind in range(5):
        put("renderer", f"{name}-{kind}", bytes([kind]) + text.encode())
put("utf8", "ill-formed", b"a\xc3\xa9\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82\xff\xf0\x9f\x92")
put("segmenter", "refused-ill-formed", b"\0\x07\x03a\xe2\x82")
put("renderer", "refused-ill-formed", b"\0a\xe2\x82")
put("renderer", "scripts", b"\0" + "نُعطي한국어中文ไทยßİ".encode())

RECORDS = '{"text": "one\\n\\u00e9", "id": 1}\n\n{"id": 2, "text": "two"}\r\n'
put("documents", "text", b"\0\0\0" + "\ufeffone\r\n\r\ntwo\nthree".encode())
put("documents", "lines", b"\1\0\0one\r\n\r\ntwo\nthree")
put("documents", "paragraphs", b"\2\0\0one\nstill\n\n\ntwo\n")
put("documents", "jsonl", b"\3\0\0" + RECORDS.encode())
put("documents", "skip", b"\1\2\0good\nb\xffd\ngood")
put("documents", "replace", b"\2\1\0good\nb\xffd\n\ngood")
put("documents", "jsonl-gz", b"\3\0\1" + gzip.compress(RECORDS.encode(), mtime=0))
put("documents", "json-array", b'\4\1\0[{"text": "one"}, {"id": [NaN, "]"], "text": "h\\ud83d"},\n {"text": "two"}]\n')
put("documents", "json-lines", b"\4\2\0" + RECORDS.encode() + b'{"text": null}\n[]\n{"text": "a\0"}\n')
put("rows", "jsonl", b'\0{text} {n:04d} {m[a]!r:>9} {l[0]}\n{"text": "one", "n": 7, "m": {"a": null}, "l": [1.5]}\n\n{"text": "h\\u00e9"}\n')
put("rows", "json-array", b'\0<{text}> {{}}\n[{"text": "one"}, "two"]\n')
put("rows", "csv", b'\1{text:*^9}|{id}\nid,text\n1,"a, ""b""\nc"\n2,\n')
put("rows", "tsv", b"\2{text!a}\ntext\tid\nx y\t1\n")
put("rows", "lines", b"\3{text}\none\n\ntwo\n")
put("documents", "csv", b"\5\0\0text,language\n\"one, 1\",x\n,y\nthree,\n")
put("documents", "tsv-languages", b"\x14\0\0n\ttext\tlanguage\n1\tone\tx\n")
put("documents", "template", b'\x0a\2\0{"text": "one", "translation": {"en": "two"}}\n{"text": "three"}\n')
put("documents", "members-gz", b"\1\0\1" + gzip.compress(b"one\n", mtime=0) + b"\0\0" + gzip.compress(b"two\n", mtime=0))
put("documents", "refused-pointer", b"\0\0\0version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n")
put("documents", "refused-wide", b"\0\1\0t\0e\0x\0t\0\n\0")
put("documents", "lines-gz", b"\1\2\1" + gzip.compress(b"one\nt\xffo\n" * 20, mtime=0))

put("hub_listing", "two_files", json.dumps({"id": "org/name", "sha": "0123456789abcdef" * 2 + "01234567", "siblings": [
    {"rfilename": "config.json", "size": 2, "blobId": "9e26dfeeb6e641a33dae4961196235bdb965b21b"},
    {"rfilename": "a/model.safetensors", "size": 5, "blobId": "x", "lfs": {
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "size": 5, "pointerSize": 130}}]}))
put("hub_listing", "refused-evil", '{"sha": "abc", "siblings": [{"rfilename": "../../evil", "lfs": null}, {"rfilename": 3}]}')
for name in ("talk-none", "talk-v2", "types-v2", "deltas"):
    put("parquet", name, (ROOT / "tests/goldens/parquet" / f"{name}.parquet").read_bytes())
