"""A tier that CI asked for can't be skipped unnoticed."""

from __future__ import annotations

import pytest

from tests.support.paths import TESTS

CONFTEST = (TESTS / "conftest.py").read_text()
# Two tests of a tier whose program is missing, and one that skips itself while it runs.
SUITE = """
import pytest

@pytest.mark.jack
def test_needs_jackd():
    pass

def test_skips_itself():
    pytest.skip("torch is not installed")
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST.replace('pytest_plugins = ["pytester"]', ""))
    pytester.makeini("[pytest]\nmarkers =\n    jack: jackd\n    realtime: by itself\n")
    pytester.makepyfile(SUITE)
    monkeypatch.setenv("PATH", str(pytester.path))  # no jackd here
    return pytester


def test_a_missing_tier_is_skipped_with_a_reason(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROOVELIVE_REQUIRE", raising=False)
    result = suite.runpytest_inprocess("-rs")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*jack is not installed here*"])


def test_a_required_tier_that_is_missing_fails(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROOVELIVE_REQUIRE", "jack")
    suite.runpytest_inprocess().assert_outcomes(errors=1, skipped=1)
    monkeypatch.setenv("GROOVELIVE_REQUIRE", "jack, torch")
    suite.runpytest_inprocess().assert_outcomes(errors=1, failed=1)


def test_a_module_that_skips_as_a_whole_fails_too(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.makepyfile(test_whole='import pytest\npytest.skip("no torch here", allow_module_level=True)\n')
    monkeypatch.setenv("GROOVELIVE_REQUIRE", "torch")
    suite.runpytest_inprocess("test_whole.py").assert_outcomes(errors=1)


def test_a_misspelt_tier_is_told(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROOVELIVE_REQUIRE", "troch")
    result = suite.runpytest_subprocess()
    result.stderr.fnmatch_lines(["*troch*the tiers are*"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR
