"""An OSC door that misbehaves as it is told on its standard input: `good`, `late SECONDS`, `garbage`, `other`.

It is a process of its own, so that it can be killed: `python fake_door.py PORT`. Each pattern is every 16th of two
bars; its velocity says how many patterns were asked for before, in hundredths.
"""

from __future__ import annotations

import random
import socket
import sys
import threading

from groovelive.osc_messages.codec import message, read


def main(port: int) -> None:
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.bind(("127.0.0.1", port))
    mode = ["good"]

    def listen() -> None:
        for line in sys.stdin:
            mode[:] = line.split()

    threading.Thread(target=listen, daemon=True).start()
    asked, chance = 0, random.Random(1)
    while True:
        data, sender = out.recvfrom(65536)
        (request,) = read(data)
        name, id = request.address.removeprefix("/gl/"), int(str(request.arguments[0]))
        how = mode[0]
        if how == "garbage":
            for size in (3, 40, 400):
                out.sendto(chance.randbytes(size), sender)
            out.sendto(message("/gl/pattern", id, 0, 1, "x", 3.5), sender)
            continue
        if how == "other":
            id += 5
        if name == "hello":
            answer = message("/gl/hello", id, 1, "groovelive 0", 480.0, 0.0, 1)
        elif name == "pattern":
            asked += 1
            hits = [value for step in range(32) for value in (step, 2, asked % 100 / 100, 0.0, 1.0)]
            answer = message("/gl/pattern", id, 0, 1, 1, 480.0, 32, asked, *hits)
        else:
            answer = message("/gl/done", id, 0.0)
        if how == "late":
            timer = threading.Timer(float(mode[1]), out.sendto, (answer, sender))
            timer.daemon = True
            timer.start()
        else:
            out.sendto(answer, sender)


if __name__ == "__main__":
    main(int(sys.argv[1]))
