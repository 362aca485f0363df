"""What this study compares: the machines, and a BERT of any length to run on them."""

from __future__ import annotations

from dataclasses import replace

import dse
from dse.engines.base import Engine
from dse.workload.zoo import listed_sizes

KEPT = 0.25  # of the pairs of real tokens: stated, not measured
LONGEST = 16384
NODE = 14.0  # nm, of the hosts
BERT = replace(listed_sizes("bert-base"), positions=LONGEST)

SPRINT = dse.SprintEngine.m_sprint()
BASELINE = dse.SprintEngine.m_baseline()
MACHINES = {  # alike but for what they skip
    "baseline": BASELINE,
    "mask": BASELINE.replace(sequence_reduction="both"),
    "on_chip": dse.SprintEngine.m_pruning().replace(sequence_reduction="both"),
    "in_memory": SPRINT,
    "no_locality": SPRINT,
}
CHANCE = {"no_locality": 1.0}  # exponent of a query that keeps keys like no other
HOSTS = {"edge": dse.TileEngine.edge(), "server": dse.TileEngine.server()}
CORELETS = {"edge": (4, 32), "server": (32, 128)}  # beside each, 16 KiB apiece


def bert(tokens: int, *, padded: float = 0.0, exponent: float = 1 / 3) -> dse.Workload:
    """Return a BERT-Base with positions for all tokens, a quarter of its pairs kept."""
    run = dse.transformer(BERT, seq_len=tokens, padded_fraction=padded)
    kept = run.with_attention(kept=KEPT, reuse_exponent=exponent)
    return kept.replace(seq_len=0)  # ops hold their sizes; one compilation for all


def attention(machine: str, tokens: int, *, padded: float, kib: float) -> dse.Metrics:
    """Return what attention of one sequence takes on a machine of this study."""
    run = bert(tokens, padded=padded, exponent=CHANCE.get(machine, 1 / 3))
    design = MACHINES[machine].replace(buffer_kib=kib)
    return dse.evaluate(design, run.attention_only(), technology="sprint")


def whole(host: str, tokens: int, *, corelets: int = 0) -> dse.Metrics:
    """Return what a whole sequence takes on a host, alone or beside CORELETs."""
    machine: Engine = HOSTS[host]
    if corelets:
        size = {"corelets": corelets, "buffer_kib": 16 * corelets}
        sprint = dse.SprintEngine.l_sprint().replace(**size)
        machine = dse.Pair(host=machine, coprocessor=sprint)
    technology = machine.published_technology().at_node(NODE)
    return dse.evaluate(machine, bert(tokens), technology=technology)
