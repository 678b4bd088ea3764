"""The Quark in a folder of extensions: putting it there, telling what is there, taking it away again."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from .. import __version__
from ..errors import GrooveError
from .paths import NAME, Places, elsewhere, include_paths, places, source

MARKER = ".groovelive.json"
PARTS = ("Classes", "HelpSource", "SynthDefs", "examples", f"{NAME}.quark")


class Marker(msgspec.Struct, frozen=True):
    """What was installed, kept among it: the version of groovelive, and the SHA-256 of each file.

    Where it has been removed but for files that the user had changed, those are listed, and the version is empty.
    """

    version: str
    files: dict[str, str]


class Status(msgspec.Struct, frozen=True):
    """What is in a folder of extensions.

    Args:
        folder: where the Quark is, or would be.
        version: of what was installed there; None where nothing was.
        link: whether it is a link to this groovelive's own folder.
        matches: whether it is the Quark of this groovelive.
        modified: files that have been changed since.
        missing: files that have been removed since.
        added: files that are not of groovelive.
        elsewhere: other folders, or files, that SuperCollider reads a class GrooveLive from.
    """

    folder: Path
    version: str | None = None
    link: bool = False
    matches: bool = False
    modified: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    elsewhere: tuple[Path, ...] = ()


def digests(folder: Path) -> dict[str, str]:
    """Return the files of a Quark, as posix paths within its folder, with the SHA-256 of each."""
    found = {}
    for part in PARTS:
        paths = folder / part, *(folder / part).rglob("*")
        for path in paths:
            if path.is_file() and not path.name.startswith("."):
                found[path.relative_to(folder).as_posix()] = _digest(path)
    return found


def look(extensions: Path | None = None, where: Places | None = None) -> Status:
    """Return what is installed.

    Args:
        extensions: the folder of classes; by default the user's.

    Raises:
        GrooveError: the list of what was installed can't be read.
    """
    where = places() if where is None else where
    target = (extensions or where.extensions) / NAME
    others = elsewhere(where, target)
    if target.is_symlink():
        ours = target.resolve() == source().resolve()
        return Status(target, __version__ if ours else None, ours, ours, elsewhere=others)
    marker = _marker(target)
    if marker is None:
        return Status(target, added=_added(target, {}), elsewhere=others)
    here = {name: _digest(target / name) for name in marker.files if (target / name).is_file()}
    return Status(
        target,
        marker.version or None,
        matches=marker.files == digests(source()),
        modified=tuple(sorted(name for name in here if here[name] != marker.files[name])),
        missing=tuple(sorted(marker.files.keys() - here.keys())),
        added=_added(target, marker.files),
        elsewhere=others,
    )


def install(
    extensions: Path | None = None, *, link: bool = False, force: bool = False, where: Places | None = None
) -> tuple[bool, list[str]]:
    """Put the Quark into a folder of extensions, all at once, in place of one that was installed before.

    Args:
        extensions: the folder of classes; by default the user's. Made if missing.
        link: put a link to this groovelive's folder there instead of a copy.
        force: also replace files that the user has changed, or has put where new ones belong.

    Returns:
        Whether anything was done, and the changed files that were kept.

    Raises:
        GrooveError: a GrooveLive that this did not install is there, or elsewhere in SuperCollider's reach.
    """
    where = places() if where is None else where
    target = (extensions or where.extensions) / NAME
    others = elsewhere(where, target)
    if others:
        raise GrooveError(
            f"a GrooveLive is already at {others[0]}, and two of a class break SuperCollider's class library: "
            f"{_remedy(others[0], where)}, then install"
        )
    before = look(extensions, where)
    if target.is_symlink() and not before.link:
        raise GrooveError(f"{target} is a link to another place ({os.readlink(target)}): remove it, then install")
    if before.link and link:
        return False, []
    if before.version is None and before.added and _marker(target) is None:
        raise GrooveError(f"{target} was not put there by this command: move it away, then install")
    try:
        (extensions or where.extensions).mkdir(parents=True, exist_ok=True)
        if link:
            kept = before.added if force else (*before.modified, *before.added)
            if kept:
                raise GrooveError(f"{target} has files of yours ({', '.join(kept)}): move them away, then link")
            _swap(target, lambda part: part.symlink_to(source().resolve(), target_is_directory=True))
            return True, []
        kept = () if force else _changed(target)
        added = [name for name in before.added if name not in kept and not (force and name in digests(source()))]
        if before.matches and not before.link and not before.missing and (not before.modified or not force):
            return False, list(kept)
        _swap(target, lambda part: _copy(part, target, (*kept, *added)))
    except OSError as error:
        raise GrooveError(f"cannot write {target}: {error.strerror or error}") from None
    return True, list(kept)


def uninstall(
    extensions: Path | None = None, *, force: bool = False, where: Places | None = None
) -> tuple[bool, list[str]]:
    """Remove what `install` put into a folder of extensions, and nothing else.

    Args:
        extensions: the folder of classes; by default the user's.
        force: also remove installed files that the user has changed.

    Returns:
        Whether anything was removed, and the files that were kept: those changed, and those that others put there.

    Raises:
        GrooveError: what is there was not put there by `install`.
    """
    where = places() if where is None else where
    target = (extensions or where.extensions) / NAME
    before = look(extensions, where)
    try:
        if before.link:
            target.unlink()
            return True, []
        if target.is_symlink() or (target.exists() and _marker(target) is None):
            raise GrooveError(f"{target} was not put there by this command, and is left as it is")
        marker = _marker(target)
        if marker is None:
            return False, []
        kept = {name: marker.files[name] for name in before.modified if not force}
        for name in marker.files.keys() - kept.keys():
            (target / name).unlink(missing_ok=True)
        for folder in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
            if not folder.is_symlink() and not any(folder.iterdir()):
                folder.rmdir()
        if kept or before.added:
            _write(target, Marker("", kept))
        else:
            (target / MARKER).unlink()
            target.rmdir()
    except OSError as error:
        raise GrooveError(f"cannot remove {target}: {error.strerror or error}") from None
    return bool(marker.files.keys() - kept.keys()), [*kept, *before.added]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _marker(target: Path) -> Marker | None:
    try:
        marker = msgspec.json.decode((target / MARKER).read_bytes(), type=Marker)
        if any(PurePosixPath(name).is_absolute() or {"..", ""} & set(name.split("/")) for name in marker.files):
            raise ValueError
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        raise GrooveError(
            f"{target / MARKER}, which says what was installed, is damaged: remove {target} by hand, then install"
        ) from None
    return marker


def _write(target: Path, marker: Marker) -> None:
    (target / MARKER).write_bytes(msgspec.json.format(msgspec.json.encode(marker, order="deterministic")) + b"\n")


def _added(target: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    if not target.is_dir():
        return ()
    every = (path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_symlink() or path.is_file())
    return tuple(sorted(name for name in every if name not in files and name != MARKER))


def _changed(target: Path) -> tuple[str, ...]:
    """Return which files there the new ones must not replace, since the user changed or wrote them."""
    marker, new = _marker(target), digests(source())
    if marker is None or target.is_symlink():
        return ()
    candidates = sorted(marker.files.keys() | new.keys())
    here = {name: _digest(target / name) for name in candidates if (target / name).is_file()}
    return tuple(name for name in here if here[name] not in (marker.files.get(name), new.get(name)))


def _copy(part: Path, target: Path, kept: Sequence[str]) -> None:
    """Make a new folder: of this groovelive's files, and those that are kept of the old one."""
    files = digests(source())
    for root, names in ((source(), [name for name in files if name not in kept]), (target, kept)):
        for name in names:
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, part / name, follow_symlinks=False)
    _write(part, Marker(__version__, files))


def _swap(target: Path, make: Callable[[Path], object]) -> None:
    """Make something and put it in the place of `target`; if that fails, all is as it was.

    It is made beside the folder of extensions, not in it: sclang compiles whatever is in there, hidden or not.
    """
    beside = target.parent.parent
    part, old = (beside / f".{NAME}-{what}-{os.getpid()}" for what in ("new", "old"))
    try:
        make(part)
        if target.is_symlink() or target.exists():
            target.rename(old)
        try:
            part.rename(target)
        except OSError:
            if old.is_symlink() or old.exists():
                old.rename(target)
            raise
    finally:
        for rest in (part, old):
            if rest.is_symlink():
                rest.unlink()
            elif rest.exists():
                shutil.rmtree(rest, ignore_errors=True)


def _remedy(other: Path, where: Places) -> str:
    for path in include_paths(where.config):
        if path == other:
            return f'take it away in SuperCollider, with Quarks.uninstall("{path.name}")'
    return "move it away"
