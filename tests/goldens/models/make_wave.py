#!/usr/bin/env python3
"""Outputs of the folders wave-*: the formulas of plugins/encoders/wave and plugins/latent/wave_cascade in float64, row
by row, on each folder's config.json, model.safetensors and inputs, which are random and stay as they are.

    python make_wave.py                    # compares io.safetensors with what is computed; needs numpy, safetensors
    python make_wave.py --write            # writes it anew
"""
import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

HERE = Path(__file__).resolve().parent


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * sigmoid(x)


class Computation:
    """One model on one row: x [T, D], all tokens of which are there."""

    def __init__(self, config, weights):
        self.config = config
        self.weights = {name.removeprefix("model."): value.astype(np.float64) for name, value in weights.items()}
        self.width = config["hidden_size"]
        self.heads = config["num_attention_heads"]

    def linear(self, x, name):
        y = x @ self.weights[name + ".weight"].T
        return y + self.weights[name + ".bias"] if name + ".bias" in self.weights else y

    def layer_norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + self.config["layer_norm_eps"])
        return x * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def rms_norm(self, x, name, eps):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * self.weights[name + ".weight"]

    def attention(self, queries, memory, name, causal):
        q, k, v = (source @ w.T + b for source, w, b in
                   zip((queries, memory, memory), np.split(self.weights[name + ".in_proj_weight"], 3),
                       np.split(self.weights[name + ".in_proj_bias"], 3)))
        out = np.empty_like(q)
        each = self.width // self.heads
        for t in range(len(q)):
            seen = t + 1 if causal else len(k)
            for h in range(0, self.width, each):
                scores = k[:seen, h:h + each] @ q[t, h:h + each] / np.sqrt(each)
                shares = np.exp(scores - scores.max())
                out[t, h:h + each] = shares / shares.sum() @ v[:seen, h:h + each]
        return self.linear(out, name + ".out_proj")

    def post_norm_layer(self, x, name, mixed):
        x = self.layer_norm(x + mixed, name + ".norm1")
        fed = self.linear(np.maximum(self.linear(x, name + ".linear1"), 0), name + ".linear2")
        return self.layer_norm(x + fed, name + ".norm2")

    def seed_phases(self):
        return 2 * np.pi * np.arange(self.width) / (self.width - 1)


class Wave(Computation):
    def waves(self, ids, positions):
        rows, p = self.weights["embeddings.weight"][ids], positions[:, None].astype(np.float64)
        if self.config["embedding"] == "fixed":
            space = 256 if self.config["variant"] == "small" else 65535
            return rows / space * np.sin(p * np.arange(1, self.width + 1) + self.seed_phases())
        amplitude, phase = np.split(rows, 2, axis=1)
        argument = p * self.weights["waves.frequency"] + self.weights["waves.phase"] + phase
        return self.layer_norm(amplitude * np.sin(argument), "waves.norm")

    def wave_mixer(self, x, name):
        others = np.stack([np.delete(x, t, axis=0) for t in range(len(x))])  # [T, T - 1, D]
        wave = x + 1j * np.sqrt(np.maximum((others * others).sum(1), 1e-12))
        one, two = wave @ self.weights[name + ".first.weight"].T, wave @ self.weights[name + ".second.weight"].T
        both = one * two if self.config["mixer"] == "modulation" else one + two
        return self.linear(np.concatenate([both.real, both.imag], 1), name + ".out")

    def run(self, ids, positions):
        x, hidden = self.waves(ids, positions), []
        for layer in range(self.config["num_hidden_layers"]):
            hidden.append(x)
            name = f"encoder.layers.{layer}"
            plain = self.config.get("mixer", "attention") == "attention"
            mixed = self.attention(x, x, name + ".self_attn", False) if plain else self.wave_mixer(x, name + ".waves")
            x = self.post_norm_layer(x, name, mixed)
        return self.linear(x, "output"), hidden + [x]


class Cascade(Computation):
    def bit_linear(self, x, name):
        y = self.rms_norm(x, name + ".norm", 1e-6)
        peak = np.maximum(np.abs(y).max(-1, keepdims=True), 1e-5)
        weight = self.weights[name + ".weight"]
        mean = max(np.abs(weight).mean(), 1e-5)
        return np.round(y * (127 / peak)) @ np.clip(np.round(weight / mean), -1, 1).T * mean * peak / 127

    def recurrence(self, x, name):
        eps = self.config["layer_norm_eps"]
        normed = self.rms_norm(x, name + ".mixer_norm", eps)
        keep = sigmoid(self.bit_linear(normed, name + ".forget"))
        add = (1 - keep) * silu(self.bit_linear(normed, name + ".candidate"))
        state, states = np.zeros(self.width), []
        for t in range(len(x)):
            state = keep[t] * state + add[t]
            states.append(state)
        gate = sigmoid(self.bit_linear(normed, name + ".output_gate"))
        x = x + self.bit_linear(np.stack(states) * gate, name + ".output")
        normed = self.rms_norm(x, name + ".gated_norm", eps)
        gated = silu(self.bit_linear(normed, name + ".gate")) * self.bit_linear(normed, name + ".up")
        return x + self.bit_linear(gated, name + ".down")

    def position_waves(self, positions):
        p = positions[:, None].astype(np.float64)
        if self.config.get("reference_compatible", False):
            return p / 65535 * np.sin(p * np.arange(1, self.width + 1) + self.seed_phases())
        return np.sin(p * 10000.0 ** (-np.arange(self.width) / self.width) + self.seed_phases())

    def run(self, ids, positions):
        x, hidden = self.weights["embeddings.weight"][ids], []
        compatible = self.config.get("reference_compatible", False)
        for number in range(self.config["num_nodes"]):
            hidden.append(x)
            name = f"nodes.{number}"
            if self.config.get("node") == "matmul_free":
                y = self.recurrence(x, name + ".recurrence")
            else:
                y = (np.clip(np.trunc(x), 0, 65536) if compatible else x) + self.position_waves(positions)
                for layer in range(self.config["num_hidden_layers"]):
                    part = f"{name}.layers.{layer}"
                    y = self.post_norm_layer(y, part, self.attention(y, y, part + ".self_attn", True))
            if number > 0:
                memory = x if compatible else self.layer_norm(x, name + ".memory_norm")
                y = self.attention(y, memory, name + ".cross_attention", True) + x
            x = y
        x = x if compatible else self.layer_norm(x, "norm")
        return x, hidden + [x]


def outputs(model, tensors, case):
    """Of every row of a case; zeros where nothing is."""
    ids = tensors[case + "/in/input_ids"]
    valid = tensors.get(case + "/in/attention_mask", np.ones_like(ids)).astype(bool)
    positions = tensors.get(case + "/in/position_ids", np.broadcast_to(np.arange(ids.shape[1]), ids.shape))
    found = {}

    def put(name, row, value):
        whole = found.setdefault(f"{case}/out/{name}", np.zeros((*ids.shape, value.shape[-1])))
        whole[row, valid[row]] = value

    for row in range(len(ids)):
        last, hidden = model.run(ids[row, valid[row]], positions[row, valid[row]])
        put("last_hidden_state", row, last)
        for number, value in enumerate(hidden):
            put(f"hidden_states.{number}", row, value)
        if "lm_head.weight" in model.weights:
            put("logits", row, model.linear(last, "lm_head"))
    found[f"{case}/out/first_position"] = found[f"{case}/out/last_hidden_state"][:, 0].copy()
    return found


def main():
    good = True
    for folder in sorted(HERE.glob("wave-*")):
        config = json.loads((folder / "config.json").read_text())
        kind = Wave if config["model_type"] == "wave" else Cascade
        model = kind(config, load_file(folder / "model.safetensors"))
        tensors = load_file(folder / "io.safetensors")
        found = {}
        for case in sorted({name.split("/")[0] for name in tensors}):
            found |= outputs(model, tensors, case)
        kept = {name for name in tensors if "/out/" in name}
        assert kept == found.keys(), (folder.name, kept ^ found.keys())
        # Of the values' size, as float32 rounds them.
        apart = max(np.abs(tensors[name] - value).max() / np.abs(value).max() for name, value in found.items())
        print(f"{folder.name:28} {len(found):3} outputs, at most {apart:.1e} of their size apart")
        good = good and apart < 1e-6
        if "--write" in sys.argv[1:]:
            save_file(tensors | {name: value.astype(np.float32) for name, value in found.items()},
                      folder / "io.safetensors")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
