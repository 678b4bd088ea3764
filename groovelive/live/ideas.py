"""Ideas: other answers that a drummer could give, to look at, to choose from, and to have more of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, get_args, overload

from ..checks import name as one_of
from ..checks import whole
from ..errors import GrooveError
from ..grooves.candidates import By, Candidate, measured, ordered
from ..grooves.display import roll, svg_song
from ..grooves.groove import Groove
from ..protocol.session import MAX_IDEAS, Draft, IdeasRequest
from ..score.edits import Pattern, of_groove
from .as_grooves import groove_of_notes
from .client import SessionClient
from .display import as_of
from .memory import playing

_BARS = 2


class Thinker(Protocol):
    """Whose ideas they are: a drummer."""

    _live: SessionClient

    @property
    def name(self) -> str:
        """What it is called."""
        ...


class Idea:
    """An answer that a drummer could give.

    Args:
        drummer: whose it is.
        number: among those that were asked for, from 0.
        candidate: the answer, and its measures.
    """

    def __init__(self, drummer: Thinker, number: int, candidate: Candidate) -> None:
        self._drummer, self.number, self.candidate = drummer, number, candidate

    @property
    def groove(self) -> Groove:
        """Its two bars."""
        return self.candidate.groove

    def play(self) -> Idea:
        """Let the drummer play it from the next bar on, as it is for a whole loop; then it goes on from there.

        It is one edit: `undo()` takes it back, and `with at("+8"):` makes it later.
        """
        drummer = self._drummer
        drummer._live.write([Draft("idea", Pattern(notes=of_groove(self.groove)), drummer.name)])
        return self

    def more(self, n: int = 8, *, by: By = "spread") -> Ideas:
        """Return more that are like this one: answers that go on from it."""
        return think(self._drummer, n, by=by, like=self.groove)

    def _head(self) -> str:
        one = self.candidate
        measures = f"{one.density:.2f} hits a step · syncopation {one.syncopation:.1f} · {one.distance:.0f} away"
        return f"{self.number} · {measures}"

    def __repr__(self) -> str:
        return f"{self._head()}\n{roll(self.groove) if len(self.groove) else 'silent'}"

    def _repr_svg_(self) -> str:
        return svg_song([(self._head(), self.groove)])


class Ideas(Sequence[Idea]):
    """Ideas of a drummer, by their numbers from 0; `ideas[3].play()`, or `d1.take(3)`, chooses one."""

    def __init__(self, drummer: Thinker, candidates: Sequence[Candidate]) -> None:
        self._live, self._bar = drummer._live, drummer._live.bar
        self._ideas = tuple(Idea(drummer, number, one) for number, one in enumerate(candidates))

    def __len__(self) -> int:
        return len(self._ideas)

    @overload
    def __getitem__(self, key: int) -> Idea: ...

    @overload
    def __getitem__(self, key: slice) -> Sequence[Idea]: ...

    def __getitem__(self, key: Any) -> Any:
        return self._ideas[key]

    def __repr__(self) -> str:
        return "\n\n".join([*map(repr, self._ideas), *filter(None, [as_of(self._bar, self._live.bar)])])

    def _repr_svg_(self) -> str:
        old = as_of(self._bar, self._live.bar)
        return svg_song([(" · ".join(filter(None, [idea._head(), old])), idea.groove) for idea in self._ideas])


def think(drummer: Thinker, n: int, *, by: By = "spread", first: int = 0, like: Groove | None = None) -> Ideas:
    """Return ideas of a drummer for its next loop; see `Drummer.ideas`."""
    n = whole("the number of ideas", n, 1, MAX_IDEAS)
    by = one_of("by", by, get_args(By))  # type: ignore[assignment]
    first = whole("first", first, 0, 1_000_000 - MAX_IDEAS)
    if like is not None and (not isinstance(like, Groove) or like.bars != _BARS):
        raise GrooveError("ideas are like a Groove of two bars, as d1.now or ideas[3].groove")
    pattern = None if like is None else Pattern(notes=of_groove(like))
    found = drummer._live.ideas(IdeasRequest(drummer=drummer.name, count=n, first=first, like=pattern))
    other = playing(drummer._live, drummer.name) if like is None else like
    answers = zip(found.patterns, found.nats, strict=True)
    drawn = [
        measured(groove_of_notes(one.notes, _BARS), first + k, nats, other) for k, (one, nats) in enumerate(answers)
    ]
    return Ideas(drummer, ordered(drawn, by))
