"""Writes adafactor.json and adafactor.safetensors: 20 steps of transformers' Adafactor in float64 on the starts and
gradients of tensors.safetensors, and how far float32 is off.

    python make_adafactor.py      # PyTorch, transformers, safetensors; in this folder
"""
import json

import torch
from safetensors.torch import load_file, save_file
from transformers.optimization import Adafactor

RUNS = {
    "adafactor-defaults": {"weight_decay": 0.0, "scale_parameter": False},
    "adafactor-scaled": {"weight_decay": 0.1, "scale_parameter": True, "decay_rate": -0.5, "clip_threshold": 0.3},
}
TENSORS = ["square", "tall", "wide", "row", "late", "vector", "cube", "embedding"]

plan = json.load(open("runs.json"))
given = load_file("tensors.safetensors")
rates = plan["runs"][0]["lr"]


def trajectory(name, settings, dtype):
    """{step: value} of one tensor."""
    parameter = torch.nn.Parameter(given[f"start/{name}"].to(dtype, copy=True))
    optimizer = Adafactor([parameter], lr=rates[0], relative_step=False, **settings)
    kept = {}
    for step, rate in enumerate(rates, start=1):
        missing = step in plan["no_gradient_in_steps"].get(name, [])
        parameter.grad = None if missing else given[f"gradient/{name}"][step - 1].to(dtype).clone()
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        if step in plan["kept"]:
            kept[step] = parameter.detach().clone().double()
    return kept


runs, tensors = [], {}
for run, settings in RUNS.items():
    difference = {}
    for name in TENSORS:
        exact, short = trajectory(name, settings, torch.float64), trajectory(name, settings, torch.float32)
        for step, value in exact.items():
            tensors[f"after/{run}/{step}/{name}"] = value.contiguous()
        off = max((exact[step] - short[step]).abs().max().item() for step in exact)
        difference[name] = {"float32_max_abs_diff": off, "tolerance": 10 * off}
    runs.append({"name": run, "optimizer": "adafactor", "tensors": TENSORS, "settings": settings, "lr": rates,
                 "difference": difference})
json.dump({"kept": plan["kept"], "no_gradient_in_steps": plan["no_gradient_in_steps"], "runs": runs},
          open("adafactor.json", "w"), indent=1)
save_file(tensors, "adafactor.safetensors")
