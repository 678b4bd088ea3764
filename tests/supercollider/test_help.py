"""The help files of the Quark: SCDoc renders them without a warning, nothing public is left out, their code runs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import QUARK
from tests.support.quark_session import Part, Said, Serve, blocks, evaluate

HELP = QUARK / "HelpSource"
FILES = sorted(path.relative_to(HELP).as_posix() for path in HELP.rglob("*.schelp"))
# What needs a running server, or would be heard beyond this machine: compiled, and not run.
NOT_RUN = re.compile(r"\)\.play|s\.(boot|volume)|~master|~bus|GrooveLiveCV\.(listen|play)|x\.(stop|set)")

pytestmark = [pytest.mark.supercollider, pytest.mark.timeout(300)]

_RENDER = r"""
(
var target = thisProcess.argv.last, quark = target.dirname +/+ "quark", ours;
SCDoc.helpTargetDir = target;
SCDoc.verbosity = 0;
SCDoc.indexAllDocuments;
ours = SCDoc.documents.select { |doc| doc.fullPath.notNil and: { doc.fullPath.beginsWith(quark) } };
"RENDERING".postln;
ours.keys.asArray.sort.do { |path|
	var doc = ours[path];
	SCDoc.parseAndRender(doc);
	[doc.undoccmethods, doc.undocimethods].collect { |names| (names ? []).asArray.sort.join(" ") }.do { |names|
		"DOC % undocumented: %".format(path, names).postln;
	};
};
Class.allClasses.reject(_.isMetaClass).select { |class| class.filenameSymbol.asString.beginsWith(quark) }.do { |class|
	"CLASS %".format(class.name).postln
};
"ALL DONE".postln;
0.exit;
)
"""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What SCDoc says while it renders all help files of the Quark, and the folder that it renders to."""
    folder = tmp_path_factory.mktemp("help")
    (folder / "quark").mkdir()
    for part in ("Classes", "HelpSource"):
        (folder / "quark" / part).symlink_to(QUARK / part)
    (folder / "conf.yaml").write_text(f"includePaths:\n    - {folder / 'quark'}\nexcludePaths: []\n")
    (folder / "render.scd").write_text(_RENDER)
    (folder / "html").mkdir()
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1", "HOME": str(folder),
        "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
    }  # fmt: skip
    done = subprocess.run(
        ["sclang", "-l", str(folder / "conf.yaml"), str(folder / "render.scd"), str(folder / "html")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, env=environment, check=False,
    )  # fmt: skip
    assert "ALL DONE" in done.stdout, done.stdout[-4000:]
    return done.stdout.partition("RENDERING\n")[2], folder / "html"


def test_nothing_is_warned_of(rendered: tuple[str, Path]) -> None:
    said, _ = rendered
    assert re.findall(r"^(?:WARNING|ERROR).*\n.*\n?.*", said, re.MULTILINE) == []
    assert set(re.findall(r"^DOC (\S+)", said, re.MULTILINE)) == {page.removesuffix(".schelp") for page in FILES}


def test_every_public_method_of_every_class_is_documented(rendered: tuple[str, Path]) -> None:
    said, _ = rendered
    left = re.findall(r"^DOC (\S+) undocumented: *(.*)$", said, re.MULTILINE)
    assert [(page, names) for page, names in left if names] == []
    classes = re.findall(r"^CLASS (\w+)$", said, re.MULTILINE)
    assert len(classes) >= 8 and {f"Classes/{name}" for name in classes} <= {page for page, _ in left}


def test_links_lead_to_what_they_name(rendered: tuple[str, Path]) -> None:
    """Of links to pages that are not there SCDoc warns; of methods and sections it does not."""
    _, folder = rendered
    for page in FILES:
        assert "METHOD NOT FOUND" not in (folder / page).with_suffix(".html").read_text(encoding="utf-8"), page
        for target, anchor in re.findall(r"link::([^:#]+)#([^:#]+)", (HELP / page).read_text(encoding="utf-8")):
            html = (folder / target).with_suffix(".html").read_text(encoding="utf-8")
            assert f"name='{anchor}'" in html or f"name='{anchor.replace(' ', '%20')}'" in html, (page, anchor)


# Their code


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Said]]:
    """Evaluate the code of all help files, without a server."""
    folder = tmp_path_factory.mktemp("code")
    serve = Serve(folder)
    try:
        yield evaluate([Part(name, _steps(name)) for name in FILES], folder, serve.port)
    finally:
        serve.end()


def _steps(name: str) -> list[tuple[str, bool, float | None]]:
    text = (HELP / name).read_text(encoding="utf-8")
    code = re.findall(r"^code::\n(.*?)^::$", text, re.MULTILINE | re.DOTALL)
    return [(each, NOT_RUN.search(each) is None, 0.05) for part in code for each in blocks(part)]


@pytest.mark.parametrize("name", FILES)
def test_code(name: str, said: dict[str, Said]) -> None:
    assert said[name].faults() == [] and said[name].told() == [], said[name].text
    if name.startswith("Classes"):
        assert _steps(name), "a page without an example"


def test_the_quark_points_at_its_help() -> None:
    text = (QUARK / "GrooveLive.quark").read_text(encoding="utf-8")
    (page,) = re.findall(r'schelp: "(.*)"', text)
    assert f"{page}.schelp" in FILES
