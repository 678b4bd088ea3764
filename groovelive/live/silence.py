"""The words that must never fail: `hush` and `panic`, with or without parentheses, in Python, IPython and the shell."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from typing import Any

from ..errors import GrooveError


class SilenceWord:
    """A word that silences: `hush()`; in IPython and notebooks `hush` alone does it as well.

    To name it elsewhere, in a script or a debugger, does nothing.

    Args:
        name: the word.
        act: what it does.
        about: what it does, as help shows it.
    """

    def __init__(self, name: str, act: Callable[[], None], about: str) -> None:
        self.__name__, self.__doc__, self._act = name, about, act

    def __call__(self) -> None:
        """Do it."""
        self._act()

    def _ipython_display_(self) -> None:
        """Do it: the word stood alone at the end of a cell."""
        try:
            self._act()
        except GrooveError as error:
            print(f"{error}", file=sys.stderr)

    def __repr__(self) -> str:
        return f"{self.__name__}(): {(self.__doc__ or '').splitlines()[0]}"


class BareWords(ast.NodeTransformer):
    r"""Puts parentheses to `hush` and `panic` where they stand alone as a statement, as a performer types them.

    Args:
        names: what is in reach; a name that stands for something else there is left alone.

    >>> from groovelive.live.api import hush
    >>> ast.unparse(BareWords({"hush": hush}).visit(ast.parse("hush; x = hush; hush()")))
    'hush()\nx = hush\nhush()'
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        """Put parentheses to a statement that is such a word."""
        if isinstance(node.value, ast.Name) and isinstance(self._names.get(node.value.id), SilenceWord):
            call = ast.Call(func=node.value, args=[], keywords=[])
            return ast.fix_missing_locations(ast.copy_location(ast.Expr(ast.copy_location(call, node)), node))
        return node
