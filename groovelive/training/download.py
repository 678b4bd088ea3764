"""Fetching the Groove MIDI Dataset: a download that resumes, is checked, and appears only when whole."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from ..errors import GrooveError

# Gillick et al. 2019, "Learning to Groove with Inverse Sequence Transformations"; Google LLC, CC BY 4.0.
# Size and digest are those that TensorFlow Datasets lists for the file.
URL: Final = "https://storage.googleapis.com/magentadata/datasets/groove/groove-v1.0.0-midionly.zip"
SIZE: Final = 3_260_318
SHA256: Final = "651cbc524ffb891be1a3e46d89dc82a1cecb09a57c748c7b45b844c4841dcc1e"

TIMEOUT: Final = 30.0  # seconds without a byte
TRIES: Final = 4  # in a row that bring nothing new
BLOCK: Final = 64 * 1024

Progress = Callable[[int, int], None]


def fetch(
    folder: str | os.PathLike[str] = ".",
    *,
    url: str = URL,
    size: int = SIZE,
    sha256: str = SHA256,
    progress: Progress = lambda done, total: None,
    pause: float = 1.0,
) -> Path:
    """Download a file of known size and checksum, and return its path.

    What has arrived waits beside it as `NAME.part`: a broken download goes on where it stopped, at once or
    the next time. A file that is there already and is right is not fetched again.

    Args:
        folder: where the file belongs; made if missing.
        url: where it is: http or https. The file takes the last part of its path as its name.
        size: of the whole file, in bytes.
        sha256: of the whole file, in hexadecimal.
        progress: called with (bytes so far, bytes in all).
        pause: seconds before the first new try; it doubles from try to try.

    Raises:
        GrooveError: no network, the server refuses, the bytes are not those expected, the disk is full.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise GrooveError(f"cannot fetch {url}: the address must begin with http:// or https://")
    target = Path(folder) / (Path(parts.path).name or "download")
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            if _digest(target) != sha256:
                raise GrooveError(f"{target} is not the file expected (wrong SHA-256); move it away first")
            return target
        _download(url, part, size, progress, pause)
        if _digest(part) != sha256:
            part.unlink()
            raise GrooveError(f"{url} gave wrong bytes (not of the SHA-256 {sha256[:12]}…); removed them, try again")
        part.replace(target)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise GrooveError(f"cannot write {target}: {error.strerror or error}") from None
        needed = (
            f"{target.name} needs {size / 1e6:.2f} MB; free some space and run it again, it goes on where it stopped"
        )
        raise GrooveError(f"the disk of {target.parent} is full: {needed}") from None
    return target


def _download(url: str, part: Path, size: int, progress: Progress, pause: float) -> None:
    """Bring `part` to `size` bytes, in as many connections as it takes."""
    fruitless = furthest = 0
    while (have := part.stat().st_size if part.exists() else 0) != size:
        if have > size:  # no part of this file
            part.unlink()
            continue
        progress(have, size)
        why = _receive(url, part, have, size, progress)
        got = part.stat().st_size if part.exists() else 0
        fruitless = 0 if got > furthest else fruitless + 1
        furthest = max(furthest, got)
        if fruitless == TRIES:
            kept = f"; {got / 1e6:.2f} MB of {size / 1e6:.2f} MB are kept, run it again to go on" if got else ""
            raise GrooveError(f"cannot fetch {url}: {why}{kept}")
        if got != size:
            time.sleep(pause * 2 ** max(fruitless - 1, 0))
    progress(size, size)


def _receive(url: str, part: Path, have: int, size: int, progress: Progress) -> str:
    """Append what one connection brings, from byte `have` on, and return why it ended early."""
    request = Request(url, headers={"User-Agent": "groovelive"} | ({"Range": f"bytes={have}-"} if have else {}))
    try:
        with urlopen(request, timeout=TIMEOUT) as response:
            resumed = response.status == 206
            if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                part.unlink()  # another part than the one asked for: begin anew
                return "the server answered with another part of the file"
            with part.open("ab" if resumed else "wb") as file:
                while block := response.read1(BLOCK):
                    file.write(block)
                    progress(min(file.tell(), size), size)
                    if file.tell() > size:
                        part.unlink()
                        raise GrooveError(f"{url} has more than the {size:,} bytes expected; removed them")
        return "the connection ended early"
    except HTTPError as error:
        why = f"the server says {error.code} {error.reason}"
        if error.code == 416:  # the file there is shorter than our part: begin anew
            part.unlink(missing_ok=True)
        elif error.code < 500 and error.code != 429:
            raise GrooveError(f"cannot fetch {url}: {why}") from None
        return why
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        cause = getattr(error, "reason", error)
        return (
            f"no connection ({getattr(cause, 'strerror', None) or cause or type(cause).__name__}); is there a network?"
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
