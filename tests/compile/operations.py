"""All operations of random programs, by name."""

from __future__ import annotations

from tests.compile.operation import Operation
from tests.compile.operations_of_arrays import SHAPED
from tests.compile.operations_of_numbers import EACH
from tests.compile.refused_operations import REFUSED

OPERATIONS: dict[str, Operation] = {**EACH, **SHAPED, **REFUSED}
