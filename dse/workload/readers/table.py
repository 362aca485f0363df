"""Which reader reads which `model_type`."""

from __future__ import annotations

from dse.workload.readers.decoders import DECODERS, read_decoder, read_opt
from dse.workload.readers.encoders import (
    ENCODERS,
    Reader,
    read_deberta,
    read_encoder,
    read_mobilebert,
    read_modernbert,
)
from dse.workload.readers.images import TOWERS, read_swin, read_tower, read_vit
from dse.workload.readers.pairs import (
    read_bart,
    read_clip,
    read_gemma3,
    read_llama4,
    read_t5,
    read_whisper,
)

READERS: dict[str, Reader] = {
    **dict.fromkeys(DECODERS, read_decoder),
    **dict.fromkeys(ENCODERS, read_encoder),
    **dict.fromkeys(TOWERS, read_tower),
    **dict.fromkeys(("vit", "deit"), read_vit),
    **dict.fromkeys(("t5", "mt5"), read_t5),
    "bart": read_bart,
    "clip": read_clip,
    "deberta-v2": read_deberta,
    "gemma3": read_gemma3,
    "llama4": read_llama4,
    "opt": read_opt,
    "mobilebert": read_mobilebert,
    "modernbert": read_modernbert,
    "swin": read_swin,
    "whisper": read_whisper,
}

# Models whose layers mix tokens by something else than attention.
NO_ATTENTION = {
    "mamba": "a state-space model",
    "mamba2": "a state-space model",
    "falcon_mamba": "a state-space model",
    "rwkv": "a recurrent model",
    "xlstm": "a recurrent model",
    "recurrent_gemma": "a mix of recurrent layers and attention",
    "jamba": "a mix of state-space layers and attention",
    "zamba": "a mix of state-space layers and attention",
    "zamba2": "a mix of state-space layers and attention",
    "bamba": "a mix of state-space layers and attention",
    "nemotron_h": "a mix of state-space layers and attention",
    "granitemoehybrid": "a mix of state-space layers and attention",
    "falcon_h1": "a mix of state-space layers and attention",
    "qwen3_next": "a mix of linear attention and attention",
    "lfm2": "a mix of convolutions and attention",
    "hyena": "a convolutional model",
    "fnet": "a model of Fourier transforms",
    "resnet": "a convolutional network",
    "convnext": "a convolutional network",
    "convnextv2": "a convolutional network",
    "efficientnet": "a convolutional network",
    "regnet": "a convolutional network",
    "mobilenet_v1": "a convolutional network",
    "mobilenet_v2": "a convolutional network",
}
