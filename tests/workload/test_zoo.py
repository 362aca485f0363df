"""The transformers known by name, against what others published about them."""

from dataclasses import replace

import pytest

from dse.errors import InputError
from dse.shipped import hw_params_folder
from dse.toml_file import read_toml
from dse.workload.zoo import Published, listed_sizes, model_shape, read_zoo, zoo

NAMES = [
    "bert-nano",
    "bert-tiny",
    "bert-mini",
    "bert-small",
    "bert-medium",
    "bert-base",
    "bert-large",
    "minilm-l6",
    "distilbert",
    "albert-xl",
    "albert-xxl",
    "vit-b",
    "gpt2",
    "gpt2-medium",
    "gpt2-large",
    "gpt2-xl",
    "llama-2-7b",
    "llama-3-8b",
    "llama-3-70b",
    "llama-3.1-405b",
    "llama-3.2-1b",
    "llama-3.2-3b",
    "mistral-7b",
    "mixtral-8x7b",
    "qwen2.5-7b",
    "qwen3-0.6b",
    "qwen3-8b",
    "qwen3-30b-a3b",
    "qwen3-235b-a22b",
    "gemma-2-2b",
    "gemma-2-9b",
    "gemma-3-1b",
    "gemma-3-4b",
    "phi-3-mini",
    "phi-4",
    "deepseek-v3",
    "t5-small",
    "t5-base",
    "whisper-tiny",
    "whisper-large-v3",
    "modernbert-base",
    "clip-vit-b32",
]

FIGURES = [
    pytest.param(name, figure, id=f"{name}-{figure.parameters}")
    for name, entry in zoo().items()
    for figure in entry.published
]

ENTRY = """
[small]
family = "encoder"
layers = 2
hidden = 128
heads = 2
head_width = 64
ffn = [512]
vocab = 30522
positions = 512
source = "somebody2020"
where = "table 1"
"""

CONFIG = """
[small]
source = "somebody2020"
where  = "table 1"

[small.config]
model_type  = "llama"
hidden_size = 64
"""


def test_the_zoo_holds_the_models_we_promise():
    assert list(zoo()) == NAMES


@pytest.mark.parametrize(("name", "figure"), FIGURES)
def test_our_count_rounds_to_the_published_one(name, figure):
    shape = zoo()[name].model
    count = shape.parameters + (shape.head_parameters if figure.with_head else 0)
    assert figure.agrees_with(count), f"{count:,} is not {figure.parameters}"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "bert-nano"])
def test_every_published_model_is_checked_against_a_figure(name):
    assert zoo()[name].published


@pytest.mark.parametrize(
    ("printed", "low", "high"),
    [
        ("110M", 105_000_000, 115_000_000),
        ("355M", 354_500_000, 355_500_000),
        ("4.4M", 4_350_000, 4_450_000),
        ("1.5B", 1_450_000_000, 1_550_000_000),
        ("109482240", 109_482_240, 109_482_240),
    ],
)
def test_a_figure_stands_for_what_rounds_to_its_printed_digits(printed, low, high):
    figure = Published(parameters=printed, with_head=False, source="s", where="w")
    assert figure.agrees_with(low)
    assert figure.agrees_with(high)
    assert not figure.agrees_with(low - 1)
    assert not figure.agrees_with(high + 1)


def test_a_shape_stands_for_itself():
    sizes = listed_sizes("bert-tiny")
    shape = model_shape(sizes)
    assert shape == model_shape("bert-tiny") == sizes.model
    assert model_shape(shape) is shape


@pytest.mark.parametrize(
    ("asked", "closest"),
    [
        ("bert-bse", "bert-base"),
        ("meta-llama/Meta-Llama-3-8B", "llama-3-8b"),
        ("Qwen/Qwen3-8B", "qwen3-8b"),
    ],
)
def test_a_misspelt_name_gets_the_closest_one(asked, closest):
    with pytest.raises(InputError, match=rf"Did you mean `{closest}`\?"):
        model_shape(asked)


def test_a_config_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"nowhere/config\.json: cannot be read"):
        model_shape("nowhere/config.json")


def test_a_table_of_your_own_can_be_read(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(ENTRY)
    entry = read_zoo(path)["small"]
    assert entry.sizes is not None
    assert entry.sizes.ffn == (512,)
    assert entry.published == ()


@pytest.mark.parametrize(
    "name", ["llama-3-8b", "mixtral-8x7b", "gemma-3-4b", "deepseek-v3", "t5-base"]
)
def test_a_model_of_today_is_what_its_config_says(name):
    config = read_toml(hw_params_folder() / "transformers.toml").data[name]["config"]
    read = model_shape(config)
    assert replace(read, name=name) == model_shape(name) == zoo()[name].model
    assert zoo()[name].sizes is None


def test_sizes_are_those_of_a_model_that_lists_them():
    assert listed_sizes("bert-base").model == model_shape("bert-base")
    for name in ("llama-3-8b", "bert-bse"):
        with pytest.raises(InputError, match="no model of the zoo with sizes"):
            listed_sizes(name)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("layers", "layrs", r"mine\.toml:2: \[small\] needs `layers`"),
        (
            'where = "table 1"',
            'where = "table 1"\nvocabulary = 3',
            r"mine\.toml:13: \[small\] has no key `vocabulary`\. Did you mean `vocab`",
        ),
        ("heads = 2", "heads = 0", r"mine\.toml:2: \[small\]: `heads` of `small` is 0"),
        ("[512]", "512", r"mine\.toml:2: \[small\] `ffn` is 512; give a list"),
        (
            'where = "table 1"',
            'where = "table 1"\n[[small.published]]\nparametrs = "4M"',
            r"mine\.toml:2: \[small\] .*no key `parametrs`. Did you mean",
        ),
        ("= 128", "=", r"mine\.toml:5: not TOML"),
        (
            ENTRY,
            CONFIG.replace("llama", "lama"),
            r"mine\.toml:6: \[small\.config\]: .*lama",
        ),
        (
            ENTRY,
            CONFIG.replace("= 64", "= 0"),
            r"\[small\.config\]: `hidden_size` is 0",
        ),
        (
            ENTRY,
            CONFIG.replace("hidden", "hiden"),
            r"\[small\.config\]: .*`hiden_size`",
        ),
        (ENTRY, CONFIG.replace('where  = "table 1"\n', ""), r"\[small\] needs `where`"),
        (
            ENTRY,
            CONFIG.replace("\n[small.config]", "layers = 2\n[small.config]"),
            "no key `layers`",
        ),
        (ENTRY, CONFIG.split("\n[small.config]")[0] + "config = 3\n", "`config.json`"),
    ],
)
def test_a_bad_table_is_named_with_its_line(tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    path.write_text(ENTRY.replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        read_zoo(path)


def test_all_faults_of_a_table_are_told_at_once(tmp_path):
    path = tmp_path / "mine.toml"
    bad = ENTRY.replace("layers", "layrs").replace("[small]", "[other]")
    bad += "[third]\nsource = 3\n"
    path.write_text(ENTRY + bad)
    with pytest.raises(InputError) as caught:
        read_zoo(path)
    told = str(caught.value).splitlines()
    assert [line.partition("[")[2].partition("]")[0] for line in told] == [
        *("other", "other"),
        *("third", "third"),
    ]
    assert "`layers`; add it" in told[0]
    assert "has no key `layrs`" in told[1]
