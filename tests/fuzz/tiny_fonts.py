"""Fonts of a few hundred bytes, made of nothing but what is here: squares as outlines, as colour layers (COLR 0), as a paint
graph (COLR 1) and as colour bitmaps (CBDT). For the corpus of the harness `font` and the tests of the renderer `freetype`.
"""
import struct
import zlib

SIDES = (300, 400, 500, 600, 700)  # of the squares, in thousandths of an em; glyphs 1 to 5
LETTERS = {0x61: 1, 0x62: 2, 0x66: 3, 0x69: 4}  # a b f i; 5 is f + i
EMOJI = {0x61: 1, 0x1F3FD: 4, 0x1F44D: 3, 0x1F600: 2}  # 5 is a thumb with a skin colour
PPEM = 16  # of the bitmaps


def table_of_squares():
    glyph = lambda side: struct.pack(">hhhhhHH4B4h4h", 1, 0, 0, side, side, 3, 0, 1, 1, 1, 1, 0, side, 0, -side, 0, 0, side, 0)
    glyphs = [b"", *(glyph(side) for side in SIDES)]
    offsets, data = [0], b""
    for item in glyphs:
        data += item + bytes(-len(item) % 4)
        offsets.append(len(data))
    return {b"glyf": data, b"loca": struct.pack(f">{len(offsets)}I", *offsets)}


def table_of_nested_parts(depth):
    """Glyphs 1 to `depth` are each twice the next one; the last is a square: glyph 1 has 2^depth of them."""
    twice = lambda glyph: struct.pack(">5h", -1, 0, 0, 300, 300) + struct.pack(">HHbb", 0x0022, glyph, 0, 0) + struct.pack(">HHbb", 2, glyph, 0, 0)
    square = struct.pack(">5hHH4B4h4h", 1, 0, 0, 300, 300, 3, 0, 1, 1, 1, 1, 0, 300, 0, -300, 0, 0, 300, 0)
    offsets, data = [0], b""
    for item in [b"", *(twice(glyph + 1) for glyph in range(1, depth + 1)), square]:
        data += item + bytes(-len(item) % 4)
        offsets.append(len(data))
    return {b"glyf": data, b"loca": struct.pack(f">{len(offsets)}I", *offsets)}


def ligature_table(first, second, result):
    """GSUB with one lookup of type 4: `first` `second` become `result`, in the feature liga of every script."""
    scripts = struct.pack(">H4sH", 1, b"DFLT", 8) + struct.pack(">HH", 4, 0) + struct.pack(">HHHH", 0, 0xFFFF, 1, 0)
    features = struct.pack(">H4sH", 1, b"liga", 8) + struct.pack(">HHH", 0, 1, 0)
    coverage = struct.pack(">HHH", 1, 1, first)
    ligatures = struct.pack(">HH", 1, 4) + struct.pack(">HHH", result, 2, second)
    subtable = struct.pack(">HHHH", 1, 8, 1, 8 + len(coverage)) + coverage + ligatures
    lookups = struct.pack(">HH", 1, 4) + struct.pack(">HHHH", 4, 0, 1, 8) + subtable
    at = 10
    return struct.pack(">HHHHH", 1, 0, at, at + len(scripts), at + len(scripts) + len(features)) + scripts + features + lookups


def palette_table():
    """CPAL: red, blue, black of which half shows."""
    colours = bytes([0, 0, 255, 255]) + bytes([255, 0, 0, 255]) + bytes([0, 0, 0, 128])  # blue green red alpha
    return struct.pack(">HHHHIH", 0, 3, 1, 3, 14, 0) + colours


def layer_table():
    """COLR 0: each emoji is its own square in red and the smallest square above it in another colour."""
    above = {2: 1, 3: 0xFFFF, 4: 2, 5: 1}  # palette entry; 0xFFFF is the text's colour
    bases = b"".join(struct.pack(">HHH", glyph, 2 * index, 2) for index, glyph in enumerate(above))
    layers = b"".join(struct.pack(">HHHH", glyph, 0, 1, colour) for glyph, colour in above.items())
    return struct.pack(">HHIIH", 0, len(above), 14, 14 + len(bases), 2 * len(above)) + bases + layers


def paint_table():
    """COLR 1: the emoji are red, wherever there is room; without any outline."""
    records, paint = (2, 3, 4, 5), struct.pack(">BHh", 2, 0, 0x4000)
    entries = b"".join(struct.pack(">HI", glyph, 4 + 6 * len(records)) for glyph in records)
    graphs = struct.pack(">I", len(records)) + entries + paint
    layers = struct.pack(">II", 1, 8) + paint  # of no use here; FreeType 2.12 wants the list to be there
    return struct.pack(">HHIIHIIIII", 1, 0, 0, 0, 0, 34, 34 + len(graphs), 0, 0, 0) + graphs + layers


def png(pixels):
    """`pixels`: rows of (red, green, blue, alpha)."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in pixels)
    header = struct.pack(">IIBBBBB", len(pixels[0]), len(pixels), 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def bitmap_tables():
    """CBLC and CBDT with one size: pictures of 16 × 16 pixels, 13 of them above the baseline."""
    red, white, black, blue = (255, 0, 0, 255), (255, 255, 255, 255), (0, 0, 0, 255), (0, 0, 255, 255)
    none, half = (0, 0, 0, 0), (0, 0, 0, 128)
    square = lambda colour: [[colour(x, y) for x in range(PPEM)] for y in range(PPEM)]
    pictures = [square(lambda x, y: (0, 255, 0, 255)), square(lambda x, y: red if x < 8 else none),
                square(lambda x, y: black if (x + y) % 2 else white), square(lambda x, y: half), square(lambda x, y: blue)]
    data, offsets = struct.pack(">HH", 3, 0), [0]
    for picture in map(png, pictures):
        data += struct.pack(">BBbbB", PPEM, PPEM, 0, 13, PPEM) + struct.pack(">I", len(picture)) + picture
        offsets.append(len(data) - 4)
    subtable = struct.pack(">HHI", 1, 17, 4) + struct.pack(f">{len(offsets)}I", *offsets)
    array = struct.pack(">HHI", 1, 5, 8) + subtable
    lines = struct.pack(">bbBbbbbbbbbb", 13, -3, PPEM, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    size = struct.pack(">IIII", 56, len(array), 1, 0) + lines + lines + struct.pack(">HHBBBb", 1, 5, PPEM, PPEM, 32, 1)
    return {b"CBDT": data, b"CBLC": struct.pack(">HHI", 3, 0, 1) + size + array}


def font(characters, pictures, count=len(SIDES) + 1, depth=0):
    """A whole file; `pictures`: the tables that say how `count` glyphs look; `depth`: how far parts are nested."""
    groups = b"".join(struct.pack(">III", code, code, glyph) for code, glyph in characters.items())
    cmap = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(characters)) + groups
    head = struct.pack(">IIIIHHQQhhhhHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 3, 1000, 0, 0, 0, 0, 700, 700, 0, 8, 2, 1, 0)
    hhea = struct.pack(">IhhhHhhhhhh4hhH", 0x10000, 800, -200, 0, 700, 0, 0, 700, 1, 0, 0, 0, 0, 0, 0, 0, count)
    maxp = struct.pack(">IH13H", 0x10000, count, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2 if depth else 0, depth)
    hmtx = struct.pack(f">{2 * count}H", *(value for _ in range(count) for value in (720, 0)))
    tables = {b"GSUB": ligature_table(3, 4, 5), b"cmap": cmap, b"head": head, b"hhea": hhea, b"hmtx": hmtx, b"maxp": maxp}
    tables |= pictures
    at, directory, data = 12 + 16 * len(tables), b"", b""
    for tag, content in sorted(tables.items()):
        directory += struct.pack(">4sIII", tag, 0, at + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    return struct.pack(">IHHHH", 0x10000, len(tables), 128, 3, 0) + directory + data


FONTS = {
    "squares.ttf": font(LETTERS, table_of_squares()),
    "nested-parts.ttf": font({0x61: 1, 0x62: 10}, table_of_nested_parts(13), count=15, depth=13),
    "colour-layers.ttf": font(EMOJI, table_of_squares() | {b"COLR": layer_table(), b"CPAL": palette_table()}),
    "colour-graph.ttf": font(EMOJI, table_of_squares() | {b"COLR": paint_table(), b"CPAL": palette_table()}),
    "colour-bitmaps.ttf": font(EMOJI, bitmap_tables()),
}
