"""The player behind the engine: a request for bars, checked field by field, and played bar by bar."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..errors import GrooveError
from ..grooves.grid import GROUPS, SHORT, STEPS_PER_BAR, VOICES
from ..grooves.groove import Groove
from ..grooves.phrasing import PHRASE
from ..grooves.taps import Floats, instrument_of
from ..model import Model
from ..model.drumming import at_most, likeliest_steps, most_of, names_of, thresholds_of
from ..model.player.conditions import GENRES, INSTRUMENTS
from ..model.player.request import Locks, PlayRequest
from ..model.playing import Playing, genre_weights
from ..model.taps import check_taps
from ..protocol.base import Array, EngineError, Reply
from ..protocol.engine import MAX_PLAYED, Grooves, Play
from . import validation

_V = len(VOICES)
_PLAIN = {
    "adherence": None, "temperature": 1.0, "variation": 1.0, "complexity": 0.5, "intensity": 0.5, "tempo": None,
    "phrase": PHRASE,
}  # fmt: skip
_LOOPS_A_BAR = 6  # of the mirror's, as long as a bar of the player takes
_PREFILL = 8  # likewise, of the context
# Of a rhythm that is a pattern to be played: nearly all that is in it, and little else.
_ADHERENT = {"answered": 1.0, "accented": 1.0, "kept": 0.85}


def cost(request: Play) -> int:
    """Return about how many loops of the mirror a request takes as long as."""
    draws = 17 if request.sampling == "threshold" or request.threshold is not None else 1
    return (_PREFILL + _LOOPS_A_BAR * request.bars) * draws


def play(request: Play, model: Model) -> Generator[Any, Any, Reply]:
    """Play what is asked, and give way after each bar; returns the reply.

    Raises:
        EngineError: the model has no player, or a field is out of range, of another length, or unknown.
    """
    if model.player is None:
        raise EngineError("UNSUPPORTED", f"the model {model.manifest.name} has no player", "type")
    rhythm = _rhythm(request)
    playing, thresholds, most = _wishes(request, model, rhythm)
    asked = _asked(request, playing, rhythm)
    yield None
    probabilities = None
    if request.sampling == "threshold":
        mirrored = model.mirrored(playing, rhythm, request.bars * STEPS_PER_BAR)
        rows = yield from likeliest_steps(model.player, asked, thresholds, mirrored)
    else:
        played = yield from model.player.steps(asked)
        rows, probabilities = playing.shaped(played, asked.locks), played.probabilities
        if thresholds is not None:
            likely = yield from model.player.probability_steps(asked)
            rows = rows * np.tile(likely[0] >= thresholds, 3)
    if request.probabilities and probabilities is None:
        probabilities = (yield from model.player.probability_steps(asked))[0]
    if most is not None:
        rows = at_most(rows, most)
    return Grooves(
        grooves=Array.of(rows[None].astype(np.float32)),
        probabilities=None
        if probabilities is None or not request.probabilities
        else Array.of(probabilities[None].astype(np.float32)),
    )


def _rhythm(request: Play) -> Floats | None:
    """Return the rhythm of a request, (steps, 3); None where it has none, or one without a hit."""
    if request.tap is None:
        return None
    if isinstance(request.tap, str):
        text = request.tap
        rhythm = validation.guarded(lambda: Groove.parse(text).tap(), "tap")
    elif request.tap.shape[-1] == 3 * _V:
        rhythm = _bars(request.tap, "tap").tap()
    else:
        array = _rows(request.tap, "tap", 3)
        rhythm = validation.guarded(lambda: check_taps(array), "tap")
    return rhythm if rhythm[:, 0].any() else None


def _wishes(request: Play, model: Model, rhythm: Floats | None) -> tuple[Playing, Floats | None, Floats | None]:
    """Return how to play, the thresholds, and the most hits of each voice."""
    for name, value in (("guidance", request.guidance), ("extra", request.extra)):
        if value:
            raise EngineError("UNSUPPORTED", f"{name} is the mirror's; the player has no such control", name)
    given: dict[str, Any] = {
        name: usual if (value := getattr(request, name)) is None else value for name, usual in _PLAIN.items()
    }
    if request.instrument is not None:
        given["instrument"] = request.instrument
    elif rhythm is not None:
        given["instrument"] = instrument_of(rhythm)
    given |= {"genre": request.genre, "density": request.density, "redirect": names_of(request.redirect)}
    given |= {"seed": request.seed, "top_k": request.top_k}
    try:
        model.known_genre(request.genre)
        genre_weights(model.known_genre(request.genre_before))
        return (
            Playing(**given, hands=request.hands, drummer=request.drummer),
            thresholds_of(request.threshold),
            most_of(request.max_hits),
        )
    except GrooveError as error:
        raise _located(error, request, model, given) from None


def _located(error: GrooveError, request: Play, model: Model, given: Mapping[str, Any]) -> EngineError:
    """Find the field that an error is about: the first that is refused on its own too."""
    voices = {*VOICES, *SHORT, *GROUPS}
    names = {
        "genre": {*GENRES, "any"},
        "genre_before": {*GENRES, "any"},
        "instrument": {*INSTRUMENTS},
        "redirect": {*GROUPS},
    }
    tries: dict[str, Callable[[], Any]] = {
        "genre": lambda: genre_weights(model.known_genre(request.genre)),
        "genre_before": lambda: genre_weights(model.known_genre(request.genre_before)),
    }
    tries |= {name: partial(Playing, **{name: given[name]}) for name in given if name != "genre"}
    tries |= {"threshold": lambda: thresholds_of(request.threshold), "max_hits": lambda: most_of(request.max_hits)}
    for name, attempt in tries.items():
        try:
            attempt()
        except GrooveError:
            value = getattr(request, name)
            said = [value] if isinstance(value, str) else value if isinstance(value, Mapping | tuple) else ()
            strange = any(isinstance(one, str) and one not in names.get(name, voices) for one in said)
            return EngineError("UNKNOWN_NAME" if strange else "OUT_OF_RANGE", str(error), name)
    return EngineError("OUT_OF_RANGE", str(error), "genre")


def _asked(request: Play, playing: Playing, rhythm: Floats | None) -> PlayRequest:
    steps = request.bars * STEPS_PER_BAR
    context = None if request.context is None else _bars(request.context, "context").hvo.astype(np.float32)
    locks = None
    if (request.known is None) != (request.held is None):
        raise EngineError("BAD_REQUEST", "known and held go together: which cells are locked, and to what", "known")
    if request.known is not None and request.held is not None:
        known, held = _rows(request.known, "known", _V), _bars(request.held, "held").hvo.astype(np.float32)
        for name, rows, array in (("known", known, request.known), ("held", held, request.held)):
            if len(rows) != steps:
                raise validation.shape(array, name, f"({steps}, {rows.shape[1]}), as long as the answer")
        locks = Locks(known, held)
    if request.fill and len(request.fill) not in (request.bars, request.bars + 1):
        raise EngineError("BAD_REQUEST", f"fill says yes or no for {request.bars} bars, or one more", "fill")
    asked = validation.guarded(
        lambda: playing.request(
            request.bars,
            rhythm,
            context=context,
            bar=request.bar,
            fill=request.fill or None,
            locks=locks,
            fresh=request.fresh,
            genre_before=request.genre_before,
        ),
        "context",
    )
    if request.adherent and request.adherence is None:
        asked = replace(asked, adherence=_ADHERENT)
    return replace(asked, variant=request.variant, probabilities=request.probabilities)


def _bars(array: Array, field: str) -> Groove:
    """Return a field (steps, 27) as a groove, if it can be one."""
    rows = _rows(array, field, 3 * _V)
    return validation.guarded(lambda: Groove.from_hvo(rows), field)


def _rows(array: Array, field: str, width: int) -> Floats:
    rows = array.numpy(field)
    if rows.ndim != 2 or rows.shape[1] != width or len(rows) % STEPS_PER_BAR:
        raise validation.shape(array, field, f"(steps, {width}), of whole bars")
    if len(rows) > MAX_PLAYED * STEPS_PER_BAR:
        raise EngineError(
            "TOO_LARGE", f"{field} lasts at most {MAX_PLAYED} bars, not {len(rows) // STEPS_PER_BAR}", field
        )
    return rows
