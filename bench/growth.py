"""Times training steps of one small model over words per row, rows, bytes per word, distinct words and threads, and draws what a word costs.

usage: growth.py --welt build/bin/welt [--svg docs/growth.svg] [--json points.json] [--steps 3] [--curves words,batch,…]
       growth.py --draw points.json --svg docs/growth.svg

Texts are made up, so that their words have the length and the share of distinct ones that a point asks for. Beside
each curve (microseconds a word) stands a dashed one: what the products of the step, by their FLOPs, would take at the rate
of the curve's first point. Where the two part, something costs more (or less) than the mathematics. Nothing else
should run beside it.
"""
import argparse
import json
import pathlib
import random
import statistics
import subprocess
import tempfile

RECIPE = """
name = "growth"
[model.segmenter]
max_bytes = 160
[model.bytes_encoder]
plugin = "bert"
config = { hidden_size = 128, num_hidden_layers = 2, num_attention_heads = 2, intermediate_size = 256, max_position_embeddings = 192 }
[model.latent]
plugin = "llama"
config = { hidden_size = 256, num_hidden_layers = 4, num_attention_heads = 4, num_key_value_heads = 4, intermediate_size = 512, max_position_embeddings = 4096 }
[model.decoder]
plugin = "llama"
config = { hidden_size = 128, num_hidden_layers = 2, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 256, max_position_embeddings = 192, tie_word_embeddings = true }
[data.train]
format = "lines"
[data]
packing = "greedy"
[train]
steps = 1
"""
# What all points have that do not say otherwise: 16 rows of 128 words of 6 bytes, two fifths of them distinct.
BASE = dict(words=128, batch=16, bytes=6, distinct=0.4, threads=2)
# curve: what it is over, its points, and what else changes with them
CURVES = {
    "words": ("words of a row, 2,048 words in all", [64, 128, 256, 512, 1024, 2048],
              lambda x: dict(words=x, batch=2048 // x)),
    "batch": ("rows of 128 words", [1, 2, 4, 8, 16, 32, 64], lambda x: dict(batch=x)),
    "bytes": ("bytes of a word", [4, 8, 16, 32, 64, 128], lambda x: dict(bytes=x)),
    "distinct": ("share of distinct words", [0.05, 0.1, 0.2, 0.4, 0.7, 1.0], lambda x: dict(distinct=x)),
    "threads": ("threads", [1, 2], lambda x: dict(threads=x)),
}


def text(point, count):
    """`count` words of point["bytes"] bytes, the space included, each distinct one as often as any other."""
    draw = random.Random(7)
    length = max(1, point["bytes"] - 1)
    wanted = max(1, min(round(point["distinct"] * point["words"] * point["batch"]), 26 ** min(length, 6) // 2))
    vocabulary = set()
    while len(vocabulary) < wanted:
        vocabulary.add("".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=length)))
    words = sorted(vocabulary)
    lines = []
    for _ in range(-(-count // len(words))):
        draw.shuffle(words)
        lines.append(" ".join(words) + " ")
    return "\n".join(lines) + "\n"


def timed(args, point, folder):
    (folder / "text.txt").write_text(text(point, point["words"] * point["batch"] * (args.steps + 4)), encoding="utf-8")
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    settings = [f"data.train.files=[\"{folder / 'text.txt'}\"]", f"train.words={point['words']}",
                f"train.batch={point['batch']}", f"threads={point['threads']}"]
    command = [args.welt, "bench", "train", folder / "recipe.toml", "--steps", args.steps, "--warmup", 1, "--json"]
    for setting in settings:
        command += ["--set", setting]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\nfailed: {done.stderr[-2000:]}")
    out = json.loads(done.stdout[done.stdout.index("{"):])
    words = out["words_per_step"]
    return dict(point, words_per_step=words, microseconds=1e3 * out["milliseconds"]["step"] / words,
                flops=out["products"]["flops_per_step"] / words, attention=out["attention"]["share_of_step"],
                products=out["products"]["share_of_step"], peak_mb=out["peak_memory_bytes"] / 1e6)


def measure(args, names):
    points = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as temporary:
        for name in names:
            for x in CURVES[name][1]:
                point = timed(args, {**BASE, **CURVES[name][2](x)}, pathlib.Path(temporary))
                points[name].append(dict(point, x=x))
                print(f"{name} {x}: {point['microseconds']:.0f} us a word, {point['flops'] / 1e6:.1f} MFLOP in products "
                      f"({100 * point['products']:.0f} % of a step), attention {100 * point['attention']:.0f} %", flush=True)
    return points


WIDTH, HEIGHT, LEFT, TOP = 330, 240, 58, 34  # of a panel, and of its margins


def panel(name, points):
    """One curve in axes of its own: steps of equal ratio to the right, microseconds upwards."""
    right, bottom = WIDTH - 16, HEIGHT - 44
    times = [point["microseconds"] for point in points]
    demanded = [times[0] * point["flops"] / points[0]["flops"] for point in points]
    most = 1.1 * max(times + demanded)
    across = [LEFT + 10 + (right - LEFT - 20) * i / max(1, len(points) - 1) for i in range(len(points))]

    def height(value):
        return bottom - (bottom - TOP) * value / most

    def line(values, style):
        path = " ".join(f"{x:.1f},{height(value):.1f}" for x, value in zip(across, values))
        return f'<polyline points="{path}" fill="none" {style}/>'

    out = [f'<rect x="{LEFT}" y="{TOP}" width="{right - LEFT}" height="{bottom - TOP}" fill="none" stroke="#999"/>',
           f'<text x="{LEFT}" y="{TOP - 12}" font-weight="bold">{CURVES[name][0]}</text>']
    for part in (0.25, 0.5, 0.75, 1):
        value = most * part
        out.append(f'<line x1="{LEFT}" x2="{right}" y1="{height(value):.1f}" y2="{height(value):.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 6}" y="{height(value) + 4:.1f}" text-anchor="end">{value:.0f}</text>')
    out.append(line(demanded, 'stroke="#888" stroke-dasharray="5 4" stroke-width="1.5"'))
    out.append(line(times, 'stroke="#1667a8" stroke-width="2"'))
    for x, value, point in zip(across, times, points):
        out.append(f'<circle cx="{x:.1f}" cy="{height(value):.1f}" r="3" fill="#1667a8"/>')
        out.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{point["x"]:g}</text>')
    return "\n".join(out)


def drawing(points):
    columns = min(3, len(points))
    rows = -(-len(points) // columns)
    body = [f'<g transform="translate({WIDTH * (i % columns)},{HEIGHT * (i // columns)})">\n{panel(name, curve)}\n</g>'
            for i, (name, curve) in enumerate(points.items())]
    wide, high = WIDTH * columns, HEIGHT * rows + 24
    note = "microseconds a word of a training step; dashed: its products at the rate of the first point"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
            f'font-family="sans-serif" font-size="11" fill="#222">\n<rect width="{wide}" height="{high}" fill="#fff"/>\n'
            + "\n".join(body) + f'\n<text x="{LEFT}" y="{high - 10}">{note}</text>\n</svg>\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--welt", type=pathlib.Path)
    parser.add_argument("--draw", type=pathlib.Path, help="points of an earlier --json: nothing is measured")
    parser.add_argument("--svg", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--curves", default=",".join(CURVES), help="comma-separated: " + ", ".join(CURVES))
    args = parser.parse_args()
    if (args.welt is None) == (args.draw is None):
        raise SystemExit("growth.py: give one of --welt and --draw")
    unknown = [name for name in args.curves.split(",") if name not in CURVES]
    if unknown:
        raise SystemExit(f"growth.py: --curves names {', '.join(unknown)}; expected some of {', '.join(CURVES)}")
    points = json.loads(args.draw.read_text()) if args.draw else measure(args, args.curves.split(","))
    for name, curve in points.items():
        first = curve[0]
        worst = max(point["microseconds"] / point["flops"] for point in curve) * first["flops"] / first["microseconds"]
        print(f"{name}: at worst {worst:.2f} times what the first point's rate demands; spread of peak memory "
              f"{min(p['peak_mb'] for p in curve):.0f} to {max(p['peak_mb'] for p in curve):.0f} MB, median share of "
              f"products {100 * statistics.median(p['products'] for p in curve):.0f} %")
    if args.json:
        args.json.write_text(json.dumps(points, indent=1) + "\n")
    if args.svg:
        args.svg.write_text(drawing(points), encoding="utf-8")


main()
