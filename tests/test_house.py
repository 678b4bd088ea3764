"""The layout of the package keeps its figures. Which room may import which is in pyproject.toml (import-linter)."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from tests.support.house import House
from tests.support.paths import TESTS

MOST_ROOMS, MOST_LOOSE, MOST_LONG = 28, 5, 7
# Folders of tests that are no rooms of the package.
BESIDE = {"docs", "support"}


@functools.cache
def house() -> House:
    return House()


def test_rooms_are_few_and_little_lies_loose() -> None:
    assert len(house().rooms()) <= MOST_ROOMS, house().rooms()
    assert len(house().loose()) <= MOST_LOOSE, house().loose()


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert house().circles() == []


def test_few_files_are_long() -> None:
    assert len(house().long()) <= MOST_LONG, house().long()


def test_no_public_class_has_the_name_of_another() -> None:
    assert house().twice() == {}


def test_an_import_inside_a_function_says_why() -> None:
    assert house().unexplained() == [], "a comment on the import, or above it, must give the reason"


def test_no_program_s_errors_are_thrown_away() -> None:
    assert house().unheard() == [], "keep them (runtime/overheard.py), or give the reason in a comment on that line"


def test_no_public_word_hides_a_room() -> None:
    assert house().hidden() == []


def test_the_tests_lie_in_the_rooms_of_the_package() -> None:
    folders = {path.name for path in TESTS.iterdir() if list(path.glob("*.py"))}
    assert folders - BESIDE <= set(house().rooms())


# The figures themselves, of packages that are made up


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package in which everything is wrong once."""
    files = {
        "__init__.py": '__all__ = ["word", "room"]\n',
        "loose.py": "class Thing: ...\nclass _Own: ...\n",
        "room/__init__.py": "from .one import Thing\n",
        "room/one.py": "from ..loose import Thing as Other\nfrom . import two\nclass Thing: ...\nclass _Own: ...\n",
        "room/two.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .three import name\n",
        "room/three.py": (
            "def first():\n    import os\n    from ..loose import Thing\n    return Thing\n"
            "def second():\n    # Only here.\n    from ..loose import Thing\n    from .one import two\n"
            "def third():\n    from .one import two  # a circle\n    return two\n"
        ),
        "room/long.py": "\n" * 401,
        "room/deaf.py": (
            "from subprocess import DEVNULL, run\nrun(['a'], stdout=DEVNULL)\nrun(['b'], stderr=DEVNULL)\n"
            "run(['c'], stderr=DEVNULL)  # asked for its exit status alone\nquiet = {'stderr': DEVNULL}\n"
        ),
    }
    for name, text in files.items():
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "package"


def test_what_is_wrong_is_found(package: Path) -> None:
    found = House(package)
    assert (found.rooms(), found.loose()) == (["loose", "room"], ["loose"])
    assert found.circles() == [["package.room.one", "package.room.three", "package.room.two"]]
    assert found.long() == {"package.room.long": 401}
    assert found.twice() == {"Thing": ["package.loose", "package.room.one"]}
    assert found.unexplained() == ["package/room/three.py:3"]
    assert found.unheard() == ["package/room/deaf.py:3", "package/room/deaf.py:5"]
    assert found.hidden() == ["room"]
