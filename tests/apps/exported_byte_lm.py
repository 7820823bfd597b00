"""A byte_lm, exported, in transformers: its logits must be those that welt computes of the same folder, and its bits per
byte of a text those that `welt evaluate` finds of the run. Run by checkpoint_elsewhere_slow_test.cpp.

    python exported_byte_lm.py WELT RUN FOLDER TEXT     # FOLDER: welt checkpoint export RUN FOLDER --part bytes_decoder
                                                        # TEXT: a document a line, each short enough for a row
"""
import json
import math
import subprocess
import sys
import tempfile

import torch
import transformers
from safetensors.torch import load_file, save_file

BOS, EOS = 2, 3
LIMIT = 1e-5
welt, run, folder, path = sys.argv[1:]
documents = [line.encode() for line in open(path, encoding="utf-8").read().split("\n") if line]


def ask(*words):
    return subprocess.run([welt, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


config = transformers.AutoConfig.from_pretrained(folder)
model, info = getattr(transformers, config.architectures[0]).from_pretrained(folder, output_loading_info=True)
assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
model = model.eval()

length = min(len(document) for document in documents[:4])
ids = torch.tensor([[BOS, *document[:length]] for document in documents[:4]])
with tempfile.TemporaryDirectory() as temporary, torch.no_grad():
    save_file({"bytes/in/input_ids": ids, "bytes/in/attention_mask": torch.ones_like(ids)}, f"{temporary}/in.safetensors")
    for name, dtype in (("float32", torch.float32), ("float64", torch.float64)):
        ask("component", "forward", folder, "--role", "decoder", "--in", f"{temporary}/in.safetensors", "--out",
            f"{temporary}/out.safetensors", "--dtype", name)
        ours = load_file(f"{temporary}/out.safetensors")["bytes/out/logits"].double()
        theirs = model.to(dtype)(ids).logits.double()
        off, size = (ours - theirs).abs().max().item(), theirs.abs().max().item()
        print(f"{config.architectures[0]}, {name}: logits up to {size:.3g}, off by {off:.2e}")
        assert off <= LIMIT * max(1.0, size), f"off by {off:.2e}, allowed {LIMIT * max(1.0, size):.2e}"

    nats = 0.0
    for document in documents:
        row = torch.tensor([[BOS, *document, EOS]])
        scores = torch.log_softmax(model(row[:, :-1]).logits[0].double(), -1)
        nats -= scores.gather(1, row[0, 1:, None]).sum().item()
bits = nats / math.log(2) / sum(map(len, documents))
answer = ask("evaluate", run, "--json", "--set", f'data.validation.files=["{path}"]', "--set",
             'data.validation.format="lines"', "--set", "train.eval_rows=0")
found = json.loads(answer[answer.index("{"):])["bits_per_byte"]
print(f"bits per byte: welt {found:.6f}, transformers {bits:.6f}")
assert abs(found - bits) <= LIMIT * bits, f"{found} and {bits}"
