#!/usr/bin/env python3
"""Writes sdk/tokenizers/category_table.inc: the characters as the regular expressions of `tokenizers` know them.

    python3 -m venv env && env/bin/pip install tokenizers==0.22.2
    env/bin/python scripts/make_category_table.py > sdk/tokenizers/category_table.inc

The library is asked about every code point, so the table has its version of Unicode (16) on every machine.
"""
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

from code_point_table import print_table

# In the order of ICU's UCharCategory, so that its masks of categories (U_GC_L_MASK …) hold for the table.
CATEGORIES = ["Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Co",
              "Cs", "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf"]
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def matched(pattern):
    split = Split(Regex(pattern), "removed")
    out = []
    for i in range(0, len(CODE_POINTS), 4096):
        block = CODE_POINTS[i:i + 4096]
        left = {ord(c) for piece, _ in split.pre_tokenize_str("".join(map(chr, block))) for c in piece}
        out += [c for c in block if c not in left]
    return out


def main():
    values = [None] * 0x110000
    values[0xD800:0xE000] = [CATEGORIES.index("Cs")] * 0x800
    for number, name in enumerate(CATEGORIES):
        for c in matched(rf"\p{{{name}}}"):
            assert values[c] is None, hex(c)
            values[c] = number
    for c in matched(r"\w"):
        values[c] |= 0x80
    print_table(values, "scripts/make_category_table.py from the library tokenizers",
                "(\\w ? 0x80 : 0) | general category, numbered as ICU does")


if __name__ == "__main__":
    main()
