"""groovelive in IPython and notebooks: everything in reach, magics, a status in the toolbar, one line for a mistake."""

from __future__ import annotations

import re
import sys
from typing import Any

from ..errors import GrooveError
from . import api as words
from .completion import Strings, matcher
from .inputs import VIRTUAL
from .keys import AS_BEFORE, SEND_KEYS, bind
from .session import Session
from .silence import BareWords
from .welcome import welcome

_BPM = re.compile(r"(\d+(?:\.\d+)?)(?:\s+over\s+(\d+(?:\.\d+)?))?")


def load(shell: Any, live: Session | None = None) -> Session:
    """Put the session, d1 to d9 and the words in reach of a shell, and add the magics.

    Args:
        shell: IPython's `InteractiveShell`.
        live: the session; by default the one that runs here, or a new one.
    """
    live = _here() if live is None else live
    shell.push(words.in_reach(live))
    _magics(shell)
    if (completer := getattr(shell, "Completer", None)) is not None:
        completer.custom_matchers.append(matcher(Strings(words.genres, words.presets, _inputs, _outputs)))
    shell.ast_transformers.append(BareWords(shell.user_ns))
    if getattr(shell, "pt_app", None) is not None:
        bind(shell.pt_app.key_bindings, words.hush)
    shell.set_custom_exc((GrooveError, AttributeError), _told)
    return live


def _inputs() -> list[str]:
    from ..outputs.devices import midi_ports  # at first use: it brings ZeroMQ

    return [*midi_ports(heard=True), VIRTUAL]


def _outputs() -> list[str]:
    from ..outputs.devices import midi_ports  # at first use: it brings ZeroMQ

    return midi_ports()


def _here() -> Session:
    try:
        return words.session()  # a second client would be another performer, who cannot undo what this one did
    except GrooveError:
        return words.open()


def _told(shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None) -> Any:
    """Tell a mistake in its sentence, without a traceback; what is no word of ours is shown as ever."""
    if isinstance(error, GrooveError) or _of_ours(trace):
        print(f"{error}", file=sys.stderr)
        return []
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    return []


def _of_ours(trace: Any) -> bool:
    """Return whether an error was raised by the stage itself."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).startswith("groovelive.live")


def _magics(shell: Any) -> None:
    def bpm(text: str) -> None:
        """`%bpm 128` sets the tempo from the next bar on; `%bpm 140 over 8` goes there in 8 bars; `%bpm` tells it."""
        live = words.session()
        if not text.strip():
            print(f"{live.bpm:g}")
            return
        found = _BPM.fullmatch(text.strip())
        if found is None:
            raise GrooveError(f"write %bpm 128, or %bpm 140 over 8; not %bpm {text}")
        if found[2]:
            with live.at("next", over=float(found[2])):
                live.bpm = float(found[1])
        else:
            live.bpm = float(found[1])

    def hush(text: str) -> None:
        """`%hush`: every drummer falls silent, and what is planned is called off; what rings, rings out."""
        words.hush()

    def panic(text: str) -> None:
        """`%panic`: the same, and nothing rings any more."""
        words.panic()

    def undo(text: str) -> None:
        """`%undo`: undo what you did last."""
        words.undo()

    def redo(text: str) -> None:
        """`%redo`: do again what you undid last."""
        words.redo()

    def groove(text: str, cell: str) -> Any:
        """`%%groove d1`: what stands in the cell is what the drummer follows."""
        name = text.strip() or "d1"
        drummer = words.session()[name]
        return drummer >> words.groove(cell.strip())

    def at(text: str, cell: str) -> None:
        """`%%at +8` or `%%at +8 over 4`: all edits of the cell are due at one moment."""
        when, _, over = text.partition(" over ")
        try:
            bars = float(over) if over else 0.0
        except ValueError:
            raise GrooveError(f"write %%at +8, or %%at +8 over 4; not %%at {text}") from None
        with words.at(when, over=bars):
            exec(compile(cell, "<%%at>", "exec"), shell.user_ns)

    for name, of_line in (("bpm", bpm), ("hush", hush), ("panic", panic), ("undo", undo), ("redo", redo)):
        shell.register_magic_function(of_line, "line", name)
    for name, of_cell in (("groove", groove), ("at", at)):
        shell.register_magic_function(of_cell, "cell", name)


def toolbar() -> str:
    """Return the status line: where the session is, from what this client knows, without asking."""
    try:
        live = words.session()
    except GrooveError:
        return "no session"
    state = live.known
    engine = state.engine if state is not None else "?"
    late = state.late if state is not None else 0
    names = " ".join(d.name for d in live.drummers) or "no drummer yet"
    return f" bar {live.bar} · {live.bpm:.4g} bpm · {names} · engine {engine} · {late} late"


def shell(**options: Any) -> int:
    """Open IPython with everything in reach; return its exit code.

    Args:
        options: as of `groovelive.open`.
    """
    terminal: Any
    from IPython.terminal.interactiveshell import TerminalInteractiveShell
    from traitlets.config import Config

    live = words.open(**options)
    config = Config()
    config.TerminalInteractiveShell.banner1 = welcome(live)
    if hasattr(TerminalInteractiveShell, "enable_tip"):  # IPython 9
        config.TerminalInteractiveShell.enable_tip = False
    terminal = TerminalInteractiveShell.instance(config=config, user_ns={})
    load(terminal, live)
    if terminal.pt_app is not None:
        terminal.pt_app.bottom_toolbar = toolbar
        terminal.pt_app.refresh_interval = 0.5
    terminal.show_banner()  # which only IPython's own program does by itself
    print(SEND_KEYS if sys.stdout.isatty() else "", end="", flush=True)
    try:
        terminal.mainloop()
    finally:
        print(AS_BEFORE if sys.stdout.isatty() else "", end="", flush=True)
    live.close()
    return 0
