"""`groovelive demo`: a set of 32 bars, heard through the embedded synth, or else as sound, MIDI and a picture."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live as Screen
from rich.text import Text

from ..errors import GrooveError
from ..grooves.display import roll
from ..grooves.grid import STEPS_PER_BAR
from ..live import api as words
from ..live.as_grooves import groove_of
from ..live.clip import Clip
from ..live.session import Session
from ..runtime import endpoints as connection
from ..score.edits import BEATS_PER_BAR, STEP
from ..score.events import events

# The set is an example that can be read and changed; it comes with the package under another name.
SETS: Final = (
    Path(__file__).parents[2] / "examples" / "performance.py",
    Path(__file__).with_name("performance.py"),
)
SHOWN: Final = ((1, "the answer to a tapped rhythm"), (5, "funk"), (13, "latin, and a second drummer"),
                (21, "on a walk to a jazz preset"), (29, "afrobeat, busier and faster"))  # fmt: skip
FRAMES: Final = 12  # a second

NEXT: Final = """\
What to try next:
  {command}          play in IPython: d1 >> groove("x..x..x.")
  {command} drum "x..x..x." --genre funk -o beat.wav
  {command} --help
"""


def run(folder: Path, console: Console | None = None, sound: bool | None = None) -> int:
    """Play the set, aloud where there is a sound device, and make demo.mid, demo.svg and demo.wav of it.

    Args:
        folder: where the files go; made if missing.
        console: where the roll is shown; by default the terminal.
        sound: whether to play it aloud; by default, if it can be and no session runs here that it would disturb.

    Returns:
        The exit code.

    Raises:
        GrooveError: the files can't be written there.
    """
    console = console or Console(highlight=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GrooveError(f"cannot write to {folder}: {error.strerror or error}") from None
    synth = importlib.util.find_spec("nanosynth") is not None
    files = [folder / name for name in ("demo.mid", "demo.svg", "demo.wav") if synth or name != "demo.wav"]
    from ..live.clip import check_paths

    check_paths(files)
    if sound is None:
        from ..outputs import audio_device

        busy = connection.holder("conductor") is not None
        if busy:
            console.print("a session runs on this machine, which is left alone: the set is made into files")
        sound = synth and not busy and audio_device()
    clip = _aloud(console) if sound else _silently(console)
    if not sound:
        _show(console, clip)
    console.print("rendering" if synth else "writing", end=" … ")
    clip.save(*files)
    console.print("done")
    for path in files:
        console.print(f"wrote [bold]{path}[/] ({path.stat().st_size / 1000:,.0f} kB)")
    if not synth:
        console.print("no demo.wav: that needs the embedded synth, pip install 'groovelive\\[synth]'")
    console.print()
    console.print(NEXT.format(command=_command()), end="", markup=False, soft_wrap=True)
    return 0


def the_set() -> ModuleType:
    """Return the set that is played: `examples/performance.py`."""
    path = next((path for path in SETS if path.is_file()), None)
    if path is None:
        raise GrooveError("the demo's set is missing from this installation")
    spec = importlib.util.spec_from_file_location("groovelive_performance", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _silently(console: Console) -> Clip:
    """Play the set on a simulated clock."""
    with words.open(realtime=False, by="demo") as live:
        the_set().play(live)
        return Clip(live.snapshot(), 0.0, live.beat, live.model)


def _aloud(console: Console) -> Clip:
    """Play the set through the synth, with a roll that moves."""
    from .services import main

    live = words.open(by="demo")
    begin = (live.bar) * float(BEATS_PER_BAR)
    over = threading.Event()

    def show() -> None:
        with Screen(console=console, refresh_per_second=FRAMES, transient=True) as screen:
            while not over.wait(1 / FRAMES):
                screen.update(frame(live))

    thread = threading.Thread(target=show, name="roll", daemon=True)
    thread.start()
    try:
        the_set().play(live)
        live.wait(beats=2)  # what rings, rings out
        return Clip(live.snapshot(), begin, float(live.bar * BEATS_PER_BAR), live.model)
    finally:
        over.set()
        thread.join(2)
        live.close()
        main("stop", [])


def frame(live: Session) -> Any:
    """Return what plays now as a picture for the terminal: two bars of each drummer, the playing step lit.

    >>> live = words.open(realtime=False)
    >>> _ = live.d1 >> words.play("bd sn")
    >>> live.run(bars=1)
    >>> print("snare" in frame(live).renderables[1].plain)
    True
    """
    beat = live.beat
    bar = int(beat // BEATS_PER_BAR)
    first = bar // 2 * 2
    score = live.score
    parts: list[Any] = [Text(f"bar {bar + 1} · {live.bpm:.4g} bpm", style="bold")]
    for name in score.drummers:
        found = events(score, first * BEATS_PER_BAR, (first + 2) * BEATS_PER_BAR, (name,))
        text = Text.from_ansi(f"{name}\n{roll(groove_of(found, first * STEPS_PER_BAR, 2), colour=True)}")
        _light(text, int((beat - first * BEATS_PER_BAR) / STEP))
        parts.append(text)
    return Group(*parts)


def _light(text: Text, step: int) -> None:
    """Light a step in all rows of a roll: its column stands after the names, one on after the bar line."""
    lines = text.plain.split("\n")
    if len(lines) < 2 or "1" not in lines[1]:
        return
    column = lines[1].index("1") + step + step // STEPS_PER_BAR
    at = len(lines[0]) + 1
    for line in lines[1:]:
        if column < len(line):
            text.stylize("reverse", at + column, at + column + 1)
        at += len(line) + 1


def _show(console: Console, clip: Clip) -> None:
    """Print the roll of some bars of the set."""
    for bar, what in SHOWN:
        first = (bar - 1) * BEATS_PER_BAR
        if first + 2 * BEATS_PER_BAR <= clip.end:
            console.print(f"\n[bold]bars {bar} and {bar + 1}[/]: {what}")
            part = Clip(clip.score, float(first), float(first + 2 * BEATS_PER_BAR))
            console.print(Text.from_ansi(roll(part.groove(), colour=True)), soft_wrap=True)
    console.print()


def _command() -> str:
    """Return what the reader types to run groovelive again."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py" or shutil.which("groovelive"):
        return "groovelive" if shutil.which("groovelive") else "python -m groovelive"
    return os.path.relpath(called) if called.is_absolute() else str(called)
