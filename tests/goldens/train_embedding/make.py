# usage: python make.py [FOLDER]     what the losses and straight-through estimators of a static embedding give, in float64
#
# Needs torch and safetensors. Writes expected.safetensors: a codebook, weights, projection and bias, pairs of texts as
# ids, and for each form of binariser the loss and its gradients, all float64, worked out with plain torch operations:
# multiple negatives ranking (cross entropy of 20 times the cosines), summed over the first 6, 4 and 2 columns.
# reste's gradients by power 1 (WordLlama's) and 3.
import os, sys
import torch
from safetensors.torch import save_file

root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(5)
rows, width, dims, scale = 11, 7, [6, 4, 2], 20.0
double = dict(dtype=torch.float64)
given = {"codebook": torch.randn(rows, width, **double), "weights": torch.randn(rows, **double),
         "projection": torch.randn(dims[0], width, **double), "bias": torch.randn(dims[0], **double)}
first = [[1, 2, 3], [4], [5, 5, 6, 0], [10, 9]]
second = [[3, 2], [7, 8, 4], [6], [9, 1, 10]]


def slope(x, form, power):
    size = x.abs()
    if form == "ste":
        return (size <= 1).double()
    if form == "tanh":
        return 1 - torch.tanh(x) ** 2
    factor = torch.zeros_like(x)
    for i, value in enumerate(size.flatten().tolist()):
        if value <= 0.1:
            factor.view(-1)[i] = 0.1 ** (1 / power) / 0.1
        elif value <= 1.5:
            factor.view(-1)[i] = value ** ((1 - power) / power) / power
    return factor


class Signs(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, form, power):
        ctx.save_for_backward(x)
        ctx.form, ctx.power = form, power
        return torch.sign(x)

    @staticmethod
    def backward(ctx, gradient):
        return gradient * slope(ctx.saved_tensors[0], ctx.form, ctx.power), None, None


def vector(ids, p):
    tokens = [p["codebook"][i] * torch.nn.functional.gelu(p["weights"][i]) for i in ids]
    return torch.stack([t @ p["projection"].T + p["bias"] for t in tokens]).mean(0)


def ranking(a, b):
    a, b = torch.nn.functional.normalize(a, dim=1), torch.nn.functional.normalize(b, dim=1)
    scores = scale * a @ b.T
    return torch.stack([torch.logsumexp(scores[i], 0) - scores[i, i] for i in range(len(scores))]).mean()


out = dict(given)
for name, form, power in [("none", "none", 1), ("ste", "ste", 1), ("tanh", "tanh", 1), ("reste", "reste", 1),
                          ("reste3", "reste", 3)]:
    p = {key: value.clone().requires_grad_() for key, value in given.items()}
    a, b = (torch.stack([vector(ids, p) for ids in texts]) for texts in (first, second))
    if name == "none":
        out["first"], out["second"] = a.detach(), b.detach()
    else:
        a, b = Signs.apply(a, form, power), Signs.apply(b, form, power)
    loss = sum(ranking(a[:, :d], b[:, :d]) for d in dims)
    loss.backward()
    out[name + ".loss"] = loss.detach().reshape(1)
    for key, value in p.items():
        out[f"{name}.{key}"] = value.grad
out["table"] = (given["codebook"] * torch.nn.functional.gelu(given["weights"]).unsqueeze(1)) @ given["projection"].T \
    + given["bias"]
save_file({key: value.contiguous() for key, value in out.items()}, os.path.join(root, "expected.safetensors"))
