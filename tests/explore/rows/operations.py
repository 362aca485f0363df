"""All operations of random programs, by name."""

from __future__ import annotations

from tests.explore.rows.operation import Operation
from tests.explore.rows.operations_of_arrays import SHAPED
from tests.explore.rows.operations_of_numbers import EACH
from tests.explore.rows.refused_operations import REFUSED

OPERATIONS: dict[str, Operation] = {**EACH, **SHAPED, **REFUSED}
