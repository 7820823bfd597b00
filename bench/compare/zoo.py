#!/usr/bin/env python3
"""Forward and training speed of every architecture beside Hugging Face's own class (attention "eager"), in turns.

    python bench/compare/zoo.py --welt build/bin/welt                  # a table; minutes
    python bench/compare/zoo.py --welt build/bin/welt --only vit,llama --dtypes float32 --turns 5

Needs torch, transformers 4.57 and timm. For each model random weights are saved once; then `welt bench component` (a
process of its own) and the class in this process take turns on the same shapes and threads: medians of the turns'
medians, milliseconds, and how many times faster welt is. Bodies without head; backward: of the sum of the output's
squares, to every parameter. On a processor without AVX-512 bfloat16 or AMX, bfloat16 is emulated by both.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
import time

import torch
import transformers
from transformers import AutoConfig, AutoModel

TEXT = dict(vocab_size=256, hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024,
            pad_token_id=None)
CAUSAL = dict(TEXT, num_key_value_heads=2, max_position_embeddings=512)
VISION = dict(hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024, image_size=64,
              patch_size=16)
STAGES = dict(hidden_sizes=[64, 128, 192, 256], depths=[2, 2, 2, 2])
NO_DROPOUT = dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)

# plugin → role, and the configuration by its model_type
MODELS = {
    "bert": ("bytes_encoder", dict(TEXT, model_type="bert", pad_token_id=0, **NO_DROPOUT)),
    "roberta": ("bytes_encoder", dict(TEXT, model_type="roberta", pad_token_id=1, **NO_DROPOUT)),
    "distilbert": ("bytes_encoder", dict(model_type="distilbert", vocab_size=256, dim=256, n_layers=4, n_heads=4,
                                         hidden_dim=1024, dropout=0.0, attention_dropout=0.0)),
    "deberta_v2": ("bytes_encoder", dict(TEXT, model_type="deberta-v2", pad_token_id=0, relative_attention=True,
                                         position_buckets=32, pos_att_type=["p2c", "c2p"], share_att_key=True,
                                         norm_rel_ebd="layer_norm", **NO_DROPOUT)),
    "modernbert": ("bytes_encoder", dict(TEXT, model_type="modernbert", pad_token_id=0, local_attention=32)),
    "llama": ("latent", dict(CAUSAL, model_type="llama")),
    "mistral": ("latent", dict(CAUSAL, model_type="mistral", sliding_window=32)),
    "qwen2": ("latent", dict(CAUSAL, model_type="qwen2")),
    "qwen3": ("latent", dict(CAUSAL, model_type="qwen3", head_dim=64)),
    "smollm3": ("latent", dict(CAUSAL, model_type="smollm3")),
    "olmo2": ("latent", dict(CAUSAL, model_type="olmo2")),
    "granite": ("latent", dict(CAUSAL, model_type="granite", attention_multiplier=0.125, residual_multiplier=0.22)),
    "gemma3": ("latent", dict(CAUSAL, model_type="gemma3_text", head_dim=64, sliding_window=32)),
    "gpt_neox": ("latent", dict(TEXT, model_type="gpt_neox", max_position_embeddings=512)),
    "gpt2": ("latent", dict(model_type="gpt2", vocab_size=256, n_embd=256, n_layer=4, n_head=4, n_positions=512,
                            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)),
    "phi": ("latent", dict(CAUSAL, model_type="phi")),
    "vit": ("image_encoder", dict(VISION, model_type="vit", **NO_DROPOUT)),
    "clip_vision": ("image_encoder", dict(VISION, model_type="clip_vision_model")),
    "siglip_vision": ("image_encoder", dict(VISION, model_type="siglip_vision_model")),
    "dinov3_vit": ("image_encoder", dict(VISION, model_type="dinov3_vit", num_register_tokens=4)),
    "swinv2": ("image_encoder", dict(model_type="swinv2", image_size=64, patch_size=4, embed_dim=64, depths=[2, 2],
                                     num_heads=[2, 4], window_size=8, drop_path_rate=0.0)),
    "resnet": ("image_encoder", dict(STAGES, model_type="resnet", embedding_size=64, layer_type="basic")),
    "mobilevit": ("image_encoder", dict(model_type="mobilevit", image_size=64, hidden_dropout_prob=0.0)),
    "dinov3_convnext": ("image_encoder", dict(STAGES, model_type="dinov3_convnext", drop_path_rate=0.0)),
    "fastvit": ("image_encoder", dict(model_type="timm_wrapper", architecture="fastvit_t8")),
}


def timed(model, inputs, backward, repeats):
    times = []
    with torch.set_grad_enabled(backward):
        for repeat in range(-2, repeats):
            model.zero_grad(set_to_none=True)
            start = time.perf_counter()
            out = model(**inputs)
            value = getattr(out, "pooler_output", None) if "pixel_values" in inputs else out.last_hidden_state
            value = out.last_hidden_state if value is None else value
            if backward:
                value.float().square().sum().backward()
            if repeat >= 0:
                times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def ours(options, folder, role, dtype, backward):
    shape = ["--rows", str(options.rows), "--length", str(options.length), "--height", "64", "--width", "64"]
    command = [options.welt, "bench", "component", folder, "--role", role, "--dtype", dtype, "--json", *shape,
               "--threads", str(options.threads), "--repeats", str(options.repeats), *(["--backward"] * backward)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(run.stderr)
    return json.loads(run.stdout)["milliseconds"]


def compare(options, name):
    role, fields = MODELS[name]
    fields = dict(fields)
    config = AutoConfig.for_model(fields.pop("model_type"), **fields)
    torch.manual_seed(0)
    model = AutoModel.from_config(config, **({} if name == "fastvit" else {"attn_implementation": "eager"})).eval()
    line = {}
    parameters = sum(p.numel() for p in model.parameters())
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        for dtype in options.dtypes.split(","):
            model = model.to(getattr(torch, dtype))
            if role == "image_encoder":
                inputs = {"pixel_values": torch.randn(options.rows, 3, 64, 64).to(model.dtype)}
            else:
                inputs = {"inputs_embeds": torch.randn(options.rows, options.length, 256).to(model.dtype)}
                if role == "latent":
                    inputs["use_cache"] = False
            for backward in (False, True):
                turns = [(ours(options, folder, role, dtype, backward), timed(model, inputs, backward, options.repeats))
                         for _ in range(options.turns)]
                welt, theirs = (statistics.median(side) for side in zip(*turns))
                line[f"{dtype} {'training' if backward else 'forward'}"] = (welt, theirs, theirs / welt)
    return parameters, line


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--welt", default="build/bin/welt")
    parser.add_argument("--only", default=",".join(MODELS), help="models, parted by commas")
    parser.add_argument("--dtypes", default="float32,bfloat16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, default=16, help="rows, or images of 64 x 64 pixels, of a call")
    parser.add_argument("--length", type=int, default=32, help="positions of a row")
    parser.add_argument("--repeats", type=int, default=5, help="measured calls of a turn")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, {options.threads} threads, "
          f"{torch.backends.cpu.get_cpu_capability()}: welt ms, Hugging Face ms, ratio", flush=True)
    for name in options.only.split(","):
        parameters, line = compare(options, name)
        cells = [f"{key}: {w:.1f} {h:.1f} {r:.2f}" for key, (w, h, r) in line.items()]
        print(f"{name:16} {parameters / 1e6:6.1f} M  " + "   ".join(cells), flush=True)


if __name__ == "__main__":
    main()
