"""The Control Surface: Live's lifecycle, the pump that does all work, and the jobs that take several of its turns."""

import collections
import contextlib
import os
import sys
import time

import Live

from . import arrangement, clips, config, pads, swap, transport, watch  # noqa: F401 - they register their commands
from .commands import COMMANDS, Refused, command, parse
from .marks import Marks
from .places import find_slot, find_track
from .server import Server
from .swap import Swaps
from .transport import Transport
from .version import PROTOCOL, VERSION, build
from .watch import Watches

PUMP = 10  # milliseconds between two turns
SECONDS, MESSAGES = 0.005, 64  # of one turn, for messages
SLICE = 0.02  # seconds of one turn, for jobs: others are still answered within a tenth of a second
TOPICS = ("clock", "structure", "launched")
_LINES = 30  # of the log, in a minute


class Surface:
    """What Live asks of a Control Surface, and what the commands find the set and the clients by."""

    def __init__(self, c_instance):
        self._c_instance = c_instance
        self.now = time.perf_counter  # monotonic, and on Windows finer than time.monotonic
        self.song = c_instance.song()
        self.session = os.urandom(4).hex()
        self.build = build()
        self.writing = False
        self._logged = collections.deque(maxlen=_LINES)
        self._listeners, self._jobs, self._closed = {}, [], False
        self._pace, self._adding = 64, None
        self._turn = None
        settings, problem = config.load()
        if problem:
            self.say(problem)
        self.swaps = Swaps(self)
        self.marks = Marks(self)
        self.watches = Watches(self)
        self.transport = Transport(self)
        self.server = Server(self, settings)
        self._timer = Live.Base.Timer(callback=self._tick, interval=PUMP, repeat=True)
        self._timer.start()

    # What Live calls

    def update_display(self):
        """Every 100 ms: take over where the timer has died, and start it again."""
        if self._turn is None or self.now() - self._turn > 0.05:
            with contextlib.suppress(Exception):
                self._timer.stop()
                self._timer.start()
            self._tick()

    def disconnect(self):
        self._closed = True
        with contextlib.suppress(Exception):
            self._timer.stop()
        for job in self._jobs:
            with contextlib.suppress(Exception):
                job[0].close()  # a clip that is half written gets its old notes back
        self._jobs = []
        self.server.close()
        for forget in list(self._listeners.values()):
            forget()
        self._c_instance.show_message("GrooveLive: disconnected")

    def build_midi_map(self, midi_map_handle):
        pass

    def receive_midi(self, midi_bytes):
        pass

    def refresh_state(self):
        pass

    def connect_script_instances(self, instances):
        pass

    def port_settings_changed(self):
        pass

    def can_lock_to_devices(self):
        return False

    def suggest_input_port(self):
        return ""

    def suggest_output_port(self):
        return ""

    def suggest_map_mode(self, cc_no, channel):
        return -1

    def supports_pad_translation(self):
        return False

    def instance_identifier(self):
        return self._c_instance.instance_identifier()

    # The pump

    def _tick(self):
        """One turn. No exception leaves it: a timer dies of one."""
        if self._closed:
            return
        self._turn = self.now()
        parts = (self._serve, self._work, self.swaps.pump, self.watches.pump, self.transport.pump, self.server.flush)
        for part in parts:
            try:
                part()
            except Exception as error:
                self.log(f"{type(error).__name__}: {error}")

    def _serve(self):
        self.server.pump(SECONDS, MESSAGES)

    def _work(self):
        """Each job's next step, and more of them while there is time."""
        began, jobs = time.perf_counter(), list(self._jobs)
        while jobs:
            before = time.perf_counter()
            jobs = [job for job in jobs if self._step(job)]
            now = time.perf_counter()
            if all(job[2] for job in jobs) or now + (now - before) - began > SLICE:  # the next round would be too much
                return

    def _step(self, job):
        """Run a job up to its next pause; say whether it goes on."""
        generator, request, _ = job
        try:
            before = time.perf_counter()
            next(generator)
            job[2] = time.perf_counter() - before < 0.0001  # it only waits
            return True
        except StopIteration as stop:
            if request is not None:
                request.ok(stop.value or [])
        except Exception as error:
            self._failed(request, error)
        if job in self._jobs:
            self._jobs.remove(job)
        return False

    def pace(self, done):
        """Return how many notes to add at a time, so that it takes about as long as a turn of the pump may."""
        now = time.perf_counter()
        if done:
            took = now - self._adding
            self._pace = max(32, min(512, int(self._pace * min(2.0, max(0.25, SLICE / max(took, 1e-6))))))
        self._adding = now
        return self._pace

    def spawn(self, generator, request=None):
        """Begin a job; what needs no pause is done at once."""
        job = [generator, request, False]
        if self._step(job):
            self._jobs.append(job)

    def serve(self, request, arguments):
        """Do what is asked; exactly one answer comes of it, now or when its job ends."""
        try:
            about = COMMANDS.get(request.address)
            if not request.client.greeted and request.address != "/gl/hello":
                raise Refused("VERSION", "say hello first: /gl/hello id client protocol")
            if about is None:
                raise Refused("UNKNOWN", f"there is no request {request.address[:80]}")
            given, options = parse(about, arguments)
            if about.place:
                guards = [name for name in options if name.endswith(("_id", "_name")) and name in about.options]
                guards = dict((name, options.pop(name)) for name in guards)
                find = find_slot if "slot" in about.place else find_track
                place = find(self, *[given.pop(name) for name in about.place.split()], **guards)
                given["place"] = place
            done = about.run(self, request, **dict(given, **options))
        except Exception as error:
            self._failed(request, error)
            return
        if hasattr(done, "send"):
            self.spawn(done, request)
        else:
            request.ok(done)

    def _failed(self, request, error):
        if not isinstance(error, Refused):
            self.log("{}: {}: {}".format(request.address if request else "job", type(error).__name__, error))
        if request is not None:
            request.error(getattr(error, "code", "LIVE_ERROR"), getattr(error, "sentence", f"Live refused: {error}"))

    # What the commands use

    def id_of(self, thing):
        """Return the opaque id of a track, slot, clip or scene, of this session only; "" of None."""
        return "" if thing is None else f"{self.session}-{thing._live_ptr:x}"

    @contextlib.contextmanager
    def undo_step(self):
        self.song.begin_undo_step()
        try:
            yield
        finally:
            self.song.end_undo_step()

    def listen(self, thing, name, flag):
        """Let `flag` be called when a property changes, and return what ends that. It may only set flags."""

        def heard():
            try:
                flag()
            except Exception as error:
                self.log(f"{name}: {error}")

        key = object()

        def forget():
            if self._listeners.pop(key, None) is not None and thing != None:  # noqa: E711 - Live's way to say: gone
                with contextlib.suppress(Exception):
                    getattr(thing, f"remove_{name}_listener")(heard)

        try:
            getattr(thing, f"add_{name}_listener")(heard)
            self._listeners[key] = forget
        except (AttributeError, RuntimeError) as error:  # an older Live lacks it
            self.log(f"no listener for {name}: {error}")
        return forget

    def subscribers(self, topic):
        return [client for client in self.server.everyone() if topic in client.topics]

    def push(self, topic, address, *arguments):
        for client in self.subscribers(topic):
            client.push(address, *arguments)

    def left(self, client):
        """A client has gone."""
        self.watches.unwatch(client)
        self.swaps.leave(client)
        if client.greeted and not self._closed and client.sock is not None:
            self.say(f"{client.greeted} has disconnected")

    def say(self, sentence):
        """Tell the person at the computer, in the status bar."""
        self._c_instance.show_message(f"GrooveLive: {sentence}")
        self.log(sentence)

    def log(self, sentence):
        now = self.now()
        if len(self._logged) < _LINES or now - self._logged[0] > 60.0:
            self._logged.append(now)
            self._c_instance.log_message(f"GrooveLive: {sentence}")


@command("/gl/hello", "client:str protocol:int", "token:str narrow:bool")
def hello(live, request, client, protocol, token="", narrow=False):
    """Version, protocol, build, Live's and Python's version, session, then all requests that are served."""
    if not live.server.allows(token):
        raise Refused("GUARD", "the token is not that of groovelive.json")
    if protocol != PROTOCOL:
        raise Refused(
            "VERSION",
            (
                f"this script speaks protocol {PROTOCOL}, the client {protocol}: run "
                "`groovelive ableton install`, then "
                "choose GrooveLive again in Live's settings"
            ),
        )
    if not request.client.greeted and request.client.sock is not None:
        live.say(f"{client[:40]} has connected")
    request.client.greeted, request.client.narrow = client[:40] or "a client", narrow
    application = Live.Application.get_application()
    version = f"{application.get_major_version()}.{application.get_minor_version()}.{application.get_bugfix_version()}"
    python = ".".join(map(str, sys.version_info[:3]))
    return [VERSION, PROTOCOL, live.build, version, python, live.session, *sorted(COMMANDS)]


@command("/gl/ping")
def ping(live, request):
    """Host time."""
    return [live.now()]


@command("/gl/status")
def status(live, request):
    """Clients, jobs under way, news that were left out for this client."""
    return [len(live.server.everyone()), len(live._jobs), request.client.dropped]


@command("/gl/subscribe", "topics:rest")
def subscribe(live, request, topics):
    """News of some topics from now on; all topics that are subscribed."""
    for topic in topics:
        if topic not in TOPICS:
            raise Refused("NOT_FOUND", "there is no topic {!r}: topics are {}".format(topic, ", ".join(TOPICS)))
    request.client.topics.update(topics)
    if "clock" in topics:
        request.client.push("/gl/clock", *live.transport.state())
    return sorted(request.client.topics)


@command("/gl/unsubscribe", "topics:rest")
def unsubscribe(live, request, topics):
    """And no longer."""
    request.client.topics.difference_update(topics)
    return sorted(request.client.topics)


@command("/gl/notes/begin")
def begin(live, request):
    """The number of a transfer, for notes that are too many for one datagram."""
    return [request.client.begin()]


@command("/gl/notes/part", "transfer:int index:int notes:blob")
def part(live, request, transfer, index, notes):
    """One part of a transfer, numbered from 0; how many have come."""
    if index < 0 or index > 10000:
        raise Refused("OUT_OF_RANGE", f"parts are numbered from 0, not {index}")
    return [request.client.part(transfer, index, notes)]
