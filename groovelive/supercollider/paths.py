"""Where SuperCollider looks for classes, where the Quark of this groovelive is, and where another one is."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from ..runtime.shipped import shipped

NAME = "GrooveLive"
_DECLARED = re.compile(rb"^[ \t]*GrooveLive\s*(:\s*\w+\s*)?\{", re.MULTILINE)


class Places(msgspec.Struct, frozen=True):
    """Where SuperCollider looks.

    Args:
        extensions: the user's folder of classes.
        system: the folders of classes for all users.
        config: the file that names further folders, as `Quarks.install` writes it.
    """

    extensions: Path
    system: tuple[Path, ...]
    config: Path


def places(system: str = sys.platform, environment: Mapping[str, str] = os.environ, home: Path | None = None) -> Places:
    """Return where SuperCollider looks for classes on a system.

    Source: `Platform.userExtensionDir`, `systemExtensionDir` and `userConfigDir` of SuperCollider 3.13.

    Args:
        system: as `sys.platform`.
        home: of the user; by default that of this one.

    >>> places("linux", {}, Path("/home/maria")).extensions.as_posix()
    '/home/maria/.local/share/SuperCollider/Extensions'
    >>> places("darwin", {}, Path("/Users/maria")).extensions.as_posix()
    '/Users/maria/Library/Application Support/SuperCollider/Extensions'
    """
    home = Path.home() if home is None else home
    if system == "win32":
        own = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "SuperCollider"
        common = Path(environment.get("PROGRAMDATA") or "C:/ProgramData") / "SuperCollider"
        return Places(own / "Extensions", (common / "Extensions",), own / "sclang_conf.yaml")
    if system == "darwin":
        own = home / "Library" / "Application Support" / "SuperCollider"
        return Places(own / "Extensions", (Path("/") / own.relative_to(home) / "Extensions",), own / "sclang_conf.yaml")
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    shared = tuple(Path(root) / "share" / "SuperCollider" / "Extensions" for root in ("/usr", "/usr/local"))
    return Places(data / "SuperCollider" / "Extensions", shared, config / "SuperCollider" / "sclang_conf.yaml")


def source() -> Path:
    """Return the folder of the Quark that came with this groovelive: of the wheel, or of a checkout.

    Raises:
        GrooveError: it is not there.

    >>> (source() / "Classes" / "Pgroove.sc").exists()
    True
    """
    return shipped("supercollider")


def include_paths(config: Path) -> list[Path]:
    """Return the folders that sclang_conf.yaml adds to the class library; none where there is no such file."""
    return [Path(word).expanduser() for word in _listed(config, "includePaths")]


def elsewhere(where: Places, target: Path) -> tuple[Path, ...]:
    """Return the other files, or folders of a Quark, than `target` that SuperCollider reads a class GrooveLive from."""
    excluded = {os.path.realpath(word) for word in _listed(where.config, "excludePaths")}
    found: dict[Path, None] = {}
    for root in (where.extensions, *where.system, *include_paths(where.config)):
        for path in _class_files(root, target, excluded):
            with contextlib.suppress(OSError):
                if _DECLARED.search(path.read_bytes()):
                    found[path.parent.parent if path.parent.name == "Classes" else path] = None
    return tuple(found)


def _listed(config: Path, key: str) -> list[str]:
    """Return a list of strings of a file as yaml-cpp writes it: one a line, or in brackets."""
    try:
        text = config.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    found = re.search(rf"^{key}:[ \t]*(\[.*?\]|(?:\s*\n\s*(?:-.*|\[\]))*)", text, re.MULTILINE)
    lines = found[1].strip() if found else ""
    words = lines.strip("[]").split(",") if lines.startswith("[") else re.findall(r"^\s*-(.*)$", lines, re.MULTILINE)
    return [word for word in (word.strip().strip("\"'") for word in words) if word and word != "[]"]


def _class_files(root: Path, target: Path, excluded: set[str]) -> Iterator[Path]:
    """Go through what sclang would compile below a folder: links are followed, folders named ignore passed over."""
    seen = set()
    for name, folders, files in os.walk(root, followlinks=True):
        folder, real = Path(name), os.path.realpath(name)
        if folder == target or real in excluded or real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [one for one in folders if one.lower() not in ("help", "ignore", ".git", ".svn", "_darcs")]
        yield from (folder / file for file in files if file.endswith(".sc"))
