"""An operator's seat next to the fake: JSON lines over loopback TCP.

Requests: {"state": 1} | {"eval": "song.tempo"} | {"exec": "song.tempo = 90"} |
{"load_set": "drums"} | {"freeze": 2.0} | {"played": n} | {"log": n} | {"quit": 1}
Replies: {"ok": value} or {"error": text}.  eval/exec run on the fake's main thread, outside
any script: that is the person at the computer.  Loopback only; it is a test tool.
"""
import json
import socket
import threading

from . import lom


def serve(host, port):
    server = socket.create_server(("127.0.0.1", port))

    def client(conn):
        with conn, conn.makefile("rw", encoding="utf-8") as stream:
            for line in stream:
                try:
                    reply = {"ok": handle(host, json.loads(line))}
                except Exception as e:
                    reply = {"error": "%s: %s" % (type(e).__name__, e)}
                stream.write(json.dumps(reply, default=str) + "\n")
                stream.flush()

    def accept():
        while True:
            try:
                conn, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=client, args=(conn,), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return server


def handle(host, request):
    names = {"host": host, "song": host.song, "app": host.app, "lom": lom}
    if "eval" in request:
        return host.call(lambda: eval(request["eval"], names))
    if "exec" in request:
        def act():
            host.rt.undo.close_pile()
            exec(request["exec"], names)
            host.rt.undo.close_pile()
        return host.call(act)
    if "load_set" in request:
        return host.call(lambda: host.load_set(request["load_set"]))
    if "freeze" in request:
        return host.call(lambda: host.freeze(float(request["freeze"])))
    if "played" in request:
        return host.engine.played[-int(request["played"]):]
    if "log" in request:
        return host.log_lines[-int(request["log"]):]
    if "quit" in request:
        host._stop.set()
        return True
    return host.call(host.state)


class Operator:
    """Client side: Operator(port).eval("song.tempo")."""

    def __init__(self, port, address="127.0.0.1", timeout=10):
        self._socket = socket.create_connection((address, port), timeout)
        self._stream = self._socket.makefile("rw", encoding="utf-8")

    def ask(self, **request):
        self._stream.write(json.dumps(request) + "\n")
        self._stream.flush()
        reply = json.loads(self._stream.readline())
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply["ok"]

    def eval(self, code):
        return self.ask(eval=code)

    def exec(self, code):
        return self.ask(exec=code)

    def state(self):
        return self.ask(state=1)

    def close(self):
        self._socket.close()
