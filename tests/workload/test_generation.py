"""Generation: the sum over contexts, and what is told of it."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dse
from dse.errors import InputError
from dse.explore.basis import workload_json
from dse.show.labels import describe_workload
from dse.workload.generation import context_nodes

TINY = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "vocab_size": 100,
}
CURVE = dse.load_curve("bert-tiny/sst-2/dynatran")
MACHINES = {
    "nm": dse.NMEngine(),
    "reference": dse.ReferenceMachine.a100(),
    "tile": dse.TileEngine.edge(),
}


@given(start=st.integers(1, 5000), steps=st.integers(0, 700), tile=st.integers(0, 12))
def test_nodes_add_up_to_every_context_and_every_tile(start, steps, tile):
    nodes, every = (
        context_nodes(start, start + steps),
        range(start + 1, start + steps + 1),
    )
    assert sum(times for _, times in nodes) == steps
    assert sum(times * c for c, times in nodes) == sum(every)
    tiles = sum(times * math.ceil(c / 2**tile) for c, times in nodes)
    assert tiles == sum(math.ceil(c / 2**tile) for c in every)
    assert len(nodes) <= 4 * math.log2(steps + 2)


@pytest.mark.parametrize("name", MACHINES)
def test_a_generation_is_its_prefill_and_each_of_its_steps(name):
    machine = MACHINES[name]
    found = dse.evaluate(
        machine, dse.generation(TINY, prompt=24, new_tokens=9, batch=2)
    )
    each = [
        dse.evaluate(
            machine,
            dse.transformer(
                TINY, mode="decode", context_len=context, batch=2, lm_head=True
            ),
        )
        for context in range(25, 33)
    ]
    first = dse.evaluate(
        machine, dse.generation(TINY, prompt=24, new_tokens=1, batch=2)
    )
    seconds = sum(float(step.latency) for step in each)
    joule = sum(float(step.energy) for step in each)
    assert float(found.time_to_first_token) == pytest.approx(float(first.latency))
    assert float(found.time_per_output_token) == pytest.approx(seconds / 8, rel=1e-9)
    assert float(found.latency) == pytest.approx(
        float(first.latency) + seconds, rel=1e-9
    )
    assert float(found.energy) == pytest.approx(float(first.energy) + joule, rel=1e-9)
    assert float(found.tokens_per_second) == pytest.approx(18 / float(found.latency))
    assert float(found.energy_per_token) == pytest.approx(float(found.energy) / 9)
    assert sum(map(float, found.dynamic_energy.values())) + sum(
        map(float, found.leakage_energy.values())
    ) == pytest.approx(float(found.energy))


def test_a_prompt_in_chunks_reads_its_weights_again():
    machine = MACHINES["reference"]
    whole, parts = (
        dse.evaluate(
            machine, dse.generation(TINY, prompt=64, new_tokens=1, chunk=chunk)
        )
        for chunk in (None, 16)
    )
    assert float(parts.off_chip_bytes["weights"]) > float(
        whole.off_chip_bytes["weights"]
    )
    assert float(parts.time_to_first_token) > float(whole.time_to_first_token)


def test_steps_that_check_proposed_tokens_are_fewer_and_longer():
    machine = MACHINES["reference"]
    given = {"prompt": 24, "new_tokens": 9, "batch": 2}
    plain, *checked = (
        dse.generation(TINY, **given, speculative=ahead, acceptance=a)
        for ahead, a in ((None, 0.0), (3, 0.0), (3, 0.5))
    )
    times = [sum(s.times for s in work.steps) for work in (plain, *checked)]
    assert times == pytest.approx([8, 8, 8 / (1 + 0.5 + 0.25 + 0.125)])
    rows = {s.workload.blocks[1].ops.rows[0] for s in checked[0].steps}
    assert rows == {4.0}
    heads = {s.workload.blocks[-1].ops.rows[-1] for s in checked[0].steps}
    assert heads == {4.0}  # each of them may be the next token
    never, half = (float(dse.evaluate(machine, w).latency) for w in checked)
    # A card waits for launches: to check four tokens takes as long as to make one.
    assert half < float(dse.evaluate(machine, plain).latency) <= never * (1 + 1e-9)
    with pytest.raises(InputError, match="no guess is always right"):
        dse.generation(TINY, **given, speculative=3, acceptance=1)


def test_its_metrics_are_objectives_and_limits():
    work = dse.generation(TINY, prompt=16, new_tokens=2)
    space = dse.Space(dse.TileEngine.edge(), pes=[32, 64])
    runs = dse.sweep(space, work, progress=False)
    front = dse.pareto(runs, "max:tokens_per_second", "min:area")
    assert len(front.to_pandas()) == 2
    with pytest.raises(InputError, match="`energy_per_token` is told of a generation"):
        dse.gradient(dse.TileEngine.edge(), dse.transformer("gpt2"), "energy_per_token")


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        ("bert-base", {}, "does not answer a prompt token by token"),
        ({"model_type": "t5"}, {}, "does not answer a prompt token by token"),
        ("gpt2", {"prompt": 1024}, "need 1027 positions; `gpt2` has 1024"),
        ("gpt2", {"new_tokens": 0}, "`new_tokens` is 0"),
        ("gpt2", {"prompt": 900, "chunk": 3}, "are more than 64 chunks"),
    ],
)
def test_what_cannot_be_generated_is_refused(model, given, message):
    with pytest.raises(InputError, match=message):
        dse.generation(model, **{"prompt": 8, "new_tokens": 4} | given)


def test_the_batch_of_a_generation_is_that_of_all_its_steps():
    work = dse.generation(TINY, prompt=8, new_tokens=4).replace(batch=5)
    assert {step.workload.batch for step in work.steps} == {5.0}
    with pytest.raises(InputError, match="a generation, whose `padded_fraction`"):
        work.replace(padded_fraction=0.5)
    skewed = work.replace(expert_imbalance=2.0)
    assert {step.workload.expert_imbalance for step in skewed.steps} == {2.0}


PRUNINGS = {
    "density": lambda work: work.with_density(activation=0.5, weight=0.25),
    "pairs": lambda work: work.with_attention(kept=0.25),
    "imbalance": lambda work: work.with_imbalance(1.5),
    "attention": lambda work: work.attention_only(),
    "curve": lambda work: work.with_curve(CURVE, 0.02, stand_in=True),
    "threshold": lambda work: work.with_curve(CURVE, 0.01, stand_in=True).replace(
        threshold=0.02
    ),
}


@pytest.mark.parametrize("name", PRUNINGS)
def test_what_is_pruned_is_so_in_the_prompt_and_in_every_step(name):
    work = dse.generation(TINY, prompt=24, new_tokens=3, chunk=16, batch=2)
    pruned = PRUNINGS[name](work)
    steps = [step.workload for step in work.steps]
    assert [s.times for s in pruned.steps] == [s.times for s in work.steps]
    alone = work.replace(steps=(), new_tokens=0)
    for whole, part in zip(
        [pruned.replace(steps=(), new_tokens=0), *(s.workload for s in pruned.steps)],
        [alone, *steps],
        strict=True,
    ):
        assert repr(whole.blocks) == repr(PRUNINGS[name](part).blocks)
        assert whole.threshold == PRUNINGS[name](part).threshold


def test_a_pruned_generation_costs_what_its_pruned_steps_cost():
    def prune(work):
        return work.with_density(weight=0.25)

    machine = MACHINES["tile"]
    given = {"prompt": 24, "batch": 2}
    whole = prune(dse.generation(TINY, **given, new_tokens=9))
    parts = [prune(dse.generation(TINY, **given, new_tokens=1))] + [
        prune(
            dse.transformer(TINY, mode="decode", context_len=c, batch=2, lm_head=True)
        )
        for c in range(25, 33)
    ]
    apart = sum(float(dse.evaluate(machine, part).energy) for part in parts)
    found = float(dse.evaluate(machine, whole).energy)
    assert found == pytest.approx(apart, rel=1e-9)
    assert found < float(
        dse.evaluate(machine, dse.generation(TINY, **given, new_tokens=9)).energy
    )


@pytest.mark.parametrize("activation", [0.3, 0.5, 1.0])
def test_bytes_and_working_energy_add_up_exactly_even_where_time_bends(activation):
    """Of loads that are hidden, the share grows with the context, and shrinks."""

    def ask(work):
        pruned = work.with_density(activation=activation, weight=0.25)
        return dse.evaluate(MACHINES["tile"], pruned)

    def step(context):
        given = {"mode": "decode", "context_len": context, "batch": 2}
        return ask(dse.transformer(TINY, **given, lm_head=True))

    first = ask(dse.generation(TINY, prompt=24, new_tokens=1, batch=2))
    whole = ask(dse.generation(TINY, prompt=24, new_tokens=41, batch=2))
    runs = [[step(c) for c in run] for run in (range(25, 33), range(33, 65))]
    each = [first, *itertools.chain(*runs)]
    for told in ("dynamic_energy", "off_chip_bytes"):
        for part, value in getattr(whole, told).items():
            apart = sum(float(getattr(one, told)[part]) for one in each)
            assert float(value) == pytest.approx(apart, rel=1e-9, abs=1e-18), part
    off = float(whole.latency) - sum(float(one.latency) for one in each)
    apart = sum(len(run) * float(run[-1].latency - run[0].latency) for run in runs)
    assert abs(off) < apart
    assert abs(off) < 3e-3 * float(whole.latency)


def test_the_work_of_a_generation_is_that_of_all_its_steps():
    work = dse.generation(TINY, prompt=24, new_tokens=9)
    reads = dse.generation(TINY, prompt=24, new_tokens=1).macs
    made = [
        dse.transformer(TINY, mode="decode", context_len=c, lm_head=True).macs
        for c in range(25, 33)
    ]
    assert work.macs == pytest.approx(reads + sum(made), rel=1e-12)


def test_what_tells_one_generation_from_another_is_written_down():
    plain = {"prompt": 64, "new_tokens": 9}
    asked = [
        plain,
        {"prompt": 48, "new_tokens": 9},
        {"prompt": 64, "new_tokens": 8},
        plain | {"chunk": 16},
        plain | {"chunk": 17},
        {"prompt": 48, "new_tokens": 9, "chunk": 16},
        plain | {"speculative": 3},
        plain | {"speculative": 3, "acceptance": 0.5},
        plain | {"speculative": 2},
    ]
    told = [workload_json(dse.generation(TINY, **each)) for each in asked]
    assert len({repr(each) for each in told}) == len(asked)
    assert told[3]["seq_len"] == 64
    said = describe_workload(dse.generation(TINY, **asked[3]))
    assert "of 64 tokens, 9 more made" in said


@pytest.mark.parametrize("alone", [False, True])
def test_a_chunk_reads_of_its_cache_what_its_first_token_sees(alone: bool) -> None:
    """Of a window of 4,096 tokens: 4,095 earlier ones, whatever a chunk has itself."""
    run = dse.generation("mistral-7b", prompt=12288, new_tokens=1, chunk=4096)
    chunk = run.steps[-1].workload
    chunk = chunk.attention_only() if alone else chunk
    found = dse.evaluate(dse.ReferenceMachine.a100(), chunk).compulsory_bytes
    token = 32 * 2 * 8 * 128 * 2  # bytes of keys and values of 8 heads in 32 layers
    appended = 0 if alone else 4096
    assert float(found["cache"]) == pytest.approx((4095 + appended) * token)
    if alone:
        queries = 32 * 32 * 128 * 2
        assert float(found["input"]) == pytest.approx(4096 * (token + queries))
