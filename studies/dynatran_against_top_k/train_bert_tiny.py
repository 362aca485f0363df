"""Train the BERT-Tiny whose curves are shipped: on joined glosses of 128 tokens.

    python studies/dynatran_against_top_k/train_bert_tiny.py results/bert-tiny
    dse measure results/bert-tiny --policy dynatran --out DIR

It learns from none of the texts that are held back, whatever the seed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dse.measure.bert_tiny import train_bert_tiny
from dse.measure.tasks.wordnet import wordnet_glosses
from dse.measure.training import Recipe

RECIPE = Recipe(steps=600, batch=32, learning_rate=2e-3, seed=0)

if __name__ == "__main__":
    trained = train_bert_tiny(
        wordnet_glosses(), RECIPE, seq_len=128, join=True, progress="BERT-Tiny"
    )
    trained.save(Path(sys.argv[1]))
