"""The tiers of the test suite: what each needs, and that a required tier is never skipped.

Mark a test with `torch`, `synth`, `supercollider`, `jack` or `link` and it is skipped where that is missing. The
environment variable GROOVELIVE_REQUIRE (tiers, separated by commas) turns such skips into failures, so that
a CI that installed a tier notices when it did not run.

Mark a test with `realtime` if it goes by the clock on the wall: it plays, or waits for programs that do. What needs
JACK, sclang or Link does so anyway. Mark it with `alone` instead if it measures, so that others beside it would spoil
what it finds. `make test` runs all others first, as many at a time as there are cores; then those of real time, three
at a time since they mostly wait, each file in one process; and those that measure one after another.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from typing import Literal

import hypothesis
import pytest

from groovelive.bench.receivers import jack_server

pytest_plugins = ["pytester"]
# An example may take its time: others run beside it, and a test as a whole has its timeout.
hypothesis.settings.register_profile("groovelive", deadline=None)
hypothesis.settings.load_profile("groovelive")
os.environ.setdefault("GROOVELIVE_STATE", tempfile.mkdtemp(prefix="groovelive-logs-"))  # not among the user's logs


def _module(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


TIERS = {
    "torch": lambda: _module("torch"),
    "synth": lambda: _module("nanosynth"),
    "supercollider": lambda: bool(shutil.which("sclang") and shutil.which("scsynth")),
    "jack": lambda: bool(shutil.which("jackd")),
    "link": lambda: _module("link"),
}

# Tiers whose programs play in real time.
REALTIME = ("supercollider", "jack", "link")
# The files that take longest come first, so that at the end no process is left alone with one of them.
LONGEST = ("test_quark.py", "test_examples.py", "test_clip_targets.py")

REQUIRED = pytest.StashKey[set[str]]()


def required_tiers() -> set[str]:
    """The tiers named in GROOVELIVE_REQUIRE; an unknown name is an error, not silence."""
    names = {name.strip() for name in os.environ.get("GROOVELIVE_REQUIRE", "").split(",") if name.strip()}
    if unknown := names - set(TIERS):
        raise pytest.UsageError(f"GROOVELIVE_REQUIRE names {sorted(unknown)}; the tiers are {sorted(TIERS)}")
    return names


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REQUIRED] = required_tiers()


def _while_shared(fixture_name: str, config: pytest.Config) -> Literal["module", "session"]:
    """Return how long a JACK server is kept: JACK has eight at most, which several processes of tests share."""
    return "module" if "PYTEST_XDIST_WORKER" in os.environ else "session"


@pytest.fixture(scope=_while_shared)
def midi_server() -> Iterator[dict[str, str]]:
    """The one JACK server for MIDI that tests share; gives the environment it is found in.

    Its periods are 2.7 ms: at half of that, a machine with two busy cores misses some, and JACK's clock falls behind.
    """
    with jack_server(f"groovelive-midi{os.getpid()}", period=128) as environment:
        yield environment


@pytest.fixture(scope=_while_shared)
def sound_server() -> Iterator[dict[str, str]]:
    """The one JACK server for sound, with longer periods, which tests share."""
    with jack_server(f"groovelive-sound{os.getpid()}", period=256) as environment:
        yield environment


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.get_closest_marker(name) for name in REALTIME):
            item.add_marker("realtime")
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for tier, available in TIERS.items():
        if item.get_closest_marker(tier) and not available():
            pytest.skip(f"{tier} is not installed here")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    required = item.config.stash[REQUIRED]
    marked = {mark.name for mark in item.iter_markers()} & required
    if report.skipped and (marked or _names_any(required, report)):
        report.outcome = "failed"
        report.longrepr = f"GROOVELIVE_REQUIRE forbids this skip: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and _names_any(collector.config.stash[REQUIRED], report):  # a module-level importorskip
        report.outcome = "failed"
        report.longrepr = f"GROOVELIVE_REQUIRE forbids this skip: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


def _names_any(required: set[str], report: pytest.TestReport | pytest.CollectReport) -> bool:
    """Whether the reason of a skip, for example "could not import 'torch'", names a required tier."""
    return any(tier in _reason(report) for tier in required)
