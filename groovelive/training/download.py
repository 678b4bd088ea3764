"""Fetching the Groove MIDI Dataset: a download that resumes, is checked, and appears only when whole."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

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
    progress: Progress | None = None,
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
        _download(url, part, size, progress or (lambda done, total: None), pause)
        if (found := _digest(part)) != sha256:
            part.unlink()
            raise GrooveError(
                f"{url} gave wrong bytes (SHA-256 {found[:12]}…, not {sha256[:12]}…); removed them, please try again"
            )
        part.replace(target)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise GrooveError(
                f"the disk of {target.parent} is full: {target.name} needs {_megabytes(size)}; "
                "free some space and run it again, it goes on where it stopped"
            ) from None
        raise GrooveError(f"cannot write {target}: {error.strerror or error}") from None
    return target


def _download(url: str, part: Path, size: int, progress: Progress, pause: float) -> None:
    """Bring `part` to `size` bytes, in as many connections as it takes."""
    fruitless = furthest = 0
    while (have := _have(part, size)) < size:
        progress(have, size)
        why = _receive(url, part, have, size, progress)
        got = _have(part, size)
        if got == size:
            break
        fruitless = 0 if got > furthest else fruitless + 1
        furthest = max(furthest, got)
        if fruitless == TRIES:
            kept = f"; {_megabytes(got)} of {_megabytes(size)} are kept, run it again to go on" if got else ""
            raise GrooveError(f"cannot fetch {url}: {why}{kept}")
        time.sleep(pause * 2 ** max(fruitless - 1, 0))
    progress(size, size)


def _have(part: Path, size: int) -> int:
    """Return how much of the file is here; what is longer than the file can't be a part of it."""
    have = part.stat().st_size if part.exists() else 0
    if have > size:
        part.unlink()
        return 0
    return have


def _receive(url: str, part: Path, have: int, size: int, progress: Progress) -> str:
    """Append what one connection brings, from byte `have` on, and return why it ended early (or "")."""
    request = urllib.request.Request(url, headers={"User-Agent": "groovelive", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)  # the file there is shorter than our part: begin anew
        elif error.code < 500 and error.code != http.HTTPStatus.TOO_MANY_REQUESTS:
            raise GrooveError(f"cannot fetch {url}: the server says {error.code} {error.reason}") from None
        return f"the server says {error.code} {error.reason}"
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        return f"no connection ({_reason(error)}); is there a network?"
    with response:
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            part.unlink(missing_ok=True)
            return "the server answered with another part of the file"
        done = have if resumed else 0
        with part.open("ab" if resumed else "wb") as file:
            while True:
                try:
                    block = response.read1(BLOCK)
                except (http.client.HTTPException, TimeoutError, ConnectionError) as error:
                    return f"the connection broke ({_reason(error)})"
                if not block:
                    return "" if done == size else "the connection ended early"
                done += len(block)
                if done > size:
                    part.unlink()
                    raise GrooveError(f"{url} has more than the {size:,} bytes expected; removed them")
                file.write(block)
                progress(done, size)


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.2f} MB"
