"""The journal: the log on disk, edit by edit, so that a session goes on after a crash."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
from msgspec import Struct

from ..errors import GrooveError
from ..runtime.folders import runtime_folder
from ..score import edits
from ..score.clocks import AnyClock
from ..score.edits import Edit
from .members import KnownMember

FORMAT = 1
_LENGTH = 4
_AWAY = 60.0  # seconds up to which a session goes on as if it had never stopped


class Header(Struct, frozen=True):
    """What stands before the edits.

    Args:
        session: what tells it from others.
        serve: the supervisor it ran under; its next conductor goes on with it.
    """

    format: int
    session: str
    serve: int


class Mark(Struct, frozen=True, array_like=True):
    """Where the transport was at a moment of the wall clock (ns), and whether it stood there."""

    wall: int
    beat: float
    stands: bool


class ClockState(Struct, frozen=True, array_like=True):
    """Which clock led, and which followed."""

    leader: AnyClock | None = None
    led: tuple[AnyClock, ...] = ()


class Recovered(NamedTuple):
    """A session as its journal tells it: its name, edits, last mark, clocks, who took part; and who looked after it."""

    session: str
    edits: list[Edit]
    mark: Mark | None
    clocks: ClockState = ClockState()
    members: tuple[KnownMember, ...] = ()
    serve: int = 0

    def beat_now(self, bpm_beat: Callable[[float, float], float]) -> float:
        """Return where to go on: where it would be by now; after more than a minute, at the bar after where it was.

        Args:
            bpm_beat: from (beat, seconds later) to the beat then.
        """
        if self.mark is None:
            return 0.0
        away = (time.time_ns() - self.mark.wall) / 1e9
        if self.mark.stands or not 0 <= away <= _AWAY:
            return (self.mark.beat // 4 + 1) * 4
        return bpm_beat(self.mark.beat, away)


def path() -> Path:
    """Return where the journal of this user's session is."""
    return runtime_folder() / "session.journal"


class Journal:
    """Writes what happens, from a thread of its own; a full disk is told once, and stops nothing.

    Args:
        header: of the session.
        past: edits that it begins with, of a session that goes on.
        tell: called with a sentence if it cannot be written.
    """

    def __init__(self, header: Header, past: list[Edit], tell: Callable[[str], None]) -> None:
        self._path = path()
        self._tell = tell
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._queue.put(b"h" + msgspec.msgpack.encode(header))
        for edit in past:
            self.add(edit)
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def add(self, edit: Edit) -> None:
        """Write an edit."""
        self._queue.put(b"e" + edits.encode(edit))

    def mark(self, beat: float, stands: bool) -> None:
        """Write where the transport is."""
        self._queue.put(b"m" + msgspec.msgpack.encode(Mark(time.time_ns(), beat, stands)))

    def clocks(self, clocks: ClockState) -> None:
        """Write which clock leads now, and which follow."""
        self._queue.put(b"c" + msgspec.msgpack.encode(clocks))

    def members(self, members: tuple[KnownMember, ...]) -> None:
        """Write who takes part now."""
        self._queue.put(b"n" + msgspec.msgpack.encode(members))

    def end(self) -> None:
        """Write what is left."""
        self._queue.put(None)
        self._thread.join(2.0)

    def _run(self) -> None:
        part = self._path.with_suffix(".part")
        file: BinaryIO | None = None
        try:
            file = open(part, "wb", buffering=0)  # noqa: SIM115 - open as long as the session lasts
        except OSError as error:
            self._failed(error)
        renamed = False
        while (record := self._queue.get()) is not None:
            if file is None:
                continue
            try:
                data = len(record).to_bytes(_LENGTH, "big") + record
                if file.write(data) != len(data):
                    raise OSError(28, os.strerror(28))
                if not renamed and self._queue.empty():  # until then the last session's is worth more
                    part.replace(self._path)
                    renamed = True
            except OSError as error:
                self._failed(error)
                file.close()
                file = None
        if file is not None:
            if not renamed:
                part.replace(self._path)
            file.close()

    def _failed(self, error: OSError) -> None:
        self._tell(
            f"the journal {self._path} cannot be written ({error.strerror}): the music goes on, but would be lost "
            "if the conductor died"
        )


def read() -> tuple[Header, Recovered] | None:
    """Return the last session of this user, or None where there is no journal.

    A record that was cut off by the crash is left out.

    Raises:
        GrooveError: it is of another version.
    """
    try:
        data = path().read_bytes()
    except OSError:
        return None
    header: Header | None = None
    found: list[Edit] = []
    mark: Mark | None = None
    clocks = ClockState()
    members: tuple[KnownMember, ...] = ()
    for record in _records(data):
        kind, body = record[:1], record[1:]
        try:
            if kind == b"h":
                header = msgspec.msgpack.decode(body, type=Header)
                if header.format != FORMAT:
                    raise GrooveError(f"{path()} is of version {header.format} of the journal; this reads {FORMAT}")
            elif kind == b"m":
                mark = msgspec.msgpack.decode(body, type=Mark)
            elif kind == b"c":
                clocks = msgspec.msgpack.decode(body, type=ClockState)
            elif kind == b"n":
                members = msgspec.msgpack.decode(body, type=tuple[KnownMember, ...])
            else:
                found.append(edits.decode(body))
        except msgspec.MsgspecError:
            break
    if header is None:
        return None
    return header, Recovered(header.session, found, mark, clocks, members, header.serve)


def _records(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + _LENGTH <= len(data):
        size = int.from_bytes(data[at : at + _LENGTH], "big")
        record = data[at + _LENGTH : at + _LENGTH + size]
        if len(record) < size:
            return
        yield record
        at += _LENGTH + size
