"""Whatever has the three arrays is measured, drawn and compared as a Groove is; a Groove needs no reader of files."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from groovelive.errors import GrooveError
from groovelive.grooves.compare import difference, distance
from groovelive.grooves.display import roll, summary, svg
from groovelive.grooves.features import features
from groovelive.grooves.groove import Groove
from groovelive.grooves.hvo import Cells, arrays, bar_count, cut, notes

GROOVE = Groove.from_notes([(0, "kick"), (4, "snare", 0.9, 0.25), (16, "hh"), (31, "ride", 0.3, -0.5)])


def test_cells_serve_as_the_groove_that_they_come_from() -> None:
    cells = arrays(GROOVE)
    assert isinstance(cells, Cells) and bar_count(cells) == 2
    assert tuple(notes(cells)) == tuple(GROOVE)
    assert features(cells) == GROOVE.features()
    assert summary(cells) == repr(GROOVE) and roll(cells) == roll(GROOVE) and svg(cells) == GROOVE._repr_svg_()
    assert distance(cells, GROOVE) == 0 and not difference(GROOVE, cells)


def test_bars_are_cut_as_a_slice_of_the_groove() -> None:
    for one, other in zip(cut(GROOVE, 1, 2), arrays(GROOVE[1]), strict=True):
        assert np.array_equal(one, other)


def test_only_what_has_the_arrays_is_compared() -> None:
    with pytest.raises(GrooveError, match="compared with a Groove, not with str"):
        distance(GROOVE, "bd")  # type: ignore[arg-type]


def test_a_groove_alone_loads_no_reader_and_still_reads() -> None:
    code = """
import sys
from groovelive.grooves.groove import Groove
Groove.empty(), repr(Groove.empty())
early = {name for name in sys.modules if name.startswith(("groovelive.notation", "groovelive.midi", "mido"))}
assert not early, early
assert len(Groove.parse("x..x", bars=1)) == 8
assert "mido" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
