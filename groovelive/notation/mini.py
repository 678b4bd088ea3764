"""The reader of Tidal's mini-notation: text in, a tree of nodes that can be queried out."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from ..errors import GrooveError
from .caret import NotationError
from .nodes import (
    Choice,
    Early,
    Fast,
    Marked,
    Node,
    Pure,
    Rest,
    Sequenced,
    Stack,
    Thinned,
    Varied,
    bjorklund,
)
from .numbers import MAX_DIGITS, Atom, above_zero, euclidean_number, fraction, sample_number, velocity

MAX_TEXT = 4096
MAX_DEPTH = 50
MAX_EVENTS_PER_BAR = 1024
MAX_HEIGHT = 200  # keeps a query far away from Python's recursion limit

_CLOSERS = {"[": "]", "<": ">", "{": "}", "(": ")"}
_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:%\d+)?", re.ASCII)
_WHOLE = re.compile(r"\d+", re.ASCII)
# A number, or a word. A colon belongs to the word, so that what reads the word can say what it thinks of it.
_ATOM = re.compile(
    r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:%\d+)?(?![\w#:])|[A-Za-z0-9][\w#'-]*(?::(?![\[<{])[\w.]*)*", re.ASCII
)
_TOKEN = re.compile(r"[\w.#:'-]+|\S")

Mark = Callable[[Any, Fraction], Any]

REST = object()
"""What an atom returns for a word that is a rest."""


class _Step(NamedTuple):
    node: Node
    weight: Fraction


def read(text: str, atom: Atom, mark: Mark | None = None, seed: int = 0, *, later: bool = False) -> Node:
    """Read mini-notation.

    Args:
        text: the notation.
        atom: makes a value of each word or number; its ValueError becomes a NotationError at the word.
        mark: combines a value with the number after `^`; None: there is no `^` in this notation.
        seed: decides what `?` and `|` do.
        later: whether a Euclidean rhythm is rotated to later steps, as Strudel does, and not to earlier ones.

    Raises:
        NotationError: the text cannot be read, or asks for too much.

    >>> from groovelive.notation.pattern import TimePattern
    >>> TimePattern(read("3 <4 5>", int), "").at(1.5)
    5
    """
    return _Reader(text, atom, mark, seed, later).read()


class _Reader:
    def __init__(self, text: str, atom: Atom, mark: Mark | None, seed: int, later: bool) -> None:
        self.text, self.atom, self.mark, self.seed, self.later = text, atom, mark, seed, later
        self.here = 0
        self.opened: list[int] = []  # where the brackets around us were opened
        self.places = 0  # random marks met so far: each draws its own numbers

    def read(self) -> Node:
        if len(self.text) > MAX_TEXT:
            raise self.error(f"a pattern has at most {MAX_TEXT} characters, not {len(self.text)}", MAX_TEXT)
        if not self.text.strip():
            raise self.error("there is nothing to play; write for example 'bd sn'", 0)
        parts = self.parts("")
        return self.limited(parts, 0)

    # Where things are

    def error(self, reason: str, start: int | None = None, length: int | None = None) -> NotationError:
        start = self.here if start is None else start
        token = _TOKEN.match(self.text, start)
        return NotationError(reason, self.text, start, length or (len(token[0]) if token else 1))

    def space(self) -> str:
        """Skip white space; return the character after it, '' at the end."""
        match = _SPACE.match(self.text, self.here)
        self.here = match.end() if match else self.here
        return self.text[self.here : self.here + 1]

    def peek(self) -> str:
        return self.text[self.here : self.here + 1]

    def number(self, after: str, *, whole: bool = False) -> Fraction:
        """Read the number that follows the sign `after`."""
        match = (_WHOLE if whole else _NUMBER).match(self.text, self.here)
        if not match:
            kind = "a whole number" if whole else "a number"
            raise self.error(f"'{after}' needs {kind} right after it", max(0, self.here - 1), 1)
        value = fraction(match[0])
        if value is None:
            raise self.error(f"a number has at most {MAX_DIGITS} digits and does not divide by zero")
        self.here = match.end()
        return value

    # Layers, sequences, steps

    def parts(self, closer: str) -> Node:
        """Read sequences up to `closer`, stacked (',') or to choose from ('|')."""
        sequences, sign = self.sequences(closer)
        nodes = [_sequenced(steps) for steps in sequences]
        if len(nodes) == 1:
            return nodes[0]
        if sign == "|":
            self.places += 1
            return Choice(nodes, self.seed, self.places)
        return Stack(nodes)

    def sequences(self, closer: str) -> tuple[list[list[_Step]], str]:
        sequences = [self.sequence(closer)]
        sign = ""
        while (found := self.peek()) in (",", "|") and found:
            if sign and found != sign:
                raise self.error("',' and '|' cannot stand side by side; put one of them in brackets")
            sign = found
            self.here += 1
            sequences.append(self.sequence(closer))
        return sequences, sign

    def sequence(self, closer: str) -> list[_Step]:
        """Read steps up to a ',', a '|' or `closer` (which is left unread)."""
        groups: list[list[_Step]] = [[]]
        while True:
            char = self.space()
            start = self.here
            steps = groups[-1]
            if char in (",", "|") or char == closer:
                break
            if not char:
                at = self.opened[-1]
                raise self.error(f"'{self.text[at]}' is never closed; '{closer}' is missing", at, 1)
            if char in "])}>":
                opener = next(o for o, c in _CLOSERS.items() if c == char)
                hint = f"'{closer}' should come first" if closer else f"there is no '{opener}' before it"
                raise self.error(f"'{char}' closes nothing here; {hint}", start, 1)
            if char == "." and not _NUMBER.match(self.text, start):
                self.dot(start, steps)
                groups.append([])
            elif char in "!_@":
                if not steps:
                    does = "repeats" if char == "!" else "lengthens"
                    raise self.error(f"'{char}' {does} the step before it, and there is none", start, 1)
                self.here += 1
                last = steps[-1]
                if char == "!":
                    steps.append(last)
                else:
                    steps[-1] = last._replace(weight=last.weight + 1)
            else:
                steps += self.step()
        if not groups[-1]:
            where = "the '.'" if len(groups) > 1 else f"this '{char}'" if char else "the end"
            raise self.error(f"there is no step before {where}; write '~' for a rest", start, 1)
        if len(groups) == 1:
            return groups[0]
        return [_Step(self.limited(_sequenced(group), start), Fraction(1)) for group in groups]

    def dot(self, start: int, steps: list[_Step]) -> None:
        self.here += 1
        alone = (start == 0 or self.text[start - 1].isspace()) and (not self.peek() or self.peek().isspace())
        if not alone:
            raise self.error("'.' groups the steps before it, and needs a space on both sides", start, 1)
        if not steps:
            hint = "write '~' for a rest, or a step string without spaces, such as 'x..x'"
            raise self.error(f"there is no step before this '.'; {hint}", start, 1)

    def step(self) -> list[_Step]:
        """Read one step with all that is attached to it; '!3' makes it three steps."""
        start = self.here
        node, weight, copies = self.term(), Fraction(1), 1
        while (sign := self.peek()) and (sign in "*/!@?(^" or (sign == ":" and self.mark is not None)):
            at = self.here
            self.here += 1
            if sign in "*/":
                node = self.faster(node, sign)
            elif sign == "(":
                node = self.euclid(node, at)
            elif sign == "^":
                node = self.marked(node, at)
            elif sign == ":":  # a pattern of sample numbers: a voice has one sound
                self.argument(":", sample_number)
            elif sign == "?":
                node = self.thinned(node, at)
            elif sign == "@":
                weight = self.number("@")
                if not weight:
                    raise self.error("a step must last longer than 0", at + 1)
            elif self.peek().isdigit():
                copies = int(self.number("!", whole=True))
                if not copies:
                    raise self.error("'!0' would leave no step; '!' needs a number from 1 up", at)
                if node.rate * copies > MAX_EVENTS_PER_BAR:
                    raise self.too_many(at)
            else:
                copies += 1
            self.limited(node, start)
        return [_Step(node, weight)] * copies

    def term(self) -> Node:
        start, char = self.here, self.peek()
        if char == "~" or (char == "-" and not _ATOM.match(self.text, start)):
            self.here += 1
            return Rest()
        if char and char in "[<{":
            return self.group(char)
        match = _ATOM.match(self.text, start)
        if not match:
            raise self.error(f"{char!r} has no meaning here" if char else "a step is missing at the end")
        try:
            value = self.atom(match[0])
        except ValueError as error:
            raise self.error(str(error), start, len(match[0])) from None
        self.here = match.end()
        return Rest() if value is REST else Pure(value)

    def group(self, opener: str) -> Node:
        start = self.here
        self.open(start)
        if opener == "[":
            node = self.parts("]")
            self.close()
        else:
            node = self.polymeter(opener)
        return self.limited(node, start)

    def open(self, start: int) -> None:
        self.opened.append(start)
        if len(self.opened) > MAX_DEPTH:
            raise self.error(f"brackets are nested more than {MAX_DEPTH} deep", start, 1)
        self.here = start + 1

    def close(self) -> None:
        self.opened.pop()
        self.here += 1

    def polymeter(self, opener: str) -> Node:
        """Read < > or { }: sequences that keep their steps equally long, so many steps per cycle."""
        start = self.here - 1
        sequences, sign = self.sequences(_CLOSERS[opener])
        if sign == "|":
            raise self.error(f"'|' chooses inside [ ], not inside {opener} {_CLOSERS[opener]}", start, 1)
        self.close()
        lengths = [sum((step.weight for step in steps), Fraction(0)) for steps in sequences]
        nodes = [_sequenced(steps) for steps in sequences]

        def at_pace(pace: Fraction) -> Node:
            layers = [Fast(node, pace / length) for node, length in zip(nodes, lengths, strict=True)]
            return layers[0] if len(layers) == 1 else Stack(layers)

        if opener == "<":
            return at_pace(Fraction(1))
        if self.peek() != "%":
            return at_pace(lengths[0])
        self.here += 1
        pace, values = self.argument("%", above_zero)
        if isinstance(pace, Pure):
            return at_pace(pace.value)
        return Varied([pace], at_pace, at_pace(max(values)))

    # What is attached to a step

    def faster(self, node: Node, sign: str) -> Node:
        factor, values = self.argument(sign, above_zero)

        def at_speed(value: Fraction) -> Node:
            return Fast(node, value if sign == "*" else 1 / value)

        if isinstance(factor, Pure):
            return at_speed(factor.value)
        return Varied([factor], at_speed, at_speed(max(values) if sign == "*" else min(values)))

    def euclid(self, node: Node, start: int) -> Node:
        self.open(start)
        arguments: list[Node] = []
        numbers: list[list[int]] = []
        for name in ("pulses", "steps", "rotation"):
            values: list[int] = []
            numbers.append(values)
            arguments.append(self.within(euclidean_number(name, values), self.sequence_node))
            if self.peek() != ",":
                break
            if len(arguments) < 3:
                self.here += 1
        if self.peek() != ")":
            raise self.error("(pulses, steps, rotation) holds sequences of whole numbers, three at most")
        self.close()
        if len(arguments) < 2:
            raise self.error("a Euclidean rhythm is written (pulses, steps), for example bd(3,8)", start, 1)
        length = self.here - start
        pulses, steps = (max(abs(n) for n in numbers[0]), max(numbers[1])) if all(numbers[:2]) else (0, 1)
        if pulses > steps:
            raise self.error(f"{pulses} pulses do not fit into {steps} steps", start, length)
        if node.rate * steps > MAX_EVENTS_PER_BAR:
            raise self.too_many(start)

        def spread(pulses: int, steps: int, rotation: int = 0) -> Node:
            rhythm = [(node if hit else Rest(), Fraction(1)) for hit in bjorklund(pulses, steps)]
            by = -rotation if self.later else rotation
            return Early(Sequenced(rhythm), Fraction(by, steps)) if by % steps else Sequenced(rhythm)

        if all(isinstance(argument, Pure) for argument in arguments):
            return spread(*(argument.value for argument in arguments if isinstance(argument, Pure)))
        return Varied(arguments, spread, Early(spread(steps, steps), Fraction(0)))

    def marked(self, node: Node, start: int) -> Node:
        if self.mark is None:
            raise self.error("'^' sets the velocity of a drum; there is none here", start, 1)
        numbers, _ = self.argument("^", velocity)
        return Marked(node, numbers, self.mark)

    def thinned(self, node: Node, start: int) -> Node:
        probability = float(self.number("?")) if _NUMBER.match(self.text, self.here) else 0.5
        if probability > 1:
            raise self.error("'?' takes away events with a probability from 0 to 1", start)
        self.places += 1
        return Thinned(node, probability, self.seed, self.places)

    # Numbers that may be patterns

    def argument(self, sign: str, check: Callable[[Fraction], str]) -> tuple[Node, list[Fraction]]:
        """Read a number or a bracketed pattern of numbers; return it with all the numbers it holds."""
        values: list[Fraction] = []

        def atom(word: str) -> Fraction:
            value = fraction(word)
            problem = f"{word!r} is not a number of at most {MAX_DIGITS} digits" if value is None else check(value)
            if value is None or problem:
                raise GrooveError(problem)
            values.append(value)
            return value

        start = self.here
        if self.peek() and self.peek() in "[<{":
            node = self.within(atom, lambda: self.group(self.peek()))
            if values:
                return node, values
            raise self.error(f"the pattern after '{sign}' holds no number", start, 1)
        value = self.number(sign)
        if problem := check(value):
            raise self.error(problem, start - 1, self.here - start + 1)
        return Pure(value), [value]

    def within(self, atom: Atom, read: Callable[[], Node]) -> Node:
        """Read with other atoms, and without velocities."""
        outside = self.atom, self.mark
        self.atom, self.mark = atom, None
        node = read()
        self.atom, self.mark = outside
        return node

    def sequence_node(self) -> Node:
        return _sequenced(self.sequence(")"))

    # Limits

    def limited(self, node: Node, start: int) -> Node:
        if node.rate > MAX_EVENTS_PER_BAR:
            raise self.too_many(start)
        if node.height > MAX_HEIGHT:
            raise self.error("this is nested too deep", start)
        return node

    def too_many(self, start: int) -> NotationError:
        return self.error(f"this asks for more than {MAX_EVENTS_PER_BAR} events in a bar", start)


def _sequenced(steps: list[_Step]) -> Node:
    return steps[0].node if len(steps) == 1 else Sequenced(steps)
