"""What comes with the package without being Python of it: the Quark, the Remote Script, the set of the demo."""

from __future__ import annotations

from pathlib import Path

from ..errors import GrooveError

_PACKAGE = Path(__file__).parents[1]
# A wheel has them within the package, as pyproject.toml puts them there; a checkout has them beside it.
_ROOTS = (_PACKAGE / "shipped", _PACKAGE.parent)


def shipped(name: str) -> Path:
    """Return where a file or a folder that is shipped beside the package lies.

    Args:
        name: its path in a checkout.

    Raises:
        GrooveError: this installation lacks it.

    >>> shipped("examples/performance.py").name
    'performance.py'
    >>> shipped("ableton/GrooveLife")
    Traceback (most recent call last):
    groovelive.errors.GrooveError: ableton/GrooveLife is missing from this installation: install groovelive again
    """
    for root in _ROOTS:
        if (root / name).exists():
            return root / name
    raise GrooveError(f"{name} is missing from this installation: install groovelive again")
