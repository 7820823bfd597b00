#!/usr/bin/env python3
"""Times pixel-renderer, and the Python WeLT's processor, on the words that `welt bench render` draws: one thread.

    welt segment --max-bytes 30 TEXT | python compare_render.py [--welt CHECKOUT] [--fonts FOLDER]

Standard input: a word a line, as a JSON string. Needs pixel-renderer 0.1.5 with Pango; with --welt (a checkout of the Python
WeLT) also transformers and what the checkout needs. --fonts: a folder of the fonts that both draw with; default: Debian's Noto
Sans files. Prints one JSON object: words a second of distinct words (first time, and again), of whole rows with an image
cache of 10,000 (first pass, and again), and of batches of 16 such rows, collated.
"""
import argparse
import glob
import json
import os
import sys
import tempfile
import time

LOOK_AT = 400  # rows for the processor at most: it is slow


def link_fonts(folder):
    files = glob.glob("/usr/share/fonts/truetype/noto/NotoSans*-Regular.ttf")
    files += glob.glob("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
    for file in files:
        if not any(part in file for part in ("Mono", "UI-", "Display")):
            os.symlink(file, os.path.join(folder, os.path.basename(file)))
    return folder


def renderer_of(fonts):
    from pathlib import Path

    import font_download.config
    font_download.config.download_fonts = lambda sources, max_workers=None: Path(fonts)
    from font_download import FontConfig
    from font_download.example_fonts.noto_sans import FONTS_NOTO_SANS
    from pixel_renderer import PixelRendererProcessor
    return PixelRendererProcessor(font=FontConfig(sources=FONTS_NOTO_SANS))


def rate(count, work):
    begin = time.perf_counter()
    work()
    return round(count / (time.perf_counter() - begin))


def processor_speeds(checkout, renderer, words):
    sys.path.insert(0, checkout)
    import torch
    from transformers.models.vit.image_processing_vit_fast import ViTImageProcessorFast
    from utf8_tokenizer import UTF8Tokenizer
    from welt.collator import collate_fn
    from welt.processor import TextImageProcessor
    from words_segmentation.tokenizer import WordsSegmentationTokenizer
    torch.set_num_threads(1)
    processor = TextImageProcessor(pretokenizer=WordsSegmentationTokenizer(max_bytes=30), tokenizer=UTF8Tokenizer(),
                                   renderer=renderer, image_processor=ViTImageProcessorFast())
    rows = [words[i:i + 128] for i in range(0, len(words) - 127, 128)][:LOOK_AT]
    count = 128 * len(rows)
    one_by_one = lambda: [processor.process_single_example(row, [len(row)]) for row in rows]
    in_batches = lambda: [collate_fn([processor.process_single_example(row, [len(row)]) for row in rows[i:i + 16]])
                          for i in range(0, len(rows), 16)]
    return {"rows_first_pass": rate(count, one_by_one), "rows": rate(count, one_by_one),
            "batches": rate(count, in_batches), "rows_timed": len(rows)}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--welt")
    arguments.add_argument("--fonts")
    options = arguments.parse_args()
    words = [json.loads(line) for line in sys.stdin]
    distinct = list(dict.fromkeys(words))
    with tempfile.TemporaryDirectory() as folder:
        renderer = renderer_of(options.fonts or link_fonts(folder))
        draw = lambda: [renderer.render_text(word) for word in distinct]
        renderer.render_text("warm")
        found = {"words": len(words), "distinct_words": len(distinct),
                 "distinct": rate(len(distinct), draw), "distinct_again": rate(len(distinct), draw)}
        if options.welt:
            found.update(processor_speeds(options.welt, renderer, words))
        print(json.dumps(found))


if __name__ == "__main__":
    main()
