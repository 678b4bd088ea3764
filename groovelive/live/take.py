"""Takes: the log of a session on disk, from which it can be played again, note for note."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

import msgspec
from msgspec import Struct

from ..errors import GrooveError
from ..protocol.base import PROTOCOL
from ..protocol.engine import ModelInfo
from ..runtime.atomic import replacing
from ..score import edits
from ..score.score import Score

_MAGIC = b"groovelive take\n"
FORMAT = 1
_PLAYER = 2  # the protocol from which on drummers are played by the player
_LENGTH = 4


class TakeHeader(Struct, frozen=True):
    """What stands before the edits.

    Args:
        format: of the file.
        protocol: of the edits.
        begin, end: beats of the span that was recorded.
        model, version: of the model that answered.
        seed: of the session's chances.
    """

    format: int
    protocol: int
    begin: float
    end: float
    model: str
    version: str
    seed: int


@dataclass(frozen=True, slots=True)
class Take:
    """A span of a session with all that it is made of.

    Args:
        score: all edits up to its end, those before its beginning too.
        begin: beat.
        end: beat, after `begin`.
        model: what answered.
    """

    score: Score
    begin: float
    end: float
    model: ModelInfo | None = None


def write(path: Path, take: Take) -> None:
    """Write a take.

    Raises:
        GrooveError: it cannot be written.
    """
    model, version = (take.model.name, take.model.version) if take.model is not None else ("", "")
    seed = int(take.score.number("", "seed", take.end, 7))
    head = msgspec.msgpack.encode(TakeHeader(FORMAT, PROTOCOL, take.begin, take.end, model, version, seed))
    with replacing(path) as part, open(part, "wb") as file:
        file.write(_MAGIC)
        for record in (head, *(edits.encode(edit) for edit in take.score.edits if edit.beat < take.end)):
            file.write(len(record).to_bytes(_LENGTH, "big") + record)


def read(path: str | PathLike[str]) -> tuple[TakeHeader, Take]:
    """Return the header of a take, and what it holds.

    Raises:
        GrooveError: it is not there, is damaged, or of another version.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise GrooveError(f"cannot read {fspath(path)}: {error.strerror}") from None
    if not data.startswith(_MAGIC):
        raise GrooveError(f"{fspath(path)} is no take of groovelive")
    records = _records(data[len(_MAGIC) :], fspath(path))
    try:
        head = msgspec.msgpack.decode(records[0], type=TakeHeader)
    except (IndexError, msgspec.MsgspecError):
        raise GrooveError(f"{fspath(path)} is damaged: its beginning cannot be read") from None
    if head.format != FORMAT or head.protocol > PROTOCOL:
        raise GrooveError(
            f"{fspath(path)} is of version {head.format}.{head.protocol}; "
            f"this groovelive reads {FORMAT}.1 to {FORMAT}.{PROTOCOL}"
        )
    try:
        recorded = [edits.decode(record) for record in records[1:]]
        score = Score([*(_mirrors(recorded) if head.protocol < _PLAYER else ()), *recorded])
    except GrooveError as error:
        raise GrooveError(f"{fspath(path)} is damaged: {error}") from None
    if not 0 <= head.begin < head.end:
        raise GrooveError(f"{fspath(path)} is damaged: it ends before it begins")
    model = None
    if head.model:
        model = ModelInfo(
            name=head.model, version=head.version, backend="", genres=(), presets={}, latent=0, controls={}
        )
    return head, Take(score, head.begin, head.end, model)


def _mirrors(recorded: list[edits.Edit]) -> list[edits.Edit]:
    """Return edits that let mirrors play, as all drummers were before there was a player."""
    names = dict.fromkeys(edit.drummer for edit in recorded if edit.drummer)
    return [edits.Edit(beat=0.0, drummer=name, path="mirror", value=True) for name in names]


def _records(data: bytes, name: str) -> list[bytes]:
    records, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + _LENGTH], "big")
        record = data[at + _LENGTH : at + _LENGTH + size]
        if len(record) < size or at + _LENGTH > len(data):
            raise GrooveError(f"{name} is damaged: it ends in the middle of an edit")
        records.append(record)
        at += _LENGTH + size
    return records
