"""The conductor's side of the output processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from groovelive.outputs import Outputs


@pytest.fixture
def told() -> list[str]:
    """The sentences that it tells."""
    return []


@pytest.fixture
def outputs(told: list[str]) -> Iterator[Outputs]:
    outputs = Outputs(told.append)
    yield outputs
    outputs.end()
