"""Every message between the conductor and its clients; in frames as with the engine.

A client sends a request and gets the reply with its id. Once it has joined, it also gets what happens, unasked, under
the id `NEWS`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from ..score.clocks import AnyClock
from ..score.edits import MAX_OVER, Edit, Finite, Name, Pattern, Point
from ..score.edits import Draft as Draft  # the requests are made of it
from .base import Array, EngineError, Failure, Reply, Request, type_of
from .engine import ModelInfo
from .frames import decoded

NEWS = b"news"
PAGE = 512 * 1024  # bytes of edits in a reply, about
MAX_EDITS = 256  # of one request
MAX_IDEAS = 64  # likewise

By = Annotated[str, Meta(min_length=1, max_length=64)]


class When(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When an edit is due.

    Args:
        at: "next" is the next line of the session's quantum; "now" as soon as a note can still be changed; "bar" the
            beginning of bar `number`; "bars" and "beats" the line so many bars or beats after the one just passed;
            "beat" is beat `number` itself, of a take that is played again.
        number: of bars, from 1; of beats.
    """

    at: Literal["next", "now", "bar", "bars", "beats", "beat"] = "next"
    number: Finite = 0.0


# Requests


class Join(Request, frozen=True, kw_only=True, tag="join"):
    """Take part: the reply says where the session is, and from then on what happens is told.

    A client that has not sent anything for 10 s counts as gone; `Here` tells that it is there.

    Args:
        by: what it would be called; where another is called so, it is given a number.
        client: what tells it from others as long as it runs, so that it has its name again when it comes back.
        host: its machine.
        held: what it was called when it took part before.
    """

    by: By
    client: Annotated[str, Meta(max_length=64)] = ""
    host: Annotated[str, Meta(max_length=256)] = ""
    held: Annotated[str, Meta(max_length=64)] = ""


class Here(Request, frozen=True, kw_only=True, tag="here"):
    """Say that one is there; the reply is the session's state."""


class Leave(Request, frozen=True, kw_only=True, tag="leave"):
    """Go; the music goes on."""


class Log(Request, frozen=True, kw_only=True, tag="log"):
    """Ask for the edits from number `since` on, as many as fit into a reply."""

    since: Annotated[int, Meta(ge=0)] = 0


class Write(Request, frozen=True, kw_only=True, tag="write"):
    """Make edits, all or none, as one group.

    Args:
        edits: what shall be.
        when: due then, all of them.
        over: bars in which the old goes over into the new.
        by: who makes them.
    """

    edits: Annotated[tuple[Draft, ...], Meta(min_length=1, max_length=MAX_EDITS)]
    when: When = When()
    over: Annotated[float, Meta(ge=0, le=MAX_OVER)] = 0.0
    by: By


class Undo(Request, frozen=True, kw_only=True, tag="undo"):
    """Undo the last group of edits that `by` made, or redo the last that they undid."""

    by: By
    redo: bool = False


class SceneRequest(Request, frozen=True, kw_only=True, tag="scene"):
    """Set all controls of all drummers as they were when the scene was saved."""

    name: Name
    when: When = When()
    over: Annotated[float, Meta(ge=0, le=MAX_OVER)] = 0.0
    by: By


class Locate(Request, frozen=True, kw_only=True, tag="locate"):
    """Ask for the latent of a point, or of what a drummer plays now."""

    point: Point | None = None
    drummer: Annotated[str, Meta(max_length=32)] = ""


class IdeasRequest(Request, frozen=True, kw_only=True, tag="ideas"):
    """Ask for other answers that a drummer could give to what it hears from the next loop on.

    Args:
        drummer: its name.
        count: how many.
        first: the number of the first of them; what has been drawn once has the same number again.
        like: notes of two bars that they shall go on from; None: they begin afresh, whatever was played.
    """

    drummer: Annotated[str, Meta(min_length=1, max_length=32)]
    count: Annotated[int, Meta(ge=1, le=MAX_IDEAS)] = 8
    first: Annotated[int, Meta(ge=0, le=1_000_000 - MAX_IDEAS)] = 0
    like: Pattern | None = None


class HushRequest(Request, frozen=True, kw_only=True, tag="hush"):
    """Let drummers fall silent, and call off what is planned for them; what rings, rings out.

    Args:
        by: who wants it.
        drummers: their names; none: all, and what is planned for the session.
    """

    by: By
    drummers: Annotated[tuple[Name, ...], Meta(max_length=MAX_EDITS)] = ()


class PanicRequest(Request, frozen=True, kw_only=True, tag="panic"):
    """Silence everything at once: forget what is not sent yet, end every note, free every synth."""

    by: By


class ResetRequest(Request, frozen=True, kw_only=True, tag="reset"):
    """Set everything to how a new session is, and cancel what is planned."""

    by: By


class Hands(Request, frozen=True, kw_only=True, tag="hands"):
    """Tell what hands do at an instrument that the conductor does not hear by itself.

    Args:
        port: that it counts as played to.
        data: MIDI messages, each of them whole.
        beat: at which they were; by default now, and never later than that.
    """

    port: Annotated[str, Meta(max_length=128)] = ""
    data: Annotated[bytes, Meta(min_length=1, max_length=4096)]
    beat: Annotated[float, Meta(ge=0, le=1e7)] | None = None


class Follow(Request, frozen=True, kw_only=True, tag="follow"):
    """Let a clock lead the tempo from now on; None: the conductor, whoever leads."""

    clock: AnyClock | None = None
    by: By


class LeadRequest(Request, frozen=True, kw_only=True, tag="lead"):
    """Have a clock follow the tempo from now on, or (`on` false) no more; None: all that do."""

    clock: AnyClock | None
    on: bool = True
    by: By


class Tap(Request, frozen=True, kw_only=True, tag="tap"):
    """Tap the tempo: from the second tap on it is set at once, by the median of the intervals.

    Args:
        ago: seconds that have passed since the tap.
        bar: whether it is the first beat of a bar.
    """

    ago: Annotated[float, Meta(ge=0, le=1)] = 0.0
    bar: bool = False
    by: By


AnyRequest = (
    Join | Here | Leave | Log | Write | Undo | SceneRequest
    | Locate | IdeasRequest | HushRequest | ResetRequest | PanicRequest | Hands | Follow | LeadRequest | Tap
)  # fmt: skip


# Replies and news


class OutState(Struct, frozen=True):
    """A target: what it is, how far ahead it is sent to, and how that went.

    Args:
        name: as in "osc 127.0.0.1:9000".
        ahead: seconds.
        sent, late, dropped: notes.
        fault: why it is not there, or "".
    """

    name: str
    ahead: float
    sent: int = 0
    late: int = 0
    dropped: int = 0
    fault: str = ""


class InState(Struct, frozen=True):
    """A MIDI port that is heard: its name, and whether it is there; else it is looked for."""

    name: str
    there: bool = True


class SessionState(Reply, frozen=True, kw_only=True, tag="state"):
    """Where the session is.

    Args:
        session: what tells it from others.
        name: what the client that asks is called; "" where it has not joined, or was silent for so long that it must
            join again.
        beat: now.
        bpm: now.
        playing: whether the transport runs.
        edits: how many there are.
        engine: "ready", "starting" or "gone".
        spent: ms; of the engine's last answer, see `answer`.
        answer: ms that the engine took for its last answer; 0 before the first.
        outs: the targets that are in use.
        ins: the MIDI ports that are heard.
        clients: who takes part.
        late, dropped: notes of all targets.
        model: what the engine serves, where it has said so.
        at: when this was said, in ns of the conductor's monotonic clock.
        anchor: when beat 0 was, or would have been: a beat is `anchor` and the seconds of the log's tempo map up to it.
        stopped: the beat at which the transport stands, or will; None: it runs.
        run: what tells the conductor's process from others; another one may have lost the last edits of this one.
        fifo: whether the conductor runs in real time (SCHED_FIFO).
        osc: where the OSC door is; a sentence where there is none though there should be; or "".
        leader: who leads the tempo: the name of a clock, or the address of a peer; "" is the conductor.
        away: whether that clock is not there at present, so that the tempo stays as it is.
        phase: ms by which the beats lie behind those of who leads, or of the peer heard last; None: nobody was.
        led: the names of the clocks that follow.
    """

    session: str
    beat: float
    bpm: float
    playing: bool
    edits: int
    engine: str
    at: int = 0
    anchor: int = 0
    stopped: float | None = None
    run: str = ""
    name: str = ""
    answer: float = 0.0
    outs: tuple[OutState, ...] = ()
    ins: tuple[InState, ...] = ()
    clients: tuple[str, ...] = ()
    late: int = 0
    dropped: int = 0
    model: ModelInfo | None = None
    fifo: bool = False
    osc: str = ""
    leader: str = ""
    away: bool = False
    phase: float | None = None
    led: tuple[str, ...] = ()


class Edits(Reply, frozen=True, kw_only=True, tag="edits"):
    """Edits, the first of which has the number `since`: the reply to `Log`, and news.

    Args:
        more: whether there are more than fit.
    """

    since: int
    edits: tuple[Edit, ...]
    more: bool = False


class WrittenEdits(Reply, frozen=True, kw_only=True, tag="written"):
    """The edits that were made, with the beats at which they are due."""

    edits: tuple[Edit, ...]


class SaidEdits(WrittenEdits, frozen=True, kw_only=True, tag="said"):
    """The same of an undo, a redo or a silence, and a sentence that says what was undone, or called off."""

    said: str


class Located(Reply, frozen=True, kw_only=True, tag="place"):
    """A latent (z,)."""

    z: Array


class AnsweredIdeas(Reply, frozen=True, kw_only=True, tag="ideas"):
    """Answers to choose from.

    Args:
        patterns: two bars each, in the order of their numbers.
        nats: how surprising the hits of each were to the player, a step.
    """

    patterns: tuple[Pattern, ...]
    nats: tuple[float, ...]


class Done(Reply, frozen=True, kw_only=True, tag="done"):
    """It is done."""


class Tick(Reply, frozen=True, kw_only=True, tag="tick"):
    """News: a bar begins, or the transport has started or been stopped.

    Args:
        beat: where the transport is.
        bpm: how fast.
        at, anchor, stopped: as of `SessionState`.
    """

    beat: float
    bpm: float
    at: int = 0
    anchor: int = 0
    stopped: float | None = None


class Wanted(Reply, frozen=True, kw_only=True, tag="wanted"):
    """News: a drummer's bar is wanted from the performer's own code.

    Args:
        drummer: whose.
        bar: from 1.
        beat: with which it begins.
        notes: what it would be otherwise, 16 steps; see `edits.pack`.
    """

    drummer: str
    bar: int
    beat: float
    notes: bytes


class Told(Reply, frozen=True, kw_only=True, tag="told"):
    """News: a sentence for the performers."""

    text: str


class Attended(Reply, frozen=True, kw_only=True, tag="attended"):
    """News: a performer has come, or gone."""

    name: str
    there: bool


AnyReply = (
    SessionState
    | Edits
    | WrittenEdits
    | SaidEdits
    | Located
    | AnsweredIdeas
    | Done
    | Tick
    | Wanted
    | Told
    | Attended
    | Failure
)

_requests: msgspec.msgpack.Decoder[AnyRequest] = msgspec.msgpack.Decoder(AnyRequest)
_replies: msgspec.msgpack.Decoder[AnyReply] = msgspec.msgpack.Decoder(AnyReply)


def read_request(body: bytes) -> AnyRequest:
    """Return the request in a body.

    Raises:
        EngineError: BAD_REQUEST, TOO_LARGE or OUT_OF_RANGE, with the field at fault.
    """
    found: AnyRequest = decoded(_requests, body, "request")
    return found


def read_reply(body: bytes) -> AnyReply:
    """Return the reply, or the news, in a body.

    Raises:
        EngineError: it is none.
    """
    found: AnyReply = decoded(_replies, body, "reply")
    return found


def expect(reply: AnyReply, kind: type[Any]) -> Any:
    """Return a reply of the kind that was asked for; raises what the conductor refused."""
    if isinstance(reply, kind):
        return reply
    if isinstance(reply, Failure):
        raise reply.error()
    raise EngineError("INTERNAL", f"the conductor sent '{type_of(reply)}' for a '{type_of(kind)}'")
