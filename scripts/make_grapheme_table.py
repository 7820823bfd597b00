#!/usr/bin/env python3
"""Writes sdk/text/grapheme_table.inc from Unicode's property data.

    python3 -m venv env && env/bin/pip install regex==2026.11.15      # carries the Unicode 17 character database
    env/bin/python scripts/make_grapheme_table.py > sdk/text/grapheme_table.inc

A table of our own keeps word borders the same on every machine, whatever version of ICU it has.
"""
import regex

from code_point_table import print_table

CLASSES = ["Other", "CR", "LF", "Control", "Extend", "ZWJ", "Regional_Indicator", "Prepend", "SpacingMark", "L", "V", "T",
           "LV", "LVT"]
PICTOGRAPHIC = 14
CONJUNCT = {"Consonant": 1, "Linker": 2, "Extend": 3}


def main():
    values = [0] * 0x110000
    for number, name in enumerate(CLASSES[1:], 1):
        pattern = regex.compile(rf"\p{{GCB={name}}}")
        for c in range(0x110000):
            if pattern.match(chr(c)):
                values[c] = number
    pictographic = regex.compile(r"\p{Extended_Pictographic}")
    for c in range(0x110000):
        if pictographic.match(chr(c)):
            assert values[c] == 0, hex(c)
            values[c] = PICTOGRAPHIC
    for name, number in CONJUNCT.items():
        pattern = regex.compile(rf"\p{{InCB={name}}}")
        for c in range(0x110000):
            if pattern.match(chr(c)):
                values[c] |= number << 4
    for c in range(0xAC00, 0xD7A4):  # Hangul syllables are computed: LV every 28th, else LVT
        assert values[c] == (12 if (c - 0xAC00) % 28 == 0 else 13)
        values[c] = 12
    print_table(values, "scripts/make_grapheme_table.py from the Unicode 17 character database",
                "conjunct class << 4 | grapheme cluster break class")


if __name__ == "__main__":
    main()
