"""Ticks, labels and the camera: where things stand in a plot."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.show.camera import camera, seen_by_camera, seen_flat
from dse.show.label_places import label_places
from dse.show.log_axis import log_range, log_ticks, metric_axis


@given(st.floats(-9, 9), st.floats(0.02, 12), st.integers(4, 8))
def test_an_axis_has_two_ticks_or_more_all_on_it(
    low: float, span: float, most: int
) -> None:
    ticks = log_ticks(low, low + span, most=most)
    assert 2 <= len(ticks) <= most
    assert ticks == sorted(set(ticks))
    assert all(low - 1e-9 <= math.log10(tick) <= low + span + 1e-9 for tick in ticks)


def test_decades_get_round_ticks() -> None:
    assert log_ticks(0.0, 2.0) == [1, 3, 10, 30, 100]
    assert log_ticks(1.0, 1.7, most=6) == [10, 20, 50]
    assert log_ticks(0.0, 10.0, most=6) == [1, 1e2, 1e4, 1e6, 1e8, 1e10]


def test_an_axis_shows_every_value_with_room_and_its_unit() -> None:
    values = np.asarray([3.0, 40.0])
    low, high = log_range(values)
    assert low < math.log10(3.0)
    assert high > math.log10(40.0)
    assert metric_axis("Energy (mJ)", values)["title"]["text"] == "Energy (mJ)"


def test_one_value_alone_still_makes_an_axis() -> None:
    low, high = log_range(np.asarray([7.0]))
    assert low < math.log10(7.0) < high


def test_names_of_close_points_cover_neither_each_other_nor_a_mark() -> None:
    points = np.asarray([[150.0, 130.0], [155.0, 133.0], [160.0, 128.0]])
    texts = ["knee", "AccelTran-Edge", "AccelTran-Server"]
    places = label_places(points, texts, np.zeros((0, 2)), (300.0, 270.0))
    boxes = []
    for point, text, place in zip(points, texts, places, strict=True):
        x, y = point + np.asarray(place)
        half = 3.6 * len(text)
        boxes.append((x - half, y - 9, x + half, y + 9))
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0
        assert right <= 300
        assert top >= 0
        assert bottom <= 270
        for x, y in points:
            assert not (left < x < right and top < y < bottom)
        for other in boxes[:i]:
            apart = other[2] <= left or right <= other[0]
            assert apart or other[3] <= top or bottom <= other[1]


def test_a_flat_plot_counts_its_pixels_from_the_upper_left() -> None:
    corners = np.asarray([[0.0, 1.0], [1.0, 0.0]])
    seen = seen_flat(corners, (300.0, 200.0))
    assert seen.tolist() == [[0.0, 0.0], [300.0, 200.0]]


def test_what_the_camera_looks_at_is_in_the_middle_of_the_picture() -> None:
    center = np.asarray([[camera()["center"][axis] + 0.5 for axis in "xyz"]])
    assert seen_by_camera(center, (800.0, 600.0))[0] == pytest.approx([400.0, 300.0])


def test_up_is_up_and_near_is_large_to_the_camera() -> None:
    eye = np.sign([camera()["eye"][axis] for axis in "xy"])
    near = np.asarray([[*(0.5 + 0.5 * eye), z] for z in (0.0, 1.0)])
    far = np.asarray([[*(0.5 - 0.5 * eye), z] for z in (0.0, 1.0)])
    low, high = seen_by_camera(near, (800.0, 600.0))
    far_low, far_high = seen_by_camera(far, (800.0, 600.0))
    assert high[1] < low[1]
    assert low[1] - high[1] > far_low[1] - far_high[1]


@pytest.mark.parametrize("values", [[0.0, 0.02], [0.0], [-0.1, 3.0]])
def test_an_axis_with_a_zero_is_linear_and_shows_every_value(
    values: list[float],
) -> None:
    axis = metric_axis("Accuracy lost (%)", np.asarray(values), most=6)
    assert axis["type"] == "linear"
    low, high = axis["range"]
    assert low < min(values) <= max(values) < high
    assert 2 <= len(axis["tickvals"]) <= 6
    assert all(low <= tick <= high for tick in axis["tickvals"])
