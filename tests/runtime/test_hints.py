"""Commands in messages: each installs what it says, with the Python that runs, and exists."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from groovelive.cli.main import FORWARDED
from groovelive.runtime import hints
from tests.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SOURCES = sorted(ROOT.glob("groovelive/**/*.py"))
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]


def package_of(requirement: str) -> str:
    found = re.match(r"[\w-]+", requirement)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("extra", sorted(set(PROJECT["optional-dependencies"]) - {"test", "dev"}))
def test_a_hint_names_the_packages_of_an_extra(extra: hints.Extra) -> None:
    declared = PROJECT["optional-dependencies"][extra]
    here = [one for one in declared if "python_version" not in one or sys.version_info < (3, 13)]
    assert list(hints.EXTRAS[extra]) == [package_of(one) for one in here]
    assert set(hints.EXTRAS) == set(PROJECT["optional-dependencies"]) - {"test", "dev"}


def test_no_text_tells_to_install_what_no_registry_has() -> None:
    told = [
        (path.name, line)
        for path in [*SOURCES, *PAGES, *sorted(ROOT.glob("examples/*"))]
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"pip\W+install\W+groovelive", line) and path.name != "hints.py"
    ]
    assert told == []


def test_packages_are_named_in_one_place() -> None:
    """What a page tells to install, a test can look up; what a module tells, it takes from `hints`."""
    manager = re.compile(r"\b(pip|apt|apt-get|dnf|pacman|brew|winget|choco) (?:-\w+ )?(install|-S)\b")
    said = [p.relative_to(ROOT).as_posix() for p in SOURCES if manager.search(p.read_text(encoding="utf-8"))]
    assert said == ["groovelive/runtime/hints.py"]


def test_the_packages_that_pages_name_are_known() -> None:
    known = {name for names in hints.EXTRAS.values() for name in names}
    known |= {name for one in hints._PACKAGES.values() for name in one.values()} | {"python3-venv"}
    for page in PAGES:
        for line in re.findall(
            r"\b(?:pip|apt|dnf|pacman) (?:install|-S)((?: [\w.\"'\[\],-]+)+)", page.read_text(encoding="utf-8")
        ):
            for word in line.split():
                if not re.match(r"[\"']?\.\[", word):
                    assert word.strip("\"'") in known, (page.name, line)
                else:
                    assert set(re.findall(r"\w+", word)) <= set(hints.EXTRAS), (page.name, line)


def test_the_python_of_a_hint_is_the_one_that_runs() -> None:
    command = hints.install("synth").removesuffix("nanosynth")
    if " -m pip " not in command:
        pytest.skip("this Python has no pip; uv installs for it")
    assert command.startswith(sys.executable)


def test_a_hint_goes_by_uv_where_there_is_no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert hints.install("midi") == f"uv pip install --python {sys.executable} rtmidi2"


@pytest.mark.parametrize(("manager", "said"), [("apt", "sudo apt install"), ("pacman", "sudo pacman -S"), ("", "get")])
def test_a_package_of_the_system_is_named_as_its_manager_does(
    manager: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("shutil.which", lambda name: name if name == manager else None)
    assert hints.system_package("supercollider").startswith(said)


def test_groovelive_is_named_as_it_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(hints.groovelive("--version"), shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("groovelive ")


def test_commands_in_messages_and_pages_exist() -> None:
    verb = re.compile(r"(?:`|: )groovelive ([a-z]+)\b")
    said = {(p.name, word) for p in [*SOURCES, *PAGES] for word in verb.findall(p.read_text(encoding="utf-8"))}
    assert len({word for _, word in said}) > 10
    assert {one for one in said if one[1] not in FORWARDED} == set()
