"""The fields of a request as a model takes them, and which field it is that a model refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..errors import GrooveError, closest
from ..grooves.grid import GROUPS, SHORT, STEPS_PER_BAR, VOICES
from ..grooves.groove import Groove
from ..model import Model
from ..model.arguments import HitRules, held_cells
from ..model.taps import STEPS, check_taps, loops_of
from ..protocol.base import Array, Code, EngineError
from ..protocol.engine import MAX_BARS, MAX_LOOPS, AnyRequest, DrumRequest, GrooveRequest, Random

Floats = NDArray[np.float32]
_T = TypeVar("_T")
_ABSENT: tuple[Any, ...] = (None, (), {})  # what a control holds that was not given
_V = len(VOICES)


def model(request: AnyRequest, models: Mapping[str, Model]) -> Model:
    name = getattr(request, "model", None)
    if name is None:
        return next(iter(models.values()))
    if name not in models:
        hint = closest(name, models)
        message = f"there is no model {name!r}{hint}; there are {', '.join(models)}"
        raise EngineError("UNKNOWN_MODEL", message, "model")
    return models[name]


def tap(tap: str | Array, field: str = "tap") -> tuple[list[Floats], int]:
    """Return the taps (32, 3) of each loop, the last repeated where half a loop is left, and the bars given."""
    if isinstance(tap, str):
        return guarded(lambda: loops_of(Groove.parse(tap)), field)
    array = tap.numpy(field)
    steps = array.shape[0]
    if array.ndim != 2 or array.shape[1] not in (3, 3 * _V) or steps % STEPS_PER_BAR:
        raise shape(tap, field, "(steps, 3) or (steps, 27), with 16 steps a bar")
    if steps > MAX_BARS * STEPS_PER_BAR:
        most = MAX_BARS
        raise EngineError("TOO_LARGE", f"{field} lasts at most {most} bars, not {steps // STEPS_PER_BAR}", field)
    if array.shape[1] == 3 * _V:
        return guarded(lambda: loops_of(Groove.from_hvo(array)), field)
    whole = guarded(lambda: check_taps(array), field)
    if steps % STEPS:
        whole = np.concatenate([whole, whole[-STEPS_PER_BAR:]])
    return [whole[i : i + STEPS] for i in range(0, len(whole), STEPS)], steps // STEPS_PER_BAR


def point(model: Model, point: str | Array, field: str) -> Groove | Floats | str:
    """Return a point of the latent space as the model takes it; a text never stands for a file."""
    need_latents(model, field)
    if isinstance(point, str):
        if point in model.presets or point in model.genres:
            return point
        try:
            return Groove.parse(point)
        except GrooveError as error:
            raise unknown(model, point, field, "{!r} is no preset, no genre{} and no rhythm: " + str(error)) from None
    array = point.numpy(field)
    if array.shape == (model.manifest.latent,):
        return array
    if array.shape == (STEPS, 3):
        return guarded(lambda: check_taps(array), field)
    if array.shape == (STEPS, 3 * _V):
        return guarded(lambda: Groove.from_hvo(array), field)
    raise shape(point, field, f"({model.manifest.latent},), (32, 3) or (32, 27)")


def latents(model: Model, z: Array) -> Floats:
    array = z.numpy("z")
    if array.ndim > 2 or array.shape[-1] != model.manifest.latent:
        raise shape(z, "z", f"({model.manifest.latent},) or (n, {model.manifest.latent})")
    array = np.atleast_2d(array)
    if len(array) > MAX_LOOPS:
        raise EngineError("TOO_LARGE", f"z holds at most {MAX_LOOPS} latents, not {len(array)}", "z")
    return array


def given(model: Model, request: Any, name: str) -> Any:
    """Return the value of a control in a request, or else the model's default."""
    value = getattr(request, name, None)
    return model.arguments.declared(name).default if value is None else value


def number(model: Model, request: Any, name: str) -> float:
    return guarded(lambda: model.arguments.check(name, given(model, request, name)), name)


def draws(model: Model, request: GrooveRequest) -> bool:
    return bool(given(model, request, "sampling") == "bernoulli")


_CONTROLS = (
    "genre", "density", "redirect", "guidance", "temperature", "sampling", "threshold", "max_hits", "follow",
)  # fmt: skip

_touchable = attrgetter(
    "density", "redirect", "guidance", "extra", "temperature", "sampling", "threshold", "max_hits", "keep", "locks"
)
_UNTOUCHED = _touchable(Random())
_usual: WeakKeyDictionary[Model, HitRules] = WeakKeyDictionary()  # what a model is asked where nothing is touched


def rules(model: Model, request: DrumRequest, genre: Any, seed: int) -> HitRules:
    """Return the controls of a request as the model takes them.

    Raises:
        EngineError: one is out of range, unknown, or none of this model's controls; with its field.
    """
    if genre is not None or not isinstance(request, GrooveRequest) or _touchable(request) != _UNTOUCHED:
        return _rules(model, request, genre, seed)
    usual = _usual.get(model)  # nothing touched: the most frequent case, and the quickest
    if usual is None:
        usual = _rules(model, request, genre, seed)
        if usual.rng is None:  # else it must not be drawn from twice
            _usual[model] = usual
    return usual


def _rules(model: Model, request: DrumRequest, genre: Any, seed: int) -> HitRules:
    declared = model.manifest.controls
    for name in _CONTROLS:
        if getattr(request, name, None) not in _ABSENT and name not in declared:
            message = f"the model {model.manifest.name} has no control {name!r}; it has {', '.join(declared)}"
            raise EngineError("UNSUPPORTED", message, name)
    keep = None
    if isinstance(request, GrooveRequest) and request.keep is not None:
        kept = request.keep.numpy("keep")
        keep = guarded(lambda: Groove.from_hvo(kept), "keep")
    one = request if isinstance(request, GrooveRequest) else GrooveRequest()
    try:
        if genre is None and (default := model.arguments.declared("genre").default) != "any":
            genre = default
        density = given(model, request, "density")
        asked = model.arguments.conditioning(genre, density, request.redirect, request.guidance, request.extra)
        return model.arguments.rules(
            asked,
            given(model, one, "temperature"),
            given(model, one, "sampling"),
            one.threshold,
            given(model, one, "max_hits"),
            keep,
            one.locks,
            seed,
        )
    except GrooveError as error:
        raise _located(model, request, error) from None


def _located(model: Model, request: DrumRequest, error: GrooveError) -> EngineError:
    """Find the field that an error is about: the first control that is refused on its own too."""
    groups, voices = set(GROUPS), {*VOICES, *SHORT, *GROUPS}
    tries: dict[str, tuple[Callable[[Any], Any], Iterable[str]]] = {
        "genre": (model.arguments.genre, {*model.genres, "any"}),
        "density": (lambda value: model.arguments.conditioning(density=value), voices),
        "redirect": (lambda value: model.arguments.conditioning(redirect=value), groups),
        "guidance": (lambda value: model.arguments.conditioning(guidance=value), ()),
        "extra": (model.arguments.extras, model.arguments.own.values()),
        "temperature": (lambda value: model.arguments.check("temperature", value), ()),
        "threshold": (lambda value: model.arguments.per_voice("threshold", value), voices),
        "max_hits": (lambda value: model.arguments.per_voice("max_hits", value), voices),
        "locks": (lambda value: held_cells(Groove.empty(), value), voices),
    }
    for name, (attempt, known) in tries.items():
        value = getattr(request, name, None)
        if value in _ABSENT:
            continue
        try:
            attempt(value)
        except GrooveError:
            names = [value] if isinstance(value, str) else value if isinstance(value, Mapping | tuple) else ()
            strange = any(isinstance(n, str) and n not in known for n in names)
            return EngineError("UNKNOWN_NAME" if strange else "OUT_OF_RANGE", str(error), name)
    pairs = {"keep": "locks", "redirect": "redirect", "locks": "locks"}  # refused only with another
    field = next((pairs[name] for name in pairs if getattr(request, name, None)), "")
    return EngineError("OUT_OF_RANGE", str(error), field)


def guarded(make: Callable[[], _T], field: str, code: Code = "OUT_OF_RANGE") -> _T:
    """Return what `make` makes; where it refuses, it is the field's fault."""
    try:
        return make()
    except EngineError:
        raise
    except GrooveError as error:
        raise EngineError(code, str(error), field) from None


def need_latents(model: Model, field: str) -> None:
    if not model.manifest.latent:
        message = f"the model {model.manifest.name} has no latent space; it only answers taps"
        raise EngineError("UNSUPPORTED", message, field)


def unknown(model: Model, name: str, field: str, text: str) -> EngineError:
    short = name if len(name) <= 60 else name[:59] + "…"
    hint = closest(short, [*model.presets, *model.genres])
    return EngineError("UNKNOWN_NAME", text.format(short, hint), field)


def shape(array: Array, field: str, wanted: str) -> EngineError:
    return EngineError("OUT_OF_RANGE", f"{field} must have the shape {wanted}, not {list(array.shape)}", field)
