"""Times the Python WeLT on one kind of work. Prints one JSON object. Called by compare.py, in the Python's environment.

usage: reference.py train|generate --checkout WeLT --models DIR --preset strrep|tiny --text FILE [options]
       reference.py generate --checkout WeLT --models DIR --checkpoint DIR --text PROMPTS [options]

With --checkpoint a trained model, of welt's or its own, continues the lines of PROMPTS, all in one batch.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import resource
import statistics
import sys
import time
import warnings

warnings.filterwarnings("ignore")

# glibc's malloc as welt sets it for itself: gives nothing back. Without it the reference is up to twice as slow.
TUNED = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456"
# Model names are folders below --models. `word`: the length of a word in bytes with its two ends; `line`: the template.
PRESETS = {
    "strrep": dict(image=None, bytes="prajjwal1/bert-tiny", latent="sbintuitions/tiny-lm", decoder="sign/utf8-lm-tiny",
                   word=16, batch=32, line="<text>\x0e{0}\x0f<repeat> {0}"),
    "tiny": dict(image="WinKawaks/vit-tiny-patch16-224", bytes="prajjwal1/bert-tiny", latent="EleutherAI/pythia-70m",
                 decoder="sbintuitions/tiny-lm", word=32, batch=8, line="{0}"),
}
ROW = 128  # words
NO_WORD = "\x00"


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=["train", "generate"])
    parser.add_argument("--checkout", type=pathlib.Path, required=True)
    parser.add_argument("--models", type=pathlib.Path, required=True)
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--preset", choices=sorted(PRESETS))
    model.add_argument("--checkpoint", type=pathlib.Path)
    parser.add_argument("--text", type=pathlib.Path, required=True)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("--words", type=int, default=20)
    return parser.parse_args()


def set_up(args):
    """The reference looks models up as names relative to the working folder, and fetches fonts from the network."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    sys.path.insert(0, str(args.checkout.resolve()))
    args.text = args.text.resolve()
    args.checkpoint = args.checkpoint and args.checkpoint.resolve()
    os.chdir(args.models)
    import font_download.config as fonts
    folder = pathlib.Path("fonts").resolve()
    folder.mkdir(exist_ok=True)
    found = sorted(pathlib.Path("/usr/share/fonts/truetype/noto").glob("NotoSans*-Regular.ttf"))
    for file in found:
        link = folder / file.name
        if not link.exists():
            link.symlink_to(file)
    (folder / "sources.json").write_text(json.dumps([file.name for file in found]))
    fonts.download_fonts = lambda sources, max_workers=None: folder


def build(args):
    import torch
    from welt.model_utils import setup_model
    torch.set_num_threads(args.threads)
    preset = PRESETS[args.preset]
    with contextlib.redirect_stdout(sys.stderr):
        model, processor, collator = setup_model(
            image_encoder_name=preset["image"], bytes_encoder_name=preset["bytes"],
            latent_transformer_name=preset["latent"], bytes_decoder_name=preset["decoder"],
            dtype="bfloat16" if args.precision == "bf16" else "float32", seed=42, load_pretrained=False,
            max_word_length=preset["word"])
        processor.max_seq_length = ROW
        model.enable_backend_optimizations()
    return model, processor, collator


def load(args):
    import torch
    from welt.model import WordLatentTransformerForCausalLM
    from welt.processor import TextImageProcessor
    torch.set_num_threads(args.threads)
    with contextlib.redirect_stdout(sys.stderr):
        model = WordLatentTransformerForCausalLM.from_pretrained(args.checkpoint)
        model.enable_backend_optimizations()
        return model, TextImageProcessor.from_pretrained(args.checkpoint)


def lines_of(args):
    return [line for line in args.text.read_text(encoding="utf-8").split("\n") if line]


def packed_rows(processor, lines, length=ROW):
    from datasets import Dataset
    from trl import pack_dataset
    packed = pack_dataset(Dataset.from_dict({"words": [processor.pretokenize(line) for line in lines]}), seq_length=length)
    rows = []
    for row in packed:
        missing = length - len(row["words"])
        rows.append((list(row["words"]) + [NO_WORD] * missing, list(row["seq_lengths"]) + [1] * missing))
    random.Random(42).shuffle(rows)
    return rows


def train(args):
    import torch
    from transformers.trainer_pt_utils import get_parameter_names
    model, processor, collator = build(args)
    rows = packed_rows(processor, lines_of(args))
    batch_size = args.batch or PRESETS[args.preset]["batch"]
    decay = {name for name in get_parameter_names(model, [torch.nn.LayerNorm, torch.nn.RMSNorm])
             if "bias" not in name and "norm" not in name.lower()}
    groups = [dict(params=[p for n, p in model.named_parameters() if (n in decay) == on], weight_decay=0.001 * on)
              for on in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=6e-4, fused=True)
    model.train()
    run = torch.compile(model) if args.compile else model
    seconds, words = [], []
    for step in range(args.warmup + args.steps):
        chosen = [rows[(step * batch_size + i) % len(rows)] for i in range(batch_size)]
        start = time.perf_counter()
        out = processor({"words": [row[0] for row in chosen], "seq_lengths": [row[1] for row in chosen]})
        batch = collator([{key: value[i] for key, value in out.items()} for i in range(len(chosen))])
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
            loss = run(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
        if step >= args.warmup:
            seconds.append(time.perf_counter() - start)
            words.append(sum(word != NO_WORD for row in chosen for word in row[0]))
    rates = [count / second for count, second in zip(words, seconds)]
    return dict(words_per_second=statistics.median(rates), spread=[min(rates), max(rates)])


def words_written(processor, steps):
    """Words of all rows: `steps` has the bytes of each word, and a row ends at its first empty one."""
    count, running = 0, None
    for step in steps:
        full = [len(word) > 0 for word in processor.tokenizer.batch_decode(step, skip_special_tokens=True)]
        running = full if running is None else [a and b for a, b in zip(running, full)]
        count += sum(running)
    return count


def generate(args):
    if args.checkpoint:
        model, processor = load(args)
        prompts = lines_of(args)
    else:
        model, processor, _ = build(args)
        prompts = [" ".join(line.split()[:12]) + " " for line in lines_of(args)[-200:][:args.batch or 1]]
    model.eval()
    inner, steps = model._generate_word_bytes, []

    def kept(*positional, **named):
        steps.append(inner(*positional, **named))
        return steps[-1]

    model._generate_word_bytes = kept
    per_byte, per_second = [], []
    with contextlib.redirect_stdout(sys.stderr):
        for repeat in range(1 + args.steps):
            steps.clear()
            processor.images_cache.clear()  # as welt's repeats do: no word is known yet
            start = time.perf_counter()
            batch = processor(prompts, collated=True)
            texts = model.generate(**batch, processor=processor, max_generated_words=args.words)
            second = time.perf_counter() - start
            if repeat:
                per_byte.append(1000 * second / sum(step.shape[1] for step in steps))
                per_second.append(words_written(processor, steps) / second)
    return dict(ms_per_byte_step=statistics.median(per_byte), words_per_second=statistics.median(per_second),
                spread=[min(per_byte), max(per_byte)], texts=texts)


def main():
    args = options()
    set_up(args)
    result = {"train": train, "generate": generate}[args.work](args)
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
