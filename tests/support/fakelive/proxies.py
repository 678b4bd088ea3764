"""Objects as a script sees them in Live: another Python object each time, equal but not the same, not hashable."""
import inspect

from .core import LomObject, Vector


class Proxy:
    def __init__(self, real):
        object.__setattr__(self, "_real", real)

    def __getattr__(self, name):
        return wrapped(getattr(bare(self), name))

    def __setattr__(self, name, value):
        setattr(bare(self), name, bare(value))

    def __eq__(self, other):
        return bool(bare(self) == bare(other))

    def __ne__(self, other):
        return not self == other

    __hash__ = None


def bare(value):
    return object.__getattribute__(value, "_real") if isinstance(value, Proxy) else value


def wrapped(value):
    if isinstance(value, LomObject):
        return Proxy(value)
    if type(value) is Vector:
        return Vector(wrapped(each) for each in value)
    if inspect.ismethod(value):
        return lambda *args, **kwargs: wrapped(
            value(*map(bare, args), **{name: bare(each) for name, each in kwargs.items()}))
    return value
