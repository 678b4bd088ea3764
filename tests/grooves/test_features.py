"""The measures of a groove, against values worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groovelive.grooves.features import (
    Features,
    GroupDensities,
    VoiceCounts,
    features,
    laid_back,
    swing_ratio,
    symmetry,
    syncopation,
)
from groovelive.grooves.groove import VOICES, Groove

ROCK = Groove.from_notes(
    [(s, "kick") for s in (0, 8)] + [(s, "snare") for s in (4, 12)] + [(s, "hh") for s in range(0, 16, 2)],
    steps=16,
)


def kicks(*steps, bars=1):
    return Groove.from_notes([(step, "kick") for step in steps], steps=16 * bars)


def test_silence():
    silent = features(Groove.empty())
    assert silent == Features(
        notes=0, density=0.0, densities=GroupDensities(*[0.0] * 5),
        syncopation=0.0, swing=0.5, laid_back=0.0, symmetry=1.0,
        velocity_mean=0.0, velocity_std=0.0, offset_std=0.0, voices=0, counts=VoiceCounts(*[0] * 9),
    )  # fmt: skip


def test_counts_and_densities():
    measured = ROCK.features()
    assert (measured.notes, measured.voices, measured.density) == (12, 3, 0.5)
    assert measured.counts._asdict() == dict(zip(VOICES, (2, 2, 8, 0, 0, 0, 0, 0, 0), strict=True))
    assert measured.densities._asdict() == {
        "kick": 1 / 8,
        "snare": 1 / 8,
        "hats": 0.5,
        "toms": 0,
        "cymbals": 0,
    }


def test_dynamics():
    measured = Groove.from_notes([(0, 0, 0.25, 0.25), (4, 1, 0.75, -0.25)]).features()
    assert (measured.velocity_mean, measured.velocity_std, measured.offset_std) == (0.5, 0.25, 0.25)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((0, 4, 8, 12), 0),  # on the beats
        (tuple(range(16)), 0),  # no rest
        ((2,), 1),  # an 8th before a silent beat
        ((2, 4), 0),  # the beat is played
        ((1, 2), 1),  # the 16th is followed at once; the 8th syncopates
        ((1,), 2),  # a 16th, and beats are silent
        ((1, 4), 1),  # a 16th, and only an 8th is silent
        ((3,), 2),
        ((3, 4), 0),
        ((15,), 2),  # over the end of the loop, into a silent first beat
        ((0, 15), 0),
        (
            (0, 3, 6, 10, 12),
            2 + 1,
        ),  # son clave: the second stroke (16th over beat 2), the third (8th over beat 3)
        ((14,), 1),
        ((14, 15), 2),
    ],
)
def test_syncopation(steps, expected):
    assert syncopation(kicks(*steps).hits) == expected
    assert syncopation(kicks(*steps).repeat(2).hits) == expected  # per bar
    assert syncopation(kicks(*steps).rotate(4).hits) == expected  # the beats weigh alike


def test_syncopation_adds_the_lines_and_spares_the_backbeat():
    assert syncopation(ROCK.hits) == 0
    assert syncopation((ROCK.without("kick") | kicks(0, 6, 10)).hits) == 2
    both = Groove.from_notes([(3, "kick"), (3, "ride"), (4, "snare")], steps=16)
    assert syncopation(both.hits) == 4
    one_line = Groove.from_notes([(3, "snare"), (4, "low_tom")], steps=16)
    assert syncopation(one_line.hits) == 0


@given(st.floats(0.5, 0.74))
@settings(max_examples=30, deadline=None)
def test_swing_is_what_swing_makes(ratio):
    hats = Groove.from_notes([(s, "hh") for s in range(32)])
    swung = hats.swing(ratio)
    assert swing_ratio(swung.hits, swung.offsets) == pytest.approx(ratio, abs=1e-6)
    late = swung.nudge(0.01)
    assert late.features().swing == pytest.approx(ratio, abs=1e-6)
    assert late.features().laid_back == pytest.approx(0.01, abs=1e-6)


def test_swing_without_off_16ths_is_straight():
    late = ROCK.nudge(0.25)
    assert swing_ratio(late.hits, late.offsets) == 0.5
    only_odd = kicks(1, 5).nudge(0.25)
    assert swing_ratio(only_odd.hits, only_odd.offsets) == 0.625


def test_laid_back_ignores_swing():
    swung = Groove.from_notes([(s, "hh") for s in range(32)]).swing(0.6)
    assert laid_back(swung.hits, swung.offsets) == 0
    ahead = ROCK.nudge(-0.125)
    assert laid_back(ahead.hits, ahead.offsets) == -0.125


@pytest.mark.parametrize(
    ("steps", "expected"), [((0, 16), 1.0), ((0,), 0.0), ((0, 4, 16), 0.5), ((0, 4, 8, 16, 20, 28), 0.5)]
)
def test_symmetry(steps, expected):
    assert symmetry(kicks(*steps, bars=2).hits) == expected


def test_features_are_a_value():
    measured = ROCK.features()
    assert measured == features(Groove.from_hvo(ROCK.hvo)) and hash(measured) == hash(features(ROCK))
    with pytest.raises(AttributeError):
        measured.density = 1.0  # type: ignore[misc]
    assert all(np.isfinite(x) for x in (measured.syncopation, measured.swing, measured.symmetry))
