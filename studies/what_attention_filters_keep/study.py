"""What the filters of Energon and SPRINT keep, what that costs, and how it lies.

Reads the curves that `dse` ships; their headers hold the commands that measured them.
"""

from __future__ import annotations

from pathlib import Path

from figure import draw
from filters import ALLOWED, KEPT, PASS, POLICIES, at_loss, locality, net_saved, table


def main() -> None:
    """Print the answer and draw its figure."""
    tables = {policy: table(policy) for policy in POLICIES}
    energon = tables["mp_mrf"]
    for name, cost in PASS.items():
        energon[f"saved, {name}"] = net_saved(energon, cost)
    for policy, rows in tables.items():
        print(f"\n{policy}\n{rows.to_string(index=False, float_format='%.3f')}")
        print(f"kept at a loss of {ALLOWED:.1%}: {at_loss(rows, 'kept'):.3f}")
    for name in PASS:
        print(f"net saved there, {name}: {at_loss(energon, f'saved, {name}'):.3f}")
    places = {policy: locality(policy) for policy in POLICIES[:2]}
    for policy, (reuse, union) in places.items():
        print(f"\n{policy} at {KEPT} kept\n{reuse.round(3)}\n{union.round(3)}")
    draw(tables, places, Path(__file__).with_name("figure.svg"))


if __name__ == "__main__":
    main()
