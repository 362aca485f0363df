"""The tile engine: AccelTran's grid of processing elements with run-time sparsity.

Products are cut into tiles, b x y by y x y; a MAC lane multiplies one pair of tiles at
a time and skips the pairs of operands in which either is zero. Softmax and layer norm
have units of their own in every processing element (PE); the non-linearity sits at the
output of the lanes. Source: tuli2023acceltran.
"""

from __future__ import annotations

from typing import ClassVar, Self

import jax.numpy as jnp

from dse.arrays import Choice, Number
from dse.engines.base import Engine, Op, Run, words_misfit
from dse.engines.operand_reuse import LOOP_ORDERS
from dse.engines.tile import memory as tile_memory
from dse.engines.tile import work as tile_work
from dse.engines.tile.conventions import PHYSICAL, Conventions
from dse.engines.tile.memory import BUFFERS, MAIN_MEMORIES
from dse.engines.tile.units import BLOCKS, count, longest_path, unit
from dse.engines.word_length import fixed_point_loss
from dse.hardware import sram
from dse.hardware.main_memory import with_memories
from dse.hardware.technology import Technology, load_technology
from dse.records import quantity, record, static
from dse.schedule.stage import Stage
from dse.schedule.traffic import Storage
from dse.sparsity.loss import Loss
from dse.workload.formats import Words, words_of
from dse.workload.ops import Ops


@record
class TileEngine(Engine):
    """A machine of AccelTran's family; the defaults are AccelTran-Edge.

    Examples:
        >>> edge = dse.TileEngine.edge()
        >>> faster = edge.replace(memory_bandwidth_gb_per_s=51.2)
        >>> bert = dse.transformer("bert-tiny")
        >>> bool(dse.evaluate(faster, bert).latency < dse.evaluate(edge, bert).latency)
        True
    """

    presets: ClassVar[tuple[str, ...]] = ("nano", "edge", "edge_lp", "server")

    pes: float = quantity("1", "processing elements", default=64.0, low=1, integer=True)
    lanes_per_pe: float = quantity(
        "1", "MAC lanes per PE", default=16.0, low=1, integer=True
    )
    multipliers_per_lane: float = quantity(
        "1", "multipliers per lane", default=16.0, low=1, integer=True
    )
    softmax_units_per_pe: float = quantity(
        "1", "softmax units per PE", default=4.0, low=1, integer=True
    )
    tile_batch: float = quantity(
        "1", "sequences per tile", default=1.0, low=1, integer=True
    )
    tile_size: float = quantity(
        "1", "rows and columns of a tile", default=16.0, low=1, integer=True
    )
    activation_buffer_mib: float = quantity(
        "MiB", "activation buffer", default=4.0, low=1e-6
    )
    weight_buffer_mib: float = quantity("MiB", "weight buffer", default=8.0, low=1e-6)
    mask_buffer_mib: float = quantity("MiB", "mask buffer", default=1.0, low=1e-6)
    main_memory: Choice = quantity(
        "1",
        "a kind; rram_16_2_2: 16 banks, 2 ranks, 2 channels (AccelTran)",
        default="dram_32_2_1",
        choices=MAIN_MEMORIES,
    )
    memory_bandwidth_gb_per_s: float = quantity(
        "GB/s", "main-memory bandwidth", default=25.6, low=1e-6
    )
    issue_batch: float = quantity(
        "1",
        "tile ops issued per cycle and stream (head)",
        default=8.0,
        low=1,
        integer=True,
    )
    non_linearity: Choice = quantity(
        "1", "at the lanes' output", default="gelu", choices=("relu", "gelu")
    )
    lane_schedule: Choice = quantity(
        "1",
        "lanes take the next tile when free, or when the slowest has ended",
        default="free",
        choices=("free", "lockstep"),
    )
    clock_mhz: float = quantity(
        "MHz", "wanted; the critical path may hold it back", default=700.0, low=1.0
    )
    integer_bits: float = quantity("bit", "of a word", default=4.0, low=1, integer=True)
    fraction_bits: float = quantity(
        "bit", "of a word", default=16.0, low=0, integer=True
    )
    loop_order: str = static(
        "loops of a product, outermost first", default="b_i_j_k", choices=LOOP_ORDERS
    )
    conventions: Conventions = static("how costs are counted", default=PHYSICAL)

    # -- machines ----------------------------------------------------------------------

    @classmethod
    def edge(cls) -> Self:
        """AccelTran-Edge. Source: tuli2023acceltran, configuration `tiny`."""
        return cls()

    @classmethod
    def edge_lp(cls) -> Self:
        """AccelTran-Edge, low power: a quarter of the issue rate: `tiny_lp`."""
        return cls(issue_batch=2)

    @classmethod
    def nano(cls) -> Self:
        """A machine for BERT-Nano, outside the published space: `nano`."""
        return cls(
            pes=256,
            lanes_per_pe=4,
            softmax_units_per_pe=1,
            activation_buffer_mib=1,
            weight_buffer_mib=0.125,
            mask_buffer_mib=0.5,
            main_memory="rram_16_2_2",
            memory_bandwidth_gb_per_s=256,
            issue_batch=16,
        )

    @classmethod
    def server(cls) -> Self:
        """AccelTran-Server. Source: tuli2023acceltran, configuration `base`."""
        return cls(
            pes=512,
            lanes_per_pe=32,
            softmax_units_per_pe=32,
            activation_buffer_mib=32,
            weight_buffer_mib=64,
            mask_buffer_mib=8,
            main_memory="rram_32_2_1",
            memory_bandwidth_gb_per_s=256,
            issue_batch=128,
        )

    def published_technology(self) -> Technology:
        """Return the 14 nm FinFET technology of AccelTran."""
        return load_technology("acceltran")

    def default_technology(self) -> Technology:
        """Return it with the memories of all engines, unless the simulator counts."""
        published = self.published_technology()
        return published if self.conventions.word_per_byte else with_memories(published)

    @property
    def memory_wanted(self) -> tuple[Choice, Number]:
        """The kind of main memory, a place in `KINDS`, and its bandwidth in B/s."""
        return tile_memory.kind(self), self.memory_bandwidth_gb_per_s * 1e9

    # -- the whole machine -----------------------------------------------------------

    @property
    def word_bits(self) -> Number:
        """Bits of one value."""
        return self.integer_bits + self.fraction_bits

    @property
    def own_words(self) -> Words:
        """Numbers with a fixed point, all of one length."""
        return words_of(self.word_bits, self.word_bits)

    def misfit(self, words: Words) -> str:
        """Say which words of a format it cannot compute; '' where it can, or may."""
        if self.conventions.word_per_byte:
            return (
                "the simulator's conventions take every word for a byte; use "
                "`conventions=dse.PHYSICAL`."
            )
        return words_misfit(self, words)

    @property
    def fetches_ahead(self) -> bool:
        """Whether weights may come before results of earlier ops are stored."""
        return not self.conventions.memory_in_program_order

    def clock(self, technology: Technology) -> Number:
        """Return the clock in Hz: the wanted one, or what the critical path allows."""
        wanted = self.clock_mhz * 1e6
        if self.conventions.nominal_clock:
            return wanted
        return jnp.minimum(wanted, 1.0 / longest_path(technology, self))

    def highest_clock(self, technology: Technology) -> Number:
        """Return the clock in Hz that the critical path of a lane allows."""
        return 1.0 / longest_path(technology, self)

    def peak_rate(self, technology: Technology) -> Number:
        """Return operations per second of the MAC lanes: 2 PEs lanes multipliers f."""
        multipliers = self.pes * self.lanes_per_pe * self.multipliers_per_lane
        return 2.0 * multipliers * self.clock(technology)

    def area(self, technology: Technology) -> dict[str, Number]:
        """Return the area in m^2 by component; main memory is not on the chip."""
        blocks = {
            block: count(block, self) * unit(technology, block, "area", self)
            for block in BLOCKS
        }
        buffers = {b: sram.area(technology, b, self.mib(b)) for b in BUFFERS}
        return blocks | buffers | self.interface_area(technology)

    def leakage(
        self, technology: Technology, seconds: Number, busy: dict[str, Number]
    ) -> dict[str, Number]:
        """Return leakage in J: idle logic is power gated to a share, SRAM is not."""
        always = 0.0 if self.conventions.idle_parts_do_not_leak else 1.0
        idle = always * technology["idle.leakage_share"]
        energy: dict[str, Number] = {}
        for block in BLOCKS:
            power = unit(technology, block, "leakage_power", self)
            worked = busy.get(block, 0.0)
            waited = jnp.maximum(count(block, self) * seconds - worked, 0.0)
            energy[block] = power * (worked + idle * waited)
        for buffer in BUFFERS:
            power = sram.leakage(technology, buffer, self.mib(buffer))
            worked = busy.get(buffer, 0.0)
            energy[buffer] = power * (always * seconds + (1.0 - always) * worked)
        return energy | self.memory_at_rest(technology, seconds)

    def losses(self, run: Run, technology: Technology) -> tuple[Loss, ...]:
        """Return what its words lose; NaN, not known, where they are shorter."""
        own = fixed_point_loss(self.integer_bits, self.fraction_bits)
        return () if run.words else (own,)

    def mib(self, buffer: str) -> Number:
        """Return the size of `activation_buffer`, `weight_buffer` or `mask_buffer`."""
        size: Number = getattr(self, f"{buffer}_mib")
        return size

    def storage(self, ops: Ops, run: Run, technology: Technology) -> Storage:
        """Return how it keeps values: those that are not zero, with their masks."""
        return tile_memory.storage(self, ops, run)

    # -- one op, of every kind that the machine runs ---------------------------------

    def embedding(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Gather the rows of the embedding table that a batch needs."""
        if self.conventions.whole_embedding_table:
            elements = (op.inner + op.rows) * op.columns
        else:
            elements = run.batch * op.rows * op.columns
        fetch = tile_memory.Fetch(elements, op.weight_density)
        return tile_memory.stage(self, run, technology, fetch=fetch, moved=op.traffic)

    def linear(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Multiply activations by weights that come from main memory."""
        op = tile_work.with_experts(op)
        cycles = tile_work.product_cycles(self, op)
        weights = op.inner * op.columns
        return self._product(op, run, technology, cycles, weights, self.tile_size)

    transform = linear  # by constants, which come as weights do

    def matmul(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Multiply activations by activations: scores, and probabilities by values."""
        cycles = tile_work.product_cycles(self, op)
        return self._product(op, run, technology, cycles, None, self.tile_size)

    def convolution(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Slide a kernel of `inner` taps over columns of a tile, halos neglected."""
        weights = op.inner * op.columns
        cycles = tile_work.convolution_cycles(self, op)
        one_deep = op.replace(inner=self.tile_size)  # there is no summed axis to cut
        return self._product(one_deep, run, technology, cycles, weights, op.inner)

    def softmax(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise the scores of every token, one value a cycle and unit."""
        together = self.conventions.softmax_units_in_lockstep
        cycles = tile_work.softmax_cycles(self, op)
        units = self.pes if together else count("softmax", self)
        work = tile_work.elementwise(self, op, run, "softmax", cycles, units)
        return tile_memory.stage(
            self,
            run,
            technology,
            heads=op.heads,
            work=work.times(self.softmax_units_per_pe) if together else work,
            result=tile_memory.Result(
                run.batch * op.rows * op.columns, op.output_density
            ),
            moved=op.traffic,
            operands=op.traffic.operands,
            lead=tile_memory.lead(self, op),
        )

    def layer_norm(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise the channels of every token, a row or column of a tile a cycle."""
        cycles = tile_work.layer_norm_cycles(self, op)
        work = tile_work.elementwise(self, op, run, "layer_norm", cycles, self.pes)
        return self._in_place(op, run, technology, work)

    def activation(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Apply the non-linearity as tiles leave the lanes, one a cycle and lane."""
        lanes = count("mac_lanes", self)
        work = tile_work.elementwise(self, op, run, "mac_lanes", 1.0, lanes)
        return self._in_place(op, run, technology, work)

    def _in_place(
        self, op: Op, run: Run, technology: Technology, work: tile_work.Work
    ) -> Stage:
        stores = 0.0 if self.conventions.elementwise_results_stay else 1.0
        elements = stores * run.batch * op.rows * op.columns
        return tile_memory.stage(
            self,
            run,
            technology,
            heads=op.heads,
            work=work,
            result=tile_memory.Result(elements, op.output_density),
            moved=op.traffic,
            operands=op.traffic.operands,
            lead=tile_memory.lead(self, op),
        )

    def _product(
        self,
        op: Op,
        run: Run,
        technology: Technology,
        cycles: Number,
        weights: Number | None,
        right_rows: Number,
    ) -> Stage:
        """Run tile ops of some cycles, with so many rows of a right operand each.

        `weights` per head, None for activations.
        """
        trips = tile_work.trips(self, op, run)
        missed = tile_work.missed_shares(self, trips)
        work = tile_work.product(self, op, trips, cycles, missed, weights, right_rows)
        fetch = tile_memory.Fetch(0.0, 1.0)
        if weights is not None:
            fetch = tile_memory.fetch_weights(self, op, run, weights)
        reads = tile_memory.operand_reads(
            self, op, run, technology, missed, work, weights, right_rows
        )
        return tile_memory.stage(
            self,
            run,
            technology,
            heads=op.heads,
            work=work,
            fetch=fetch,
            result=tile_memory.Result(
                run.batch * op.rows * op.columns, op.output_density
            ),
            moved=op.traffic,
            operands=op.traffic.operands,
            prefetch=tile_memory.prefetch(self, op, run),
            lead=tile_memory.lead(self, op),
            reads=reads,
        )
