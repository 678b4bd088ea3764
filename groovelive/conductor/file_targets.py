"""File targets: what drummers play into a file, from when it is their target until it is no more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import GrooveError
from ..score import export as writing
from ..score.edits import STEP
from ..score.events import events
from ..score.score import Score
from ..score.targets import File


def files_of(score: Score, drummer: str, beat: float) -> set[File]:
    """Return the files that a drummer plays into at a beat."""
    outs = score.outs(drummer, beat)
    return {target for target in outs.targets if isinstance(target, File)} if outs is not None else set()


class FileTargets:
    """Writes the file targets of a score when they are done with.

    Args:
        score: what is played.
        tell: takes a sentence where a file cannot be written.
    """

    def __init__(self, score: Score, tell: Callable[[str], None]) -> None:
        self._score, self._tell = score, tell
        self._open: dict[File, float] = {}

    def look(self, beat: float) -> None:
        """See which files are played into from a beat on; write those that are no more."""
        used = {file for name in self._score.drummers for file in files_of(self._score, name, beat)}
        for file in used:
            self._open.setdefault(file, beat)
        for file in [file for file in self._open if file not in used]:
            self._write(file, self._open.pop(file), beat)

    def end(self, beat: float) -> None:
        """Write all that are still open."""
        for file, begin in self._open.items():
            self._write(file, begin, beat)
        self._open.clear()

    def _write(self, file: File, begin: float, end: float) -> None:
        begin, end = begin // 4 * 4, end // STEP * STEP
        found = [
            event
            for event in events(self._score, begin, end)
            if file in files_of(self._score, event.drummer, event.step * STEP)
        ]
        try:
            writing.midi(Path(file.path), self._score, found, begin, max(end, begin + STEP))
        except GrooveError as error:
            self._tell(str(error))
