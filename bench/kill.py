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


def folders(args):
    """Of the killed run: one that was killed before its first checkpoint is left, and another begins beside it."""
    return sorted(args.runs.resolve().glob("killed*/"), key=lambda folder: folder.stat().st_ctime)


def told_by(places):
    """(folder, step, its time) → (loss, gradient norm) of every line of the logs."""
    return {(folder.name, entry["step"], entry["seconds"]): (entry["loss"], entry["gradient_norm"])
            for folder in places for entry in trials.log_of(folder, "train")}


def session(args, values, wait):
    """Trains, or goes on, until SIGKILL `wait` seconds behind the session's first step; says whether it was killed."""
    resume = ["--resume"] if folders(args) else []
    before = told_by(folders(args)).keys()
    with open(args.runs / "killed.txt", "a", encoding="utf-8") as told:
        command = [str(args.welt.resolve()), "run", args.recipe, *trials.settings([*values, "name=killed"]), *resume]
        child = subprocess.Popen(command, cwd=trials.ROOT, stdout=told, stderr=subprocess.STDOUT)
    while child.poll() is None and not told_by(folders(args)).keys() - before:
        time.sleep(0.05)
    until = time.monotonic() + wait
    while child.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    if child.poll() is None:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        return True
    if child.returncode != 0:
        told = (args.runs / "killed.txt").read_text(encoding="utf-8")
        raise SystemExit(f"kill.py: a session failed: {told[-1500:]}")
    return False


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
    expected = {step: figures for (_, step, _), figures in told_by([whole]).items()}
    seconds = trials.trained(whole)[1] * 60 / (args.kills + 1)
    draw = random.Random(args.seed)
    print("| kill | seconds behind the session's first step | last step in the log | newest checkpoint |\n"
          "| ---: | ---: | ---: | --- |")
    running, number, found = True, 0, {}
    while running:
        number += 1
        wait = draw.uniform(0, 2 * seconds) if number <= args.kills else float("inf")
        running = session(args, values, wait)
        found.update(told_by(folders(args)))  # a session that goes on cuts from the log what it does again
        if running:
            newest = folders(args)[-1]
            kept = sorted(path.name for path in (newest / "checkpoints").glob("step-*"))
            last = max((step for _, step, _ in told_by([newest])), default=0)
            print(f"| {number} | {wait:.2f} | {last} | {kept[-1] if kept else 'none: it starts anew'} |", flush=True)
    pairs = [(abs(loss - expected[step][0]), abs(norm - expected[step][1]))
             for (_, step, _), (loss, norm) in found.items()]
    if missing := expected.keys() - {step for _, step, _ in found}:
        raise SystemExit(f"kill.py: no session told of the steps {sorted(missing)}")
    differ = sum(pair != (0, 0) for pair in pairs)
    print(f"\n{args.steps} steps, {len(pairs)} losses told by the sessions: {differ} differ; the largest difference of "
          f"a loss is {max(pair[0] for pair in pairs):g}, of a gradient norm {max(pair[1] for pair in pairs):g}")
    raise SystemExit(differ > 0)


main()
