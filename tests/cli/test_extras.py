"""Extras: each that is named exists, what they bring is used, and the README goes on where `make demo` ends."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import groovelive
from groovelive.cli import demo

ROOT = Path(groovelive.__file__).parents[1]
EXTRAS: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
SOURCES = sorted(
    {*ROOT.glob("groovelive/**/*.py"), *ROOT.glob("examples/*.*"), *ROOT.glob("docs/*.md"), ROOT / "README.md"}
)
# The module that a package brings, where it has another name.
MODULES = {"ipython": "IPython", "linkpython-extern": "link", "pylive": "live"}
# A program that is run, and what torch imports when it exports a model.
NOT_IMPORTED_HERE = {"jupyterlab", "onnx"}


def named(text: str) -> list[str]:
    """The extras that a text tells somebody to install: .[synth,repl] in a checkout, (extra `midi`), install("x")."""
    found = re.findall(r"[\"' ]\.\[([\w,]+)\]", text) + re.findall(r"extra `(\w+)`|\binstall\([\"'](\w+)", text)
    found = [name for one in found for name in ([one] if isinstance(one, str) else filter(None, one))]
    return [name for names in found for name in names.split(",")]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_extras_that_are_named_exist(path: Path) -> None:
    assert set(named(path.read_text(encoding="utf-8"))) <= set(EXTRAS)


def test_extras_are_found_in_a_text() -> None:
    text = "pip install \".[repl,train]\", a[link], WAV (extra `synth`), {install('midi')}"
    assert named(text) == ["repl", "train", "synth", "midi"]
    assert sum(bool(named(path.read_text(encoding="utf-8"))) for path in SOURCES) > 8


@pytest.mark.parametrize("extra", sorted(set(EXTRAS) - {"test", "dev"}))
def test_what_an_extra_brings_is_used(extra: str) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES if path.suffix == ".py")
    for requirement in EXTRAS[extra]:
        package = re.match(r"[\w-]+", requirement)[0].lower()  # type: ignore[index]
        module = MODULES.get(package, package)
        pattern = rf"\bimport {module}\b|\bfrom {module}[. ]|import_module\(\"{module}"
        assert package in NOT_IMPORTED_HERE or re.search(pattern, text), (
            f"nothing imports {module} of the extra {extra}"
        )


def test_the_readme_goes_on_from_make_demo() -> None:
    installed = re.search(r"^demo: \$\(STAMP\)-([\w,]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert installed is not None and set(installed[1].split(",")) == {"synth", "repl"}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    begin = re.split(r"^make demo\n```$", readme, flags=re.MULTILINE)[1]
    commands = re.findall(r"^```sh\n(.*?)^```$", begin, re.MULTILINE | re.DOTALL)
    assert commands[0] == ".venv/bin/groovelive\n"  # found by every shell, with nothing activated
    assert commands[0].strip() in demo.next_steps(commands[0].strip(), "python", ipython=True, synth=True)
