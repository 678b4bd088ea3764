"""Following another clock, on a simulated one: the phase comes together without a jump, and stays."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groovelive import GrooveError
from groovelive.conductor.editor import Editor
from groovelive.conductor.osc.server import OscClient
from groovelive.conductor.phase_lock import PhaseLock
from groovelive.conductor.tempo_sync import SILENT, Tempo
from groovelive.conductor.transport import Transport
from groovelive.score.tempo_map import TempoMap

SCLANG, OTHER = OscClient(("127.0.0.1", 57120)), OscClient(("127.0.0.1", 57121))
AHEAD = 0.112  # seconds that notes are sent ahead


class Sclang:
    """A peer whose clock is exact, and whose messages take a while."""

    def __init__(self, host: Host, bpm: float, beat: float) -> None:
        self.host, self.bpm, self._from, self._beat = host, bpm, host.seconds, beat
        self.chance = random.Random(1)

    def beat(self) -> float:
        return self._beat + (self.host.seconds - self._from) * self.bpm / 60

    def change(self, bpm: float) -> None:
        self._beat, self._from, self.bpm = self.beat(), self.host.seconds, bpm

    def tell(self) -> None:
        late = self.chance.random() * 0.002  # on its way, unnoticed
        self.host.tempo.heard(SCLANG, self.beat() - late * self.bpm / 60, self.bpm, self.host.seconds)


class Host:
    """The conductor, as far as the tempo knows it, on a clock that stands still unless told to go."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.told: list[str] = []
        self.editor = Editor(self)
        self.transport = Transport(self.editor.score, anchor=0, now=lambda: round(self.seconds * 1e9))
        self.transport.anchor = self.transport.now()
        host: Any = self
        self.tempo = Tempo(host, self.told.append, now=lambda: self.seconds)

    def beat(self) -> float:
        return self.transport.beat()

    def reach(self, drummer: str) -> float:
        return self.transport.beat_at(self.transport.now() + round(AHEAD * 1e9))

    line = reach

    def pass_(self, beats: float, peer: Sclang, each: Callable[[], None] = lambda: None) -> None:
        """Let time pass; the peer tells its beat at each of its beats."""
        end = self.seconds + beats * 60 / peer.bpm
        while self.seconds < end:
            before, beat = self.beat(), peer.beat()
            self.seconds += 0.01
            assert 0 < self.beat() - before < 0.01 * 400 / 60, "the beat number jumped"
            if int(peer.beat()) != int(beat):
                peer.tell()
            each()


@given(st.floats(40, 300), st.floats(0, 100), st.floats(0, 100))
def test_an_error_is_less_than_half_a_bar(bpm: float, beat: float, ours: float) -> None:
    following = PhaseLock()
    following.heard(beat, bpm, at=5.0)
    error = following.error(ours, at=5.0)
    assert -2 <= error < 2
    assert (ours + error - beat) % 4 == pytest.approx(0, abs=1e-6) or (ours + error - beat) % 4 == pytest.approx(4)
    way = following.way(ours, at=5.0)
    assert 0.89 * bpm < way.end < 1.11 * bpm and 0.75 * bpm < way.start < 1.25 * bpm


@given(st.floats(40, 300), st.floats(-0.39, 0.39), st.floats(0.25, 4))
def test_a_way_leads_where_the_leader_is(bpm: float, error: float, over: float) -> None:
    following = PhaseLock(over=over, deadband=0.0)
    following.heard(8.0, bpm, at=5.0)
    way = following.way(8.0 - error, at=5.0)
    assert way.end == pytest.approx(bpm) and way.beats <= 4.0
    if way.beats:
        ours = TempoMap([(0, way.start, way.end), (way.beats, way.end, way.end)])
        arrived = 5.0 + ours.seconds(way.beats)
        assert following.beat(arrived) == pytest.approx(8.0 - error + way.beats, abs=1e-5)
        assert abs(way.start - bpm) <= 0.38 * bpm  # at 15 % on average, the most that is gained in a beat


def test_one_word_that_was_late_changes_little() -> None:
    following = PhaseLock()
    for k in range(5):
        following.heard(float(k), 120.0, at=k * 0.5 + (0.1 if k == 3 else 0.0))
    assert following.beat(2.5) == pytest.approx(5.0)


@pytest.mark.parametrize("bpm, ahead", [(120.0, 0.05), (97.3, 1.9), (140.0, -1.2), (120.0, 0.0)])
def test_the_bar_lines_come_together(bpm: float, ahead: float) -> None:
    host = Host()
    peer = Sclang(host, bpm, 64 + ahead)
    host.tempo.lead(SCLANG, True)
    peer.tell()
    host.pass_(48, peer)
    errors = []
    host.pass_(64, peer, lambda: errors.append(abs(host.tempo.milliseconds())))
    assert max(errors) < 4
    assert host.editor.score.tempo.bpm(host.beat()) == pytest.approx(bpm, rel=1e-3)
    edits = len(host.editor.score.edits)
    host.pass_(64, peer)
    assert len(host.editor.score.edits) - edits <= 6  # once they are together there is little to be done
    assert {edit.by for edit in host.editor.score.edits} <= {"clock"}


def test_a_change_of_tempo_is_followed() -> None:
    host = Host()
    peer = Sclang(host, 120.0, 0.0)
    host.tempo.lead(SCLANG, True)
    host.pass_(16, peer)
    peer.change(150.0)
    peer.tell()
    host.pass_(24, peer)
    assert abs(host.tempo.milliseconds()) < 4
    assert host.editor.score.tempo.bpm(host.beat()) == pytest.approx(150, rel=2e-3)


def test_one_leads_at_a_time() -> None:
    host = Host()
    with pytest.raises(GrooveError, match="nobody has said where its beat is"):
        host.tempo.milliseconds()
    peer = Sclang(host, 130.0, 0.3)
    host.pass_(8, peer)
    assert not host.editor.score.edits  # who does not lead changes nothing
    assert host.tempo.phase() is not None
    host.tempo.lead(SCLANG, True)
    with pytest.raises(GrooveError, match=r"127\.0\.0\.1:57120 leads the tempo; it has to give the lead back first"):
        host.tempo.lead(OTHER, True)
    with pytest.raises(GrooveError, match="only it can give the lead back"):
        host.tempo.lead(OTHER, False)
    host.pass_(2, peer)
    host.tempo.lead(SCLANG, False)
    assert host.editor.score.tempo.bpm(host.beat() + 1) == 130  # not what it was bent to
    host.tempo.lead(OTHER, True)


def test_who_is_silent_leads_no_more() -> None:
    host = Host()
    peer = Sclang(host, 130.0, 0.3)
    host.tempo.lead(SCLANG, True)
    host.pass_(4, peer)
    host.seconds += SILENT + 0.1
    host.tempo.look()
    assert host.tempo.leader is None and host.tempo.phase() is None
    assert len(host.told) == 1 and "leads the tempo no more" in host.told[0]
    host.tempo.lead(SCLANG, True)
    host.tempo.left(SCLANG)
    assert host.tempo.leader is None and "has gone" in host.told[1]
