"""Model folders: which there are, whether they keep what their manifests promise, and what clients are told of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import GrooveError
from ..model import Model, load
from ..model.manifest import DeclaredControl, parse, problems
from ..model.model import WEIGHTS
from ..model.network import BackendName, Network
from ..model.player.conditions import GENRES
from ..model.player.request import PlayRequest
from ..model.playing import PLAYER_CONTROLS
from ..model.taps import STEPS
from ..protocol.engine import ControlInfo, ModelFault, ModelInfo
from ..runtime.folders import config_folder

_ROWS = 3  # in a trial: more than one, and no number that a graph is likely to have fixed


def folders(given: Sequence[Path]) -> list[Path]:
    """Return the model folders: those given (or, of a folder of folders, those in it), the shipped one, the user's.

    Raises:
        GrooveError: a given folder is no model and holds none.
    """
    found: list[Path] = []
    for folder in given:
        inside = [folder] if (folder / "manifest.json").exists() else _inside(folder)
        if not inside:
            raise GrooveError(f"there is no model in {str(folder)!r}: neither it nor what is in it has a manifest.json")
        found += inside
    found += [WEIGHTS, *_inside(config_folder() / "models")]
    return list({path.resolve(): path for path in found}.values())


def _inside(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("*/manifest.json"))


def load_all(
    given: Sequence[Path] = (), backend: BackendName | None = None
) -> tuple[dict[str, Model], list[ModelFault]]:
    """Load every model that can be served, by the name that clients call it, and say why others are not.

    Of models with one name the second goes by the name of its folder.

    Raises:
        GrooveError: there is none to serve.
    """
    models: dict[str, Model] = {}
    faults = []
    for folder in folders(given):
        try:
            model = load(folder, backend)
            for problem in trials(model):
                raise GrooveError(problem)
            name = model.manifest.name
            if name in models:
                name = folder.name
            if name in models:
                raise GrooveError(f"another model is called {name!r}; name it anew in its manifest")
            models[name] = model
        except GrooveError as error:
            faults.append(ModelFault(str(folder), str(error)))
    if not models:
        raise GrooveError(f"there is no model to serve: {'; '.join(f.message for f in faults)}")
    return models, faults


def check(folder: Path, backend: BackendName | None = None) -> list[str]:
    """Return all that is wrong with a model folder, in sentences; nothing where the engine can serve it.

    >>> check(WEIGHTS)
    []
    """
    try:
        manifest = parse(folder)
    except GrooveError as error:
        return [str(error)]
    found = list(problems(manifest, folder))
    if found:
        return found
    try:
        return list(trials(load(folder, backend)))
    except GrooveError as error:
        return [str(error)]


def trials(model: Model) -> Iterator[str]:
    """Run each network of a model once, and yield where it breaks what the manifest promises."""
    m = model.manifest
    rng = np.random.default_rng(0)
    tap = rng.random((_ROWS, STEPS, 3), np.float32)
    tap[..., 0] = tap[..., 0] < 0.4
    tap[..., 1:] = (tap[..., 1:] - [0, 0.5]) * tap[..., :1]
    known = {
        "tap": tap,
        "genre": np.eye(len(m.genres) + 1, dtype=np.float32)[[-1, 0, -1]],
        "density": np.full((_ROWS, 6), 0.1, np.float32),
        "known": np.zeros((_ROWS, 6), np.float32),
    }
    own = {c.input: np.full((_ROWS, 1), c.default, np.float32) for c in m.controls.values() if c.input}
    drum = model.network.drum
    if missing := [name for name in own if name not in drum.inputs]:
        yield f"a control goes to the input {missing[0]!r}, which {m.files['drum']} lacks; {_inputs(drum)}"
    if strange := [name for name in drum.inputs if name not in known and name not in own]:
        yield f"{m.files['drum']} wants the input {strange[0]!r}, which no control goes to"
    if "tap" not in drum.inputs:
        yield f"{m.files['drum']} has no input 'tap'; {_inputs(drum)}"
    if m.genres and "genre" not in drum.inputs:
        yield f"the manifest has genres, but {m.files['drum']} has no input 'genre'; {_inputs(drum)}"
    if missing or strange or "tap" not in drum.inputs:
        return
    cells = (STEPS, 9)
    yield from _trial(drum, m.files["drum"], {**known, **own}, (cells, cells, cells), (None, (0, 1), (-0.5, 0.5)))
    if "encode" in m.files:
        z = rng.standard_normal((_ROWS, m.latent), np.float32)
        yield from _trial(model.latents.encoder, m.files["encode"], {"tap": tap}, ((m.latent,), (m.latent,)))
        yield from _trial(model.latents.recaller, m.files["recall"], {"z": z}, ((STEPS, 3),), ((-0.5, 1),))
    if "hear" in m.files and model.network.hear is not None:
        yield from _trial(model.network.hear, m.files["hear"], {"tap": tap}, ((len(m.genres),),), ((0, 1),))
    if "player" in m.files:
        yield from _player_trial(model)
    for preset in model.presets.values():
        if preset.z.shape != (m.latent,) or not np.isfinite(preset.z).all():
            yield f"the latent of the preset {preset.name!r} must be {m.latent} finite numbers"
        if preset.genre not in m.genres:
            yield f"the preset {preset.name!r} is of the genre {preset.genre!r}, which the manifest lacks"


def _player_trial(model: Model) -> Iterator[str]:
    """Let the player play a bar to a rhythm."""
    file, player = model.manifest.files["player"], model.player
    assert player is not None
    if missing := [name for name in model.manifest.genres if name not in GENRES]:
        yield f"the manifest has the genre {missing[0]!r}, which {file} lacks; it has {', '.join(GENRES)}"
    if wrong := [name for name, array in player.weights.arrays.items() if not np.isfinite(array).all()]:
        yield f"{file} has numbers that are not finite, in the array {wrong[0]!r}"
        return
    rhythm = np.zeros((STEPS // 2, 3), np.float32)
    rhythm[::4, :2] = 1, 0.8
    with np.errstate(all="ignore"):
        played = player.play(PlayRequest(bars=1, rhythm=rhythm))
    if not np.isfinite(played.rows).all() or not np.isfinite(played.nats).all():
        yield f"{file} plays what is not finite"
    elif not played.hits.any():
        yield f"{file} plays nothing to a rhythm"


def _told(controls: Mapping[str, DeclaredControl]) -> dict[str, ControlInfo]:
    return {name: msgspec.convert(c, ControlInfo, from_attributes=True) for name, c in controls.items()}


def _inputs(network: Network) -> str:
    return f"its inputs are {', '.join(network.inputs)}"


def _trial(
    network: Network,
    file: str,
    feeds: dict[str, NDArray[np.float32]],
    shapes: Sequence[tuple[int, ...]],
    ranges: Iterable[tuple[float, float] | None] = (),
) -> Iterator[str]:
    """Run a network on one row and on several, and look at the shapes and the ranges of what comes out."""
    if missing := [name for name in network.inputs if name not in feeds]:
        yield f"{file} wants the input {missing[0]!r}; it must take {', '.join(feeds)}"
        return
    try:
        network({name: a[:1] for name, a in feeds.items()})
        out = network(feeds)
    except GrooveError as error:
        yield f"{file} does not take what the manifest says: {error}"
        return
    if len(out) < len(shapes):
        yield f"{file} gives {len(out)} outputs, not {len(shapes)}"
        return
    for k, (array, shape) in enumerate(zip(out, shapes, strict=False)):
        if array.shape != (_ROWS, *shape) or array.dtype != np.float32:
            wanted = ("n", *shape)
            yield (
                f"output {k + 1} of {file} is {array.dtype} of the shape {array.shape} for {_ROWS} rows; it must be "
                f"float32 ({', '.join(map(str, wanted))})"
            )
        elif not np.isfinite(array).all():
            yield f"output {k + 1} of {file} is not finite"
    for k, (array, limits) in enumerate(zip(out, ranges, strict=False)):
        if limits is not None and array.size and (array.min() < limits[0] or array.max() > limits[1]):
            yield f"output {k + 1} of {file} must lie from {limits[0]:g} to {limits[1]:g}"


def info(name: str, model: Model) -> ModelInfo:
    """Return what clients are told of a model."""
    m = model.manifest
    return ModelInfo(
        name=name,
        version=m.version,
        backend=model.network.drum.backend,
        genres=m.genres,
        presets={preset.name: preset.genre for preset in model.presets.values()},
        latent=m.latent,
        controls=_told(m.controls),
        player=_told(PLAYER_CONTROLS) if model.player is not None else {},
        about=m.about,
        licence=m.licence,
        attribution=m.attribution,
    )
