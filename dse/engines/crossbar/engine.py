"""The crossbar engine: weights stay in ReRAM arrays that multiply where they store.

Weights are written once if they fit; activations stream past them, a slice of bits at a
time. Scores and context have no weights: keys and values are written into arrays kept
for them, which takes time, energy and wear. Sources: shafiee2016isaac; ankit2019puma;
wan2022neurram.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import jax.numpy as jnp

from dse.arrays import Choice, Number
from dse.engines.base import Engine, Op, Run
from dse.engines.crossbar import array as crossbar_array
from dse.engines.crossbar import memory as crossbar_memory
from dse.engines.crossbar import noise as crossbar_noise
from dse.engines.crossbar import ops as crossbar_ops
from dse.engines.crossbar import wear as crossbar_wear
from dse.engines.crossbar.adc import LAWS
from dse.engines.vector_unit import vector_lane
from dse.engines.word_length import word_loss
from dse.errors import InputError
from dse.hardware.main_memory import KINDS
from dse.hardware.shared_parts import Part
from dse.hardware.technology import Technology, load_technology
from dse.records import quantity, record, static
from dse.schedule.stage import Stage
from dse.schedule.traffic import Storage
from dse.sparsity.loss import Loss, Subject
from dse.workload.formats import Words, words_of
from dse.workload.ops import Ops

_LANE_BITS = 16.0  # of the vector lane whose costs are known


@record
class CrossbarEngine(Engine):
    """A machine of weight-stationary crossbar arrays; the defaults are ISAAC.

    With `accuracy_curve`, a measured accuracy drop by signal-to-noise ratio, and
    `accuracy_subject`, what that was measured on, noisy machines know what they cost;
    without it, only those without noise do.

    Examples:
        >>> isaac = dse.CrossbarEngine.isaac()
        >>> isaac.weight_tiles * isaac.arrays_per_tile
        15360.0
        >>> isaac.replace(array_rows=256).array_rows
        256.0
    """

    presets: ClassVar[tuple[str, ...]] = ("isaac", "puma", "neurram")
    checked_on: ClassVar[tuple[str, ...]] = ("isaac", "puma", "neurram")
    checked_at: ClassVar[Mapping[str, tuple[float, float]]] = {
        "density of activations": (1.0, 1.0)
    }

    weight_tiles: float = quantity(
        "1", "tiles that hold weights", default=160.0, low=1, integer=True
    )
    attention_tiles: float = quantity(
        "1", "tiles that take keys and values", default=8.0, low=1, integer=True
    )
    arrays_per_tile: float = quantity(
        "1", "crossbar arrays of a tile", default=96.0, low=1, integer=True
    )
    arrays_per_core: float = quantity(
        "1",
        "arrays that share registers and a bus port",
        default=8.0,
        low=1,
        integer=True,
    )
    array_rows: float = quantity(
        "1", "inputs of an array", default=128.0, low=1, integer=True
    )
    array_columns: float = quantity(
        "1", "outputs of an array", default=128.0, low=1, integer=True
    )
    active_rows: float = quantity(
        "1",
        "rows read together, of those there are",
        default=128.0,
        low=1,
        integer=True,
    )
    bits_per_cell: float = quantity(
        "bit", "in one cell", default=2.0, low=1, high=8, integer=True
    )
    weight_bits: float = quantity(
        "bit", "of a weight", default=16.0, low=1, high=32, integer=True
    )
    activation_bits: float = quantity(
        "bit", "of an input", default=16.0, low=1, high=32, integer=True
    )
    weight_code: Choice = quantity(
        "1", "signs of weights", default="offset", choices=("offset", "differential")
    )
    column_flip: Choice = quantity(
        "1", "store heavy columns inverted", default="yes", choices=("no", "yes")
    )
    dac_bits: float = quantity(
        "bit", "of an input slice", default=1.0, low=1, high=8, integer=True
    )
    input_code: Choice = quantity(
        "1",
        "levels of an input slice of 1 bit: 0 and 1, or -1 too",
        default="binary",
        choices=("binary", "ternary"),
    )
    slices_per_conversion: float = quantity(
        "1",
        "input slices that a column integrates before it is converted",
        default=1.0,
        low=1,
        high=16,
        integer=True,
    )
    arrays_per_driver: float = quantity(
        "1", "arrays side by side on one row driver", default=1.0, low=1, integer=True
    )
    adc_bits: float = quantity(
        "bit", "resolution of a converter", default=8.0, low=1, high=14
    )
    adcs_per_array: float = quantity(
        "1", "converters of an array; below 1 it is shared", default=1.0, low=1e-3
    )
    adc_rate_ghz: float = quantity(
        "GHz", "samples of a converter", default=1.28, low=1e-6
    )
    adc_law: Choice = quantity(
        "1", "what converters cost", default="murmann", choices=LAWS
    )
    vector_overlap: Choice = quantity(
        "1", "next input before the last is done", default="yes", choices=("no", "yes")
    )
    pipelining: Choice = quantity(
        "1", "sequences follow each other", default="layers", choices=("none", "layers")
    )
    replication: float = quantity(
        "1", "copies of all weights", default=1.0, low=1, integer=True
    )
    arrays_written_together: float = quantity(
        "1", "in one tile", default=1.0, low=1, integer=True
    )
    buffer_kib_per_tile: float = quantity(
        "KiB", "buffer of a tile", default=64.0, low=1e-6
    )
    lanes_per_tile: float = quantity(
        "1", "vector lanes of a tile", default=2.0, low=1, integer=True
    )
    main_memory: Choice = quantity(
        "1", "kind of main memory", default="ddr4", choices=KINDS
    )
    memory_bandwidth_gb_per_s: float = quantity(
        "GB/s", "main-memory bandwidth", default=6.4, low=1e-6
    )
    clock_mhz: float = quantity("MHz", "of digital parts", default=1000.0, low=1.0)
    components: str = static("file of converters, cores and tiles", default="isaac")
    cells: str = static("file of memory cells", default="reram")
    accuracy_curve: tuple[tuple[float, float], ...] = static(
        "measured pairs of signal-to-noise in dB, rising, and accuracy drop", default=()
    )
    accuracy_subject: Subject | None = static(
        "what these pairs were measured on", default=None
    )

    def __post_init__(self) -> None:
        if self.accuracy_curve and self.accuracy_subject is None:
            raise InputError(
                "`accuracy_curve` does not say what it was measured on; give "
                '`accuracy_subject=dse.Subject(model="bert-base", task="sst-2")`.'
            )
        ratios = [ratio for ratio, _ in self.accuracy_curve]
        if ratios != sorted({*ratios}):
            raise InputError(
                "`accuracy_curve` must rise in its ratios, from one to the next; sort "
                "its pairs."
            )

    # -- machines ----------------------------------------------------------------------

    @classmethod
    def isaac(cls) -> Self:
        """ISAAC: a converter an array, 8 arrays a core, 12 cores a tile, 168 tiles.

        Source: shafiee2016isaac; tiles as in config.py of ankit2019puma's simulator.
        """
        return cls()

    @classmethod
    def puma(cls) -> Self:
        """PUMA: 8 arrays on one set of row drivers, at 1 GHz, one product at a time.

        138 tiles of 8 cores of 2 matrix units hold the published 69 MB of weights.
        Source: ankit2019puma.
        """
        return cls(
            weight_tiles=130,
            arrays_per_tile=128,
            arrays_per_core=16,
            arrays_per_driver=8,
            adc_rate_ghz=1.0,
            vector_overlap="no",
            lanes_per_tile=8,
            components="puma",
        )

    @classmethod
    def neurram(cls) -> Self:
        """NeuRRAM: 48 arrays of 256 x 256 cells in 130 nm, a neuron below every column.

        A neuron integrates the slices of an input and converts their sum, 2 bits wider
        than the input. Weights of 4 bits are pairs of cells. The chip only multiplies
        by stored weights; buffers, vector units and link are those of ISAAC, scaled,
        and a sixth of its arrays is set aside for keys and values.
        Source: wan2022neurram.
        """
        return cls(
            weight_tiles=40,
            attention_tiles=8,
            arrays_per_tile=1,
            arrays_per_core=1,
            array_rows=256,
            array_columns=256,
            active_rows=256,
            bits_per_cell=4,
            weight_bits=4,
            activation_bits=4,
            weight_code="differential",
            column_flip="no",
            input_code="ternary",
            slices_per_conversion=4,
            adc_law="neuron",
            adc_bits=6,
            adcs_per_array=256,
            adc_rate_ghz=1.0,
            buffer_kib_per_tile=4,
            clock_mhz=100.0,
            components="neurram",
            cells="neurram_cells",
        )

    @property
    def memory_wanted(self) -> tuple[Choice, Number]:
        """The kind of main memory, a place in `KINDS`, and its bandwidth in B/s."""
        return self.main_memory, self.memory_bandwidth_gb_per_s * 1e9

    def published_technology(self) -> Technology:
        """Return ReRAM cells, the laws of converters, and the machine's components."""
        return load_technology("adc_laws", self.cells, self.components)

    # -- the whole machine -----------------------------------------------------------

    @property
    def tiles(self) -> Number:
        """Tiles of the whole chip."""
        return self.weight_tiles + self.attention_tiles

    @property
    def arrays(self) -> Number:
        """Arrays of the whole chip."""
        return self.tiles * self.arrays_per_tile

    @property
    def rows_together(self) -> Number:
        """Rows of an array that are read together."""
        return jnp.minimum(self.active_rows, self.array_rows)

    @property
    def wanted_rate(self) -> Number:
        """Samples per second of a converter; its law may allow less."""
        return self.adc_rate_ghz * 1e9

    @property
    def vector_lanes(self) -> Number:
        """Lanes of all vector units together."""
        return self.tiles * self.lanes_per_tile

    def vector_lane(self, technology: Technology) -> Part:
        """Return a lane of a vector unit, which works in words of its activations."""
        return vector_lane(technology, self.activation_bits, _LANE_BITS)

    @property
    def own_words(self) -> Words:
        """Weights in cells, inputs in pulses; all with a fixed point."""
        return words_of(self.weight_bits, self.activation_bits)

    def sliced(self, run: Run, *, by_weights: bool) -> Self:
        """Return the machine as it cuts the words of a run into cells and pulses.

        A shorter word takes fewer cells, and fewer pulses. `by_weights` says whether
        the right operand is of weights, or of activations.
        """
        if run.words is None:
            return self
        weights, inputs, _ = run.words.fixed
        right = weights if by_weights else inputs
        return self.replace(weight_bits=right, activation_bits=inputs)

    def fills(self, vectors: Number) -> Number:
        """Return how often the pipeline of an array fills for some products."""
        once = jnp.asarray(self.vector_overlap) > 0.5
        return jnp.where(once, jnp.minimum(vectors, 1.0), vectors)

    def clock(self, technology: Technology) -> Number:
        """Return the clock of the digital parts in Hz."""
        return self.clock_mhz * 1e6

    def area(self, technology: Technology) -> dict[str, Number]:
        """Return the area in m^2 by component; main memory is not on the chip."""
        return (
            crossbar_array.area(self, technology)
            | crossbar_memory.area(self, technology)
            | {"vector_unit": self.vector_lanes * self.vector_lane(technology).area}
            | self.interface_area(technology)
        )

    def leakage(
        self, technology: Technology, seconds: Number, busy: dict[str, Number]
    ) -> dict[str, Number]:
        """Return leakage in J; converters and drivers draw idle power all along."""
        lane = self.vector_lane(technology).leakage_power
        always = (
            crossbar_array.idle_power(self, technology)
            | crossbar_memory.leakage_power(self, technology)
            | {"vector_unit": self.vector_lanes * lane}
        )
        leaked = {part: power * seconds for part, power in always.items()}
        return leaked | self.memory_at_rest(technology, seconds)

    def peak_rate(self, technology: Technology) -> Number:
        """Return operations per second of all arrays and vector units, 2 for a MAC.

        Vector units multiply by what comes from a cache, a product a lane and cycle.
        """
        lanes = 2.0 * self.vector_lanes * self.clock(technology)
        return crossbar_array.array_rate(self, technology) + lanes

    def peak_rate_at(self, words: Words | None, technology: Technology) -> Number:
        """Return operations per second where shorter words take fewer cells, pulses."""
        if words is None:
            return self.peak_rate(technology)
        right, inputs = min(words.fixed[:2]), words.fixed.activation_bits
        sliced = self.replace(weight_bits=right, activation_bits=inputs)
        return sliced.peak_rate(technology)

    def losses(self, run: Run, technology: Technology) -> tuple[Loss, ...]:
        """Return what noise and short words cost: noise as it was measured, or nothing.

        Without a curve a noisy machine answers NaN: not known.
        """
        ratio = crossbar_noise.signal_to_noise(self, technology)
        drop = crossbar_noise.measured_drop(self.accuracy_curve, ratio)
        noisy = jnp.where(ratio >= crossbar_noise.CLEAN, 0.0, 1.0)
        lost = jnp.where(noisy > 0.0, drop, 0.0)
        by_noise = Loss(
            drop=lost,
            at_stake=noisy,
            subject=self.accuracy_subject,
            unknown="noise, without an `accuracy_curve`",
        )
        words = word_loss(self.weight_bits, self.activation_bits)
        return (by_noise,) if run.words else (by_noise, words)

    wear = crossbar_wear.wear

    def extras(
        self,
        run: Run,
        technology: Technology,
        seconds: Number,
        dynamic: dict[str, Number],
    ) -> dict[str, Number]:
        """Return precision and wear: how clean sums are, how long the cells last."""
        ratio = crossbar_noise.signal_to_noise(self, technology)
        writes = crossbar_wear.writes_per_cell(self, technology, dynamic)
        wear = self.wear(technology, seconds, dynamic)
        return {
            "lossless_adc_bits": crossbar_noise.lossless_bits(self, technology),
            "signal_to_noise_db": 10.0 * jnp.log10(ratio),
            "weights_rewritten_percent": 100.0
            * crossbar_memory.rewritten_share(self.sliced(run, by_weights=True), run),
            "key_value_writes_per_cell": writes["key_value"],
            "lifetime_years": 1.0 / wear / crossbar_wear.YEAR,
        }

    def storage(self, ops: Ops, run: Run, technology: Technology) -> Storage:
        """Return how it keeps values: weights in cells, all others in buffers."""
        return crossbar_memory.storage(self.sliced(run, by_weights=True), ops, run)

    # -- one op, of every kind that the machine runs ---------------------------------

    embedding = crossbar_ops.gather
    linear = crossbar_ops.stored_product
    transform = linear  # by constants, which lie in arrays as weights do

    def matmul(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Write keys or values into arrays, then multiply by them.

        Those of a cache serve one token and are multiplied by on the vector units.
        """
        cells = self.sliced(run, by_weights=False)
        return crossbar_ops.attention_product(cells, op, run, technology)

    def softmax(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise scores on the vector units."""
        return crossbar_ops.elementwise(self, op, run, technology, "softmax")

    def activation(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Apply the non-linearity on the vector units."""
        return crossbar_ops.elementwise(self, op, run, technology, "activation")

    def layer_norm(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise the channels of every token on the vector units."""
        return crossbar_ops.elementwise(self, op, run, technology, "layer_norm")
