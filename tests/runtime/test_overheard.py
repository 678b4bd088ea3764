"""Programs that are run for a while: the last that they say is kept, however much they say."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from groovelive.runtime.overheard import Overheard


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_its_last_words_and_its_end_are_told() -> None:
    code = "import sys; print('loading'); sys.stderr.write('no model here\\n\\n'); sys.exit(4)"  # printed at its end
    with Overheard(python(code)) as program:
        assert program.process.wait(30) == 4
        assert program.lines()[:2] == ["loading", "no model here"]
        assert program.state() == "ended with code 4; it said: no model here"


def test_what_is_read_from_it_is_not_kept() -> None:
    code = "import sys; print(sys.stdin.readline().upper()); sys.stderr.write('done')"
    with Overheard(python(code), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.process.stdout is not None and program.process.communicate(b"kick\n")[0].split() == [b"KICK"]
        assert program.said() == "it said: done"


def test_one_that_talks_without_end_is_kept_short_and_never_waits() -> None:
    code = "import sys\nfor n in range(200_000): sys.stderr.write(f'xrun {n}\\n')\nsys.stderr.write('x' * 1_000_000)\n"
    with Overheard(python(code)) as program:
        assert program.process.wait(60) == 0
        assert len(program.lines()) <= 80 and len(program.said()) < 500


def test_one_that_runs_is_told_so_and_ends_with_its_context() -> None:
    with Overheard(python("import time; time.sleep(600)")) as program:
        assert program.state() == "runs; it said nothing"
    assert program.process.poll() is not None


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_one_that_will_not_end_is_made_to() -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    program = Overheard(python(code))
    end = time.monotonic() + 30
    while program.lines() != ["deaf"] and time.monotonic() < end:
        time.sleep(0.01)
    program.end(0.1)
    assert program.state() == "was ended by SIGKILL; it said: deaf"


def test_a_program_that_is_not_there_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError):
        Overheard(["no-such-program"])
