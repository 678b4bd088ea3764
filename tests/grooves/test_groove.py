"""The Groove and its transforms: what must hold for every groove, and what is refused."""

import copy
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from groovelive.errors import GrooveError
from groovelive.grooves.groove import (
    GROUPS,
    MAX_BARS,
    SHORT,
    VOICES,
    Groove,
    Note,
    voice_indices,
)


def for_all(*strategies):
    return lambda test: settings(max_examples=40, deadline=None)(given(*strategies)(test))


@st.composite
def grooves(draw, bars=None):
    # Velocities and offsets in 64ths are exact in float32, so that sums and mirrors can be compared.
    shape = (16 * (bars or draw(st.integers(1, 3))), 9)
    hits = draw(hnp.arrays(np.int8, shape, elements=st.integers(0, 1), fill=st.just(0)))
    loud, late = st.integers(0, 64), st.integers(-32, 32)
    velocities = draw(hnp.arrays(np.int8, shape, elements=loud, fill=loud))
    offsets = draw(hnp.arrays(np.int8, shape, elements=late, fill=late))
    return Groove(hits, velocities / 64, offsets / 64)


def on_grid(groove):
    return groove.quantise(1)


def valid(groove):
    """Rebuild the groove through the constructor, which refuses what `_trusted` must not be given."""
    assert Groove(groove.hits, groove.velocities, groove.offsets) == groove
    off = groove.hits == 0
    assert not groove.velocities[off].any() and not groove.offsets[off].any()
    assert all(a.dtype == np.float32 for a in (groove.hits, groove.velocities, groove.offsets))
    return groove


# Construction


def test_defaults_and_zeroing():
    hits = np.zeros((16, 9), bool)
    hits[3, 1] = True
    groove = Groove(hits, offsets=np.full((16, 9), 0.25))
    assert list(groove) == [(3, 1, pytest.approx(0.8), 0.25)]
    assert groove.offsets.sum() == 0.25 and groove.velocities.sum() == pytest.approx(0.8)
    assert (groove.steps, groove.bars, len(groove)) == (16, 1, 1)


def test_the_groove_does_not_share_memory_with_what_made_it():
    hits = np.zeros((32, 9), np.float32)
    groove = Groove(hits)
    hits[0, 0] = 1
    assert len(groove) == 0


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ((np.zeros((32, 8)),), r"shape \(steps, 9\), not \(32, 8\)"),
        ((np.zeros(9),), "shape"),
        ((np.zeros((20, 9)),), "multiple of 16 steps, not 20"),
        ((np.zeros((0, 9)),), "not 0"),
        ((np.full((16, 9), 0.5),), "0 or 1"),
        ((np.full((16, 9), np.nan),), "NaN"),
        ((np.full((16, 9), -1),), "0 or 1"),
        ((np.ones((16, 9)), np.full((16, 9), 1.4)), "velocities must lie from 0 to 1"),
        ((np.ones((16, 9)), np.full((16, 9), np.inf)), "velocities must lie"),
        ((np.ones((16, 9)), np.ones((16, 8))), "velocities must have the shape of hits"),
        ((np.ones((16, 9)), None, np.full((16, 9), -0.6)), "offsets must lie from -0.5 to 0.5"),
        ((np.ones((16, 9)), None, np.full((16, 9), np.nan)), "NaN"),
        (([[1, 2], [3]],), "array of numbers"),
        (("abc",), "array of numbers"),
    ],
)
def test_bad_arrays(arrays, words):
    with pytest.raises(GrooveError, match=words):
        Groove(*arrays)


def test_rounding_is_forgiven():
    groove = Groove(np.ones((16, 9)), np.full((16, 9), 1 + 5e-7), np.full((16, 9), -0.5 - 5e-7))
    assert groove.velocities.max() == 1 and groove.offsets.min() == -0.5


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        ([(32, "kick")], "0 to 31"),
        ([(-1, "kick")], "0 to 31"),
        ([(1.5, "kick")], "whole number"),
        ([(0, 9)], "0 to 8"),
        ([(0, "kik")], "did you mean 'kick'"),
        ([(0, "toms")], "group of 3"),
        ([(0, "kick", float("nan"))], "not a number"),
        ([(0, "kick", 2.0)], "velocities must lie"),
        ([(0, "kick", "loud")], "must be numbers"),
        ([(0,)], "tuple"),
        ([7], "tuple"),
    ],
)
def test_bad_notes(notes, words):
    with pytest.raises(GrooveError, match=words):
        Groove.from_notes(notes)


@pytest.mark.parametrize("bars", [0, -1, 1.5, True, "2", MAX_BARS + 1])
def test_bad_lengths(bars):
    with pytest.raises(GrooveError):
        Groove.empty(bars)


def test_the_louder_of_two_notes_in_a_cell_stays():
    for notes in ([(0, 0, 0.5, 0.1), (0, 0, 0.9, 0.2)], [(0, 0, 0.9, 0.2), (0, 0, 0.5, 0.1)]):
        assert list(Groove.from_notes(notes)) == [(0, 0, pytest.approx(0.9), pytest.approx(0.2))]


@for_all(grooves())
def test_round_trips(groove):
    assert Groove.from_notes(groove, steps=groove.steps) == groove
    assert Groove.from_hvo(groove.hvo) == groove
    assert Groove.of(groove.hvo) == groove and Groove.of(groove) is groove
    assert pickle.loads(pickle.dumps(groove)) == groove
    assert copy.copy(groove) is groove and copy.deepcopy(groove) is groove


def test_of():
    notes = [Note(20, 1, 0.5, 0.0)]
    assert Groove.of(notes) == Groove.from_notes(notes, steps=32)
    hits = np.zeros((16, 9))
    assert Groove.of(hits) == Groove.empty(1) == Groove.of(hits.tolist())
    assert Groove.of(np.zeros((16, 3))) == Groove.empty(1)
    wrong: Any
    for wrong in (np.zeros((16, 4)), np.zeros(16), 3, [object()]):
        with pytest.raises(GrooveError):
            Groove.of(wrong)


def test_text_and_midi_come_through_their_modules(tmp_path):
    notation = pytest.importorskip("groovelive.notation.parser")
    assert Groove.of("bd sn") == notation.parse("bd sn") == Groove.parse("bd sn")
    pytest.importorskip("groovelive.midi_files.reader")
    (tmp_path / "empty.mid").write_bytes(b"")
    for source in (tmp_path / "empty.mid", str(tmp_path / "empty.mid")):
        with pytest.raises(GrooveError):
            Groove.of(source)


@for_all(grooves())
def test_tap(groove):
    tap = groove.tap()
    assert tap.shape == (groove.steps, 3) and not tap.flags.writeable
    assert np.array_equal(tap[:, 0] == 1, groove.hits.any(axis=1))
    assert np.array_equal(tap[:, 1], groove.velocities.max(axis=1))
    assert not tap[tap[:, 0] == 0].any()
    for step, (hit, velocity, offset) in enumerate(tap):
        cells = zip(groove.hits[step], groove.velocities[step], groove.offsets[step], strict=True)
        assert not hit or (hit, velocity, offset) in list(cells)
    assert np.array_equal(Groove.from_tap(tap, "snare").tap(), tap)
    assert set(np.flatnonzero(Groove.from_tap(tap, "snare").hits.any(axis=0))) <= {1}


def test_bad_taps():
    with pytest.raises(GrooveError, match=r"\(steps, 3\)"):
        Groove.from_tap(np.zeros((32, 4)))
    with pytest.raises(GrooveError, match="group of 2"):
        Groove.from_tap(np.zeros((32, 3)), voice="hats")
    with pytest.raises(GrooveError, match=r"\(steps, 27\)"):
        Groove.from_hvo(np.zeros((32, 26)))


# As a value


def test_it_cannot_be_changed():
    groove = Groove.from_notes([(0, "kick")])
    for array in (groove.hits, groove.velocities, groove.offsets, groove.repeat(2).hits, groove[0].hits):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 0
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.setflags(write=True)
    for name in ("hits", "_hits", "anything"):
        with pytest.raises(AttributeError, match="immutable"):
            setattr(groove, name, None)
    with pytest.raises(AttributeError, match="immutable"):
        del groove._hits


def test_trusted_arrays_are_not_reachable_through_their_base():
    base = np.zeros((3, 16, 9), np.float32)
    groove = Groove._trusted(*base)
    base[0, 0, 0] = 1
    assert len(groove) == 0
    with pytest.raises(ValueError, match="WRITEABLE"):
        groove.hits.setflags(write=True)


@for_all(grooves(), grooves())
def test_equality_and_hash(one, other):
    same = Groove.from_hvo(one.hvo)
    assert same == one and hash(same) == hash(one) and len({same, one}) == 1
    assert (one == other) == (one.steps == other.steps and np.array_equal(one.hvo, other.hvo))
    assert one != "a groove"


def test_minus_zero_is_zero():
    plain = Groove.from_notes([(0, "kick")])
    negated = Groove._trusted(plain.hits.copy(), plain.velocities.copy(), -plain.offsets)
    assert negated == plain and hash(negated) == hash(plain)


def test_an_empty_groove_is_true():
    assert Groove.empty() and not len(Groove.empty())


@for_all(grooves())
def test_notes_come_in_order_of_time(groove):
    notes = list(groove)
    assert len(notes) == len(groove)
    assert [(n.position, n.voice) for n in notes] == sorted((n.position, n.voice) for n in notes)
    assert all(type(n.step) is int and type(n.velocity) is float for n in notes)


# Bars


@for_all(grooves(), st.integers(1, 4))
def test_bars(groove, times):
    long = valid(groove.repeat(times))
    assert long.bars == times * groove.bars
    assert long[: groove.bars] == groove == long[-groove.bars :]
    joined = groove[0]
    for bar in range(1, groove.bars):
        joined = joined + groove[bar]
    assert joined == groove and groove[-1] == groove[groove.bars - 1]
    assert groove[::-1][::-1] == groove


def test_bad_bars():
    groove = Groove.empty(2)
    wrong = (
        (2, "no bar 2"),
        (-3, "bars 0 to 1"),
        (slice(1, 1), "at least one"),
        (1.0, "whole"),
        (None, "whole"),
    )
    key: Any
    for key, words in wrong:
        with pytest.raises(GrooveError, match=words):
            groove[key]
    times: Any
    for times in (0, -1, 1.5, True, 10**9):
        with pytest.raises(GrooveError):
            groove.repeat(times)
    with pytest.raises(TypeError):
        groove + 3  # type: ignore[operator]


# Order of time


@for_all(grooves(), st.integers(-70, 70))
def test_rotation(groove, steps):
    turned = valid(groove.rotate(steps))
    assert turned.rotate(-steps) == groove
    assert turned == groove.rotate(steps % groove.steps)
    assert turned == groove.rotate(Fraction(steps, 16)) == groove.rotate(steps / 16)
    if len(groove):
        note = next(iter(groove))
        assert turned.hits[(note.step + steps) % groove.steps, note.voice]


@pytest.mark.parametrize("amount", [1 / 3, 0.01, float("nan"), float("inf"), "x", None])
def test_bad_rotations(amount):
    with pytest.raises(GrooveError):
        Groove.empty().rotate(amount)


@for_all(grooves())
def test_reverse(groove):
    back = valid(groove.reverse())
    assert back.reverse() == groove
    assert np.array_equal(back.hits, groove.hits[::-1])
    assert sorted(n.position for n in back) == sorted(groove.steps - 1 - n.position for n in groove)


@for_all(grooves(), st.sampled_from([2, 3, 0.5, 0.25, 1.5, 1 / 3, Fraction(3, 4), 1]))
def test_stretch(groove, factor):
    ratio = Fraction(factor).limit_denominator(8)
    slow = valid(groove.stretch(factor))
    length = groove.steps * ratio
    rounds = slow.steps / length
    assert rounds == int(rounds) and slow.steps % 16 == 0
    starts = [float(k * length) for k in range(int(rounds))]
    for note in slow:
        sources = [start + n.position * float(ratio) for n in groove[VOICES[note.voice]] for start in starts]
        apart = (np.array(sources) - note.position) % slow.steps
        assert np.minimum(apart, slow.steps - apart).min() < 1e-4
    if ratio >= 1:
        clear = on_grid(groove).stretch(factor)
        assert len(clear) == len(groove) * int(rounds)
        assert clear.stretch(1 / ratio)[: groove.bars] == on_grid(groove)


def test_of_two_notes_that_a_stretch_brings_together_the_louder_stays():
    for first, second in ((0.25, 0.75), (0.75, 0.25)):
        groove = Groove.from_notes([(0, "hh", first), (1, "hh", second, -0.5)])
        assert [n.velocity for n in groove.stretch(0.5)] == [0.75]


@pytest.mark.parametrize("factor", [0, -1, 0.97531, float("nan"), "fast", 10**6])
def test_bad_stretches(factor):
    with pytest.raises(GrooveError):
        Groove.empty().stretch(factor)


# Voices


@for_all(grooves(), grooves(), grooves())
def test_overlay(one, other, third):
    both = valid(one | other)
    assert both == other | one
    assert one | one == one
    assert both.bars == max(one.bars, other.bars)
    if one.steps == other.steps:
        assert np.array_equal(both.hits, np.maximum(one.hits, other.hits))
        assert np.array_equal(both.velocities, np.maximum(one.velocities, other.velocities))
        assert one | Groove.empty(one.bars) == one
        if third.steps == one.steps:
            assert both | third == one | (other | third)


def test_of_two_equally_loud_notes_the_earlier_stays():
    early, late = (Groove.from_notes([(0, "kick", 0.5, offset)]) for offset in (-0.25, 0.25))
    assert early | late == late | early == early


def test_overlay_repeats_the_shorter():
    one = Groove.from_notes([(0, "kick")], steps=16)
    assert [n.step for n in one | Groove.empty(3)] == [0, 16, 32]
    with pytest.raises(TypeError):
        one | 3  # type: ignore[operator]


@for_all(grooves(), st.sets(st.sampled_from([*VOICES, *SHORT, *GROUPS]), min_size=1))
def test_only_and_without(groove, names):
    chosen = set(voice_indices(names))
    kept, rest = valid(groove.only(*names)), valid(groove.without(names))
    assert {n.voice for n in kept} <= chosen and not chosen & {n.voice for n in rest}
    assert len(kept) + len(rest) == len(groove) and kept | rest == groove
    assert groove[tuple(names)] == kept == groove.only(list(names))


def test_unknown_voices():
    groove = Groove.empty()
    for call in (groove.only, groove.without, groove.__getitem__, lambda v: groove.nudge(0.1, v)):
        with pytest.raises(GrooveError, match="did you mean 'snare'"):
            call("snair")
    with pytest.raises(GrooveError, match="unknown voice 3"):
        voice_indices([3])  # type: ignore[list-item]


@for_all(grooves(), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32))
def test_degrade(groove, p, q, seed):
    p, q = sorted((p, q))
    few = valid(groove.degrade(q, seed))
    assert few == groove.degrade(q, seed)
    assert few | groove == groove and groove.degrade(p, seed) | few == groove.degrade(p, seed)
    assert groove.degrade(0, seed) == groove and not len(groove.degrade(1, seed))


def test_degrade_drops_the_share_it_says():
    full = Groove(np.ones((1600, 9)))
    assert len(full.degrade(0.3, 5)) / len(full) == pytest.approx(0.7, abs=0.02)
    assert full.degrade(0.3, 5) != full.degrade(0.3, 6)


# Timing


@for_all(grooves(), st.floats(0, 1))
def test_quantise(groove, amount):
    tight = valid(groove.quantise(amount))
    assert np.allclose(tight.offsets, groove.offsets * (1 - amount), atol=1e-6)
    assert np.array_equal(tight.hits, groove.hits) and np.array_equal(tight.velocities, groove.velocities)
    assert groove.quantise(0) == groove and not groove.quantise().offsets.any()


@for_all(grooves(), st.floats(-20, 20))
def test_nudge_loses_nothing(groove, amount):
    moved = valid(groove.nudge(amount))
    assert np.array_equal(moved.hits.sum(axis=0), groove.hits.sum(axis=0))
    for voice in range(9):
        assert sorted(moved.velocities[:, voice]) == pytest.approx(sorted(groove.velocities[:, voice]))


@for_all(grooves(), st.floats(-0.49, 0.49))
def test_nudge_moves_by_the_amount(groove, amount):
    plain = on_grid(groove)
    moved = valid(plain.nudge(amount))
    assert np.allclose(moved.offsets, plain.hits * amount, atol=1e-6) and np.array_equal(moved.hits, plain.hits)
    assert groove.nudge(0) == groove and groove.nudge(3) == groove.rotate(3)


@for_all(grooves(), st.integers(-300, 300))
def test_nudge_moves_exactly_where_there_is_room(groove, sixtyfourths):
    amount = sixtyfourths / 64
    roomy = Groove.from_notes([n for n in groove if n.step % 3 == 0 and n.step < groove.steps - 1], groove.steps)
    moved = valid(roomy.nudge(amount))
    wanted = sorted(((n.position + amount) % groove.steps, n.voice, n.velocity) for n in roomy)
    assert sorted((n.position % groove.steps, n.voice, n.velocity) for n in moved) == wanted


def test_a_nudge_leaves_the_step_just_beyond_half_of_it():
    groove = Groove.from_notes([(3, "sn", 0.5, 0.4375), (8, "sn", 0.5, -0.4375)])
    assert [(n.step, n.offset) for n in groove.nudge(0.0625)] == [(3, 0.5), (8, -0.375)]
    assert [(n.step, n.offset) for n in groove.nudge(0.125)] == [(4, -0.4375), (8, -0.3125)]
    assert [(n.step, n.offset) for n in groove.nudge(-0.125)] == [(3, 0.3125), (7, 0.4375)]


def test_nudge_some_voices_and_around_the_end():
    groove = Groove.from_notes([(31, "kick"), (31, "snare")])
    assert [(n.step, n.voice, n.offset) for n in groove.nudge(0.75, "kick")] == [(0, 0, -0.25), (31, 1, 0.0)]
    assert [(n.step, n.offset) for n in groove["kick"].rotate(1).nudge(-0.75)] == [(31, 0.25)]


def test_a_note_that_finds_its_new_step_taken_waits_at_the_edge():
    crowd = Groove.from_notes([(3, "sn", 0.5, 0.4375), (4, "sn", 0.8, -0.25)])
    assert [(n.step, n.offset) for n in crowd.nudge(0.25)] == [(3, 0.5), (4, 0.0)]


def test_of_two_notes_that_meet_the_louder_moves():
    deltas = np.zeros((16, 9))
    deltas[3], deltas[5] = 0.75, -0.75
    for left, right in ((0.5, 0.75), (0.75, 0.5)):
        groove = Groove.from_notes([(3, "sn", left), (5, "sn", right)], steps=16)
        moved = valid(groove._displaced(deltas))
        assert len(moved) == 2 and moved.velocities[4, 1] == 0.75


@for_all(grooves(), st.floats(0.5, 0.75))
def test_swing(groove, ratio):
    assert groove.swing(0.5) == groove
    swung = valid(groove.swing(ratio))
    assert len(swung) == len(groove)
    plain = on_grid(groove).swing(ratio)
    assert np.allclose(plain.offsets[1::2], plain.hits[1::2] * (2 * ratio - 1), atol=1e-6)
    assert not plain.offsets[::2].any()


def test_swing_beyond_half_a_step_moves_to_the_next():
    groove = Groove.from_notes([(1, "hh", 0.5, 0.25), (31, "hh", 0.5, 0.25)])
    assert [(n.step, n.offset) for n in groove.swing(0.75)] == [(0, -0.25), (2, -0.25)]


@pytest.mark.parametrize("ratio", [0.4, 0.76, float("nan"), "x", None])
def test_bad_swings(ratio):
    with pytest.raises(GrooveError, match="swing ratio"):
        Groove.empty().swing(ratio)


@for_all(grooves(), st.floats(0, 2), st.integers(0, 2**32))
def test_humanise(groove, amount, seed):
    loose = valid(groove.humanise(amount, seed))
    assert loose == groove.humanise(amount, seed)
    assert len(loose) == len(groove) and groove.humanise(0, seed) == groove


def test_humanise_scatters_as_much_as_it_says():
    hits = np.zeros((3200, 9))
    hits[::2] = 1
    plain = Groove(hits, np.full(hits.shape, 0.5))
    loose = plain.humanise(1, 3)
    on = plain.hits == 1
    assert loose.offsets[loose.hits == 1].std() == pytest.approx(0.2, abs=0.01)
    assert loose.velocities[loose.hits == 1].std() == pytest.approx(0.1, abs=0.01)
    half = plain.humanise(0.5, 3)
    assert half.offsets[on].std() == pytest.approx(0.1, abs=0.005) and half != plain.humanise(0.5, 4)


def test_bad_amounts_and_seeds():
    groove = Groove.empty()
    bad = [
        lambda: groove.quantise(1.1),
        lambda: groove.humanise(-0.1),
        lambda: groove.humanise(1, seed=-1),
        lambda: groove.degrade(1.4),
        lambda: groove.degrade(0.5, seed=1.5),  # type: ignore[arg-type]
        lambda: groove.nudge(float("nan")),
        lambda: groove.scale_velocity(-1),
        lambda: groove.accent("downbeat", 0.2),  # type: ignore[arg-type]
        lambda: groove.accent(0),
        lambda: groove.accent([16]),
        lambda: groove.accent("beats", 2),
        lambda: groove.with_feel_of("bd"),  # type: ignore[arg-type]
        lambda: groove.distance(Groove.empty(1)),
        lambda: groove.diff(Groove.empty(3)),
        lambda: groove.diff("bd"),  # type: ignore[arg-type]
    ]
    for call in bad:
        with pytest.raises(GrooveError):
            call()


# Dynamics


@for_all(grooves(), st.floats(0, 4))
def test_scale_velocity(groove, factor):
    scaled = valid(groove.scale_velocity(factor))
    assert np.allclose(scaled.velocities, np.minimum(groove.velocities * factor, 1), atol=1e-6)
    assert np.array_equal(scaled.hits, groove.hits) and np.array_equal(scaled.offsets, groove.offsets)
    snare = groove.scale_velocity(factor, voices="snare")
    assert snare["snare"] == scaled["snare"] and snare.without("snare") == groove.without("snare")


@for_all(grooves(), st.floats(-1, 1))
def test_accent(groove, amount):
    for steps, chosen in (
        ("downbeats", [0]),
        ("beats", [0, 4, 8, 12]),
        ("backbeats", [4, 12]),
        ("offbeats", [2, 6, 10, 14]),
        (3, None),
        ([1, 15], [1, 15]),
    ):
        louder = valid(groove.accent(steps, amount, voices=["bd", "hats"]))
        places = range(groove.steps)
        on = [s % 3 == 0 if chosen is None else s % 16 in chosen for s in places]
        for step in places:
            expected = groove.velocities[step].copy()
            if on[step]:
                expected[[0, 2, 3]] = np.clip(expected[[0, 2, 3]] + amount, 0, 1)
            assert np.allclose(louder.velocities[step], expected * groove.hits[step], atol=1e-6)


# With another groove


@for_all(grooves(), grooves())
def test_with_feel_of(groove, other):
    felt = valid(groove.with_feel_of(other))
    assert np.array_equal(felt.hits, groove.hits)
    assert groove.with_feel_of(groove) == groove
    assert groove.with_feel_of(Groove.empty()) == groove
    shared = (groove.hits == 1) & (np.resize(other.hits, groove.hits.shape) == 1)
    assert np.array_equal(felt.velocities[shared], np.resize(other.velocities, groove.hits.shape)[shared])
    assert np.array_equal(felt.offsets[shared], np.resize(other.offsets, groove.hits.shape)[shared])


def test_feel_of_other_voices_bars_and_beats():
    other = Groove.from_notes([(0, "ride", 1.0, 0.125), (2, "ride", 0.5, -0.25)], steps=16)
    plain = Groove.from_notes([(s, "hh", 0.5) for s in (0, 1, 2, 6, 18)], steps=32)
    felt = {n.step: (n.velocity, n.offset) for n in plain.with_feel_of(other)}
    loud, soft = 0.5 * 1.0 / 0.75, 0.5 * 0.5 / 0.75
    assert felt[0] == (pytest.approx(loud), 0.125)  # the tap's in the same step
    assert felt[2] == (pytest.approx(soft), -0.25)
    assert felt[18] == (pytest.approx(soft), -0.25)  # the other groove is repeated
    assert felt[6] == (pytest.approx(soft), -0.25)  # the same place in another beat
    assert felt[1] == (0.5, 0.0)  # nothing to go by
    uneven = other + Groove.empty(1)
    assert {n.step: n.offset for n in plain.with_feel_of(uneven)}[18] == -0.25  # the same step of another bar


@for_all(grooves(bars=2), grooves(bars=2), grooves(bars=2))
def test_distance_is_a_metric(a, b, c):
    assert a.distance(b) == b.distance(a) >= 0
    assert (a.distance(b) == 0) == (a == b)
    assert a.distance(c) <= a.distance(b) + b.distance(c) + 1e-9
    assert a.distance(Groove.empty()) == len(a)


@for_all(grooves(bars=1), grooves(bars=1))
def test_diff(a, b):
    change = a.diff(b)
    assert bool(change) == (a != b)
    assert len(a) + len(change.added) - len(change.removed) == len(b)
    rebuilt = [n for n in a if n not in change.removed and n not in [old for old, _ in change.changed]]
    assert Groove.from_notes([*rebuilt, *change.added, *(new for _, new in change.changed)], steps=16) == b
    back = b.diff(a)
    assert (back.added, back.removed) == (change.removed, change.added)


# Size


def test_ten_thousand_bars_are_one_array():
    hits = np.zeros((160_000, 9), np.float32)
    hits[::4, 0] = 1
    groove = Groove(hits)
    assert groove.bars == 10_000 and len(groove) == 40_000
    assert groove.nudge(0.6).swing(0.6).rotate(1).reverse().bars == 10_000
    assert Groove.from_notes(groove, steps=groove.steps) == groove
