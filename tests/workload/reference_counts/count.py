"""Count parameters and multiply-accumulates of the configs with the reference library.

Run once, in an environment of its own with torch and transformers:

    python count.py > counts.json

The models are built on the meta device, which holds shapes and no values. Parameters
are those of `AutoModel`, tied ones once; those of a head what the class with a head has
more. Multiply-accumulates are counted by torch while one sequence of 64 tokens runs
through the base class, attention in plain products; poolers, heads and
images beside a text are left out.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

TOKENS = 64
LEFT_OUT = ("pooler", "head")
HEADS = (
    transformers.AutoModelForCausalLM,
    transformers.AutoModelForMaskedLM,
    transformers.AutoModelForSeq2SeqLM,
    transformers.AutoModelForSpeechSeq2Seq,
)


def build(maker, config):
    with torch.device("meta"):
        model = maker.from_config(config, attn_implementation="eager")
    return model.eval().requires_grad_(False)


def parameters(model):
    return sum(each.numel() for each in model.parameters())


def head_parameters(config, base):
    """Return what the class with a head over words has more; None where none is."""
    for maker in HEADS:
        if type(config) not in maker._model_mapping:
            continue
        model = build(maker, config)
        inner = {id(each) for each in model.base_model.parameters()}
        if model.base_model is model or type(model) is type(base):
            return None
        return sum(p.numel() for p in model.parameters() if id(p) not in inner)
    return None


def inputs(config, *, masked):
    kind = config.model_type
    words = torch.zeros(1, TOKENS, dtype=torch.long, device="meta")
    mask = torch.ones_like(words)
    if kind in ("vit", "deit", "swin", "clip_vision_model", "siglip_vision_model"):
        size = config.image_size
        sides = size if isinstance(size, list | tuple) else (size, size)
        return {
            "pixel_values": torch.zeros(1, config.num_channels, *sides, device="meta")
        }
    if kind == "whisper":
        heard = 2 * config.max_source_positions
        sound = torch.zeros(1, config.num_mel_bins, heard, device="meta")
        told = {"decoder_input_ids": words, "decoder_attention_mask": mask}
        return {"input_features": sound, **told}
    given = {"attention_mask": mask} if masked else {}
    if config.is_encoder_decoder:
        given["decoder_input_ids"] = words
    return {"input_ids": words, **given}


def macs(model, config):
    if config.model_type == "clip":  # without what compares the towers
        towers = (model.text_model, model.vision_model)
        return sum(macs(tower, tower.config) for tower in towers)
    if config.model_type in ("gemma3", "llama4"):  # text alone
        words = model.language_model
        return macs(getattr(words, "model", words), words.config)
    config._experts_implementation = "batched_mm"
    config.use_cache = False
    try:
        counts = flops(model, inputs(config, masked=False))
    except RuntimeError:  # some look into the mask, others into its absence
        counts = flops(model, inputs(config, masked=True))
    name = type(model).__name__
    left_out = (counts.get(f"{name}.{part}", {}) for part in LEFT_OUT)
    return (counts["Global"] - sum(sum(each.values()) for each in left_out)) // 2


def flops(model, given):
    with FlopCounterMode(display=False, depth=3) as counter, torch.no_grad():
        model(**given)
    counts = dict(counter.get_flop_counts())
    return counts | {"Global": sum(counts["Global"].values())}


def main():
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    counts = {}
    configs = json.loads(Path(__file__).with_name("configs.json").read_text())
    for name, values in configs.items():
        values = dict(values)
        kind = transformers.CONFIG_MAPPING[values.pop("model_type")]
        config = kind.from_dict(values)
        model = build(transformers.AutoModel, config)
        row = {"parameters": parameters(model)}
        row["head_parameters"] = head_parameters(config, model)
        try:
            row["macs"] = macs(model, config)
        except Exception as error:
            print(name, type(error).__name__, str(error)[:200], file=sys.stderr)
            row["macs"] = None
        counts[name] = row
    rows = ",\n".join(
        f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in counts.items()
    )
    version = f'"transformers": "{transformers.__version__}"'
    print(f'{{\n  {version},\n  "tokens": {TOKENS},\n  "counts": {{\n{rows}\n  }}\n}}')


if __name__ == "__main__":
    main()
