"""A performer who knows nothing but the protocol, and a conductor of our own to play with."""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec
import zmq

from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.base import Request
from ..protocol.frames import from_frames, to_frames
from ..protocol.session import Draft, When
from ..runtime.endpoints import Connection
from ..runtime.overheard import Overheard
from ..score.edits import Edit
from ..score.score import Score
from . import loads

_PATIENCE = 30.0  # seconds, with every core busy
_EVERY = 1.0  # seconds between two edits of one who plays


class Performer:
    """A client, joined.

    Args:
        address: of the conductor.
        by: its name.
    """

    def __init__(self, address: str, by: str = "performer") -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(address)
        self._ids = itertools.count()
        self.by = by
        self.news: list[messages.AnyReply] = []
        self.ask(messages.Join(by=by), messages.SessionState)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close(linger=0)

    def ask(self, request: Request, kind: type[Any], seconds: float = _PATIENCE) -> Any:
        """Return the reply to a request; news go to `news`.

        Raises:
            GrooveError: it was refused, or no reply came.
        """
        id = b"%d" % next(self._ids)
        self._socket.send_multipart(to_frames(id, request))
        end = time.monotonic() + seconds
        while self._socket.poll(max(0, int(1000 * (end - time.monotonic())))):
            message = from_frames(self._socket.recv_multipart())
            reply = messages.read_reply(message.body)
            if message.id == id:
                return messages.expect(reply, kind)
            self.news.append(reply)
        raise GrooveError("the conductor does not answer")

    def write(self, *drafts: Draft, when: When | None = None, over: float = 0.0) -> tuple[Edit, ...]:
        """Make edits, by default at once."""
        request = messages.Write(edits=drafts, when=When("now") if when is None else when, over=over, by=self.by)
        edits: tuple[Edit, ...] = self.ask(request, messages.WrittenEdits).edits
        return edits

    def state(self) -> messages.SessionState:
        """Return where the session is."""
        state: messages.SessionState = self.ask(messages.Here(), messages.SessionState)
        return state

    def zero(self) -> int:
        """Return about when beat 0 would have been, in ns of the wall clock, had the tempo always been that of now."""
        before = time.time_ns()
        state = self.state()
        return (before + time.time_ns()) // 2 - round(state.beat * 60e9 / state.bpm)

    def origin(self, edits: Sequence[Edit]) -> int:
        """Return about when beat 0 was, in ns of the wall clock, by the tempos of a log."""
        before = time.time_ns()
        beat = self.state().beat
        return (before + time.time_ns()) // 2 - round(Score(edits).tempo.seconds(beat) * 1e9)

    def log(self) -> list[Edit]:
        """Return the whole log."""
        edits: list[Edit] = []
        while True:
            page: messages.Edits = self.ask(messages.Log(since=len(edits)), messages.Edits)
            edits += page.edits
            if not page.more:
                return edits


class Served(NamedTuple):
    """A conductor that runs: its connection, and the process of `groovelive serve`."""

    conductor: Connection
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def serve(folder: Path, environment: dict[str, str], *options: str) -> Iterator[Served]:
    """Run `groovelive serve` in a runtime folder of its own, until the end of the context.

    Raises:
        GrooveError: it does not start.
    """
    with Overheard(
        [sys.executable, "-m", "groovelive.cli.services", "serve", "--osc-port", "0", *options],
        environment=os.environ | environment | {"GROOVELIVE_RUNTIME": str(folder)},
    ) as child:
        yield Served(find(folder, child), child.process)


def find(folder: Path, child: Overheard, seconds: float = _PATIENCE, name: str = "conductor") -> Connection:
    """Return the connection of a service in a runtime folder, once its file is there.

    Raises:
        GrooveError: it has ended, or is not there in time.
    """
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=Connection)
        if time.monotonic() > end or child.process.poll() is not None:
            raise GrooveError(f"the {name} did not start: it {child.state()}")
        time.sleep(0.002)


class LoadedProcess:
    """A process that plays, and is busy with a load besides; ends with its context.

    Args:
        words: the module to run, and its arguments.
    """

    def __init__(self, *words: str) -> None:
        self._words = words
        self._overheard = Overheard([sys.executable, "-m", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._child = self._overheard.process

    def __enter__(self) -> LoadedProcess:
        assert self._child.stdout is not None
        if not self._child.stdout.readline():
            self._child.wait()
            raise GrooveError(f"python -m {' '.join(self._words)} {self._overheard.state()}")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._child.stdin is not None and self._child.stdout is not None
        self._child.kill()
        self._child.wait()
        self._child.stdin.close()
        self._child.stdout.close()


def until_closed(seconds: float | None = None) -> bool:
    """Wait for so long, or until standard input ends; return whether it has not."""
    there, _, _ = select.select([0], [], [], seconds)
    return not there


def play(address: str, load: str, drummer: str) -> None:
    """Be a performer who changes a drummer's velocity once a second, beside a load."""
    with Performer(address, "busy") as performer:
        loads.start(load)
        print("ready", flush=True)
        for k in itertools.count():
            if not until_closed(_EVERY):
                return
            draft = Draft("velocity", (0.7, 0.9)[k % 2], drummer)
            performer.ask(messages.Write(edits=(draft,), by="busy"), messages.WrittenEdits)


if __name__ == "__main__":
    play(*sys.argv[1:4])
