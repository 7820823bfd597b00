"""Whether some scripts cost a model more than others: the same small model, trained for the same seconds on the same
text in twelve languages, for each way to cut text into words and to read them.

usage: equity.py [--welt build/bin/welt] [--minutes 12] [--seed 42] [--cut words,bpe,bytes] [--read bytes,image,both]
                 [--languages en,de,…]

The text is GNOME's user help of Debian's gnome-user-docs (fetched by apt-get download where it is not installed):
paragraphs that are translated into all the languages, so that every language says the same. Every fifth page is held
out. One model learns all languages together. Two thirds of the minutes are training, the rest timing and evaluation.

Three tables: bits per byte; bits per character of the English original (what the same content costs, whatever it is
written in); and words, and forward GFLOP, per kilobyte of English original. FLOPs are those of `welt model info` for
each language's own bytes a word; words that come twice, which are encoded once, are not subtracted.
"""
import importlib.util
import json
import xml.etree.ElementTree as xml
import trials

LANGUAGES = {"en": "Latin", "de": "Latin", "es": "Latin", "fr": "Latin", "ru": "Cyrillic", "uk": "Cyrillic",
             "el": "Greek", "ko": "Hangul", "ja": "kana and Han", "zh_CN": "Han", "ta": "Tamil", "gu": "Gujarati"}
# Words of a row and rows of a batch: about as many bytes a step for each.
SHAPES = {"words": (128, 8), "bpe": (192, 8), "bytes": (512, 8)}
READERS = {"bytes": ["model.image_encoder.enabled=false", "model.modality_dropout=0"],
           "image": ["model.bytes_encoder.enabled=false", "model.modality_dropout=0"],
           "both": ["model.modality_dropout=0.15"]}


def data_script():
    spec = importlib.util.spec_from_file_location("data", trials.ROOT / "scripts/make_experiment_data.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def paragraphs(page):
    """Texts of a page's title, description and paragraphs in order, without names and licences."""
    found = []

    def walk(element):
        tag = element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""
        if tag in ("credit", "license", "revision"):
            return
        if tag in ("p", "title", "desc"):
            found.append(" ".join("".join(element.itertext()).split()))
            return
        for child in element:
            walk(child)

    walk(xml.parse(page).getroot())
    return found


def make_text(folder, languages, data):
    """A row for each page and language; how many bytes each has held out, and the characters of the English."""
    source = data.from_package("gnome-user-docs", "usr/share/help/C/gnome-help").parent.parent
    rows, kept = {"train": [], "held-out": []}, 0
    for number, page in enumerate(sorted((source / "C/gnome-help").glob("*.page"))):
        try:
            texts = {language: paragraphs(source / ("C" if language == "en" else language) / "gnome-help" / page.name)
                     for language in languages}
        except (OSError, xml.ParseError):
            continue
        if len({len(found) for found in texts.values()}) > 1:
            continue
        chosen = [i for i, english in enumerate(texts["en"]) if len(english.split()) >= 3 and
                  all(texts[language][i] not in ("", english) for language in languages if language != "en")]
        kept += len(chosen)
        part = "held-out" if number % 5 == 2 else "train"
        for language in languages if chosen else []:
            rows[part].append({"text": " ".join(texts[language][i] for i in chosen), "language": language})
    folder.mkdir(parents=True, exist_ok=True)
    for part, lines in rows.items():
        (folder / f"{part}.jsonl").write_text(
            "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    learnt = [row["text"] for i, row in enumerate(rows["train"]) if i // len(languages) % 2 == 0]  # every second page
    data.write_tokenizer(learnt, folder / "tokenizer.json", 1500)
    english = [row["text"] for row in rows["held-out"] if row["language"] == "en"]
    size = {part: sum(len(row["text"].encode()) for row in lines) for part, lines in rows.items()}
    print(f"{kept} paragraphs in {len(languages)} languages: {size['train']:,} bytes to train on, {size['held-out']:,} "
          f"held out, of which {sum(map(len, english)):,} are English\n", flush=True)
    return sum(map(len, english))


def recipe_of(folder):
    """The quick start, in amp, on this text."""
    recipe = folder / "equity.toml"
    recipe.write_text(f"""extends   = "{trials.ROOT / 'recipes/quickstart.toml'}"
precision = "amp"
[data.train]
files  = ["{folder / 'train.jsonl'}"]
format = "jsonl"
[data.validation]
files  = ["{folder / 'held-out.jsonl'}"]
format = "jsonl"
[train]
minutes   = 0              # steps are counted for the time
eval_rows = 1
[evaluate]
group_by = "language"
""", encoding="utf-8")
    return recipe


def measured(args, folder, cut, read, seconds):
    words, rows = SHAPES[cut]
    values = [*READERS[read], f"model.segmenter.plugin={cut}", f"train.words={words}", f"train.batch={rows}",
              "samples.count=0", f"seed={args.seed}"]
    if cut == "bpe":
        values.append(f'model.segmenter.config={{tokenizer="{folder / "tokenizer.json"}"}}')
    if cut != "words":
        values.append("model.latent.config.max_position_embeddings=1024")
    recipe, name = recipe_of(folder), f"equity-{seconds:.0f}s-{args.seed}-{cut}-{read}"
    note = args.runs / f"{name}.steps"
    if not note.exists():
        note.write_text(str(trials.steps_in(args.welt.resolve(), recipe, values, seconds)[0]))
    steps = int(note.read_text())
    values += [f"train.steps={steps}", f"train.warmup_steps={max(3, steps // 12)}"]
    run = trials.train(args, recipe, name, values)
    figures = trials.evaluate(args, run)
    log = trials.log_of(run, "train")
    seen = sum(entry["bytes"] for entry in log)
    # FLOPs of one forward pass are a line in the bytes of a word: two points give it.
    flops = [trials.json_of([args.welt.resolve(), "model", "info", recipe, *trials.settings(values), "--bytes-per-word",
                             str(size), "--json"])["forward_flops_per_word"] for size in (2, 12)]
    return figures, seen, len(log), lambda size: flops[0] + (size - 2) * (flops[1] - flops[0]) / 10


def table(title, columns, rows):
    print(f"\n{title}\n\n| language | script | " + " | ".join(columns) + " |\n| --- | --- |" + " ---: |" * len(columns))
    for cells in rows:
        print("| " + " | ".join(cells) + " |")


def main():
    parser = trials.parser_of(__doc__)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--cut", default=",".join(SHAPES))
    parser.add_argument("--read", default=",".join(READERS))
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    args = parser.parse_args()
    languages, cuts, reads = args.languages.split(","), args.cut.split(","), args.read.split(",")
    folder = args.runs.resolve() / "equity-text"
    args.runs.mkdir(parents=True, exist_ok=True)
    english = make_text(folder, languages, data_script())
    seconds = 40 * args.minutes / (len(cuts) * len(reads))
    results = {}
    print("| cut into | read by | steps | bytes seen | bits/byte, all | bytes right | words right |\n"
          "| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for cut in cuts:
        for read in reads:
            figures, seen, steps, flops = results[f"{cut}, {read}"] = measured(args, folder, cut, read, seconds)
            print(f"| {cut} | {read} | {steps} | {seen:,} | {figures['bits_per_byte']:.3f} | "
                  f"{100 * figures['byte_accuracy']:.1f} % | {100 * figures['word_accuracy']:.1f} % |", flush=True)
    columns = list(results)

    def rows(cell):
        for language in languages:
            yield [language, LANGUAGES.get(language, ""),
                   *(cell(by_language(result[0])[language], result[3]) for result in results.values())]

    table("Bits per byte", columns, rows(lambda f, _: f"{f['bits_per_byte']:.2f}"))
    table("Bits for what one character of the English original says", columns,
          rows(lambda f, _: f"{f['bits_per_byte'] * f['bytes'] / english:.2f}"))
    table("Words, and forward GFLOP, for a thousand characters of the English original; words per GFLOP", columns,
          rows(lambda f, flops: f"{1000 * f['words'] / english:.0f}; "
               f"{f['words'] * flops(f['bytes'] / f['words']) / english / 1e6:.2f}; "
               f"{1e9 / flops(f['bytes'] / f['words']):.0f}"))


def by_language(figures):
    """Figures of each language: under "groups", by name."""
    return figures["groups"]


main()
