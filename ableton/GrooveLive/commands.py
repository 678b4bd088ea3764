"""The requests that the script serves: what each takes, checked before it runs."""

import math


class Refused(Exception):
    """A request that is not done: a code, and a sentence that says what is wrong and what would be right."""

    def __init__(self, code, sentence):
        Exception.__init__(self, sentence)
        self.code = code
        self.sentence = sentence


class Command:
    """One request: its function, its arguments in order, its options (pairs of a name and a value) and its place."""

    def __init__(self, run, arguments, options, place):
        self.run = run
        self.arguments = [word.split(":") for word in arguments.split()]
        self.options = dict(word.split(":") for word in options.split())
        self.place = place
        if place:
            self.arguments = [[name, "place"] for name in place.split()] + self.arguments
            guards = ("track_id", "track_name", "slot_id", "clip_id", "clip_name")[: 5 if "slot" in place else 2]
            self.options.update((name, "str") for name in guards)


COMMANDS = {}


def command(address, arguments="", options="", place=None, writes=False):
    """Register the function of a request.

    Args:
        arguments: "name:kind …"; the kinds are those of `_KINDS`. The last may be `name:rest`: all that follows.
        options: the same, of what may follow as pairs of a name and a value.
        place: "track" or "track slot": the request begins with one, and takes the guards of it.
        writes: it changes the set, and takes the option `dry_run`.
    """

    def register(run):
        COMMANDS[address] = Command(run, arguments, options + (" dry_run:bool" if writes else ""), place)
        return run

    return register


def parse(about, given):
    """Return (arguments, options) of a request, checked and converted.

    Raises:
        Refused: TYPE or OUT_OF_RANGE.
    """
    given = list(given)
    arguments = {}
    for name, kind in about.arguments:
        if kind == "rest":
            arguments[name] = given
            return arguments, {}
        if not given:
            raise Refused(
                "TYPE",
                "{} is missing: the arguments are {}".format(name, " ".join(word for word, _ in about.arguments)),
            )
        arguments[name] = convert(name, kind, given.pop(0))
    options = {}
    while given:
        name = given.pop(0)
        if not isinstance(name, str) or name not in about.options:
            raise Refused(
                "TYPE",
                "{!r} is not an option here: options are {}".format(name, ", ".join(sorted(about.options)) or "none"),
            )
        if not given:
            raise Refused("TYPE", f"the option {name} has no value")
        options[name] = convert(name, about.options[name], given.pop(0))
    return arguments, options


def convert(name, kind, value):
    """Return an argument as its kind. Where no number is lost an int is a float, a float an int, 1 and 0 a bool."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and not math.isfinite(value):
        raise Refused("OUT_OF_RANGE", f"{name} is not a finite number")
    if kind == "place" and isinstance(value, str):
        return value
    if kind in ("int", "place") and number and value == int(value):
        return int(value)
    if kind == "float" and number:
        return float(value)
    if kind == "bool" and (isinstance(value, bool) or (number and value in (0, 1))):
        return bool(value)
    if kind == "str" and isinstance(value, str):
        return value
    if kind == "blob" and isinstance(value, bytes):
        return value
    if kind == "notes" and (isinstance(value, bytes) or (number and value == int(value))):
        return value if isinstance(value, bytes) else int(value)
    raise Refused("TYPE", f"{name} is {_KINDS[kind]}, not {type(value).__name__}")


_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "True or False",
    "str": "a string",
    "blob": "a blob",
    "notes": "a blob of notes, or the number of a transfer",
    "place": "an index, or a name",
}


def within(name, value, low, high):
    """Return a number that must lie in a range.

    Raises:
        Refused: OUT_OF_RANGE.
    """
    if not low <= value <= high:
        raise Refused("OUT_OF_RANGE", f"{name} is a number from {low} to {high}, not {value}")
    return value
