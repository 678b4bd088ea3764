"""Where Ableton Live looks for Remote Scripts on this computer, and what lies there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path

from ..errors import GrooveError
from ..runtime.shipped import shipped
from .connection import PORT

NAME = "GrooveLive"
VARIABLE = "GROOVELIVE_USER_LIBRARY"
_USUAL = {"Ableton Folder Info", "Ableton Project Info", "Clips", "Defaults", "Grooves", "Max For Live", "Presets",
          "Remote Scripts", "Samples", "Templates"}  # fmt: skip


class Computer:
    """The folders of Live on a computer.

    Args:
        system: as `sys.platform`; home: the user's folder; environment: of the process.
    """

    def __init__(
        self, system: str = sys.platform, home: Path | None = None, environment: Mapping[str, str] = os.environ
    ) -> None:
        self.system, self.home, self.environment = system, home or Path.home(), environment

    def preferences(self) -> list[Path]:
        """Return the folders of Live's preferences and log, that of the version used last first."""
        if self.system == "darwin":
            found = self.home.glob("Library/Preferences/Ableton/Live */")
        elif self.system == "win32":
            roaming = Path(self.environment.get("APPDATA") or self.home / "AppData" / "Roaming")
            found = roaming.glob("Ableton/Live */Preferences/")
        else:
            return []
        return sorted(found, key=lambda folder: folder.stat().st_mtime, reverse=True)

    def libraries(self) -> list[Path]:
        """Return the User Libraries there are: as Live's preferences name them, then in the usual places."""
        named = []
        for folder in self.preferences():
            try:
                text = (folder / "Library.cfg").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            if block := re.search(r"<UserLibrary>.*?</UserLibrary>", text, re.DOTALL):
                values = dict(re.findall(r'<(ProjectName|ProjectPath) Value="([^"]*)"', block[0]))
                if path := unescape(values.get("ProjectPath", "")):
                    named.append(Path(path) / (unescape(values.get("ProjectName", "")) or "User Library"))
        usual = [self.home / "Music" / "Ableton" / "User Library"] if self.system == "darwin" else []
        if self.system == "win32":
            documents = [self.home / "Documents"]
            if drive := self.environment.get("OneDrive"):
                documents.append(Path(drive) / "Documents")
            usual = [folder / "Ableton" / "User Library" for folder in documents]
        return [path for path in dict.fromkeys(named + usual) if path.is_dir()]

    def library(self, given: str | None = None) -> Path:
        """Return the User Library to use: the given one, that of GROOVELIVE_USER_LIBRARY, or the one that is found.

        Raises:
            GrooveError: there is none, or the one that is given is none.
        """
        if named := given or self.environment.get(VARIABLE):
            return check(Path(named).expanduser())
        found = self.libraries()
        if found:
            return check(found[0])
        if self.system not in ("darwin", "win32"):
            raise GrooveError(
                "Ableton Live does not run on this system; --user-library DIR names the User Library of one in Wine, "
                "or on another computer's disk"
            )
        raise GrooveError(
            "no User Library of Ableton Live was found: start Live once, or find it in Live under Settings, Library, "
            "Location of User Library, and name it with --user-library DIR"
        )


def check(library: Path) -> Path:
    """Return a folder that looks like a User Library.

    Raises:
        GrooveError: it does not; which folder would be right.
    """
    parts = {part.lower() for part in library.parts}
    if "user remote scripts" in parts or library.name == "Remote Scripts":
        raise GrooveError(f"{library} is inside a folder of scripts: name the User Library itself")
    if any(part.endswith(".app") for part in parts) or parts & {"program files", "programdata", "preferences"}:
        raise GrooveError(f"{library} belongs to Live itself, which an update replaces: name the User Library")
    if not library.is_dir():
        raise GrooveError(f"{library} is not a folder: name the User Library that Live shows in its settings")
    if library.name != "User Library" and not _USUAL & {each.name for each in library.iterdir()}:
        raise GrooveError(
            f"{library} does not look like a User Library: it has none of the folders Presets, Clips, Defaults, Samples"
        )
    return library


def source() -> Path:
    """Return the folder of the script that belongs to this package.

    Raises:
        GrooveError: it is not there.
    """
    return shipped(f"ableton/{NAME}")


class Script:
    """A folder with the script in it, or one that should have it.

    >>> Script(source()).version.count(".")
    2
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def there(self) -> bool:
        """Whether it is ours, or one that we may replace."""
        return (self.folder / "surface.py").is_file() and (self.folder / "version.py").is_file()

    @property
    def version(self) -> str:
        """The version that it names, or ""."""
        try:
            found = re.search(r'^VERSION = "([^"]+)"', (self.folder / "version.py").read_text(encoding="utf-8"), re.M)
        except OSError:
            return ""
        return found[1] if found else ""

    @property
    def build(self) -> str:
        """12 hex digits, the same as the script in Live says of itself when it runs these files."""
        digest = hashlib.sha1()
        for path in sorted(self._files()):
            if path.suffix == ".py":
                digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()[:12]

    @property
    def settings(self) -> tuple[str, int, str]:
        """Host, port and token that its groovelive.json names, or the usual ones."""
        try:
            found = json.loads((self.folder / "groovelive.json").read_text(encoding="utf-8"))
            return str(found.get("host", "127.0.0.1")), int(found.get("port", PORT)), str(found.get("token", ""))
        except (OSError, ValueError, AttributeError, TypeError):
            return "127.0.0.1", PORT, ""

    def _files(self) -> Iterator[Path]:
        return (path for path in self.folder.iterdir() if path.is_file())

    def install(self) -> None:
        """Put the script of this package here, whole or not at all; groovelive.json stays, all else is replaced.

        Raises:
            GrooveError: something else has the name, or the folder cannot be written.
        """
        if self.folder.exists() and not self.there and any(self.folder.iterdir()):
            raise GrooveError(f"{self.folder} holds something that is not GrooveLive: move it away first")
        try:
            self.folder.parent.mkdir(exist_ok=True)
            # Beside it under a name that Live takes for no script, so that the folder is never half full.
            fresh = Path(tempfile.mkdtemp(prefix=".groovelive-", dir=self.folder.parent))
            try:
                for path in Script(source())._files():
                    if path.suffix == ".py":
                        shutil.copyfile(path, fresh / path.name)
                kept = self.folder / "groovelive.json"
                if kept.is_file():
                    shutil.copyfile(kept, fresh / kept.name)
                fresh.chmod(0o755)
                old = fresh.with_suffix(".old")
                if self.folder.exists():
                    self.folder.rename(old)
                fresh.rename(self.folder)
                shutil.rmtree(old, ignore_errors=True)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        except OSError as error:
            raise GrooveError(f"{self.folder} cannot be written: {error.strerror or error}") from None

    def copy(self, checkout: Path) -> None:
        """Put a checkout of another script here, without what Live needs none of, over nothing that is there.

        Raises:
            GrooveError: that is no script, something is here already, or the folder cannot be written.
        """
        if not (checkout / "__init__.py").is_file():
            raise GrooveError(f"{checkout} is no Remote Script: the folder that has the file __init__.py is wanted")
        if self.folder.exists():
            raise GrooveError(f"{self.folder} is there already: move it away first")
        try:
            shutil.copytree(
                checkout, self.folder, ignore=shutil.ignore_patterns(".*", "__pycache__", "tests", "client", "logs")
            )
        except (OSError, shutil.Error) as error:
            raise GrooveError(f"{self.folder} cannot be written: {error}") from None

    def remove(self) -> None:
        """Remove the script, and nothing that is not it.

        Raises:
            GrooveError: it is not there, or cannot be removed.
        """
        if not self.there:
            raise GrooveError(f"{self.folder} is not there, or is not GrooveLive: nothing was removed")
        try:
            shutil.rmtree(self.folder)
        except OSError as error:
            raise GrooveError(f"{self.folder} cannot be removed: {error.strerror or error}") from None
