"""The log of a session: one file that every process of it writes to, with a traceback for every unexpected fault.

The first process of a session (`groovelive serve`, or an engine or a conductor that runs alone) makes the file, names
it in GROOVELIVE_LOG_FILE for those that it starts, and keeps it small. A client that starts `groovelive serve` makes
the file for it (`prepare`), so that what the server says before it logs stands there too. Each record is one write to
a file that is open for appending, so that lines of several processes never mix. Modules log to
`logging.getLogger(__name__)`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, get_args

from .. import checks
from .folders import log_folder

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = get_args(Level)
MOST = 2_000_000  # bytes of a log; what is older stands in one more file of the same size, ending in .old
SESSIONS = 20  # logs that are kept
_LOOK = 1.0  # seconds between two looks at how large it is
_LEVEL, _FILE = "GROOVELIVE_LOG", "GROOVELIVE_LOG_FILE"
_FORMAT = "%(asctime)s.%(msecs)03d %(levelname)s {process} %(process)d %(name)s: %(message)s"
_logger = logging.getLogger("groovelive")


class _Appender(logging.Handler):
    """Writes each record to the end of a file, whoever else does."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            os.write(self.descriptor, (self.format(record) + "\n").encode(errors="backslashreplace"))
        except Exception:  # a full disk, for one, ends nothing
            self.handleError(record)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.descriptor)
        super().close()


_appender: _Appender | None = None


class Prepared(NamedTuple):
    """The log of a session that another process is started for.

    Args:
        path: the file.
        descriptor: to be the standard error of that process; who has prepared it closes it.
        environment: which tells that process, by its environment, to log there.
    """

    path: Path
    descriptor: int
    environment: dict[str, str]


def prepare() -> Prepared | None:
    """Make the log of a session that another process is started for; None where none can be written."""
    given = os.environ.get(_FILE)
    appender = _open(Path(given)) if given else _create(log_folder())
    if appender is None:
        return None
    return Prepared(appender.path, appender.descriptor, os.environ | {_FILE: str(appender.path)})


def start(process: str, level: str | None = None, *, keeps: bool = False) -> Path | None:
    """Have this process write to the log of its session, and return the file; None where none can be written.

    Uncaught exceptions, of threads too, and crashes of the interpreter leave a traceback there.

    Args:
        process: its name in the lines of the log.
        level: what is logged: "debug", "info", "warning" or "error"; by default what GROOVELIVE_LOG says, or "info".
            Processes that this one starts take it over.
        keeps: whether this process keeps the file small though another made it; who makes one always does.

    Raises:
        GrooveError: that is no level.
    """
    global _appender
    chosen = checks.name("the level of the log", level or os.environ.get(_LEVEL) or "info", LEVELS)
    stop()
    given = os.environ.get(_FILE)
    _appender = _open(Path(given)) if given else _create(log_folder())
    if _appender is not None and (keeps or not given):
        _forget(log_folder())
        threading.Thread(target=_stay_small, args=(_appender,), name="log", daemon=True).start()
    logging.raiseExceptions = False  # what cannot be logged is told nobody
    _logger.setLevel(chosen.upper())
    _logger.propagate = False
    sys.excepthook, threading.excepthook = _uncaught, _uncaught_in_thread
    if _appender is None:
        return None
    _appender.setFormatter(logging.Formatter(_FORMAT.format(process=process), "%Y-%m-%d %H:%M:%S"))
    _logger.addHandler(_appender)
    os.environ[_LEVEL], os.environ[_FILE] = chosen, str(_appender.path)
    faulthandler.enable(_appender.descriptor)
    _logger.info("begins: %s", " ".join(sys.argv))
    return _appender.path


def stop() -> None:
    """Write to the log no more; the next `start` begins anew."""
    global _appender
    for handler in list(_logger.handlers):
        if isinstance(handler, _Appender):
            _logger.removeHandler(handler)
            handler.close()
            faulthandler.disable()
    _appender = None


def tell(sentence: str) -> None:
    """Write a sentence for who started this process to its standard error, and to the log."""
    if not _on_the_log():
        sys.stderr.write(f"groovelive: {sentence}\n")  # whole, among what other processes write there
        sys.stderr.flush()
    _logger.warning(sentence)


def file() -> Path | None:
    """Return the log that this process writes to, or None before `start`."""
    return None if _appender is None else _appender.path


def where() -> str:
    """Return where to look for more about a fault, as the end of a sentence.

    >>> where()
    'its standard error says more'
    """
    return "its standard error says more" if _appender is None else f"{_appender.path} says more"


def descriptor() -> int | None:
    """Return the descriptor of the log, for the standard error of a child; None before `start`."""
    return None if _appender is None else _appender.descriptor


def latest() -> Path | None:
    """Return the log of the session that began last, or None where there is none."""
    logs = _logs(log_folder())
    return logs[-1] if logs else None


def _logs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.log"), key=lambda path: path.name)


def _open(path: Path) -> _Appender | None:
    with contextlib.suppress(OSError):
        return _Appender(path)
    return None


def _create(folder: Path) -> _Appender | None:
    """Make the log of a new session."""
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _Appender(folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log")
    return None


def _forget(folder: Path) -> None:
    """Remove the oldest logs."""
    for path in _logs(folder)[:-SESSIONS]:
        for each in (path, path.with_suffix(".old")):
            with contextlib.suppress(OSError):
                each.unlink(missing_ok=True)


def _stay_small(appender: _Appender) -> None:
    """See to it that a log stays small for as long as this process writes to it."""
    while appender is _appender or _appender is None:
        shorten(appender.path)
        time.sleep(_LOOK)


def shorten(path: Path, most: int = MOST) -> bool:
    """Move what is in a log to its `.old` file where it is larger than `most` bytes; return whether it was.

    It is emptied in place, since other processes, and drivers in them, have it open. What is written in the
    microseconds between the last reading and that is lost.
    """
    try:
        if path.stat().st_size <= most:
            return False
        with open(path, "r+b") as log, open(path.with_suffix(".old"), "wb") as old:
            log.seek(max(0, log.seek(0, os.SEEK_END) - most))
            while data := log.read(1 << 20):
                old.write(data)
            log.truncate(0)
    except OSError:
        return False
    return True


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        _logger.critical("unexpected fault", exc_info=(kind, error, trace))
    if not _on_the_log():
        sys.__excepthook__(kind, error, trace)


def _uncaught_in_thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_value is not None and given.exc_type is not SystemExit:
        thread = given.thread.name if given.thread is not None else "that has ended"
        trace = (given.exc_type, given.exc_value, given.exc_traceback)
        _logger.critical("unexpected fault in thread %s", thread, exc_info=trace)
    if not _on_the_log():
        threading.__excepthook__(given)


def _on_the_log() -> bool:
    """Return whether standard error is the log, so that a traceback need not be there twice."""
    try:
        return _appender is not None and os.path.samestat(os.fstat(2), os.fstat(_appender.descriptor))
    except OSError:
        return False
