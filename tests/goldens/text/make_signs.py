#!/usr/bin/env python3
"""Records how the Python renderer draws signs of SignWriting: the reference of the renderer "freetype" for signs.

    python3 make_signs.py > signs.jsonl

Needs signwriting 0.1.19 (Pillow, numpy). The image is that of pixel-renderer 0.1.5: the sign drawn without trust in its box,
centred on white with 5 pixels or more around it, both sides multiples of the block. Symbols are drawn at random from those
that the fonts have; the signs are ours.
"""
import hashlib
import json
import random

import numpy as np
from PIL import Image
from signwriting.formats.fsw_to_swu import fsw2swu, key2id, symbol_line
from signwriting.formats.swu import is_swu
from signwriting.visualizer.visualize import get_font, signwriting_to_image

FIXED = [
    "M518x529S14c20481x471S27106503x489",
    "AS18701S1870aS2e734S20500M518x533S1870a489x515S18701482x490S20500508x496S2e734500x468",
    "M525x535S2e748483x510S10011501x466S2e704510x500S10019476x475",
    "L518x517S10043487x482S20500487x507",
    "R530x518S19a30500x482S19a38465x481S22f04509x506S22f14467x504",
    "B500x500S2ff00407x501S1ce20436x535S2e300413x552S22b04418x565S36520420x523",
    "M518x518S30a00482x483S33e00482x483 ",
    "M600x600S2ff00250x250S33b00749x749",
    "M500x500 \t\n\u3000",
]


def has(key):
    box = get_font("SuttonSignWritingLine").getbbox(symbol_line(key2id(key)))
    return box[3] > box[1]


def random_sign(rng):
    keys = []
    while len(keys) < rng.randint(1, 6):
        key = f"S{rng.randint(0x100, 0x38b):03x}{rng.randint(0, 5):x}{rng.randint(0, 15):x}"
        if has(key):
            keys.append(key)
    spread = rng.choice((15, 40, 120))
    place = lambda: f"{rng.randint(500 - spread, 500 + spread)}x{rng.randint(500 - spread, 500 + spread)}"
    return "M500x500" + "".join(key + place() for key in keys)


def image_of(swu, block):
    sign = signwriting_to_image(swu, trust_box=False)
    up = lambda value: (value + 10 + block - 1) // block * block
    image = Image.new("RGB", (up(sign.width), up(sign.height)), (255, 255, 255))
    image.paste(sign, ((image.width - sign.width) // 2, (image.height - sign.height) // 2), sign)
    return np.asarray(image)[:, :, 0]


def describe(pixels):
    ys, xs = np.nonzero(pixels != 255)
    ink = [int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1] if len(xs) else None
    return {"width": pixels.shape[1], "height": pixels.shape[0], "ink": ink,
            "darkness": round(float((255 - pixels.astype(float)).mean() / 255), 6),
            "sha256": hashlib.sha256(pixels.tobytes()).hexdigest()}


rng = random.Random(7)
for fsw in FIXED + [random_sign(rng) for _ in range(91)]:
    swu = fsw2swu(fsw)
    assert is_swu(swu)
    renders = [{"block": block, **describe(image_of(swu, block))} for block in (16, 32)]
    print(json.dumps({"text": swu, "renders": renders}, ensure_ascii=False, separators=(",", ":")))
