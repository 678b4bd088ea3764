"""The player to a whole rhythm: loop after loop, each to its own bars of it, and all of them one performance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import GrooveError
from ..grooves.grid import STEPS_PER_BAR
from ..grooves.groove import Groove
from ..grooves.taps import mixed
from ..midi_files.reader import Tempo
from ..model.drumming import (
    at_most,
    home_of,
    likeliest,
    locked,
    most_of,
    names_of,
    remembered,
)
from ..model.player.request import MAX_CONTEXT, Locks
from ..model.playing import Playing
from ..model.taps import hardened

if TYPE_CHECKING:
    from ..model import Model
    from ..model.latents import Point
    from ..model.player.player import DrumPlayer

Floats = NDArray[np.float32]
LOOP: Final = 2  # bars that are answered at a time
SLOWEST, FASTEST = 20.0, 400.0  # beats a minute that the player is told


@dataclass(frozen=True, slots=True, eq=False)
class PlayedBar:
    """A bar that was played: its rows (16, 27), the rhythm that it answers (16, 3), and the weights of its genres."""

    rows: Floats
    rhythm: Floats
    genres: Mapping[str, float]


class Performance:
    """A drummer that plays to a rhythm from its first bar to its last, and remembers what it has played.

    Args:
        model: with a player.
        rhythm: that it plays to, of any length; it goes round.
        instrument: who plays the rhythm.
        tempo: beats a minute, or a tempo map.
        seed: another seed, another performance.
        keep: where `locks` take their cells from, of any length; it goes round.
        locks: voices, groups, and steps (of two bars, from 0) that stay as in `keep`.
    """

    def __init__(
        self,
        model: Model,
        rhythm: Groove,
        *,
        instrument: str,
        tempo: Tempo = 120.0,
        seed: int = 0,
        keep: Groove | None = None,
        locks: Iterable[str | int] = (),
    ) -> None:
        player = model.player
        if player is None:
            raise GrooveError(f"the model {model.manifest.name} has no player")
        self._player: DrumPlayer = player
        self._model, self._instrument, self._tempo, self._seed = model, instrument, tempo, seed
        self._rhythm = rhythm.tap().reshape(-1, STEPS_PER_BAR, 3)
        self._keep, self._locks = keep, list(locks)
        self._played: list[PlayedBar] = []

    def play(
        self,
        bar: int,
        bars: int,
        *,
        genre: str | Mapping[str, float] | None = None,
        redirect: str | Iterable[str] = (),
        follow: float = 1.0,
        preset: Point | None = None,
        sampling: str | None = None,
        max_hits: int | None = None,
        **controls: Any,
    ) -> Groove:
        """Play some bars, and go on from there the next time. Where the rhythm is silent in all of them, rest.

        Args:
            bar: the number of the first, from 0.
            bars: how many, at most two.
            genre, redirect, follow, preset, sampling, max_hits: as for `Model.drum`.
            controls: others of `model.playing.Playing`.

        Raises:
            GrooveError: a control is out of range, or names what there is not.
        """
        playing = Playing(
            instrument=self._instrument, genre=self._model.known_genre(genre), redirect=names_of(redirect),
            tempo=min(max(tempo_at(self._tempo, 4 * bar), SLOWEST), FASTEST), seed=self._seed, **controls,
        )  # fmt: skip
        self._model.arguments.check("follow", follow)
        if preset is not None and follow >= 1:
            raise GrooveError("a preset is heard only where follow is below 1; --follow 0 plays it alone")
        locks = self._locked(bar, bars)
        rhythm, after = self._stretch(bar, bars), self._stretch(bar + bars, 1)
        if not rhythm[:, 0].any() and (locks is None or not locks.played.any()):
            return Groove.empty(bars)
        before = self._context(playing)
        context, heard = _joined([one.rows for one in before], 27), _joined([one.rhythm for one in before], 3)
        if follow < 1:
            own, memory = self._pattern(playing, preset, genre)
            turned = -(bar % LOOP) * STEPS_PER_BAR
            own, memory = np.roll(own, turned, 0), np.roll(memory, turned, 0)
            rhythm = mixed(rhythm, np.resize(own, rhythm.shape), follow, self._seed)
            memory = remembered(self._player, playing, rhythm, memory, follow)
            context = np.concatenate([context, memory])
            heard = np.concatenate([heard, np.resize(rhythm, (len(memory), 3))])
        context, heard = context[-MAX_CONTEXT * STEPS_PER_BAR :], heard[-MAX_CONTEXT * STEPS_PER_BAR :]
        request = playing.request(
            bars, rhythm if rhythm[:, 0].any() else None, context=context if len(context) else None, bar=bar,
            fill=playing.drawn_fills(bar, bars), locks=locks,
        )  # fmt: skip
        request = replace(request, rhythm_next=after, rhythm_before=heard)
        most = most_of(max_hits)
        if sampling == "threshold":
            mirrored = self._model.mirrored(playing, request.rhythm, bars * STEPS_PER_BAR)
            played = shown = likeliest(self._player, request, mirrored=mirrored)
        else:
            answer = self._player.play(request)
            played, shown = answer.rows, playing.shaped(answer, request.locks)
        if most is not None:
            played, shown = at_most(played, most), at_most(shown, most)
        genres = request.genres
        for number in range(bars):
            steps = slice(number * STEPS_PER_BAR, (number + 1) * STEPS_PER_BAR)
            self._played.append(PlayedBar(played[steps], rhythm[steps], genres))
        del self._played[:-MAX_CONTEXT]
        return Groove.from_hvo(shown)

    def _stretch(self, bar: int, bars: int) -> Floats:
        """Return the rhythm of some bars, (steps, 3)."""
        return np.concatenate([self._rhythm[b % len(self._rhythm)] for b in range(bar, bar + bars)])

    def _locked(self, bar: int, bars: int) -> Locks | None:
        """Return what stays in some bars; the steps of `locks` are those of two bars."""
        if not self._locks or self._keep is None:
            return locked(self._keep, self._locks, bars * STEPS_PER_BAR)
        first = bar - bar % LOOP
        loop = loop_at(self._keep, first)
        whole = locked(loop, self._locks, loop.steps)
        steps = slice((bar - first) * STEPS_PER_BAR, (bar - first + bars) * STEPS_PER_BAR)
        return None if whole is None else Locks(whole.known[steps], whole.played[steps])

    def _context(self, playing: Playing) -> list[PlayedBar]:
        """Return the bars to go on from: those since a genre has gone, or another became the chief one.

        What was played in the old genre would be played on: a drummer who is told jazz over eight bars of rock, and
        hears himself, stays on the hat.
        """
        now = playing.request(1).genres
        found: list[PlayedBar] = []
        for one in reversed(self._played):
            if _chief(one.genres) != _chief(now) or one.genres.keys() - now.keys():
                break
            found.insert(0, one)
        return found

    def _pattern(self, playing: Playing, preset: Point | None, genre: Any) -> tuple[Floats, Floats]:
        """Return the rhythm (32, 3) and the drums (32, 27) of a preset, or of a preset of the genre."""
        latents = self._model.latents
        own = hardened(latents.recall(home_of(latents, preset, playing)[None]))[0]
        silence = np.zeros(own.shape, np.float32)
        return own, self._model.mirror(silence, follow=0.0, preset=preset, genre=genre).hvo.astype(np.float32)


def loop_at(groove: Groove, bar: int) -> Groove:
    """Return the two bars of a groove from a bar on; it goes round.

    >>> loop_at(Groove.parse("bd ~ ~ ~"), 5).bars
    2
    """
    return groove[bar % groove.bars] + groove[(bar + 1) % groove.bars]


def tempo_at(tempo: Tempo, beat: float) -> float:
    """Return the tempo that holds at a beat, in beats a minute.

    >>> tempo_at([(0, 96.0), (16, 120.0)], 15), tempo_at([(0, 96.0), (16, 120.0)], 16)
    (96.0, 120.0)
    """
    if isinstance(tempo, int | float):
        return float(tempo)
    return float([bpm for at, bpm in tempo if at <= beat][-1])


def _chief(genres: Mapping[str, float]) -> str | None:
    """Return the genre that weighs most; None where there is none."""
    return max(genres, key=lambda name: genres[name]) if genres else None


def _joined(rows: list[Floats], width: int) -> Floats:
    return np.concatenate(rows) if rows else np.zeros((0, width), np.float32)
