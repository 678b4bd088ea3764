"""The folders of this user: the configuration, the sockets of what runs, and the logs."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import platformdirs

from ..errors import GrooveError

_APP = "groovelive"


def config_folder() -> Path:
    """Return the folder of the user's configuration: keys and models; GROOVELIVE_CONFIG names another.

    >>> import os
    >>> os.environ["GROOVELIVE_CONFIG"] = "here"
    >>> config_folder().name
    'here'
    >>> del os.environ["GROOVELIVE_CONFIG"]
    """
    if given := os.environ.get("GROOVELIVE_CONFIG"):
        return Path(given)
    return platformdirs.user_config_path(_APP, appauthor=False, roaming=True)


def log_folder() -> Path:
    """Return the folder of the logs, whether it is there or not; GROOVELIVE_STATE names another."""
    if given := os.environ.get("GROOVELIVE_STATE"):
        return Path(given).absolute()
    return platformdirs.user_log_path(_APP, appauthor=False)


def runtime_path() -> Path:
    """Return where the runtime folder is, or would be."""
    if given := os.environ.get("GROOVELIVE_RUNTIME"):
        return Path(given).absolute()
    if os.name == "nt":
        return platformdirs.user_data_path(_APP, appauthor=False) / "run"
    # Not platformdirs.user_runtime_path: without the variable that names /run/user/UID, which is often not there (in a
    # container, over sudo), or a folder in the cache, too deep for the path of a socket.
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / _APP
    return Path(tempfile.gettempdir()) / f"{_APP}-{os.getuid()}"


def runtime_folder() -> Path:
    """Return the folder of sockets, locks and connection files, made if need be, and open to this user only.

    GROOVELIVE_RUNTIME names another.

    Raises:
        GrooveError: it cannot be made, or belongs to somebody else.
    """
    folder = runtime_path()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            about = folder.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
                raise GrooveError(f"{folder} is somebody else's; set GROOVELIVE_RUNTIME to a folder of yours")
            if about.st_mode & 0o077:
                folder.chmod(0o700)
    except OSError as error:
        raise GrooveError(
            f"the runtime folder {folder} cannot be made ({error.strerror}); "
            "set GROOVELIVE_RUNTIME to a folder that you can write to"
        ) from None
    return folder
