"""docs/architecture.md names every room of the package, in the order in which pyproject.toml holds them."""

from __future__ import annotations

import re
import tomllib

from tests.support.house import House
from tests.support.paths import DOCS, ROOT

PAGE = (DOCS / "architecture.md").read_text(encoding="utf-8")
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]


def layers() -> list[set[str]]:
    """Return the layers, bottom to top."""
    return [set(re.findall(r"\w+", layer)) for layer in reversed(CONTRACT["layers"])]


def named() -> list[str]:
    """Return the rooms of the page's table, top row first."""
    table = PAGE.partition("## Rooms")[2].partition("## ")[0]
    first_cells = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    return [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]


def test_every_room_is_named_once() -> None:
    assert sorted(named()) == sorted(House().rooms())
    assert set(named()) == set.union(*layers())


def test_rooms_stand_in_the_order_of_their_layers() -> None:
    level = {room: number for number, layer in enumerate(layers()) for room in layer}
    levels = [level[room] for room in named()]
    assert levels == sorted(levels)


def test_it_is_a_page() -> None:
    assert len(PAGE.splitlines()) <= 110


def test_rooms_of_one_layer_are_those_that_the_text_names() -> None:
    several = max(layers(), key=len)
    sentence = next(part for part in re.split(r"\. |\n\n", PAGE) if "import nothing" in part)
    assert set(re.findall(r"`(\w+)`", sentence)) == several
