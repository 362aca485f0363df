"""How AccelTran's simulator counts, where it differs from the machine it describes.

`PHYSICAL` is what a chip would do, and the default. `SIMULATOR` is what AccelTran's
open-source simulator does; a `TileEngine` under it is comparable with that simulator's
runs, number by number. Each switch can be thrown alone, to see what it is worth.
"""

from __future__ import annotations

from dse.records import Record, record, static


@record
class Conventions(Record):
    """Switches between what a machine does and what its simulator counts.

    Source: tuli2023acceltran, behaviour of the open-source simulator.

    Examples:
        >>> as_simulated = dse.TileEngine.edge().replace(conventions=dse.SIMULATOR)
        >>> as_simulated.conventions == dse.PHYSICAL
        False
    """

    word_per_byte: bool = static(
        "a byte of bandwidth or of an access carries a 20-bit word, a GB is 2^30 B",
        default=False,
    )
    weights_per_sequence: bool = static(
        "every sequence of a batch loads its own copy of all weights", default=False
    )
    whole_embedding_table: bool = static(
        "a run begins by loading the whole table, not the rows it needs", default=False
    )
    activation_density_everywhere: bool = static(
        "all units speed up with activation density, none with weight density",
        default=False,
    )
    whole_cycles: bool = static(
        "every tile op and every transfer takes a whole number of cycles", default=False
    )
    softmax_units_in_lockstep: bool = static(
        "one softmax op occupies, and burns, all softmax units of a PE", default=False
    )
    elementwise_results_stay: bool = static(
        "results of layer norm and of the non-linearity never cross the store port",
        default=False,
    )
    ops_issued_twice: bool = static(
        "outside attention a window of S issues S+1 tile ops", default=False
    )
    free_helpers: bool = static(
        "FIFO, sparsity modules, dataflow, DMA and operand reads cost nothing",
        default=False,
    )
    masks_cost_as_weights: bool = static(
        "loading a mask is charged the energy of loading its weights", default=False
    )
    dense_stores: bool = static(
        "the energy of a store does not fall with density", default=False
    )
    idle_parts_do_not_leak: bool = static(
        "parts leak, SRAM too, only while they are busy", default=False
    )
    whole_loads: bool = static(
        "an op starts when all that it loads has arrived, not with the first tile",
        default=False,
    )
    memory_in_program_order: bool = static(
        "a load waits until all stores before it in the program have been issued",
        default=False,
    )
    nominal_clock: bool = static(
        "the clock ignores the reported critical path", default=False
    )
    taps_shorten_convolutions: bool = static(
        "a tile of a convolution has b y (y - taps) products instead of b y y taps",
        default=False,
    )
    unbounded_buffers: bool = static(
        "buffers never spill and never hold back a load; only weights are moved",
        default=False,
    )


PHYSICAL = Conventions()
SIMULATOR = Conventions(
    word_per_byte=True,
    weights_per_sequence=True,
    whole_embedding_table=True,
    activation_density_everywhere=True,
    whole_cycles=True,
    softmax_units_in_lockstep=True,
    elementwise_results_stay=True,
    ops_issued_twice=True,
    free_helpers=True,
    masks_cost_as_weights=True,
    dense_stores=True,
    idle_parts_do_not_leak=True,
    whole_loads=True,
    memory_in_program_order=True,
    nominal_clock=True,
    taps_shorten_convolutions=True,
    unbounded_buffers=True,
)
