#!/usr/bin/env python3
"""Writes plugins/segmenters/words/script_ranges.inc: code points of the scripts that the segmenter cuts by engines.

usage: make_script_table.py > plugins/segmenters/words/script_ranges.inc

Needs the Python package regex; its Unicode version (17 for regex 2026.11.15) is that of the table. Han, Japanese, Thai
and SignWriting are Script_Extensions, as the Python package words-segmentation 0.0.7 has them; Lao, Khmer, Burmese and
Tibetan, which that package does not have, are the property Script, without signs shared with other scripts.
"""
import regex

KINDS = [  # the first pattern that matches decides
    ("sign", "[\\p{scx=SignWriting}\U00040001-\U0004F480]"),
    ("han", r"\p{scx=Han}"),
    ("kana", r"[\p{scx=Hiragana}\p{scx=Katakana}]"),
    ("thai", r"\p{scx=Thai}"),
    ("lao", r"\p{sc=Lao}"),
    ("khmer", r"\p{sc=Khmer}"),
    ("burmese", r"\p{sc=Myanmar}"),
    ("tibetan", r"\p{sc=Tibetan}"),
]
compiled = [(kind, regex.compile(pattern)) for kind, pattern in KINDS]


def kind_of(code_point):
    if 0xD800 <= code_point < 0xE000:
        return None
    return next((kind for kind, pattern in compiled if pattern.match(chr(code_point))), None)


print("// Made by scripts/make_script_table.py from Unicode 17 (Script_Extensions; Script for the last four kinds).")
first, kind = 0, None
for code_point in range(0x110001):
    now = kind_of(code_point) if code_point < 0x110000 else None
    if now == kind:
        continue
    if kind:
        print(f"{{0x{first:X}, 0x{code_point - 1:X}, Kind::{kind}}},")
    first, kind = code_point, now
