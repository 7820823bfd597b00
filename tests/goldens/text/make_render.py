#!/usr/bin/env python3
"""Records what Pango and cairo make of texts, with and without hinting: the reference of the renderer "freetype".

    LC_ALL=C.UTF-8 /usr/bin/python3 make_render.py render.jsonl > new.jsonl

reads the texts of a file (each line a JSON string, or an object with "text") and prints its lines anew. Needs Debian 12's
fonts-noto-core, fonts-noto-cjk, python3-gi, python3-gi-cairo, gir1.2-pango-1.0 (Pango 1.50, cairo 1.16). The drawing is
that of pixel-renderer 0.1.5: font "sans", 5 pixels from the left, centred in a block, width a multiple of the block.
"""
import json
import os
import sys
import tempfile
import unicodedata
from pathlib import Path

HERE = Path(__file__).resolve().parent
MANIFEST = HERE.parents[2] / "plugins/renderers/freetype/fonts.txt"
FOLDERS = [Path("/usr/share/fonts/truetype/noto"), Path("/usr/share/fonts/opentype/noto")]
SIZES = ((16, 12), (32, 12), (32, 24))  # block, font px


def only_manifest_fonts(folder):
    """Makes fontconfig see the manifest's 32 fonts of the set "reference" and no others."""
    for line in MANIFEST.read_text().splitlines():
        name, _, group = (field.strip() for field in (line + "|||").split("|")[:3])
        if group == "reference" and not line.startswith("#"):
            (folder / name).symlink_to(next(f / name for f in FOLDERS if (f / name).exists()))
    config = folder / "fonts.conf"
    config.write_text(f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
                      f"<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>")
    os.environ["FONTCONFIG_FILE"] = str(config)


def visible(text):
    return "".join(chr(0x2400 + ord(c)) if ord(c) < 32 else "\u2421" if c == "\x7f" else c for c in text)


class Reference:
    def __init__(self, unhinted):
        import cairo
        import gi
        gi.require_version("Pango", "1.0")
        gi.require_version("PangoCairo", "1.0")
        from gi.repository import Pango, PangoCairo
        self.cairo, self.pango, self.pango_cairo = cairo, Pango, PangoCairo
        self.layout = PangoCairo.create_layout(cairo.Context(cairo.ImageSurface(cairo.FORMAT_RGB24, 1, 1)))
        if unhinted:
            options = cairo.FontOptions()
            options.set_hint_style(cairo.HINT_STYLE_NONE)
            options.set_hint_metrics(cairo.HINT_METRICS_ON)
            PangoCairo.context_set_font_options(self.layout.get_context(), options)
            self.layout.context_changed()

    def draw(self, text, block, size):
        layout, cairo = self.layout, self.cairo
        layout.set_font_description(self.pango.font_description_from_string(f"sans {size}px"))
        layout.set_text(visible(text), -1)
        text_width, text_height = layout.get_pixel_size()
        width = (text_width + 10 + block - 1) // block * block
        surface = cairo.ImageSurface(cairo.FORMAT_RGB24, width, block)
        context = cairo.Context(surface)
        context.set_source_rgb(1, 1, 1)
        context.paint()
        context.set_source_rgb(0, 0, 0)
        context.move_to(5, (block - text_height) // 2)
        self.pango_cairo.show_layout(context, layout)
        surface.flush()
        data, stride = bytes(surface.get_data()), surface.get_stride()
        rows = [data[y * stride:y * stride + width * 4:4] for y in range(block)]
        inked = [(x, y) for y in range(block) for x in range(width) if rows[y][x] < 255]
        ink = None
        if inked:
            xs, ys = [x for x, _ in inked], [y for _, y in inked]
            ink = [min(xs), min(ys), max(xs) + 1, max(ys) + 1]
        darkness = sum(255 - v for row in rows for v in row) / 255 / width / block
        return width, ink, round(darkness, 6), layout.get_unknown_glyphs_count()


def script(text):
    """A name to report under: the first word of the first letter's Unicode name."""
    letters = (unicodedata.name(c, "none").split()[0].lower() for c in text if unicodedata.category(c)[0] == "L")
    return next(letters, "other")


def main():
    with tempfile.TemporaryDirectory() as folder:
        only_manifest_fonts(Path(folder))
        hinted, unhinted = Reference(False), Reference(True)
        for line in open(sys.argv[1], encoding="utf-8"):
            row = json.loads(line)
            text = row if isinstance(row, str) else row["text"]
            out = {"text": text, "script": script(text), "renders": []}
            for block, size in SIZES:
                width, ink, darkness, out["missing"] = hinted.draw(text, block, size)
                _, plain_ink, plain_darkness, _ = unhinted.draw(text, block, size)
                out["renders"].append({"block": block, "font_px": size, "width": width, "ink": ink,
                                       "darkness": darkness, "unhinted_ink": plain_ink,
                                       "unhinted_darkness": plain_darkness})
            print(json.dumps(out, ensure_ascii=False, separators=(",", ":")))


main()
