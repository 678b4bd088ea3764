"""A Remote Script that answers the documented addresses of AbletonOSC which groovelive uses; for tests.

It shares AbletonOSC's habits: UDP, a tick of 100 ms, answers to port 11001 only, none to setters, nameless errors, some
of them whole tracebacks; after one what else has come waits for the next tick.
"""

import socket
import traceback

import Live

from .osccodec import message, read

CLASSES = ("song", "track", "clip_slot", "clip")


class Unknown(Exception):
    """An address that it does not have."""


def create_instance(c_instance):
    return Responder(c_instance)


class Responder:
    def __init__(self, c_instance):
        self.song = c_instance.song()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 11000))
        self.socket.setblocking(False)
        self.reply("/live/startup")

    def disconnect(self):
        self.socket.close()

    def reply(self, address, *values):
        packet = message(address, *(float(v) if isinstance(v, float) else v for v in values))
        self.socket.sendto(packet, ("127.0.0.1", 11001))

    def update_display(self):
        while True:
            try:
                data = self.socket.recv(65536)
            except OSError:
                return
            try:
                for found in read(data):
                    self.handle(found.address, list(found.arguments))
            except Unknown as error:
                self.reply("/live/error", f"Unknown OSC address: {error}")
            except OSError:
                return self.reply("/live/error", f"Socket error: {traceback.format_exc()}")
            except Exception as error:
                return self.reply("/live/error", f"Error handling OSC message: {error}")

    def handle(self, address, given):
        _, _, kind, verb, *rest = address.split("/")
        prop = "/".join(rest)
        if address == "/live/application/get/version":
            app = Live.Application.get_application()
            return self.reply(address, app.get_major_version(), app.get_minor_version())
        if kind not in CLASSES:
            raise Unknown(address)
        size = {"song": 0, "track": 1, "clip_slot": 2, "clip": 2}[kind]
        ids, values = given[:size], given[size:]
        thing = self.song
        if ids:
            thing = self.song.tracks[ids[0]]
        if len(ids) == 2:
            thing = thing.clip_slots[ids[1]]
        if kind == "clip":
            thing = thing.clip
        special = getattr(self, f"{kind}_{verb}_{prop}".replace("/", "_").rstrip("_"), None)
        if special is not None:
            found = special(thing, *values)
            return None if found is None else self.reply(address, *ids, *found)
        if verb in ("get", "set") and thing is not None and not hasattr(thing, prop):
            raise Unknown(address)
        if verb == "get":
            return self.reply(address, *ids, self.plain(getattr(thing, prop)))
        if verb == "set":
            old = getattr(thing, prop)
            return setattr(thing, prop, type(old)(values[0]))
        return getattr(thing, verb)(*values) and None

    @staticmethod
    def plain(value):
        return int(value) if hasattr(value, "value") else value

    def song_get_track_names(self, song):
        return [track.name for track in song.tracks]

    def song_get_num_tracks(self, song):
        return [len(song.tracks)]

    def song_get_scenes_name(self, song):
        return [scene.name for scene in song.scenes]

    def track_get_clips_name(self, track):
        return [slot.clip.name if slot.clip is not None else None for slot in track.clip_slots]

    def track_get_clips_length(self, track):
        return [slot.clip.length if slot.clip is not None else None for slot in track.clip_slots]

    def clip_get_notes(self, clip, *window):
        pitch, span, start, time = window or (0, 127, -8192.0, 16384.0)
        notes = clip.get_notes_extended(pitch, span, float(start), float(time))
        return [value for n in notes for value in (n.pitch, n.start_time, n.duration, n.velocity, n.mute)]

    def clip_add_notes(self, clip, *values):
        clip.add_new_notes(
            tuple(
                Live.Clip.MidiNoteSpecification(
                    pitch=values[at],
                    start_time=float(values[at + 1]),
                    duration=float(values[at + 2]),
                    velocity=float(values[at + 3]),
                    mute=bool(values[at + 4]),
                )
                for at in range(0, len(values), 5)
            )
        )

    def clip_remove_notes(self, clip, pitch=0, span=127, start=-8192.0, time=16384.0):
        clip.remove_notes_extended(pitch, span, float(start), float(time))
