#!/usr/bin/env python3
"""Golden values of a whole WeLT model (bytes only): loss and every parameter's gradient norm, in float64.

    python make_welt.py bert-llama-llama       # needs torch 2.15.0, transformers 4.57.6, safetensors, numpy

Writes config.json, model.safetensors (random weights, names of a Python WeLT checkpoint) and expected.json. The
mathematics follows the Python WeLT's forward, dense and padded: every word encoded at its own position, every position
decoded, cross-entropy over the bytes of labelled words.
"""
import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from safetensors.torch import load_file, save_file
from torch.overrides import TorchFunctionMode
from transformers import BertConfig, BertForMaskedLM, LlamaConfig, LlamaForCausalLM


class Float64Everywhere(TorchFunctionMode):
    """transformers asks for float32 in places (norms, softmax, rotary): give it float64."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        up = lambda v: torch.float64 if v is torch.float32 else v
        func = torch.Tensor.double if func is torch.Tensor.float else func
        return func(*map(up, args), **{k: up(v) for k, v in (kwargs or {}).items()})


BOS, EOS = 2, 3
# Two rows of three and one documents; SO … SI is a prefix block; the last word of row 0 was cut off by the row's end.
ROWS = [
    {"documents": [["\x02", "the ", "cat ", "sat"], ["\x02", "the ", "naïve ", "cat "]], "cut": True},
    {"documents": [["\x02", "\x0e", "a: ", "b", "\x0f", "the ", "ok "]], "cut": False},
]
BERT = dict(vocab_size=256, hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=40,
            max_position_embeddings=20, type_vocab_size=2, hidden_act="gelu", tie_word_embeddings=False)
LATENT = dict(vocab_size=8, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
              intermediate_size=48, max_position_embeddings=32, tie_word_embeddings=False)
DECODER = dict(vocab_size=256, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
               intermediate_size=24, max_position_embeddings=20, tie_word_embeddings=True)


def layout():
    """Batch fields (flat lists over B·W slots) and the words, as core/data/batch.h has them."""
    words, index = [], {}
    width = max(sum(len(d) for d in row["documents"]) for row in ROWS)
    batch = {k: [] for k in ("input", "label", "position", "document", "prefix")}

    def number(word):
        if word not in index:
            index[word] = len(words)
            words.append(word)
        return index[word]

    for row in ROWS:
        start = len(batch["input"])
        for d, document in enumerate(row["documents"]):
            block = -1
            last_document = d == len(row["documents"]) - 1
            for i, word in enumerate(document):
                if word == "\x0e":
                    block = 0
                batch["input"].append(number(word))
                batch["position"].append(i)
                batch["document"].append(d)
                batch["prefix"].append(block)
                masked = block >= 0 and word != "\x0f"
                if i + 1 < len(document):
                    batch["label"].append(-1 if masked else number(document[i + 1]))
                else:
                    batch["label"].append(-1 if row["cut"] and last_document else number(""))
                if word == "\x0f":
                    block = -1
        while len(batch["input"]) - start < width:
            for key, pad in (("input", -1), ("label", -1), ("position", 0), ("document", -1), ("prefix", -1)):
                batch[key].append(pad)
    return words, width, batch


def bits():
    return torch.tensor([[(v >> (7 - b)) & 1 for b in range(8)] for v in range(256)], dtype=torch.float64)


def rms_norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1.1920929e-07) * weight


def main():
    folder = Path(__file__).parent / sys.argv[1]
    generator = torch.Generator().manual_seed(7)
    torch.set_default_dtype(torch.float64)
    with Float64Everywhere():
        bert = BertForMaskedLM._from_config(BertConfig(**BERT), attn_implementation="eager").double().eval()
        latent = LlamaForCausalLM._from_config(LlamaConfig(**LATENT), attn_implementation="eager").double().eval()
        decoder = LlamaForCausalLM._from_config(LlamaConfig(**DECODER), attn_implementation="eager").double().eval()
    bert.cls = torch.nn.Identity()
    state = {}

    def new(name, shape, scale=0.15, offset=0.0):
        state[name] = (offset + scale * torch.randn(shape, generator=generator, dtype=torch.float32)).float()
        return state[name].double().requires_grad_()

    leaves = {}
    for slot, model in (("bytes_encoder", bert), ("latent_transformer", latent), ("bytes_decoder", decoder)):
        for name, parameter in list(model.named_parameters()):
            if "word_embeddings" in name or "embed_tokens" in name or "lm_head" in name:
                continue
            norm = parameter.ndim == 1 and name.endswith("weight")
            leaf = new(f"{slot}.{name}", parameter.shape, 0.2 if norm else 0.15, 1.0 if norm else 0.0)
            leaves[f"{slot}.{name}"] = leaf
            owner = model.get_submodule(name.rsplit(".", 1)[0])
            del owner._parameters[name.rsplit(".", 1)[1]]
            setattr(owner, name.rsplit(".", 1)[1], leaf)
    for name, shape in (("encoder_mapping.weight", (32, 24)), ("encoder_mapping.bias", (32,)),
                        ("latent_transformer.lm_head.weight", (16, 32)), ("latent_transformer.lm_head.bias", (16,))):
        leaves[name] = new(name, shape)
    for name, size in (("encoder_norm.weight", 32), ("decoder_norm.weight", 16)):
        leaves[name] = new(name, (size,), 0.2, 1.0)
    tables = {}
    for stem, width in (("bytes_encoder.bert.embeddings.word_embeddings", 24), ("bytes_decoder.model.embed_tokens", 16)):
        leaves[stem + ".embeddings.weight"] = new(stem + ".embeddings.weight", (256, width))
        leaves[stem + ".bit_proj_w"] = new(stem + ".bit_proj_w", (width, 8))
        tables[stem] = leaves[stem + ".embeddings.weight"] + bits() @ leaves[stem + ".bit_proj_w"].T
        state[stem + ".weight"] = tables[stem].detach().float()
    state["latent_transformer.model.embed_tokens.weight"] = torch.zeros(0, 32, dtype=torch.float32)
    encoder_table, decoder_table = tables.values()

    words, width, batch = layout()
    slots = len(batch["input"])
    ids = [[BOS, *words[w].encode(), EOS] if w >= 0 else [BOS, EOS] for w in batch["input"]]
    longest = max(map(len, ids))
    mask = torch.tensor([[1] * len(r) + [0] * (longest - len(r)) for r in ids])
    padded = torch.tensor([r + [0] * (longest - len(r)) for r in ids])
    with Float64Everywhere():
        hidden = bert(inputs_embeds=encoder_table[padded], attention_mask=mask, output_hidden_states=True).hidden_states[-1]
        vectors = hidden[:, 0] @ leaves["encoder_mapping.weight"].T + leaves["encoder_mapping.bias"]
        vectors = rms_norm(vectors, leaves["encoder_norm.weight"]).view(-1, width, 32)
        document = torch.tensor(batch["document"]).view(-1, width)
        prefix = torch.tensor(batch["prefix"]).view(-1, width)
        same = document[:, :, None] == document[:, None, :]
        block = (prefix[:, :, None] == prefix[:, None, :]) & (prefix[:, :, None] >= 0)
        allowed = (same & torch.ones(width, width).tril().bool()) | (same & block)
        additive = torch.zeros(allowed.shape).masked_fill(~allowed, torch.finfo(torch.float64).min)[:, None]
        out = latent.model(inputs_embeds=vectors, attention_mask=additive,
                           position_ids=torch.tensor(batch["position"]).view(-1, width)).last_hidden_state
        latents = rms_norm(out.view(slots, 32) @ leaves["latent_transformer.lm_head.weight"].T
                           + leaves["latent_transformer.lm_head.bias"], leaves["decoder_norm.weight"])
        loss_sum, count = 0.0, 0
        for slot, label in enumerate(batch["label"]):
            if label < 0:
                continue
            spelled = list(words[label].encode())
            row = torch.cat([latents[slot:slot + 1], decoder_table[torch.tensor([BOS, *spelled])]])[None]
            states = decoder.model(inputs_embeds=row).last_hidden_state[0, 1:]
            loss_sum = loss_sum + torch.nn.functional.cross_entropy(states @ decoder_table.T, torch.tensor([*spelled, EOS]),
                                                                    reduction="sum")
            count += len(spelled) + 1
        (loss_sum / count).backward()

    def config(model, **more):
        keep = model.config.to_diff_dict()
        return {**keep, "model_type": model.config.model_type, **more}

    folder.mkdir(exist_ok=True)
    save_file({k: v.contiguous() for k, v in state.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["WordLatentTransformerForCausalLM"], "model_type": "welt", "encoding": "UTF-8", "num_tokens": 256,
        "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "modality_dropout": 0.0,
        "image_encoder": {"model_type": "noop_model", "hidden_size": 0},
        "bytes_encoder": {"model_type": "bert", **BERT}, "latent_transformer": {"model_type": "llama", **LATENT, "vocab_size": 0},
        "bytes_decoder": {"model_type": "llama", **DECODER}}, indent=2) + "\n")
    (folder / "expected.json").write_text(json.dumps({
        "words": words, "width": width, "batch": batch, "label_bytes": count, "nats": loss_sum.item(),
        "grad_norm": {name: leaf.grad.norm().item() for name, leaf in sorted(leaves.items())}}, indent=1) + "\n")
    print(f"{sum(v.numel() for v in state.values())} values, loss {loss_sum.item() / count:.6f} over {count} bytes")


main()
