"""Words of a drummer that a performer types on stage: silence, parts alone, feels, fills, builds and drops."""

from __future__ import annotations

from typing import Self

from ..checks import flag, number
from ..grooves.grid import VOICES, voice_indices
from ..protocol.session import Draft, When
from .settings import Controlled

_NOW = When("now")
MAX_BARS = 4096


def for_bars(bars: float | None) -> float:
    """Return for how many bars something holds: 0 is for good.

    >>> for_bars(4), for_bars(None)
    (4.0, 0.0)
    """
    return 0.0 if bars is None else number("bars", bars, 0, MAX_BARS, above=True)


class MixWords(Controlled):
    """What silences a drummer, or a voice or a group of it, and lets it sound."""

    def _voices(self) -> list[str]:
        return [VOICES[k] for k in voice_indices(self._part)] if self._part else [""]

    def _mix(self, name: str, on: bool, bars: float | None = None) -> None:
        paths = [f"{name}.{voice}" if voice else name for voice in self._voices()]
        held = for_bars(bars)
        self._live.write([Draft(path, on, self._drummer, bars=held) for path in paths], _NOW)

    def mute(self, *, bars: float | None = None) -> Self:
        """Silence it, now: `d1.mute()`, `d1.hats.mute()`; `d1.hats.mute(bars=4)` for four bars.

        Args:
            bars: for how long; then it is as it was before. Whole bars end with a bar. By default until `unmute()`.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1 >> gl.play("bd*4, hh*8")
        >>> _ = live.d1.hats.mute(bars=2)
        >>> live.run(bars=3)
        >>> [len(live.last(3).groove("d1")[bar : bar + 1]) for bar in range(3)]
        [4, 4, 12]
        """
        self._mix("mute", True, bars)
        return self

    def unmute(self) -> Self:
        """Let it sound again, now."""
        self._mix("mute", False)
        return self

    def solo(self, *, bars: float | None = None) -> Self:
        """Let only this sound, now; `unsolo()` ends it.

        `d1.solo()` silences the other drummers, but for those with solo; `d1.kick.solo()` the other voices of d1 alone.

        Args:
            bars: for how long; by default until `unsolo()`.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1 >> gl.play("bd sn")
        >>> _ = live.d1.kick.solo()
        >>> live.run(bars=1)
        >>> len(live.last(1).groove("d1"))
        1
        """
        self._mix("solo", True, bars)
        return self

    def unsolo(self) -> Self:
        """End its solo, now; of a drummer, also those of its voices."""
        paths = ["solo", *self._live.score.solos(self._drummer)] if not self._part else None
        if paths is None:
            self._mix("solo", False)
        else:
            self._live.write([Draft(path, False, self._drummer) for path in paths], _NOW)
        return self


class StageWords(MixWords):
    """What a drummer is told with one word; each is undone by one undo."""

    def only(self, *parts: str, bars: float | None = None) -> Self:
        """Let only these voices or groups sound, now: `d1.only("kick", "hats")`; `d1.only()` lets all sound again.

        Args:
            parts: names of voices or groups.
            bars: for how long; by default until they are unmuted.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1 >> gl.play("bd sn hh oh")
        >>> _ = live.d1.only("kick", "hats")
        >>> live.run(bars=1)
        >>> len(live.last(1).groove("d1"))
        3
        """
        kept = {k for part in parts for k in voice_indices(part)} if parts else set(range(len(VOICES)))
        held = for_bars(bars)
        drafts = [Draft(f"mute.{voice}", k not in kept, self._drummer, bars=held) for k, voice in enumerate(VOICES)]
        self._live.write(drafts, _NOW)
        return self

    def fill(self, bars: int = 1) -> Self:
        """Fill once: what is left of this bar, up to its end; with less than a beat left, the next bar.

        The player plays the fill. What is exact (`play`), and what a mirror plays, is filled as by `gl.fill`. In a
        block the fill begins there: in `with at("+7"):` with that bar, in `with at(now):` at once.

        Args:
            bars: 1..16, of which that one is the first.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1 >> gl.play("bd*4")
        >>> live.run(bars=1)
        >>> _ = live.d1.fill()
        >>> live.run(bars=2)
        >>> [len(live.last(3).groove("d1")[bar : bar + 1]) > 4 for bar in range(3)]
        [False, True, False]
        """
        self._write("fill", bars)
        return self

    def build(self, bars: int = 8) -> Self:
        """Build up from the next bar on, to a drop: a snare roll from 4ths to 16ths, all louder and louder.

        In the last half bar the kick is left out; after the last bar comes the drop, a crash with the kick, and all is
        as before. It is done by rule, to whatever is played. `d1.drop()` drops earlier.

        Args:
            bars: 1..64.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1 >> gl.play("bd*4")
        >>> _ = live.d1.build(4)
        >>> live.run(bars=5)
        >>> [len(live.last(5).groove("d1")[bar : bar + 1]) for bar in range(5)]
        [8, 8, 12, 18, 5]
        """
        self._write("build", bars)
        return self

    def drop(self) -> Self:
        """Drop at the next bar line: a build-up ends, with a crash and a kick on the first beat, louder for a bar.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1 >> gl.play("hh*4")
        >>> _ = live.d1.drop()
        >>> live.run(bars=2)
        >>> [gl.VOICES[event.voice] for event in live.last(2).events if event.beat in (0, 4)]
        ['kick', 'closed_hat', 'crash', 'closed_hat']
        """
        self._write("drop", True)
        return self

    def halftime(self, on: bool = True, *, bars: float | None = None) -> Self:
        """Play with a half-time feel, from the next bar on: the back beat is on 3. The tempo, and the hats, stay.

        Args:
            on: False ends it, as `d1.feel = None` does.
            bars: for how long; by default for good.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1 >> gl.play("[bd sn]*2, hh*8")
        >>> _ = live.d1.halftime()
        >>> live.run(bars=1)
        >>> [event.beat + 1 for event in live.last(1).events if gl.VOICES[event.voice] == "snare"]
        [3.0]
        """
        return self._feel("half" if flag("halftime", on) else None, bars)

    def doubletime(self, on: bool = True, *, bars: float | None = None) -> Self:
        """Play with a double-time feel, from the next bar on: the back beat is on every off-beat 8th. The tempo stays.

        Args:
            on: False ends it.
            bars: for how long; by default for good.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1 >> gl.play("[bd sn]*2, hh*8")
        >>> _ = live.d1.doubletime()
        >>> live.run(bars=1)
        >>> [event.beat + 1 for event in live.last(1).events if gl.VOICES[event.voice] == "snare"]
        [1.5, 2.5, 3.5, 4.5]
        """
        return self._feel("double" if flag("doubletime", on) else None, bars)

    def _feel(self, feel: str | None, bars: float | None) -> Self:
        self._live.write([Draft("feel", feel, self._drummer, bars=for_bars(bars))])
        return self

    def stop(self) -> Self:
        """Let it fall silent, now, and call off what is planned for it: a `hush()` of this drummer alone.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1 >> gl.play("bd*4")
        >>> live.run(bars=1)
        >>> with gl.at("+2"):
        ...     _ = live.d1 >> gl.play("sn*4")
        >>> _ = live.d1.stop()
        d1 falls silent; called off: gave d1 play('sn*4') (bar 4); undo() brings it all back
        >>> live.run(bars=4)
        >>> len(live.last(4).events)
        0
        """
        self._live.hush(self._drummer)
        return self
