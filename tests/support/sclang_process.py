"""sclang without a display, with the classes of the Quark and of its tests and nothing else that this user has."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.support.paths import QUARK


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Sclang:
    """A script that runs, with `arguments` as `~arguments`, an array of strings; what it posts is collected.

    A script says what it found by `~say.(name, value)`, numbers and arrays of them, and ends by `0.exit`.
    """

    def __init__(self, folder: Path, script: Path | str, *arguments: object, port: int = 0) -> None:
        folder.mkdir(exist_ok=True)
        self._posted = folder / "posted"
        config = folder / "sclang.yaml"
        config.write_text(
            f"includePaths: [{QUARK / 'Classes'}, {QUARK / 'tests'}]\nexcludePaths: []\npostInlineWarnings: false\n"
        )
        if isinstance(script, str):
            path = folder / "script.scd"
            words = ", ".join(json.dumps(str(each)) for each in arguments)
            say = '{ |name, value| "SAID % %".format(name, value.asCompileString.tr($\\n, $ )).postln }'
            first = f"~arguments = [{words}]; ~say = {say};\nOnError.add({{ 3.exit }});\n"
            path.write_text(f"(\n{first}{{\n{script}\n}}.value;\n)\n")
            words_left: list[str] = []
        else:
            path, words_left = script, [str(each) for each in arguments]
        environment = os.environ | {
            "QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1", "HOME": str(folder),
            "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
        }  # fmt: skip
        command = ["sclang", "-l", str(config), *(["-u", str(port)] if port else []), str(path), *words_left]
        with self._posted.open("w") as out:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, env=environment)

    @property
    def posted(self) -> str:
        return self._posted.read_text(errors="replace")

    def wait(self, seconds: float) -> str:
        """Return what it posted, once it has come to its end as it should."""
        end = time.monotonic() + seconds
        while self._process.poll() is None:
            text = self.posted
            stuck = "Library has not been compiled" in text or "Command line parse failed" in text
            if stuck or time.monotonic() > end:
                self.kill()
                raise AssertionError(f"sclang has not come to its end within {seconds:g} s:\n{text[-4000:]}")
            time.sleep(0.05)
        return self.posted

    @property
    def code(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def said(self) -> dict[str, Any]:
        """Return what the script found: numbers, strings, lists; of one that was said again, what was said last."""
        found = {}
        for name, value in re.findall(r"^SAID (\S+) (.*)$", self.posted, re.M):
            value = re.sub(r"'([^']*)'|\\(\w+)", lambda match: json.dumps(match[1] or match[2]), value)
            found[name] = json.loads(value.replace("nil", "null"))
        return found

    def until(self, pattern: str, seconds: float = 15.0) -> re.Match[str]:
        """Wait for something to be posted."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._process.poll() is None:
            if match := re.search(pattern, self.posted):
                return match
            time.sleep(0.02)
        match = re.search(pattern, self.posted)
        assert match, f"{pattern} was not posted:\n{self.posted[-4000:]}"
        return match
