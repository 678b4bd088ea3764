"""What would be played from now on, worked out aside in this program, while the session goes on."""

from __future__ import annotations

import math

from ..checks import whole
from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.session import Draft, When
from ..score.edit_log import SESSION
from ..score.edits import BEATS_PER_BAR, Edit, Pattern
from .callbacks import Callbacks
from .client import SessionClient
from .clip import Clip

_MOST = 4096  # bars


def rendered(live: SessionClient, bars: int) -> Clip:
    """Return so many bars from the next bar line on, as they would be played if nothing were changed any more.

    Edits that are planned count, the autopilot too, and functions of `each_bar` that this program has. What hands will
    play nobody knows: drummers go on from what they remember of it.

    Args:
        live: the session; nothing in it changes.
        bars: 1..4096.

    Raises:
        GrooveError: the engine serves another model than this program has.
    """
    # Start-up time: it brings the model and ONNX Runtime, which a client of a conductor does without.
    from ..conductor.offline import Offline

    bars = whole("bars", bars, 1, _MOST)
    begin = math.ceil(live.beat / BEATS_PER_BAR) * float(BEATS_PER_BAR)
    edits = list(live.snapshot().edits)
    if live.score.value(SESSION, "playing", begin) is False:  # it is heard as if the transport ran
        edits.append(Edit(beat=begin, path="playing", value=True))
    aside = Offline(tell=live.tell, edits=edits, beat=begin)
    model = aside.model
    if live.model is not None and (live.model.name, live.model.version) != (model.name, model.version):
        raise GrooveError(
            f"this program has the model {model.name} {model.version}, and the session plays {live.model.name} "
            f"{live.model.version}: record it as it plays, by gl.record(...)"
        )

    def give(name: str, number: int, notes: bytes) -> None:
        own = (Draft("own", Pattern(notes=notes, steps=16), name),)
        aside.ask(messages.Write(edits=own, when=When("bar", number), by=live.by))

    own = Callbacks(give, live.tell, apart=False)
    for name, function in live.functions().items():
        own.set(name, function)
    aside.on_news = lambda news: own.make(news) if isinstance(news, messages.Wanted) else None
    aside.run(bars * float(BEATS_PER_BAR))
    return Clip(aside.score, begin, begin + bars * BEATS_PER_BAR, live.model)
