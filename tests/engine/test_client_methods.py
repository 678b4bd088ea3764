"""The methods that both kinds of client have: one definition, whichever way they answer."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from groovelive import GrooveError
from groovelive.engine import AsyncClient, Client

NOWHERE = "ipc:///nonexistent/groovelive.ipc"
METHODS = ("hello", "stats", "generate", "play", "encode", "decode", "random", "walk")


@pytest.mark.parametrize("name", METHODS)
def test_both_clients_have_it_with_its_arguments_and_its_page(name: str) -> None:
    for kind in (Client, AsyncClient):
        method = getattr(kind, name)
        assert method.__name__ == name and method.__doc__
        assert next(iter(inspect.signature(method).parameters)) == "self"
    assert inspect.signature(getattr(Client, name)) == inspect.signature(getattr(AsyncClient, name))


def test_what_is_wrong_is_told_before_anything_is_sent() -> None:
    with Client(NOWHERE) as client, pytest.raises(GrooveError, match="generate has no 'genr'"):
        client.generate("x..x", genr="funk")  # type: ignore[call-arg]


def test_an_awaited_call_tells_what_is_wrong_when_it_is_awaited() -> None:
    async def ask() -> None:
        async with AsyncClient(NOWHERE) as client:
            call = client.generate("x..x", genr="funk")  # type: ignore[call-arg]
            with pytest.raises(GrooveError, match="generate has no 'genr'"):
                await call

    asyncio.run(ask())


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), 601, "long"])
def test_a_timeout_is_a_number_of_seconds(timeout: float) -> None:
    with pytest.raises(GrooveError, match="timeout must be a number above 0"):
        Client(NOWHERE, timeout=timeout)
