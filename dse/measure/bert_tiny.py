"""A BERT-Tiny trained from nothing on a task, as a laptop can in minutes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from flax import nnx
from tokenizers import Tokenizer as Backend

from dse.measure.bert import Architecture, Bert
from dse.measure.checkpoint import save_checkpoint
from dse.measure.tasks.task import Task, join_to_length
from dse.measure.tokenizer import FILE, Tokenizer
from dse.measure.training import Classifier, Recipe, train
from dse.measure.vocabulary import choose_pieces
from dse.workload.zoo import listed_sizes

PIECES = 8192  # of the vocabulary


@dataclass(frozen=True)
class Trained:
    """A trained model, with the tokenizer it reads by."""

    model: Classifier
    backend: Backend

    @property
    def tokenizer(self) -> Tokenizer:
        """What cuts texts into the tokens of this model."""
        return Tokenizer(self.backend)

    def save(self, folder: Path) -> None:
        """Write the encoder and its tokenizer as Hugging Face lays them out.

        The head is left out: a probe takes its place wherever the encoder is measured.
        """
        save_checkpoint(self.model.encoder, folder)
        self.backend.save(str(folder / FILE))


def untrained(task: Task, *, seed: int = 0, pieces: int = PIECES) -> Trained:
    """Return a BERT-Tiny with a vocabulary for a task, and its first random weights."""
    backend = choose_pieces(task.train.texts, pieces=pieces)
    shape = replace(listed_sizes("bert-tiny"), vocab=backend.get_vocab_size())
    rngs = nnx.Rngs(seed)
    encoder = Bert(Architecture(shape=shape), rngs=rngs)
    return Trained(Classifier(encoder, len(task.classes), rngs=rngs), backend)


def train_bert_tiny(
    task: Task,
    recipe: Recipe,
    *,
    seq_len: int,
    join: bool = False,
    pieces: int = PIECES,
    progress: str = "",
) -> Trained:
    """Return a BERT-Tiny trained on a task; its start follows from the recipe's seed.

    `join` fills sequences with texts of one class, for models that shall read long
    ones: a position that never had a token stays as it was drawn.
    """
    start = untrained(task, seed=recipe.seed, pieces=pieces)
    examples = task.train
    if join:
        lengths = start.tokenizer.lengths(examples.texts)
        examples = join_to_length(examples, lengths.tolist(), seq_len)
    tokens = start.tokenizer.encode(examples.texts, seq_len)
    model = train(start.model, tokens, examples.labels, recipe, progress=progress)
    return Trained(model, start.backend)
