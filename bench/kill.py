"""Kills a training with SIGKILL at random instants, resumes it each time, and compares every loss with those of a run
that nobody disturbed.

usage: kill.py [--welt build/bin/welt] [--recipe recipes/quickstart.toml] [--steps 60] [--kills 5] [--seed 1]
               [--set key=value …]

A checkpoint is made every 7 steps. Prints a row for each kill, and at the end how many losses differ (exit status 1 if
any does). Some 3 minutes for the defaults.
"""
import os
import random
import signal
import subprocess
import time
import trials


def losses(folder):
    """Every loss that a log tells of a step, the repeated ones too."""
    told = {}
    for entry in trials.log_of(folder, "train"):
        told.setdefault(entry["step"], []).append((entry["loss"], entry["gradient_norm"]))
    return told


def killed(args, values, draw, seconds):
    """One session that ends by SIGKILL `seconds` after its first new step at most; None if it ended by itself."""
    folder = args.runs.resolve() / "killed"
    resume = ["--resume"] if folder.exists() else []
    before = len(trials.log_of(folder, "train"))
    with open(args.runs / "killed.txt", "a", encoding="utf-8") as told:
        child = subprocess.Popen([str(args.welt.resolve()), "run", args.recipe, *trials.settings([*values, "name=killed"]),
                                  *resume], cwd=trials.ROOT, stdout=told, stderr=subprocess.STDOUT)
    while child.poll() is None and len(trials.log_of(folder, "train")) <= before:
        time.sleep(0.05)
    wait = draw.uniform(0, seconds)
    until = time.monotonic() + wait
    while child.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    if child.poll() is not None:
        if child.returncode != 0:
            raise SystemExit(f"kill.py: a session failed: {(args.runs / 'killed.txt').read_text(encoding='utf-8')[-1500:]}")
        return None
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    return wait


def main():
    parser = trials.parser_of(__doc__)
    parser.add_argument("--recipe", default="recipes/quickstart.toml")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="of the instants")
    parser.add_argument("--set", action="append", default=[], help="a further key=value")
    args = parser.parse_args()
    args.runs = args.runs / f"kill-{time.strftime('%Y%m%d-%H%M%S')}"
    args.runs.mkdir(parents=True)
    values = [f"train.steps={args.steps}", "train.batch=4", "train.minutes=0", "train.eval_rows=4", "samples.count=0",
              "train.warmup_steps=5", *args.set, "train.checkpoint_every=7", f'run_dir="{args.runs.resolve()}"']
    whole = trials.train(args, args.recipe, "whole", [value for value in values if not value.startswith("run_dir")])
    expected = losses(whole)
    seconds = trials.trained(whole)[1] * 60 / (args.kills + 1)
    draw = random.Random(args.seed)
    folder = args.runs.resolve() / "killed"
    print("| kill | seconds behind the session's first step | last step in the log | newest checkpoint |\n"
          "| ---: | ---: | ---: | --- |")
    for number in range(1, args.kills + 1):
        wait = killed(args, values, draw, 2 * seconds)
        if wait is None:
            print(f"| {number} | ended by itself | {max(losses(folder))} | |", flush=True)
            break
        last = max(losses(folder), default=0)
        kept = sorted(path.name for path in (folder / "checkpoints").glob("step-*"))
        print(f"| {number} | {wait:.2f} | {last} | {kept[-1] if kept else 'none: it starts anew'} |", flush=True)
    trials.train(args, args.recipe, "killed", [value for value in values if not value.startswith("run_dir")])
    found = losses(folder)
    pairs = [(abs(loss - expected[step][0][0]), abs(norm - expected[step][0][1]))
             for step in expected for loss, norm in found.get(step, [(float("inf"), float("inf"))])]
    differ = sum(pair != (0, 0) for pair in pairs)
    print(f"\n{args.steps} steps, {len(pairs)} losses told by the sessions: {differ} differ; the largest difference of a loss is "
          f"{max(pair[0] for pair in pairs):g}, of a gradient norm {max(pair[1] for pair in pairs):g}")
    raise SystemExit(differ > 0)


main()
