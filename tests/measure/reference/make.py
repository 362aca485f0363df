"""Makes the files beside it with the reference implementation, PyTorch's.

In an environment of its own, for neither package is a dependency of `dse`:

    pip install torch transformers safetensors
    python tests/measure/reference/make.py [FOLDER OF ALL-MINILM-L6-V2]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, BertConfig, BertModel, RobertaConfig, RobertaModel

HERE = Path(__file__).parent
SIZES = dict(
    vocab_size=40,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=24,
    max_position_embeddings=20,
    initializer_range=0.3,  # large, so that an error shows
)
VARIANTS = {
    "bert-gelu": (BertModel, BertConfig(**SIZES, hidden_act="gelu")),
    "bert-relu": (
        BertModel,
        BertConfig(**SIZES, hidden_act="relu", layer_norm_eps=1e-3),
    ),
    "roberta-tanh": (RobertaModel, RobertaConfig(**SIZES, hidden_act="gelu_new")),
}
SENTENCES = ["This is an example sentence", "A sparse machine skips the zeros it finds"]


def run(model: torch.nn.Module, tokens: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return the hidden states after the embedding and after every layer."""
    model.eval()
    with torch.no_grad():
        found = model(
            torch.tensor(tokens),
            attention_mask=torch.tensor(present).long(),
            output_hidden_states=True,
        )
    return torch.stack(found.hidden_states).numpy()


def make_tiny() -> None:
    """Write a random checkpoint of each variant, and what the reference makes of it."""
    for name, (kind, config) in VARIANTS.items():
        torch.manual_seed(1)
        model = kind(config)
        for part in model.modules():  # norms start as identities, biases at zero
            if getattr(part, "bias", None) is not None:
                torch.nn.init.normal_(part.bias, std=0.3)
            if isinstance(part, torch.nn.LayerNorm):
                torch.nn.init.normal_(part.weight, mean=1.0, std=0.3)
        present = np.arange(12)[None] < np.array([[12], [7]])
        tokens = np.random.default_rng(1).integers(2, 40, present.shape)
        tokens = np.where(present, tokens, config.pad_token_id)
        model.save_pretrained(HERE / name)
        hidden = run(model, tokens, present)
        np.savez(
            HERE / name / "expected.npz", tokens=tokens, present=present, hidden=hidden
        )


def make_minilm(folder: str) -> None:
    """Write what the reference makes of two sentences with the weights of MiniLM."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    tokenizer.enable_padding()
    found = tokenizer.encode_batch(SENTENCES)
    tokens = np.array([one.ids for one in found])
    present = np.array([one.attention_mask for one in found], bool)
    hidden = run(AutoModel.from_pretrained(folder), tokens, present)
    np.savez(
        HERE / "minilm.npz", tokens=tokens, present=present, hidden=hidden[[0, -1]]
    )


if __name__ == "__main__":
    make_tiny()
    for place in sys.argv[1:]:
        make_minilm(place)
