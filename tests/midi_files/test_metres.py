"""The metres of a file: 2/4 in pairs of bars, a metre that is said to be another, and those that are not there yet."""

from __future__ import annotations

import pytest

from groovelive.errors import GrooveError
from groovelive.midi_files.metres import metre_of
from groovelive.midi_files.reader import read
from tests.midi_files.test_reader import BAR, HAT, KICK, SNARE, STEP, metre, midi, places, tempo, track

HALF = BAR // 2


def test_two_bars_of_2_4_are_one_of_4_4() -> None:
    hits = [(0, KICK), (HALF, SNARE), (BAR, KICK), (BAR + HALF + STEP, HAT)]
    performance = read(midi(track(hits, meta=[metre(0, 2, 4)])))
    assert places(performance.groove) == [
        (0, "kick", 0.0), (8, "snare", 0.0), (16, "kick", 0.0), (25, "closed_hat", 0.0),
    ]  # fmt: skip
    assert performance.groove.bars == 2 and performance.sections == ((0, 2),)
    assert [str(m) for m in performance.time_signatures] == ["2/4"]
    assert performance.report.remarks == ()


def test_an_odd_number_of_bars_ends_in_silence() -> None:
    assert read(midi(track([(0, KICK), (BAR + STEP, KICK)], meta=[metre(0, 2, 4)]))).groove.bars == 2
    performance = read(midi(track([(0, KICK), (BAR, KICK)], meta=[metre(0, 2, 4)])))
    assert performance.groove.bars == 1 and performance.report.after_end == 1
    performance = read(midi(track([(0, KICK), (HALF, KICK)], meta=[metre(0, 2, 4)])))
    assert places(performance.groove) == [(0, "kick", 0.0), (8, "kick", 0.0)]


def test_a_single_bar_of_2_4_is_left_out() -> None:
    change, back = 2 * BAR, 2 * BAR + HALF
    hits = [(0, KICK), (BAR, SNARE), (change + STEP, HAT), (back, KICK), (back + STEP, SNARE)]
    meta = [metre(0, 4, 4), metre(change, 2, 4), metre(back, 4, 4), tempo(change, 90), tempo(back, 80)]
    performance = read(midi(track(hits, meta=meta)))
    assert places(performance.groove) == [
        (0, "kick", 0.0), (16, "snare", 0.0), (32, "kick", 0.0), (33, "snare", 0.0),
    ]  # fmt: skip
    assert performance.report.skipped == ((3, 3, "2/4", 1),)
    assert performance.sections == ((0, 2), (2, 1)) and performance.tempo_map == ((0, 120), (8, 80))


@pytest.mark.parametrize("bars", [1, 2, 3, 4, 5])
def test_bars_of_2_4_between_others(bars: int) -> None:
    change, back = BAR, BAR + bars * HALF
    hits = [(0, KICK), *((change + k * HALF + STEP, HAT) for k in range(bars)), (back + STEP, SNARE)]
    performance = read(midi(track(hits, meta=[metre(0, 4, 4), metre(change, 2, 4), metre(back, 4, 4)])))
    assert performance.groove.bars == 1 + bars // 2 + 1
    assert sum(note.name == "closed_hat" for note in performance.groove) == bars - bars % 2
    assert places(performance.groove)[-1] == (16 + bars // 2 * 16 + 1, "snare", 0.0)
    left_out = ((1 + bars, 1 + bars, "2/4", 1),) if bars % 2 else ()
    assert performance.report.skipped == left_out


def test_a_file_with_the_wrong_metre_is_read_in_the_right_one() -> None:
    data = midi(track([(0, KICK), (BAR, SNARE), (BAR + STEP, HAT)], meta=[metre(0, 3, 4), metre(BAR, 6, 8)]))
    performance = read(data, metre="4/4")
    assert places(performance.groove) == [(0, "kick", 0.0), (16, "snare", 0.0), (17, "closed_hat", 0.0)]
    assert [str(m) for m in performance.time_signatures] == ["4/4"]
    assert performance.report.skipped == ()


@pytest.mark.parametrize("text", ["3/4", "6/8", "5/4", "7/8", "12/8", "0/4", "0/0"])
def test_metres_that_are_not_there_yet(text: str) -> None:
    with pytest.raises(GrooveError, match=f"{text} is not there yet; groovelive reads 4/4"):
        metre_of(text)


@pytest.mark.parametrize("text", ["", "four", "4", "4/4/4", "-4/4", 4, None])
def test_what_is_no_metre(text: str) -> None:
    with pytest.raises(GrooveError, match="a metre is written as '4/4', not as"):
        metre_of(text)
