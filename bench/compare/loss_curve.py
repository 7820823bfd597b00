"""Trains the Python WeLT and welt from the same weights on the same rows in the same order: the losses of every step.

usage: VENV/bin/python loss_curve.py --welt build/bin/welt --checkout WeLT --models DIR --text FILE
                  [--steps 50] [--batch 32] [--words 128] [--out DIR]

VENV: the Python WeLT's. --checkout, --models and --text: as of compare.py. The model is string repetition's, its
weights random, float32, without dropout. Its checkpoint, the batches and the plan are written in the layout of the
golden traces (into --out, if they are to be kept), `welt model trace` trains on them, then the Python does, twice: the
second time with the rows of each batch in reverse, which changes rounding alone. The tolerance is made as the golden
traces' is: ten times the largest difference of the two Python runs up to a step, at least 2e-6 of the loss. Status 1
where welt exceeds it.
"""
import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

from reference import PRESETS, ROW, TUNED, build, lines_of, packed_rows, set_up

OPTIMIZER = dict(type="AdamW", betas=[0.9, 0.999], eps=1e-8, weight_decay=0.001, clip_grad_norm=1.0, final_lr_ratio=0.1,
                 peak_lr=6e-4)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--welt", "--checkout", "--models", "--text"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch", type=int, default=PRESETS["strrep"]["batch"])
    parser.add_argument("--words", type=int, default=ROW, help="of a row")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    args.welt, args.out = args.welt.resolve(), args.out and args.out.resolve()
    args.preset, args.precision, args.checkpoint = "strrep", "fp32", None
    return args


def learning_rate(step, optimizer):
    """Of step 1, 2, …: it rises evenly, then falls by half a cosine."""
    warmup, floor = optimizer["warmup_steps"], optimizer["final_lr_ratio"]
    if step <= warmup:
        return optimizer["peak_lr"] * step / warmup
    done = (step - warmup) / (optimizer["steps"] - warmup)
    return optimizer["peak_lr"] * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done)))


def bit_tables(model):
    return [module for module in model.modules() if hasattr(module, "bit_proj_w")]


def groups(model):
    """Names of the parameters with weight decay and without; of folded byte tables, what they are made of."""
    folded = {id(table.weight) for table in bit_tables(model)}
    norms = {id(parameter) for module in model.modules() if "norm" in type(module).__name__.lower()
             for parameter in module.parameters(recurse=False)}
    decay, others = [], []
    for name, parameter in model.named_parameters():
        if parameter.numel() and id(parameter) not in folded:
            (decay if parameter.ndim >= 2 and id(parameter) not in norms else others).append(name)
    return decay, others


def make_batches(args, processor, collator):
    import torch
    texts = [PRESETS[args.preset]["line"].format(line) for line in lines_of(args)[:6000]]
    rows = packed_rows(processor, texts, args.words)
    batches = []
    for step in range(args.steps):
        chosen = [rows[(step * args.batch + i) % len(rows)] for i in range(args.batch)]
        out = processor({"words": [row[0] for row in chosen], "seq_lengths": [row[1] for row in chosen]})
        batch = collator([{key: value[i] for key, value in out.items()} for i in range(len(chosen))])
        for name in ("input_images", "input_images_dimensions"):  # there are none: memory as it was
            batch[name] = torch.zeros_like(batch[name])
        batches.append({key: value.contiguous() for key, value in batch.items()})
    return batches


def write(folder, model, batches, optimizer):
    from safetensors.torch import save_file
    for table in bit_tables(model):
        table._refresh_weight_()
    model.save_pretrained(folder / "start")
    (folder / "start/generation_config.json").unlink(missing_ok=True)
    save_file({f"batch_{i}/{key}": value for i, batch in enumerate(batches) for key, value in batch.items()},
              folder / "batches.safetensors")
    decay, others = groups(model)
    runs = dict(curve=dict(cycle=list(range(len(batches)))))
    plan = dict(optimizer=optimizer, decay=decay, no_decay=others, runs=runs)
    (folder / "trace.json").write_text(json.dumps(plan, indent=1) + "\n")


def ours(args, folder):
    subprocess.run([args.welt, "model", "trace", folder / "start", "--plan", folder / "trace.json", "--batches",
                    folder / "batches.safetensors", "--run", "curve", "--out", folder / "welt"], check=True)
    return [json.loads(line)["loss"] for line in (folder / "welt/steps.jsonl").read_text().splitlines()]


def theirs(model, start, batches, optimizer, reverse):
    import torch
    model.load_state_dict(start)
    model.eval()
    parameters = dict(model.named_parameters())
    trained = [[parameters[name] for name in names] for names in groups(model)]
    adamw = torch.optim.AdamW([dict(params=part, weight_decay=decay) for part, decay in
                               zip(trained, (optimizer["weight_decay"], 0.0))], betas=optimizer["betas"],
                              eps=optimizer["eps"], fused=True)
    losses = []
    for step, batch in enumerate(batches, 1):
        loss = model(**{key: value.flip(0) if reverse else value for key, value in batch.items()}).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained[0] + trained[1], optimizer["clip_grad_norm"])
        for group in adamw.param_groups:
            group["lr"] = learning_rate(step, optimizer)
        adamw.step()
        model.zero_grad(set_to_none=True)
        losses.append(loss.item())
        print(f"{'reversed' if reverse else 'Python'}: step {step}, loss {losses[-1]:.6f}", file=sys.stderr, flush=True)
    return losses


def compare(welt, python, again):
    """[(step, Python's loss, welt's, difference, tolerance)]"""
    lines, worst = [], 0.0
    for step, (a, b, c) in enumerate(zip(python, welt, again, strict=True), 1):
        worst = max(worst, abs(a - c))
        lines.append((step, a, b, abs(a - b), max(10 * worst, 2e-6 * a)))
    return lines


def main():
    if "GLIBC_TUNABLES" not in os.environ:
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "GLIBC_TUNABLES": TUNED})
    args = options()
    set_up(args)
    import torch
    optimizer = dict(OPTIMIZER, steps=args.steps, warmup_steps=min(5, args.steps - 1))
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.out or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        model, processor, collator = build(args)
        torch.set_float32_matmul_precision("highest")
        batches = make_batches(args, processor, collator)
        write(folder, model, batches, optimizer)
        start = {name: value.clone() for name, value in model.state_dict().items()}
        welt = ours(args, folder)
        python, again = (theirs(model, start, batches, optimizer, reverse) for reverse in (False, True))
        lines = compare(welt, python, again)
        (folder / "curve.json").write_text(json.dumps(dict(welt=welt, python=python, reversed=again), indent=1) + "\n")
    print("| step | Python | welt | difference | tolerance |\n| ---: | ---: | ---: | ---: | ---: |")
    for step, a, b, off, tolerance in lines:
        if step in (1, 2, 5) or step % 10 == 0 or step == len(lines):
            print(f"| {step} | {a:.6f} | {b:.6f} | {off:.1e} | {tolerance:.1e} |")
    step, _, _, off, tolerance = max(lines, key=lambda line: line[3] / line[4])
    print(f"\nlargest difference {max(line[3] for line in lines):.1e}; the most of its tolerance at step {step}: "
          f"{off:.1e} of {tolerance:.1e}, {off / tolerance:.2f}")
    sys.exit(not all(line[3] <= line[4] for line in lines))


if __name__ == "__main__":
    main()
