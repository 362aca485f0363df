"""The kinds of ops that an engine may be asked to run, and what they have in common."""

from __future__ import annotations

# What an engine must know how to run.
KINDS = (
    "embedding",  # gather `rows` rows of `columns` values from a table of `inner` rows
    "linear",  # activations [rows, inner] x weights [inner, columns]
    "transform",  # activations [rows, inner] x constants [inner, columns], as of a DCT
    "matmul",  # activations x activations, `heads` independent products
    "convolution",  # `heads` x [rows, columns] with a kernel of `inner` taps
    "softmax",  # over [rows, columns] of each head
    "activation",  # GELU or ReLU over [rows, columns]
    "layer_norm",  # over [rows, columns]
)  # and `attention`: scores, softmax and context as one, if the engine has that

# Their right operand is a matrix of the model, which comes from main memory.
WITH_WEIGHTS = ("linear", "transform", "convolution")
PRODUCTS = (*WITH_WEIGHTS, "matmul")
# What they take from the model was trained, and may be pruned; constants never are.
TRAINED = ("linear", "convolution", "embedding")
