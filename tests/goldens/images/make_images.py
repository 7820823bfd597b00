#!/usr/bin/env python3
"""What the image processors of transformers make of word images of several sizes: preprocessor_config.json and
expected.safetensors of each folder here.

    python make_images.py     # transformers 4.57.6, torch 2.15.0, numpy, pillow, safetensors

Images are grey (all three channels alike), neither resized nor cropped, processed by size, and padded with zeros right
and below to the largest, as the Python WeLT does it.
"""
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import CLIPImageProcessor, SiglipImageProcessor, ViTImageProcessor
from transformers.models.vit.image_processing_vit_fast import ViTImageProcessorFast

HERE = Path(__file__).resolve().parent
SIZES = ((16, 16), (8, 16), (16, 8), (8, 16), (8, 24))  # the first has every grey

CASES = {
    "vit": ViTImageProcessor(do_resize=False),
    "vit-fast": ViTImageProcessorFast(do_resize=False),
    "vit-not-normalised": ViTImageProcessor(do_resize=False, do_normalize=False),
    "vit-not-rescaled": ViTImageProcessor(do_resize=False, do_rescale=False, image_mean=[128.0] * 3, image_std=[64.0] * 3),
    "swin-imagenet": ViTImageProcessor(do_resize=False, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]),
    "clip": CLIPImageProcessor(do_resize=False, do_center_crop=False, do_convert_rgb=False),
    "siglip-doubled": SiglipImageProcessor(do_resize=False, rescale_factor=2 / 255),
}


def grey_images():
    generator = np.random.default_rng(7)
    images = [np.arange(256, dtype=np.uint8).reshape(16, 16)]
    return images + [generator.integers(0, 256, size, dtype=np.uint8) for size in SIZES[1:]]


def process(processor, images):
    """[N,3,H,W] float32 of the largest size; images of one size at a time."""
    height, width = (max(image.shape[i] for image in images) for i in (0, 1))
    out = torch.zeros(len(images), 3, height, width)
    for i, image in enumerate(images):
        rgb = np.repeat(image[:, :, None], 3, axis=2)
        options = {} if isinstance(processor, CLIPImageProcessor) else {"do_resize": False}
        pixels = processor([rgb], return_tensors="pt", input_data_format="channels_last", **options).pixel_values[0]
        out[i, :, : image.shape[0], : image.shape[1]] = pixels
    return out


def main():
    images = grey_images()
    grey = {f"grey.{i}": torch.from_numpy(image) for i, image in enumerate(images)}
    save_file(grey, HERE / "grey.safetensors")
    for name, processor in CASES.items():
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        config = json.loads(processor.to_json_string())
        (folder / "preprocessor_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
        save_file({"pixel_values": process(processor, images)}, folder / "expected.safetensors")


if __name__ == "__main__":
    main()
