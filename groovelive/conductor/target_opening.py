"""Opens the targets that edits name, beside the loop; knows what each is called by, and why it is not there."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import GrooveError
from ..outputs import Outputs, no_sound
from ..score.targets import Ableton, AnyTarget, File, Synth, Unsent
from .clip_targets import ClipTargets
from .player import Player

Do = Callable[[Callable[[], Any], Callable[[Any, GrooveError | None], None]], None]


class Targets:
    """The targets of a session.

    Args:
        player: whose notes go there.
        outputs: where notes are sent from.
        clips: which writes clips in Ableton Live.
        do: has a job done beside the loop, and what comes of it given to a function in it.
        say: tells the performers a sentence.
        clients: returns the names of those who hear it.
    """

    def __init__(
        self, player: Player, outputs: Outputs, clips: ClipTargets, do: Do, say: Callable[[str], None],
        clients: Callable[[], tuple[str, ...]],
    ) -> None:  # fmt: skip
        self._player, self._outputs, self._clips, self._do, self._say = player, outputs, clips, do, say
        self._faults: dict[AnyTarget, str] = {}
        self._clients, self._silent = clients, ""
        self._told: tuple[str, ...] = ()

    def fault(self, target: AnyTarget) -> str:
        """Return why a target is not there; "" where it is."""
        return self._faults.get(target, "")

    def missing(self, targets: Iterable[AnyTarget]) -> list[AnyTarget]:
        """Return those targets that must be opened before notes can go there."""
        return [one for one in targets if (not self._clips.known(one) if isinstance(one, Ableton) else self._new(one))]

    def _new(self, target: AnyTarget) -> bool:
        return target not in self._player.sinks and not isinstance(target, Unsent)

    def open_now(self, targets: Iterable[AnyTarget]) -> dict[AnyTarget, int]:
        """Open targets, and return their sinks. Takes its time: beside the loop.

        Raises:
            GrooveError: one is not there.
        """
        wanted = list(targets)
        for target in wanted:
            if isinstance(target, Ableton):
                self._clips.open(target)
        return {target: self._outputs.open(target) for target in wanted if not isinstance(target, Ableton)}

    def opened(self, sinks: dict[AnyTarget, int]) -> None:
        """Have the player send to sinks that were opened."""
        self._player.sinks.update(sinks)

    def open(self, target: AnyTarget) -> None:
        """Open a target of a session that goes on; if it is not there, that is told, and stands in the state."""

        def then(sinks: Any, error: GrooveError | None) -> None:
            if error is None:
                self.opened(sinks)
            else:
                self._faults[target] = str(error)
                self._say(str(error))

        if not isinstance(target, File):
            self._do(lambda: self.open_now([target]), then)

    def open_default(self) -> None:
        """Let drummers without a target of their own play on the embedded synth, where it has a sound device."""
        self._silent = no_sound()
        if self._silent:
            self._player.on_unheard = self._unheard
            return
        target = Synth()

        def then(sinks: Any, error: GrooveError | None) -> None:
            if error is None:
                self.opened(sinks)
                self._player.fallback = (target,)
            else:
                self._silent = str(error)
                self._player.on_unheard = self._unheard

        self._do(lambda: self.open_now([target]), then)

    def _unheard(self, drummer: str) -> None:
        """Say why a drummer is not heard, and what to do: to everybody who is there, and again when others are."""
        if (clients := self._clients()) != self._told:
            self._told = clients
            self._say(unheard(drummer, self._silent))


def unheard(drummer: str, why: str) -> str:
    """Return what is told a performer whose drummer can't be heard.

    >>> unheard("d1", "this machine has no sound device")
    'd1 plays, and nothing is heard: this machine has no sound device. live.last(8).save("song.wav") makes ...'
    """
    song = "song.wav" if importlib.util.find_spec("nanosynth") is not None else "song.mid"
    return (
        f'{drummer} plays, and nothing is heard: {why}. live.last(8).save("{song}") makes a file of it, '
        'live.out = midi("port") or osc("127.0.0.1:9000") plays elsewhere; more says groovelive doctor sound'
    )
