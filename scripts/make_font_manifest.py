#!/usr/bin/env python3
"""Writes the set "more" of plugins/renderers/freetype/fonts.txt anew: fonts of the scripts that no earlier font has.

    python3 scripts/make_font_manifest.py

Of Debian's fonts-noto-core it takes each *-Regular.ttf, Noto Sans first, then Noto Serif, then others, that has at least
eight characters which no font before it has. Needs nothing but Python 3, whose Unicode version decides what is a character,
and the packages that the list names. All other lines of the file stay as they are.
"""
import hashlib
import re
import struct
import unicodedata
from pathlib import Path

LIST = Path(__file__).resolve().parents[1] / "plugins/renderers/freetype/fonts.txt"
FOLDERS = [Path("/usr/share/fonts/truetype/noto"), Path("/usr/share/fonts/opentype/noto")]
FEWEST = 8


def characters_of(path, face):
    """The assigned characters of a font's Unicode cmap (formats 4 and 12), without private ones."""
    data = path.read_bytes()
    number = lambda kind, at: struct.unpack_from(">" + kind, data, at)[0]
    start = number("I", 12 + 4 * face) if data[:4] == b"ttcf" else 0
    tables = {data[at:at + 4]: number("I", at + 8) for at in range(start + 12, start + 12 + 16 * number("H", start + 4), 16)}
    cmap, ranges = tables[b"cmap"], []
    for index in range(number("H", cmap + 2)):
        platform, at = number("H", cmap + 4 + 8 * index), cmap + number("I", cmap + 8 + 8 * index)
        if platform in (0, 3) and number("H", at) == 12:
            ranges += [struct.unpack_from(">II", data, at + 16 + 12 * group) for group in range(number("I", at + 12))]
        elif platform in (0, 3) and number("H", at) == 4:
            count = number("H", at + 6) // 2
            ranges += [(number("H", at + 16 + 2 * (count + i)), number("H", at + 14 + 2 * i)) for i in range(count)]
    return {code for first, last in ranges for code in range(first, last + 1)
            if code != 0xFFFF and unicodedata.category(chr(code)) not in ("Cn", "Co", "Cc", "Cs")}


def order(path):
    return not path.name.startswith("NotoSans"), not path.name.startswith("NotoSerif"), path.name


def purpose(name):
    words = re.match(r"Noto(?:Sans|Serif)?(\w+)-", name).group(1)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", words)


lines = [line for line in LIST.read_text().splitlines() if line.startswith("#") or line.split(" | ")[2] != "more"]
covered = set()
for line in lines:
    fields = line.split(" | ")
    if not line.startswith("#") and fields[2] == "reference":
        covered |= characters_of(next(f / fields[0] for f in FOLDERS if (f / fields[0]).exists()), int(fields[1]))
more = []
for path in sorted(FOLDERS[0].glob("Noto*-Regular.ttf"), key=order):
    new = characters_of(path, 0) - covered
    if len(new) >= FEWEST:
        covered |= new
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        more.append(f"{path.name} | 0 | more | fonts-noto-core | {digest} | {purpose(path.name)}")
at = next(i for i, line in enumerate(lines) if " | emoji | " in line)
LIST.write_text("\n".join(lines[:at] + more + lines[at:]) + "\n")
