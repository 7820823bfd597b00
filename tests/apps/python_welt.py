"""A checkpoint that welt wrote, loaded and run by the Python WeLT on a stored batch. Run by
checkpoint_elsewhere_slow_test.cpp.

    python python_welt.py CHECKOUT CHECKPOINT IO OURS    # CHECKOUT: of github.com/sign/WeLT
                                                         # IO: batch/…; OURS: what `welt model forward` wrote of it
"""
import sys

import torch
from safetensors.torch import load_file

checkout, checkpoint, inputs, ours = sys.argv[1:]
sys.path.insert(0, checkout)
from welt.model import WordLatentTransformerForCausalLM  # noqa: E402
from welt.processor import TextImageProcessor  # noqa: E402

words = TextImageProcessor.from_pretrained(checkpoint).pretokenize("the cat sat")
assert words[-3:] == ["the ", "cat ", "sat"], words

model, info = WordLatentTransformerForCausalLM.from_pretrained(checkpoint, output_loading_info=True)
# A head or pooler that has no part in a WeLT model is in no checkpoint of ours.
missing = [name for name in info["missing_keys"] if not name.startswith("bytes_encoder.cls.") and "pooler" not in name]
assert not missing and not info["unexpected_keys"] and not info["mismatched_keys"], info
batch = {name[6:]: value for name, value in load_file(inputs).items() if name.startswith("batch/")}
found = load_file(ours)
with torch.no_grad():
    out = model.eval()(**batch)
valid = batch["labels_attention_mask"].bool()[..., None]
worst = 0.0
for name, value in (("out/logits", out.logits * valid), ("out/loss", out.loss.reshape(1))):
    size = found[name].abs().max().item()
    worst = max(worst, (value - found[name]).abs().max().item() / size)
assert worst < 2e-5, f"off by {worst:.2e} of the largest value"  # float32 against float32
print(f"off by {worst:.2e} of the largest value")
