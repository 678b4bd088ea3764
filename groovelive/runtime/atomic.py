"""Writing a file all at once: what is not finished never stands under its name."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import GrooveError


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a name to write to; at the end of the block what was written takes the place of `path`.

    If the block raises, nothing is left and `path` is as it was. A file that is there keeps its mode; a link keeps
    being one, and what it leads to is written; a file with several names (hard links) has the new content under all.

    Args:
        path: where the finished file belongs. Its folder must exist.

    Raises:
        GrooveError: the folder is missing, or the file can't be written there.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "beat.txt") as part:
    ...     _ = part.write_text("x..x..x.")
    >>> [found.name for found in folder.iterdir()]
    ['beat.txt']
    """
    named = check_writable(path)
    target = Path(os.path.realpath(named))
    # In the same folder, so that the last step is a rename; the same ending, since writers go by it.
    part = target.with_name(f".{named.stem}.{os.getpid()}{named.suffix}")
    try:
        part.touch()
        yield part
        _put(part, target)
    except OSError as error:
        raise GrooveError(f"cannot write {named}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def _put(part: Path, target: Path) -> None:
    """Put what was written in the place of a file."""
    try:
        there = target.stat()
    except FileNotFoundError:
        part.replace(target)
        return
    if stat.S_ISREG(there.st_mode) and there.st_nlink == 1:
        os.chmod(part, stat.S_IMODE(there.st_mode))
        part.replace(target)
    else:  # a rename would take one of its names away; and a device or a pipe is not replaced, but written to
        with part.open("rb") as new, target.open("wb") as file:
            shutil.copyfileobj(new, file)


def check_writable(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a file can be put there, as far as one can tell without trying.

    Raises:
        GrooveError: it is a folder, or its folder is missing or closed to us, or it is a file that is closed to us.

    >>> check_writable("no/such/folder/beat.mid")
    Traceback (most recent call last):
    groovelive.errors.GrooveError: cannot write no/such/folder/beat.mid: there is no folder no/such/folder
    """
    named = Path(path)
    try:
        target = Path(os.path.realpath(named))
        looped, folder = target.is_symlink(), target.is_dir()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise GrooveError(f"cannot write {named}: {getattr(error, 'strerror', None) or error}") from None
    if looped:
        raise GrooveError(f"cannot write {named}: it is a link that leads to itself")
    if folder:
        raise GrooveError(f"cannot write {named}: it is a folder")
    if not target.parent.is_dir():
        missing = target.parent if named.is_symlink() else named.parent
        raise GrooveError(f"cannot write {named}: there is no folder {missing}")
    if not os.access(target.parent, os.W_OK):
        raise GrooveError(f"cannot write {named}: the folder {target.parent} is closed to you")
    if target.exists() and not os.access(target, os.W_OK):
        raise GrooveError(f"cannot write {named}: it is closed to you (chmod u+w opens it)")
    return named


def same_file(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Return whether two paths lead to one file, by whatever links, names or letters.

    >>> same_file("beat.mid", "../" + Path.cwd().name + "/beat.mid"), same_file("beat.mid", "drums.mid")
    (True, False)
    """
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # one of them is not there yet
        return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
