"""Tables in files hold what the columns did, without the help of pandas."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from dse.sweeps.table_file import arrow_table, csv_text

COLUMNS = {
    "design": np.asarray([3, 10**12, -1]),
    "energy_mj": np.asarray([0.1 + 0.2, 1e-300, np.inf]),
    "main_memory": np.asarray(["hbm", "räm, two", ""]),
    "feasible": np.asarray([True, False, True]),
    "reason": np.asarray(["", 'says "no"', ""], object),
}


def test_a_table_comes_back_from_parquet_as_it_was() -> None:
    file = io.BytesIO()
    pq.write_table(arrow_table(COLUMNS), file)
    pd.testing.assert_frame_equal(
        pd.read_parquet(io.BytesIO(file.getvalue())), pd.DataFrame(COLUMNS)
    )


def test_a_view_with_gaps_is_written_as_its_values() -> None:
    every_other = np.arange(10.0)[::2]
    assert arrow_table({"x": every_other})["x"].to_pylist() == every_other.tolist()


def test_csv_is_what_pandas_writes() -> None:
    assert csv_text(COLUMNS) == pd.DataFrame(COLUMNS).to_csv(index=False)


def test_no_table_loads_pandas() -> None:
    code = """
import io, sys, numpy as np, pyarrow.parquet as pq
from dse.sweeps.table_file import arrow_table
pq.write_table(arrow_table({"a": np.arange(3.0), "b": np.asarray(["x"])[[0, 0, 0]]}),
               io.BytesIO())
assert "pandas" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
