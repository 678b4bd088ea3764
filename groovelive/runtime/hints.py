"""Commands in messages, which can be typed as they stand: this Python's pip, this `groovelive`, the system's packages.

`pip install 'groovelive[midi]'` would not do: no registry has groovelive, and the `pip` of a shell may belong to
another Python. So a hint names the packages of an extra, and the Python that is to have them.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Literal

Extra = Literal["synth", "midi", "link", "repl", "notebook", "train", "bench"]

EXTRAS: dict[Extra, tuple[str, ...]] = {
    "synth": ("nanosynth",),
    "midi": ("rtmidi2",),
    "link": ("LinkPython-extern",),
    "repl": ("ipython",),
    "notebook": ("ipython", "jupyterlab"),
    "train": ("torch", "onnx", "matplotlib"),
    "bench": ("psutil", *(("isobar",) if sys.version_info < (3, 13) else ()), "pylive", "supriya"),
}
"""The packages of each extra of pyproject.toml that a player can want."""

Package = Literal["jack", "sclang", "supercollider", "pipewire-alsa", "alsa-plugins"]

_PACKAGES: dict[Package, dict[str, str]] = {
    "jack": {"apt": "jackd2"},
    "sclang": {"apt": "supercollider-language"},
    "supercollider": {"apt": "supercollider", "dnf": "supercollider", "pacman": "supercollider"},
    "pipewire-alsa": {"apt": "pipewire-alsa", "dnf": "pipewire-alsa", "pacman": "pipewire-alsa"},
    "alsa-plugins": {"apt": "libasound2-plugins", "dnf": "alsa-plugins-pulseaudio", "pacman": "alsa-plugins"},
}
_MANAGERS = {"apt": "sudo apt install", "dnf": "sudo dnf install", "pacman": "sudo pacman -S"}
_SITES: dict[Package, str] = {
    "jack": "https://jackaudio.org/downloads/",
    "sclang": "https://supercollider.github.io/downloads",
    "supercollider": "https://supercollider.github.io/downloads",
    "pipewire-alsa": "https://pipewire.org",
    "alsa-plugins": "https://www.alsa-project.org",
}


def install(extra: Extra) -> str:
    """Return the command that installs what an extra brings into the Python that runs.

    >>> install("synth")
    '...python... -m pip install nanosynth'
    """
    return pip(*EXTRAS[extra])


def pip(*words: str) -> str:
    """Return the command that installs packages into the Python that runs: by its pip, or by uv where it has none.

    >>> pip("--upgrade", "numpy")
    '...python... -m pip install --upgrade numpy'
    """
    if importlib.util.find_spec("pip") is None and shutil.which("uv") is not None:
        return " ".join(["uv pip install --python", quoted(sys.executable), *words])
    return " ".join([quoted(sys.executable), "-m pip install", *words])


def system_package(package: Package) -> str:
    """Return the command that installs a package of the system, or where to get it.

    >>> "jack" in system_package("jack")
    True
    """
    for manager, name in _PACKAGES[package].items():
        if sys.platform == "linux" and shutil.which(manager) is not None:
            return f"{_MANAGERS[manager]} {name}"
    return f"get it from {_SITES[package]}"


def groovelive(*words: str) -> str:
    """Return the `groovelive` command as it is typed here, in the working folder, with some words after it.

    >>> groovelive("stop")
    '...groovelive stop'
    """
    script = Path(sysconfig.get_path("scripts")) / f"groovelive{'.exe' if os.name == 'nt' else ''}"
    found = quoted(typed(script)) if script.is_file() else f"{quoted(typed(Path(sys.executable)))} -m groovelive"
    return " ".join([found, *words])


def typed(program: Path) -> str:
    """Return a program as it is typed here: its name where that alone finds it, else its path.

    >>> typed(Path(".venv/bin/groovelive").absolute())
    '.venv/bin/groovelive'
    """
    name = program.name.removesuffix(".exe")
    found = shutil.which(name)
    if found is not None and _plain(found) == _plain(program):
        return name
    try:
        return min(os.path.relpath(program), str(program), key=len)
    except ValueError:  # on another drive of Windows
        return str(program)


def quoted(path: str) -> str:
    """Return a path as every shell reads it.

    >>> quoted("/opt/my music/python")
    '"/opt/my music/python"'
    """
    return f'"{path}"' if " " in path else path


def _plain(program: str | Path) -> str:
    return os.path.normcase(os.path.abspath(program)).removesuffix(".exe")
