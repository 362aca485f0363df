"""The tile engine: AccelTran's grid of processing elements with run-time sparsity.

Products are cut into tiles, b x y by y x y; a MAC lane multiplies one pair of tiles at a
time and skips the pairs of operands in which either is zero. Softmax and layer norm have
units of their own in every processing element (PE); the non-linearity sits at the output
of the lanes. Source: tuli2023acceltran.
"""

from __future__ import annotations

from typing import Any, Self

import jax.numpy as jnp

from dse.engines.base import Engine, Op, Run
from dse.engines.operand_reuse import LEFT, RIGHT, reuse_share
from dse.engines.tile_conventions import PHYSICAL, Conventions
from dse.engines.tile_units import BLOCKS, LANE_BLOCKS, count, longest_path, unit
from dse.hardware.technology import Technology, load_technology
from dse.memory import sram, traffic
from dse.records import quantity, record, static
from dse.schedule.stage import Stage
from dse.smooth import ceil, ceil_div

MAIN_MEMORIES = (
    "rram_16_2_2",
    "rram_8_2_4",
    "rram_4_2_8",
    "rram_2_2_16",
    "rram_32_2_1",
    "rram_1_2_32",
    "dram_16_2_2",
    "dram_8_2_4",
    "dram_32_2_1",
    "dram_16_4_1",
    "hbm_32_1_4",
)
BUFFERS = ("activation_buffer", "weight_buffer", "mask_buffer")


@record
class TileEngine(Engine):
    """A machine of AccelTran's family; the defaults are AccelTran-Edge."""

    pes: float = quantity("1", "processing elements", default=64.0, low=1, integer=True)
    lanes_per_pe: float = quantity("1", "MAC lanes per PE", default=16.0, low=1, integer=True)
    multipliers_per_lane: float = quantity(
        "1", "multipliers per lane", default=16.0, low=1, integer=True
    )
    softmax_units_per_pe: float = quantity(
        "1", "softmax units per PE", default=4.0, low=1, integer=True
    )
    tile_batch: float = quantity("1", "sequences per tile", default=1.0, low=1, integer=True)
    tile_size: float = quantity("1", "rows and columns of a tile", default=16.0, low=1)
    activation_buffer_mib: float = quantity("MiB", "activation buffer", default=4.0, low=1e-6)
    weight_buffer_mib: float = quantity("MiB", "weight buffer", default=8.0, low=1e-6)
    mask_buffer_mib: float = quantity("MiB", "mask buffer", default=1.0, low=1e-6)
    main_memory: float = quantity(
        "1", "type_banks_ranks_channels", default="dram_32_2_1", choices=MAIN_MEMORIES
    )
    memory_bandwidth_gb_per_s: float = quantity(
        "GB/s", "main-memory bandwidth", default=25.6, low=1e-6
    )
    issue_batch: float = quantity(
        "1", "tile ops issued per cycle and stream (head)", default=8.0, low=1
    )
    non_linearity: float = quantity(
        "1", "at the lanes' output", default="gelu", choices=("relu", "gelu")
    )
    clock_mhz: float = quantity(
        "MHz", "wanted; the critical path may hold it back", default=700.0, low=1.0
    )
    integer_bits: float = quantity("bit", "of a word", default=4.0, low=1)
    fraction_bits: float = quantity("bit", "of a word", default=16.0, low=0)
    loop_order: str = static("loops of a product, outermost first", default="b_i_j_k")
    conventions: Conventions = static("how costs are counted", default=PHYSICAL)

    # -- machines ----------------------------------------------------------------------

    @classmethod
    def edge(cls) -> Self:
        """AccelTran-Edge. Source: tuli2023acceltran, configuration `tiny`."""
        return cls()

    @classmethod
    def edge_lp(cls) -> Self:
        """AccelTran-Edge, low power: a quarter of the issue rate. Configuration `tiny_lp`."""
        return cls(issue_batch=2)

    @classmethod
    def nano(cls) -> Self:
        """A machine for BERT-Nano; outside the published space. Configuration `nano`."""
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

    @classmethod
    def default_technology(cls) -> Technology:
        """Return the 14 nm FinFET technology of AccelTran."""
        return load_technology("acceltran")

    # -- the whole machine ---------------------------------------------------------------

    @property
    def word_bits(self) -> Any:
        """Bits of one value."""
        return self.integer_bits + self.fraction_bits

    def clock(self, technology: Technology) -> Any:
        """Return the clock in Hz: the wanted one, or what the critical path allows."""
        wanted = self.clock_mhz * 1e6
        if self.conventions.nominal_clock:
            return wanted
        return jnp.minimum(wanted, 1.0 / longest_path(technology, self))

    def peak_rate(self, technology: Technology) -> Any:
        """Return operations per second at the wanted clock, as AccelTran counts its peak.

        PEs * (lanes * multipliers + softmax units * tile + tile) * clock: one operation
        a cycle for each multiplier and for each lane of a softmax or layer-norm unit.
        """
        per_pe = (
            self.lanes_per_pe * self.multipliers_per_lane
            + (self.softmax_units_per_pe + 1.0) * self.tile_size
        )
        return self.pes * per_pe * self.clock_mhz * 1e6

    def area(self, technology: Technology) -> dict[str, Any]:
        """Return the area in m^2 by component; main memory is not on the chip."""
        blocks = {
            block: count(block, self) * unit(technology, block, "area", self)
            for block in BLOCKS
        }
        return blocks | {b: sram.area(technology, b, self._mib(b)) for b in BUFFERS}

    def leakage(
        self, technology: Technology, seconds: Any, busy: dict[str, Any]
    ) -> dict[str, Any]:
        """Return leakage energy in J: idle logic is power gated to a share, SRAM is not."""
        always = 0.0 if self.conventions.idle_parts_do_not_leak else 1.0
        idle = always * technology["idle.leakage_share"]
        energy = {}
        for block in BLOCKS:
            power = unit(technology, block, "leakage_power", self)
            worked = busy.get(block, 0.0)
            energy[block] = power * (worked + idle * (count(block, self) * seconds - worked))
        for buffer in BUFFERS:
            power = sram.leakage(technology, buffer, self._mib(buffer))
            energy[buffer] = power * (always * seconds + (1.0 - always) * busy[buffer])
        return energy

    def _mib(self, buffer: str) -> Any:
        return getattr(self, f"{buffer}_mib")

    def _bits(self, buffer: str) -> Any:
        return self._mib(buffer) * sram.MIB * 8.0

    # -- one op ---------------------------------------------------------------------------

    def embedding(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Gather the rows of the embedding table that a batch needs."""
        if self.conventions.whole_embedding_table:
            elements = (op.inner + op.rows) * op.columns
        else:
            elements = run.batch * op.rows * op.columns
        density = op.weight_density
        return self._stage(
            technology, "", load=(elements, density, 1.0), heads=1.0, compute=0.0
        )

    def linear(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Multiply activations by weights that come from main memory."""
        cycles = self._product_cycles(op)
        return self._product(op, run, technology, cycles, weights=op.inner * op.columns)

    def matmul(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Multiply activations by activations: scores, and probabilities by values."""
        return self._product(op, run, technology, self._product_cycles(op), weights=0.0)

    def convolution(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Slide a kernel of `inner` taps over the columns of a tile, halos neglected."""
        taps = jnp.maximum(self.tile_size - op.inner, 0.0)
        density = op.input_density * self._weight_share(op)
        muls = self.tile_batch * self.tile_size * taps / self.multipliers_per_lane
        one_deep = op.replace(inner=self.tile_size)  # no summed axis to tile
        return self._product(
            one_deep,
            run,
            technology,
            self._whole(muls * density),
            weights=op.inner * op.columns,
        )

    def softmax(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise the scores of every token, one value a cycle and unit."""
        together = self.conventions.softmax_units_in_lockstep
        cycles = self._whole(self.tile_batch * self.tile_size**2 * op.input_density)
        units = self.pes if together else count("softmax", self)
        per_op = self.softmax_units_per_pe if together else 1.0
        return self._elementwise(
            op, run, technology, "softmax", cycles, units, per_op, stores=1.0
        )

    def layer_norm(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise the channels of every token, a row or column of a tile a cycle."""
        everywhere = self.conventions.activation_density_everywhere
        density = op.input_density if everywhere else 1.0
        cycles = self._whole(self.tile_batch * 2.0 * self.tile_size * density)
        stores = 0.0 if self.conventions.elementwise_results_stay else 1.0
        return self._elementwise(
            op, run, technology, "layer_norm", cycles, self.pes, 1.0, stores
        )

    def activation(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Apply the non-linearity at the output of the lanes, one tile a cycle and lane."""
        stores = 0.0 if self.conventions.elementwise_results_stay else 1.0
        lanes = count("mac_lanes", self)
        return self._elementwise(
            op, run, technology, "mac_lanes", 1.0, lanes, 1.0, stores
        )

    # -- products -------------------------------------------------------------------------

    def _weight_share(self, op: Op) -> Any:
        everywhere = self.conventions.activation_density_everywhere
        return 1.0 if everywhere else op.weight_density

    def _product_cycles(self, op: Op) -> Any:
        """Cycles of one tile op: the pairs in which neither operand is zero, M a cycle."""
        muls = self.tile_batch * self.tile_size**3 / self.multipliers_per_lane
        return self._whole(muls * (op.input_density * self._weight_share(op)))

    def _product(
        self, op: Op, run: Run, technology: Technology, cycles: Any, *, weights: Any
    ) -> Stage:
        trips = {
            "b": ceil_div(run.batch, self.tile_batch),
            "i": ceil_div(op.rows, self.tile_size),
            "k": ceil_div(op.inner, self.tile_size),
            "j": ceil_div(op.columns, self.tile_size),
        }
        per_head = trips["b"] * trips["i"] * trips["k"] * trips["j"]
        lanes = count("mac_lanes", self)
        compute, issued = self._compute_cycles(op, per_head, cycles, lanes)
        copies = run.batch if self.conventions.weights_per_sequence else 1.0
        load = (weights * copies, op.weight_density, self._streamed(run))
        stage = self._stage(
            technology,
            "mac_lanes",
            load=load,
            heads=op.heads,
            compute=compute,
            store=(run.batch * op.rows * op.columns, op.output_density),
            spill=self._spilled_bits(op, run, weights),
            prefetch=self._prefetch(op, weights),
            lane_cycles=issued * cycles,
        )
        if self.conventions.free_helpers:
            return stage
        reads = self._operand_reads(op, technology, trips, lanes, issued, weights)
        return _add(stage, reads)

    def _compute_cycles(
        self, op: Op, per_head: Any, cycles: Any, units: Any
    ) -> tuple[Any, Any]:
        """Return (cycles from first issue to last result, tile ops issued).

        max(windows - 1, (waves - 1)(P + 1)) + P + 1: a stream issues one window of S ops
        a cycle; the units take a wave of tile ops every P + 1 cycles.
        """
        window = self.issue_batch
        issued = op.heads * per_head
        if self.conventions.ops_issued_twice:
            again = per_head * (window + 1.0) / window - 1.0 + op.last_share
            twice = (op.in_attention < 0.5) & (jnp.asarray(window) > 1.0)
            issued = jnp.where(twice, again, issued)
        windows = ceil_div(per_head, window)
        waves = jnp.maximum(ceil_div(issued, units), 1.0)
        held = jnp.maximum(windows - 1.0, (waves - 1.0) * (cycles + 1.0))
        return held + cycles + 1.0, issued

    def _elementwise(
        self,
        op: Op,
        run: Run,
        technology: Technology,
        block: str,
        cycles: Any,
        units: Any,
        units_per_op: Any,
        stores: float,
    ) -> Stage:
        per_head = (
            ceil_div(run.batch, self.tile_batch)
            * ceil_div(op.rows, self.tile_size)
            * ceil_div(op.columns, self.tile_size)
        )
        compute, issued = self._compute_cycles(op, per_head, cycles, units)
        return self._stage(
            technology,
            block,
            load=(0.0, 1.0, 1.0),
            heads=op.heads,
            compute=compute,
            store=(stores * run.batch * op.rows * op.columns, op.output_density),
            spill=self._spilled_bits(op, run, 0.0),
            **{"lane_cycles" if block == "mac_lanes" else "unit_cycles":
               issued * cycles * units_per_op},
        )

    # -- memory ---------------------------------------------------------------------------

    def _streamed(self, run: Run) -> Any:
        if self.conventions.unbounded_buffers:
            return 1.0
        bits = run.weights * (self.word_bits * run.density)
        by_weights = traffic.streamed_share(
            jnp.sum(run.repeats * bits), jnp.max(bits), self._bits("weight_buffer")
        )
        by_masks = traffic.streamed_share(
            jnp.sum(run.repeats * run.weights),
            jnp.max(run.weights),
            0.5 * self._bits("mask_buffer"),
        )
        return jnp.maximum(by_weights, by_masks)

    def _prefetch(self, op: Op, weights: Any) -> Any:
        if self.conventions.unbounded_buffers:
            return 1.0
        word = self.word_bits
        return traffic.prefetch_share(
            op.heads * weights * word * op.weight_density,
            op.weights_before * word * op.density_before,
            self._bits("weight_buffer"),
        )

    def _spilled_bits(self, op: Op, run: Run, weights: Any) -> Any:
        """Return the bits that go to main memory and back because a buffer is full.

        Inputs and result of an op are live together; what does not fit is written once
        and read once, and read again for every buffer-full of weights.
        """
        if self.conventions.unbounded_buffers:
            return 0.0
        inputs = run.batch * op.heads * op.rows * jnp.where(
            op.inner > 0, op.inner, op.columns
        )
        second = jnp.where(
            jnp.asarray(weights) > 0, 0.0, run.batch * op.heads * op.inner * op.columns
        )
        result = run.batch * op.heads * op.rows * op.columns
        word = self.word_bits
        live = word * (
            inputs * op.input_density
            + second * op.weight_density
            + result * op.output_density
        )
        over = traffic.spilled(live, self._bits("activation_buffer"))
        masks = inputs + second + result
        over_masks = traffic.spilled(masks, 0.5 * self._bits("mask_buffer"))
        again = traffic.passes(
            op.heads * weights * word * op.weight_density, self._bits("weight_buffer")
        )
        return (over + over_masks) * (1.0 + again)

    def _operand_reads(
        self,
        op: Op,
        technology: Technology,
        trips: dict[str, Any],
        lanes: Any,
        issued: Any,
        weights: Any,
    ) -> dict[str, Any]:
        """Return the energy of reading operand tiles from the buffers, less their reuse."""
        left = self.tile_batch * self.tile_size**2
        left = left * (1.0 - reuse_share(self.loop_order, trips, lanes, LEFT))
        right = jnp.where(jnp.asarray(weights) > 0, 1.0, self.tile_batch)
        right = right * self.tile_size**2
        right = right * (1.0 - reuse_share(self.loop_order, trips, lanes, RIGHT))
        word = self.word_bits
        from_weights = jnp.where(jnp.asarray(weights) > 0, 1.0, 0.0)
        right_bits = issued * right * word * op.weight_density
        left_bits = issued * left * word * op.input_density
        return {
            "activation_buffer": self._access(
                technology, "activation_buffer", left_bits + (1 - from_weights) * right_bits
            ),
            "weight_buffer": self._access(
                technology, "weight_buffer", from_weights * right_bits
            ),
            "mask_buffer": self._access(technology, "mask_buffer", issued * (left + right)),
        }

    def _access(self, technology: Technology, buffer: str, bits: Any) -> Any:
        blocks = bits / (technology[f"{buffer}.block"] * 8.0)
        return blocks * sram.access_energy(technology, buffer, self._mib(buffer))

    def _bits_per_cycle(self, technology: Technology, bytes_per_s: Any) -> Any:
        if self.conventions.word_per_byte:
            return bytes_per_s / 1e9 * 2.0**30 * self.word_bits / self.clock(technology)
        return bytes_per_s * 8.0 / self.clock(technology)

    def _whole(self, cycles: Any) -> Any:
        return ceil(cycles) if self.conventions.whole_cycles else cycles

    def _stage(
        self,
        technology: Technology,
        block: str,
        *,
        load: tuple[Any, Any, Any],
        heads: Any,
        compute: Any,
        store: tuple[Any, Any] = (0.0, 1.0),
        spill: Any = 0.0,
        prefetch: Any = 1.0,
        lane_cycles: Any = 0.0,
        unit_cycles: Any = 0.0,
    ) -> Stage:
        """Put the parts of a stage together: port times, energies, busy units.

        `load` is (elements per head, density, share that is streamed), `store` is
        (elements per head, density), `spill` is bits.
        """
        rules = self.conventions
        word = self.word_bits
        elements, density, streamed = load
        stored, stored_density = store
        bus = self._bits_per_cycle(
            technology, self.memory_bandwidth_gb_per_s * 1e9
        )
        port = self._bits_per_cycle(technology, technology["buffer.bandwidth"])
        mask_on_bus = 0.0 if rules.word_per_byte else 1.0
        weight_bits = elements * word * density
        load_cycles = heads * self._whole(
            streamed * (weight_bits + mask_on_bus * elements) / bus
        )
        mask_cycles = heads * self._whole(elements / bus)
        store_cycles = heads * self._whole(stored * word * stored_density / port)
        store_mask_cycles = heads * self._whole(stored / port)

        size = word / 8.0 if not rules.word_per_byte else 1.0  # bytes of a word
        fetched = heads * elements * streamed
        memory_bytes = fetched * (density * size + mask_on_bus / 8.0) + spill / 8.0
        picked = sum(
            jnp.where(jnp.asarray(self.main_memory) == index, 1.0, 0.0)
            * technology[f"main_memory.access_energy_{name}"]
            for index, name in enumerate(MAIN_MEMORIES)
        )
        memory = picked * memory_bytes / technology["main_memory.block"]
        spared = 1.0 if rules.dense_stores else stored_density
        results = heads * stored * size * 8.0
        dynamic = {
            "main_memory": memory,
            "activation_buffer": self._access(
                technology, "activation_buffer", results * spared
            ),
            "weight_buffer": 0.0 * memory,
            "mask_buffer": self._access(
                technology, "mask_buffer", heads * stored * (8.0 if rules.word_per_byte else 1.0)
            ),
        }
        if rules.masks_cost_as_weights:
            dynamic["mask_buffer"] = dynamic["mask_buffer"] + memory
        else:
            dynamic["weight_buffer"] = self._access(
                technology, "weight_buffer", fetched * word * density
            )
            dynamic["mask_buffer"] = dynamic["mask_buffer"] + self._access(
                technology, "mask_buffer", fetched
            )
        busy = {
            "activation_buffer": store_cycles,
            "weight_buffer": load_cycles,
            "mask_buffer": mask_cycles + store_mask_cycles,
            "mac_lanes": lane_cycles,
        }
        if block in ("softmax", "layer_norm"):
            busy[block] = unit_cycles
        if not rules.free_helpers:
            for helper in LANE_BLOCKS[1:]:
                busy[helper] = lane_cycles
            for helper in ("dataflow", "dma"):
                busy[helper] = lane_cycles / self.lanes_per_pe
        for part in BLOCKS:
            if part in busy:
                power = unit(technology, part, "dynamic_power", self)
                dynamic[part] = busy[part] * power / technology["clock.frequency"]
        return Stage(
            unit=block,
            load=load_cycles + spill / bus,
            compute=compute,
            store=store_cycles,
            prefetch=prefetch,
            dynamic=dynamic,
            busy=busy,
        )


def _add(stage: Stage, energy: dict[str, Any]) -> Stage:
    dynamic = {k: v + energy.get(k, 0.0) for k, v in stage.dynamic.items()}
    return stage.replace(dynamic=dynamic)
