"""Exported parts of a golden checkpoint of tests/goldens/welt, run by transformers: what comes out must be what
the Python WeLT's whole model has there (out/… of io.safetensors). Run by checkpoint_elsewhere_slow_test.cpp.

    python exported_parts.py GOLDEN PART FOLDER        # FOLDER: welt checkpoint export GOLDEN FOLDER --part PART
"""
import json
import sys

import torch
import transformers
from safetensors.torch import load_file

golden, part, folder = sys.argv[1:]
stored = load_file(f"{golden}/io.safetensors")
batch = {name[6:]: value for name, value in stored.items() if name.startswith("batch/")}
expected = {name[4:]: value.double() for name, value in stored.items() if name.startswith("out/")}
words = batch["input_attention_mask"].any(-1)  # [B, W]

config = transformers.AutoConfig.from_pretrained(folder)
model, info = getattr(transformers, config.architectures[0]).from_pretrained(folder, output_loading_info=True)
missing = [name for name in info["missing_keys"] if part == "image_encoder" or "pooler" not in name]
assert not missing and not info["unexpected_keys"] and not info["mismatched_keys"], info
model = model.double().eval()


def bytes_encoder():
    hidden = model(batch["input_ids"].flatten(0, 1), attention_mask=batch["input_attention_mask"].flatten(0, 1).long())
    return hidden.last_hidden_state[:, 0].unflatten(0, words.shape), expected["encoder_mapping_input"], words


def image_encoder():
    sizes, out = batch["input_images_dimensions"], torch.zeros_like(expected["encoder_mapping_input"])
    for b, w in words.nonzero().tolist():
        height, width = sizes[b, w].tolist()
        image = batch["input_images"][b, w, :, :height, :width].double()
        out[b, w] = model(image[None], interpolate_pos_encoding=True).pooler_output[0]
    return out, expected["encoder_mapping_input"], words


def latent_transformer():
    hidden = model(inputs_embeds=expected["encoded_words"], position_ids=batch["position_ids"],
                   attention_mask=batch["attention_mask"])
    return hidden.last_hidden_state, expected["latent_hidden"], words


def bytes_decoder():
    tokens = batch["labels_input"].flatten(0, 1)
    mask = torch.nn.functional.pad(batch["labels_attention_mask"].flatten(0, 1).long(), (1, 0), value=1)
    embeds = torch.cat([expected["latents"].flatten(0, 1)[:, None], model.get_input_embeddings()(tokens)], 1)
    logits = model(inputs_embeds=embeds, attention_mask=mask).logits[:, 1:]
    return logits.unflatten(0, words.shape), expected["logits"], batch["labels_attention_mask"]


with torch.no_grad():
    found, wanted, valid = locals()[part]()
off = ((found - wanted) * valid[..., None]).abs().max().item()
limit = json.load(open(f"{golden}/meta.json"))["tolerance"]  # what goes in is rounded to float32, and so is the part
name = {"latent_transformer": "latent_hidden", "bytes_decoder": "logits"}.get(part, "encoder_mapping_input")
assert off <= limit["out/" + name], f"{part}: off by {off:.2e}, allowed {limit['out/' + name]:.2e}"
print(f"{part}: off by {off:.2e}, allowed {limit['out/' + name]:.2e}")
