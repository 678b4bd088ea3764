"""The manifest of a model: what it takes, what each control may be, what it was trained on and how well it does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec

from ..checks import number
from ..errors import GrooveError
from ..grooves.grid import VOICES

FORMAT = 1


class DeclaredControl(msgspec.Struct, frozen=True, omit_defaults=True):
    """One control: its range (or its choices), its default and what it does; `default` None means untouched."""

    about: str
    low: float | None = None
    high: float | None = None
    default: float | str | None = None
    choices: tuple[str, ...] = ()
    per: str = ""  # "group", "voice" (groups too) or "genre" where it takes a mapping too
    input: str = ""  # of a control of the model's own: the network input (n, 1) that it goes to

    def check(self, name: str, value: float) -> float:
        """Return `value` as a float.

        Args:
            name: what the error calls it.
            value: what somebody gave.

        Raises:
            GrooveError: it lies outside the range.
        """
        low, high = (-math.inf if self.low is None else self.low), (math.inf if self.high is None else self.high)
        return number(name, value, low, high)


class Manifest(msgspec.Struct, frozen=True):
    """All that is declared of a model, as in its `manifest.json`.

    Args:
        format: version of this layout.
        name: what the model is called.
        version: of the weights.
        files: network files by role: "drum"; and "encode" and "recall", or neither. ".onnx" is run by ONNX
            Runtime; ".pt", a TorchScript module or a checkpoint of `groovelive train`, by torch. "player" is an
            ".npz" of `groovelive train player`, run by numpy.
        genres: names in the order of the network's input; "any" is the input after the last.
        latent: length of z; 0 where there is no encoder.
        controls: by name.
        bias: log-odds that are subtracted from each voice's logits, so that .5 is where it plays.
        thresholds: per voice, on the probabilities after the bias.
        rare: (least probability, least expected hits) for a rare voice's best hit to be played.
        centring: 0..1, how far the number of hits is drawn to the expected number.
        directions: unit of an attribute in the latent space, by name, each (latent,).
        figures: what `groovelive evaluate` measured.
        about, licence, data, attribution: in words.
    """

    format: int
    name: str
    version: str
    files: dict[str, str]
    genres: tuple[str, ...] = ()
    latent: int = 0
    controls: dict[str, DeclaredControl] = {}
    bias: tuple[float, ...] = (0.0,) * len(VOICES)
    thresholds: tuple[float, ...] = (0.5,) * len(VOICES)
    rare: tuple[float, float] = (1.0, 9.0)  # never
    centring: float = 0.0
    directions: dict[str, tuple[float, ...]] = {}
    figures: dict[str, Any] = {}
    about: str = ""
    licence: str = ""
    data: tuple[str, ...] = ()
    attribution: str = ""


class PresetRow(msgspec.Struct, frozen=True):
    """A preset as stored: a latent with its genre and its pattern (step, voice, velocity, offset)."""

    name: str
    genre: str
    z: tuple[float, ...]
    notes: tuple[tuple[int, int, float, float], ...]


def read(folder: str | PathLike[str]) -> Manifest:
    """Return the manifest in `folder`.

    Raises:
        GrooveError: it is not there, does not fit its layout, or contradicts itself or its folder.
    """
    manifest = parse(folder)
    for problem in problems(manifest, Path(folder)):
        raise GrooveError(f"{Path(folder) / 'manifest.json'}: {problem}")
    return manifest


def parse(folder: str | PathLike[str]) -> Manifest:
    """Return the manifest in `folder`, whatever it says.

    Raises:
        GrooveError: it is not there, or does not fit its layout.
    """
    path = Path(folder) / "manifest.json"
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise GrooveError(f"there is no model in {str(folder)!r}: it has no manifest.json") from None
    except OSError as error:
        raise GrooveError(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise GrooveError(f"{path} is not a model manifest: {error}") from None
    if manifest.format != FORMAT:
        raise GrooveError(f"{path} has the format {manifest.format}; this version of groovelive reads {FORMAT}")
    return manifest


def problems(manifest: Manifest, folder: Path) -> Iterator[str]:
    """Yield what is wrong with a manifest, as sentences, without a look into the network files."""
    m = manifest
    if not 1 <= len(m.name) <= 128:
        yield "name must have 1 to 128 characters"
    roles = set(m.files)
    if roles - {"hear", "player"} not in ({"drum"}, {"drum", "encode", "recall"}):
        named = ", ".join(sorted(roles)) or "nothing"
        yield f"files must name 'drum', or 'drum', 'encode' and 'recall', and may name 'hear' and 'player'; not {named}"
    for role, name in m.files.items():
        kinds = (".npz",) if role == "player" else (".onnx", ".pt")
        if Path(name).name != name or Path(name).suffix not in kinds:
            yield f"the file of {role!r} must be an {' or '.join(kinds)} file in the same folder, not {name!r}"
        elif not (folder / name).is_file():
            yield f"the file of {role!r}, {name}, is not in its folder"
    if len(set(m.genres)) != len(m.genres) or "any" in m.genres:
        yield "genres must be different from each other, and none may be 'any'"
    if not 0 <= m.latent <= 4096 or (m.latent > 0) != ("encode" in roles):
        yield f"latent must be the length of z where there is an encoder, else 0; not {m.latent}"
    for what, row in (("bias", m.bias), ("thresholds", m.thresholds)):
        if len(row) != len(VOICES):
            yield f"{what} must have {len(VOICES)} numbers, one a voice, not {len(row)}"
    if not all(0 <= t <= 1 for t in m.thresholds):
        yield "thresholds must lie from 0 to 1"
    if not 0 <= m.centring <= 1:
        yield f"centring must lie from 0 to 1, not {m.centring:g}"
    for what, direction in m.directions.items():
        if len(direction) != m.latent:
            yield f"the direction {what!r} must have {m.latent} numbers, as the latent has, not {len(direction)}"
    for name, control in m.controls.items():
        yield from _control_problems(name, control)


def _control_problems(name: str, control: DeclaredControl) -> Iterator[str]:
    standard = CONTROLS.get(name)
    if standard is None and not control.input:
        yield f"the control {name!r} is none of groovelive's, so it must say which network input it goes to"
    if standard is not None and control.input:
        yield f"the control {name!r} is one of groovelive's, so it must not name a network input"
    if control.input in ("tap", "genre", "density", "known"):
        yield f"the control {name!r} must not go to the input {control.input!r}, which has a meaning already"
    low, high, default = control.low, control.high, control.default
    if (low is None) != (high is None) or (low is not None and high is not None and not low < high):
        yield f"the control {name!r} must have low and high, low below high, or neither"
    elif low is None and (control.input or (standard is not None and standard.low is not None)):
        yield f"the control {name!r} takes a number, so it must have low and high"
    elif low is not None and high is not None:
        if isinstance(default, str) or (default is not None and not low <= default <= high):
            yield f"the default of the control {name!r} must lie from {low:g} to {high:g}, not at {default!r}"
        elif control.input and default is None:
            yield f"the control {name!r} goes to the network, so it must have a default"
        if standard and standard.low is not None and standard.high is not None:
            within = float(standard.low) <= low and high <= float(standard.high)  # JSON's numbers are floats
            if not within:
                yield f"the control {name!r} must keep within {standard.low:g} to {standard.high:g}"
    if control.choices and default not in control.choices:
        yield f"the default of the control {name!r} must be one of its choices"


CONTROLS = {
    "genre": DeclaredControl("style of the answer: a name, or weights over names", default="any", per="genre"),
    "density": DeclaredControl(
        "how much is played: 0..1 of two hits a step; of a group or voice, its hits a step", 0, 1, per="voice"
    ),
    "redirect": DeclaredControl("groups that must be absent; their energy moves to the others", per="group"),
    "guidance": DeclaredControl(
        "how strongly a genre is pressed on a tap that is not of it; 1 is as in the data", 0, 8, 3.0
    ),
    "temperature": DeclaredControl("0 repeats the likeliest, above 1 is wilder (in bernoulli sampling)", 0.01, 10, 1.0),
    "sampling": DeclaredControl("how hits are drawn", default="threshold", choices=("threshold", "bernoulli")),
    "threshold": DeclaredControl("probability from which a hit is played", 0, 1, 0.5, per="voice"),
    "max_hits": DeclaredControl("most hits of a voice in a loop", 0, 32, 32, per="voice"),
    "follow": DeclaredControl("1 follows the tap, 0 plays the preset, between is a blend", 0, 1, 1.0),
    "seed": DeclaredControl("of bernoulli sampling and of random latents", 0, 2**63 - 1, 0),
}
