"""What the scripts of experiments beside this file share: runs that are found again, and steps that fill a time."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

# The quick start's optimizer (recipes/quickstart.toml), for recipes that have another.
MUON = ["train.optimizer=muon", "train.rate_adjustment=rms_norm", "train.nesterov=true", "train.rest_rate=0.1"]


def parser_of(doc):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--welt", type=pathlib.Path, default=ROOT / "build/bin/welt")
    parser.add_argument("--runs", type=pathlib.Path, default=ROOT / "runs/trials",
                        help="folder of the runs; those that are whole are not repeated (default runs/trials)")
    return parser


def settings(values):
    return [part for value in values for part in ("--set", value)]


def call(command):
    """Standard output of a command run from the project's root."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\nfailed: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


def json_of(command):
    out = call(command)
    return json.loads(out[out.index("{"):])


def log_of(folder, kind):
    """Lines of a run's log of one kind; the last one may be cut."""
    lines = []
    file = folder / "log.jsonl"
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("kind") == kind:
            lines.append(entry)
    return lines


def steps_in(welt, recipe, values, seconds):
    """How many steps fill a time: a schedule that ends is only compared with another that ends in the same time."""
    bench = json_of([welt, "bench", "train", recipe, *settings(values), "--steps", "6", "--json"])
    return max(10, round(seconds / (bench["milliseconds"]["step"] / 1000))), bench


def train(args, recipe, name, values, reached=None):
    """Runs a recipe to its end or until `reached` says so of an evaluation, and gives its folder. Called again, it goes
    on where it was; a run that has a summary is left alone."""
    folder = args.runs.resolve() / name
    if (folder / "summary.json").exists() or (folder / "reached").exists():
        return folder
    if folder.exists() and not list(folder.glob("checkpoints/step-*")):
        shutil.rmtree(folder)  # broken off before its first checkpoint: another would be made beside it
    values = [*values, f'run_dir="{args.runs.resolve()}"', f"name={name}"]
    resume = ["--resume"] if folder.exists() else []
    args.runs.mkdir(parents=True, exist_ok=True)
    with open(args.runs / f"{name}.txt", "a", encoding="utf-8") as told:
        child = subprocess.Popen([str(args.welt.resolve()), "run", str(recipe), *settings(values), *resume], cwd=ROOT,
                                 stdout=told, stderr=subprocess.STDOUT)
        try:
            while child.poll() is None:
                time.sleep(0.5)
                if reached and any(reached(entry) for entry in log_of(folder, "evaluation")[1:]):
                    (folder / "reached").touch()
                    os.kill(child.pid, signal.SIGTERM)  # it writes a checkpoint and leaves
                    child.wait()
        except KeyboardInterrupt:
            child.wait()  # the signal went to the run, too
            raise
    if child.returncode != 0 and not (folder / "reached").exists():
        raise SystemExit(f"{name} failed: {(args.runs / f'{name}.txt').read_text(encoding='utf-8')[-2000:]}")
    return folder


def evaluate(args, folder, values=()):
    """Figures of a run's newest checkpoint on all held-out text, kept beside the run."""
    kept = folder / "evaluated.json"
    if not kept.exists():
        asked = settings(["train.eval_rows=0", *values])
        figures = json_of([args.welt.resolve(), "evaluate", folder, *asked, "--json"])
        kept.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


def trained(folder):
    """(steps, minutes in steps alone, words a second) of a run's log; a step that was done twice counts once."""
    steps = {entry["step"]: entry for entry in log_of(folder, "train")}
    seconds = sum(entry["step_seconds"] for entry in steps.values())
    return len(steps), seconds / 60, sum(entry["words"] for entry in steps.values()) / max(seconds, 1e-9)
