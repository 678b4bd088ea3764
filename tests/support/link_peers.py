"""A session and a Link peer in a network of their own: `link_peers.py SCENARIO FOLDER`, run by unshare; prints JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from groovelive.bench.linkpeer import LinkPeer
from groovelive.bench.performer import Performer
from groovelive.bench.receivers import Receiver
from groovelive.protocol import session as messages
from groovelive.protocol.session import Draft
from groovelive.score.clocks import Link
from tests.conductor.test_process import Serve, straight, tags
from tests.support.waiting import until


def main(scenario: str, folder: Path) -> dict[str, Any]:
    serve = Serve(folder)
    try:
        with Receiver() as receiver, Performer(serve.connection().address, "me") as performer:
            straight(performer, receiver, "d1")
            return {"follow": follow, "lead": lead}[scenario](performer, receiver)
    finally:
        serve.end()


def follow(performer: Performer, receiver: Receiver) -> dict[str, Any]:
    """Follow a peer, that changes its tempo, is killed, and comes back."""
    found: dict[str, Any] = {}
    with LinkPeer(133.0) as peer:
        time.sleep(1.5)
        performer.ask(messages.Follow(clock=Link(transport=True), by="me"), messages.Done)
        until(lambda: (performer.state().phase or 99.0) < 0.5 and abs(performer.state().bpm - 133) < 0.1, 30)
        time.sleep(0.5)
        begin = time.time_ns()
        time.sleep(3)
        found["phase"] = peer.errors(tags(receiver, "d1", begin))
        changed = peer.turn_to(100.0)
        until(lambda: abs(performer.state().bpm - 100) < 0.1, 2)
        found["followed"] = (time.time() - changed) * 100 / 60  # beats
        time.sleep(1)
        begin = time.time_ns()
        time.sleep(2)
        found["after"] = peer.errors(tags(receiver, "d1", begin))
        peer.play(True)
        time.sleep(0.3)
        peer.play(False)
        until(lambda: not performer.state().playing, 5)
        peer.play(True)
        until(lambda: performer.state().playing, 5)
        time.sleep(1.5)
        begin = time.time_ns()
        time.sleep(1.5)
        found["started"] = peer.errors(tags(receiver, "d1", begin))
    until(lambda: performer.state().away, 20)  # it was killed: Link takes its time to believe that
    found["alone"] = performer.state().bpm, performer.state().playing
    with LinkPeer(90.0) as peer:
        until(lambda: not performer.state().away, 10)
        time.sleep(2)
        begin = time.time_ns()
        time.sleep(1.5)
        found["back"] = peer.errors(tags(receiver, "d1", begin))
    performer.state()
    found["told"] = [news.text for news in performer.news if isinstance(news, messages.Told)]
    found["by"] = sorted({edit.by for edit in performer.log() if edit.path == "bpm"})
    return found


def lead(performer: Performer, receiver: Receiver) -> dict[str, Any]:
    """Lead a peer."""
    found: dict[str, Any] = {}
    with LinkPeer(90.0) as peer:
        time.sleep(1)
        performer.ask(messages.LeadRequest(clock=Link(), by="me"), messages.Done)
        time.sleep(2)
        begin = time.time_ns()
        time.sleep(2)
        found["phase"] = peer.errors(tags(receiver, "d1", begin))
        found["bpm"] = [peer.bpm()]
        performer.write(Draft("bpm", 111.0))
        time.sleep(1)
        found["bpm"].append(peer.bpm())
        begin = time.time_ns()
        time.sleep(2)
        found["after"] = peer.errors(tags(receiver, "d1", begin))
        performer.ask(messages.LeadRequest(clock=Link(), on=False, by="me"), messages.Done)
        performer.write(Draft("bpm", 140.0))
        time.sleep(1)
        found["bpm"].append(peer.bpm())
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
