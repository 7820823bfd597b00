# usage: python make_distill.py [FOLDER]     small random teachers, and what model2vec 0.10 distils out of them
#
# Needs torch, transformers 4.57, tokenizers, model2vec 0.10.0 and skeletoken. Writes bert/ (WordPiece, a masked model) and
# llama/ (byte-level BPE, a causal model): config.json, model.safetensors, tokenizer.json, and expected.safetensors with
# what distill() gives with 6 principal components (`embeddings`), without them and without weights (`plain`), and by
# other poolings (`first`, `last`, `pooler`); expected_tokens.json: the tokens of the new tokenizer, by id.
import json, os, sys
import torch, transformers
from model2vec.distill import distill
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(11)


def word_piece():
    words = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused12]", "the", "cat", "sat", "##s", "on",
             "a", "b", "##c", "mat", "dog", "##ed", "run", ",", ".", "in", "##ing", "of"]
    tokenizer = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair=None, special_tokens=[("[CLS]", 3), ("[SEP]", 4)])
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
    return tokenizer, len(words)


def byte_pairs():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())[:40] + ["Ġ", "t", "h", "e", "a"]
    alphabet = list(dict.fromkeys(alphabet))
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("Ġ", "a")]
    words = ["<s>", "</s>", "<|talk|>"] + alphabet + ["".join(m) for m in merges]
    tokenizer = Tokenizer(models.BPE({w: i for i, w in enumerate(words)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 0)])
    tokenizer.add_special_tokens(["<s>", "</s>", AddedToken("<|talk|>", special=True)])
    return tokenizer, len(words)


def make(name, built, model_of, tokens):
    folder = os.path.join(root, name)
    os.makedirs(folder, exist_ok=True)
    tokenizer, size = built
    model = model_of(size).eval()
    for parameter in model.parameters():
        parameter.data.add_(0.3 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as file:  # else the class's own adds tokens
        json.dump({"tokenizer_class": "PreTrainedTokenizerFast", **tokens}, file)

    def vectors(**options):
        return distill(folder, quantize_to="float32", device="cpu", **options)

    static = vectors(pca_dims=6)
    expected = {"embeddings": static.embedding,
                "plain": vectors(pca_dims=None, sif_coefficient=None).embedding,
                "first": vectors(pca_dims=None, sif_coefficient=None, pooling="first").embedding,
                "last": vectors(pca_dims=None, sif_coefficient=None, pooling="last").embedding}
    if name == "bert":
        expected["pooler"] = vectors(pca_dims=None, sif_coefficient=None, pooling="pooler").embedding
    save_file({k: torch.tensor(v).float().contiguous() for k, v in expected.items()},
              os.path.join(folder, "expected.safetensors"))
    with open(os.path.join(folder, "expected_tokens.json"), "w") as file:
        json.dump(list(static.tokens), file, ensure_ascii=False)
        file.write("\n")
    for extra in ("generation_config.json", "tokenizer_config.json"):
        if os.path.exists(os.path.join(folder, extra)):
            os.remove(os.path.join(folder, extra))


make("bert", word_piece(), lambda size: transformers.BertModel(transformers.BertConfig(
    vocab_size=size, hidden_size=12, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
    max_position_embeddings=8)), {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
                                  "mask_token": "[MASK]"})
make("llama", byte_pairs(), lambda size: transformers.LlamaModel(transformers.LlamaConfig(
    vocab_size=size, hidden_size=12, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
    num_key_value_heads=1, max_position_embeddings=32)), {"bos_token": "<s>", "eos_token": "</s>"})
