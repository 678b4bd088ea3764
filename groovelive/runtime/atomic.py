"""Writing a file all at once: what is not finished never stands under its name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import GrooveError


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a name to write to; at the end of the block what was written takes the place of `path`.

    If the block raises, nothing is left and `path` is as it was.

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
    target = check_writable(path)
    # In the same folder, so that the last step is a rename; the same ending, since writers go by it.
    part = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
    try:
        part.touch()
        yield part
        part.replace(target)
    except OSError as error:
        raise GrooveError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def check_writable(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a file can be put there, as far as one can tell without trying.

    Raises:
        GrooveError: it is a folder, or its folder is missing or closed to us.

    >>> check_writable("no/such/folder/beat.mid")
    Traceback (most recent call last):
    groovelive.errors.GrooveError: cannot write no/such/folder/beat.mid: there is no folder no/such/folder
    """
    target = Path(path)
    if target.is_dir():
        raise GrooveError(f"cannot write {target}: it is a folder")
    if not target.parent.is_dir():
        raise GrooveError(f"cannot write {target}: there is no folder {target.parent}")
    if not os.access(target.parent, os.W_OK):
        raise GrooveError(f"cannot write {target}: the folder {target.parent} is closed to you")
    return target
