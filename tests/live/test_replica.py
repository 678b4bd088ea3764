"""A client's copy of the session, beside a conductor on a simulated clock: log and beat agree whenever it joins."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groovelive.conductor.editor import Editor
from groovelive.conductor.pages import page
from groovelive.conductor.transport import Transport
from groovelive.live.clock_offset import DRIFT, ClockOffset
from groovelive.live.replica import Replica
from groovelive.protocol import session as messages
from groovelive.protocol.session import Draft, When
from groovelive.score.edits import Edit, Line

SECOND = 1_000_000_000
MS = 1e-3


class FakeConductor:
    """The conductor's log and transport, on a clock of its own that the test moves."""

    def __init__(self, edits: tuple[Edit, ...] = ()) -> None:
        self.ns, self.run = 10**12, "1"
        self.replicas: list[Replica] = []
        self.editor = Editor(self, edits, self._publish)
        self.transport = Transport(self.editor.score, now=lambda: self.ns)
        self.transport.on_moved = self.tick

    def beat(self) -> float:
        return self.transport.beat()

    def reach(self, drummer: str) -> float:
        stopped = self.transport.stopped
        return self.transport.beat_at(self.ns + SECOND // 5) if stopped is None else stopped

    line = reach

    def _tell(self, news: Any) -> None:
        for replica in self.replicas:
            replica.hear(news)

    def _publish(self, number: int, edit: Edit) -> None:
        self._tell(messages.Edits(since=number, edits=(edit,)))

    def tick(self) -> None:
        transport = self.transport
        at, anchor, stopped = self.ns, transport.anchor, transport.stopped
        self._tell(messages.Tick(beat=self.beat(), bpm=120, at=at, anchor=anchor, stopped=stopped))

    def state(self) -> messages.SessionState:
        transport = self.transport
        return messages.SessionState(
            session="s", beat=self.beat(), bpm=120, playing=transport.playing, edits=len(self.editor.score.edits),
            engine="ready", at=self.ns, anchor=transport.anchor, stopped=transport.stopped, run=self.run,
        )  # fmt: skip

    def join(self) -> Replica:
        replica = Replica(lambda since: page(self.editor.score, since), lambda: self.ns)
        self.replicas.append(replica)
        replica.hear(self.state())
        return replica

    def write(self, value: float | Line, over: float = 0.0, when: When | None = None, by: str = "me") -> None:
        draft = Draft("bpm", value)
        self.editor.write(messages.Write(edits=(draft,), when=when or When("now"), over=over, by=by))

    def stop(self) -> None:
        self.transport.stop(self.reach(""))

    def start(self) -> None:
        assert self.transport.stopped is not None
        self.transport.start(self.transport.stopped // 4 * 4 + 4, 150_000_000)

    def replay(self, tempos: list[tuple[float, float]]) -> None:
        """Have tempos set at beats to come, as a take that is played does."""
        drafts = tuple(Draft("bpm", bpm, beat=self.reach("") + later) for later, bpm in tempos)
        self.editor.write(messages.Write(edits=drafts, when=When("beat"), by="me"))

    def resume(self, lost: int, seconds: float) -> None:
        """Be another process, that goes on from a journal which lacks the last edits, some time later."""
        beat, stopped = self.beat(), self.transport.stopped
        edits = self.editor.score.edits
        self.ns += round(seconds * SECOND)
        self.run += "+"
        self.editor = Editor(self, edits[: len(edits) - lost], self._publish)
        self.transport = Transport(self.editor.score, now=lambda: self.ns)
        self.transport.anchor += self.ns - self.transport.ns(beat)
        self.transport.stopped, self.transport.on_moved = stopped, self.tick
        for replica in self.replicas:
            replica.hear(self.state())

    def agrees(self, replica: Replica) -> None:
        assert replica.score.edits == self.editor.score.edits
        bpm = self.editor.score.tempo.bpm(self.beat())
        assert abs(replica.beat - self.beat()) * 60 / bpm < MS


_tempo = st.floats(20, 400)
_act = st.one_of(
    st.tuples(st.just("wait"), st.floats(0.01, 90)),
    st.tuples(st.just("bpm"), _tempo, st.sampled_from((0.0, 1.0, 2.5)), st.sampled_from(("now", "next", "bars"))),
    st.tuples(st.just("line"), _tempo, _tempo, st.floats(0.1, 16)),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
    st.tuples(st.just("stop")),
    st.tuples(st.just("start")),
    st.tuples(st.just("replay"), st.lists(st.tuples(st.floats(0.3, 40), _tempo), min_size=1, max_size=4)),
    st.tuples(st.just("resume"), st.integers(0, 3), st.floats(0, 90)),
    st.tuples(st.just("join")),
)


@settings(max_examples=60)
@given(st.lists(_act, max_size=25))
def test_whoever_joins_is_where_the_conductor_is(acts: list[tuple[Any, ...]]) -> None:
    conductor = FakeConductor()
    for kind, *words in acts:
        if kind == "wait":
            conductor.ns += round(words[0] * SECOND)
        elif kind == "bpm":
            conductor.write(words[0], words[1], When(words[2], 2 if words[2] == "bars" else 0))
        elif kind == "line":
            conductor.write(Line(*words))
        elif kind in ("undo", "redo"):
            find = conductor.editor.score.last_undone if kind == "redo" else conductor.editor.score.last_group
            if find("me") is not None:
                conductor.editor.undo(messages.Undo(by="me", redo=kind == "redo"))
        elif kind == "stop" and conductor.transport.playing:
            conductor.stop()
        elif kind == "start" and not conductor.transport.playing:
            conductor.start()
        elif kind == "replay":
            conductor.replay(*words)
        elif kind == "resume":
            conductor.resume(*words)
        elif kind == "join":
            conductor.join()
        for replica in conductor.replicas:
            conductor.agrees(replica)
    conductor.agrees(conductor.join())
    conductor.ns += 3 * SECOND
    for replica in conductor.replicas:  # without a tick
        conductor.agrees(replica)


def test_joining_long_after_the_tempo_was_set() -> None:
    conductor = FakeConductor()
    conductor.write(60.0)
    conductor.ns += 158 * SECOND
    replica = conductor.join()
    assert replica.beat == pytest.approx(conductor.beat(), abs=1e-6) and 157 < replica.beat < 159


def test_the_beat_counts_what_was_missed() -> None:
    """Who looks at nothing but the beat knows of tempos that were set while no news came."""
    conductor = FakeConductor()
    replica = conductor.join()
    conductor.replicas.clear()
    conductor.write(240.0)
    conductor.ns += 10 * SECOND
    replica.hear(conductor.state())
    assert replica.beat == pytest.approx(conductor.beat())


def test_an_edit_that_is_made_while_one_joins_is_not_lost() -> None:
    conductor = FakeConductor()
    for bpm in (60.0, 90.0, 150.0):
        conductor.write(bpm)
        conductor.ns += SECOND
    replica = conductor.join()

    def growing(since: int) -> messages.Edits:
        found = page(conductor.editor.score, since)
        if len(conductor.editor.score.edits) < 5:
            conductor.write(200.0)  # its news is there before the page is
            conductor.ns += SECOND
        return found

    replica._page = growing
    conductor.agrees(replica)
    assert len(replica.score.edits) == 5


def test_a_conductor_that_lost_the_last_edits_and_made_others() -> None:
    """The journal of a conductor that was killed may lack what clients have seen: the log is fetched anew."""
    conductor = FakeConductor()
    for bpm in (60.0, 90.0, 150.0):
        conductor.write(bpm)
    replica = conductor.join()
    conductor.agrees(replica)
    after = FakeConductor(tuple(conductor.editor.score.edits[:2]))
    after.run = "2"
    for bpm in (100.0, 110.0):
        after.write(bpm)
    replica._page = lambda since: page(after.editor.score, since)
    replica._now = lambda: after.ns
    after.replicas.append(replica)
    replica.hear(after.state())
    after.agrees(replica)


def test_a_reader_who_holds_the_lock_does_not_keep_the_news_waiting() -> None:
    conductor = FakeConductor()
    replica = conductor.join()
    with replica.lock:
        thread = threading.Thread(target=conductor.write, args=(90.0,))
        thread.start()
        thread.join(5)
        assert not thread.is_alive()
        conductor.agrees(replica)


# Another machine's clock


@given(
    st.integers(-(10**18), 10**18),
    st.floats(-DRIFT / 2, DRIFT / 2),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**8), st.integers(0, 10**8)), min_size=1, max_size=20),
)
def test_the_offset_of_a_clock_is_within_its_bounds(
    offset: int, drift: float, exchanges: list[tuple[int, int, int]]
) -> None:
    measured, now = ClockOffset(), 0

    def theirs() -> int:
        return now + offset + round(now * drift)

    quickest = max(there + back for _, there, back in exchanges)
    for rest, there, back in exchanges:
        quickest = min(quickest, there + back)
        now += rest
        sent = now
        now += there
        stated = theirs()
        now += back
        measured.heard(sent, stated, now)
        # A clock that may be the same counts as the same: then it is wrong by as much as the bounds are apart.
        bound = quickest + now * DRIFT if measured.ns == 0 else measured.error
        assert abs(measured.ns - (theirs() - now)) <= bound + now * DRIFT + 2
        assert measured.error <= quickest + now * DRIFT + 2


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**8), st.integers(0, 10**8)), min_size=1))
def test_one_clock_has_no_offset(exchanges: list[tuple[int, int, int]]) -> None:
    measured, now = ClockOffset(), 5 * SECOND
    for rest, there, back in exchanges:
        measured.heard(now + rest, now + rest + there, now + rest + there + back)
        now += rest + there + back
        assert (measured.ns, measured.error) == (0, 0)


def test_a_machine_that_was_started_anew_has_another_offset() -> None:
    measured = ClockOffset()
    measured.heard(SECOND, 900 * SECOND, SECOND + 1000)
    measured.heard(9 * SECOND, 2 * SECOND, 9 * SECOND + 1000)
    assert abs(measured.ns + 7 * SECOND) <= 1000
