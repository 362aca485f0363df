"""Word pieces chosen from texts, for a model that is trained from nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tokenizers import Tokenizer as Backend
from tokenizers.implementations.bert_wordpiece import BertWordPieceTokenizer
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")  # ids 0 to 4, as BERT has them
LONGEST_ENDING = 6  # letters
SHARE_OF_ENDINGS = 0.2  # of all pieces


def choose_pieces(texts: Iterable[str], *, pieces: int) -> Backend:
    """Return a lower-case BERT tokenizer of at most `pieces` word pieces.

    It has all letters, the words that occur most, and the endings that cover most
    letters; ties go by the alphabet. (The usual learner of word pieces breaks them by
    chance, so that no two runs give one vocabulary.)
    """
    words = _count_words(texts)
    letters = {letter for word in words for letter in word}
    endings: Counter[str] = Counter()
    for word, count in words.items():
        for length in range(2, min(LONGEST_ENDING, len(word) - 1) + 1):
            endings[word[-length:]] += count * length
    chosen = [*MARKS, *sorted(letters), *(f"##{letter}" for letter in sorted(letters))]
    chosen += [f"##{ending}" for ending in _first(endings, SHARE_OF_ENDINGS * pieces)]
    known = set(chosen)
    rest = [word for word in _first(words, pieces) if word not in known]
    chosen = (chosen + rest)[:pieces]
    vocabulary = {piece: number for number, piece in enumerate(chosen)}
    return BertWordPieceTokenizer(vocabulary, lowercase=True)._tokenizer


def _count_words(texts: Iterable[str]) -> Counter[str]:
    normalizer, splitter = BertNormalizer(lowercase=True), BertPreTokenizer()
    words: Counter[str] = Counter()
    for text in texts:
        normal = normalizer.normalize_str(text)
        words.update(word for word, _ in splitter.pre_tokenize_str(normal))
    return words


def _first(counts: Counter[str], number: float) -> list[str]:
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    return ordered[: int(number)]
