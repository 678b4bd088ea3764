"""The protocol page holds: its examples, run by a program that has only pyzmq and msgpack, get the answers it shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from groovelive.engine import batch
from groovelive.protocol.base import MAX_ID, MAX_REQUEST, Code
from groovelive.protocol.engine import MAX_BARS, MAX_LOOPS, MAX_TEXT, AnyReply, AnyRequest
from tests.support.engine_process import process
from tests.support.paths import DOCS

PAGE = DOCS / "protocol.md"
CLIENT = """
import doctest, sys
failed, tried = doctest.testfile(sys.argv[1], module_relative=False, encoding="utf-8")
strange = [name for name in sys.modules if name.split(".")[0] in ("groovelive", "msgspec", "numpy")]
print(tried, strange)
sys.exit(bool(failed or strange))
"""


def test_the_examples_run_without_groovelive(tmp_path: Path) -> None:
    environment = os.environ | {"GROOVELIVE_RUNTIME": str(tmp_path)}
    with process() as (address, engine):
        connection = {"address": address, "pid": engine.pid, "public": "", "secret": "", "curve": False}
        (tmp_path / "engine.json").write_text(json.dumps(connection))
        done = subprocess.run(
            [sys.executable, "-c", CLIENT, str(PAGE)], env=environment, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) > 40


def test_every_message_field_and_code_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for message in (*get_args(AnyRequest), *get_args(AnyReply)):
        assert f"`{message.__struct_config__.tag}`" in page or f"\n## {message.__struct_config__.tag}\n" in page
        for field in message.__struct_fields__:
            assert re.search(rf"`{field}`", page), f"{message.__name__}.{field}"
    for code in get_args(Code):
        assert f"| `{code}` |" in page


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"at most {MAX_REQUEST:,} bytes" in page
    assert f"1 to {MAX_ID} bytes" in page
    assert f"up to {MAX_TEXT:,} characters" in page
    assert f"1 to {MAX_BARS} whole bars" in page
    assert f"({batch.WAITING_EACH:,}, or {batch.BYTES_EACH >> 20} MiB)" in page
    assert page.count(f"{MAX_LOOPS}") >= 4
