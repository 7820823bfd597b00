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
put("safetensors", "empty", safetensors([]))


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


# ---- configurations ----

for index, path in enumerate(["latent/llama/presets/nano", "latent/gpt_neox/presets/nano", "decoders/gpt2/presets/nano",
                              "encoders/bert/presets/bert-nano", "encoders/vit/presets/nano"]):
    put("config", path.replace("/presets/", "-").replace("/", "-"),
        bytes([index]) + (ROOT / "plugins" / f"{path}.json").read_bytes())
put("config", "llama-rope-scaling", bytes([0]) + json.dumps(
    {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "num_hidden_layers": 1,
     "intermediate_size": 64, "vocab_size": 256, "pad_token_id": -1,
     "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "beta_fast": 32, "original_max_position_embeddings": 64}}).encode())
put("config", "llama-longrope", bytes([0]) + json.dumps(
    {"hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 1, "intermediate_size": 32, "vocab_size": 256,
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
    for kind in range(3):
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
put("documents", "lines-gz", b"\1\2\1" + gzip.compress(b"one\nt\xffo\n" * 20, mtime=0))
