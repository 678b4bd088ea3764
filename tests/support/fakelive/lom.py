"""The fake Live Object Model: Song, Track, ClipSlot, Clip, Scene, Device and friends."""
import enum
import math
import time as _time

from .core import (ArgumentError, LomObject, Prop, Vector, convert, listenable, put, since)
from .notes import MidiNoteSpecification, MidiNoteVector, NoteStore, resolve_overlap

COLORS = [int(c, 16) for c in """
FF94A6 FFA529 CC9927 F7F47C BFFB00 1AFF2F 25FFA8 5CFFE8 8BC5FF 5480E4 92A7FF D86CE4 E553A0 FFFFFF
FF3636 F66C03 99724B FFF034 87FF67 3DC300 00BFAF 19E9FF 10A4EE 007DC0 886CE4 B677C6 FF39D4 D0D0D0
E2675A FFA374 D3AD71 EDFFAE D2E498 BAD074 9BC48D D4FDE1 CDF1F8 B9C1E3 CDBBE4 AE98E5 E5DCE1 A9A9A9
C6928B B78256 99836A BFBA69 A6BE00 7DB04D 88C2BA 9BB3C4 85A5C2 8393CC A595B5 BF9FBE BC7196 7B7B7B
AF3333 A95131 724F41 DBC300 85961F 539F31 0A9C8E 236384 1A2F96 2F52A2 624BAD A34BAD CC2E6E 3C3C3C
""".split()]


class Quantization(enum.IntEnum):
    q_no_q = 0
    q_8_bars = 1
    q_4_bars = 2
    q_2_bars = 3
    q_bar = 4
    q_half = 5
    q_half_triplet = 6
    q_quarter = 7
    q_quarter_triplet = 8
    q_eight = 9
    q_eight_triplet = 10
    q_sixtenth = 11
    q_sixtenth_triplet = 12
    q_thirtytwoth = 13


class RecordingQuantization(enum.IntEnum):
    rec_q_no_q = 0
    rec_q_quarter = 1
    rec_q_eight = 2
    rec_q_eight_triplet = 3
    rec_q_eight_eight_triplet = 4
    rec_q_sixtenth = 5
    rec_q_sixtenth_triplet = 6
    rec_q_sixtenth_sixtenth_triplet = 7
    rec_q_thirtysecond = 8


class ClipSlotPlayingState(enum.IntEnum):
    stopped = 0
    started = 1
    recording = 2


class ClipLaunchQuantization(enum.IntEnum):
    q_global = 0
    q_none = 1
    q_8_bars = 2
    q_4_bars = 3
    q_2_bars = 4
    q_bar = 5
    q_half = 6
    q_half_triplet = 7
    q_quarter = 8
    q_quarter_triplet = 9
    q_eighth = 10
    q_eighth_triplet = 11
    q_sixteenth = 12
    q_sixteenth_triplet = 13
    q_thirtysecond = 14


class LaunchMode(enum.IntEnum):
    trigger = 0
    gate = 1
    toggle = 2
    repeat = 3


class DeviceInsertMode(enum.IntEnum):
    default = 0
    selected_left = 1
    selected_right = 2


class DeviceType(enum.IntEnum):
    undefined = 0
    instrument = 1
    audio_effect = 2
    midi_effect = 4


def _color_check(obj, value):
    best = min(COLORS, key=lambda c: sum(((c >> s & 255) - (value >> s & 255)) ** 2
                                         for s in (0, 8, 16)))
    obj._values["color_index"] = COLORS.index(best)
    return best


def _color_index_check(obj, value):
    if not 0 <= value < len(COLORS):
        raise RuntimeError("Invalid color index")
    obj._values["color"] = COLORS[value]
    return value


def color_props():
    return (Prop(int, COLORS[0], check=_color_check, also=("color_index",)),
            Prop(int, 0, check=_color_index_check, also=("color",)))


def limited(low, high, message="Invalid value"):
    def check(obj, value):
        if not low <= value <= high:
            raise RuntimeError("%s: %r (allowed %r..%r)" % (message, value, low, high))
        return value
    return check


# --------------------------------------------------------------------------------------
# Devices
# --------------------------------------------------------------------------------------
class DeviceParameter(LomObject):
    name = Prop(str, "", ro=True, listen=False)
    min = Prop(float, 0.0, ro=True, listen=False)
    max = Prop(float, 1.0, ro=True, listen=False)
    default_value = Prop(float, 0.0, ro=True, listen=False)
    is_quantized = Prop(bool, False, ro=True, listen=False)
    is_enabled = Prop(bool, True, ro=True, listen=False)
    value = Prop(float, 0.0, check=lambda o, v: limited(o.min, o.max)(o, v))
    automation_state = Prop(int, 0, ro=True)
    value_items = Prop(None, Vector(), ro=True, listen=False)

    def __init__(self, rt, parent, name, value=0.0, low=0.0, high=1.0, quantized=False):
        super().__init__(rt, parent)
        self._values.update(name=name, value=float(value), min=float(low), max=float(high),
                            default_value=float(value), is_quantized=quantized)

    @property
    def original_name(self):
        return self.name

    @property
    def display_value(self):
        return self.value

    def str_for_value(self, value):
        self._access("str_for_value")
        return "%.2f" % value

    def __str__(self):
        return "%.2f" % self.value


class DrumPad(LomObject):
    name = Prop(str, "", ro=True)
    mute = Prop(bool, False)
    solo = Prop(bool, False)

    def __init__(self, rt, parent, note, name=""):
        super().__init__(rt, parent)
        self._note = note
        self._values["name"] = name or note_name(note)
        self._chains = [Chain(rt, self, name)] if name else []

    @property
    def note(self):
        self._access("note")
        return self._note

    @property
    def chains(self):
        self._access("chains")
        return Vector(self._chains)

    def delete_all_chains(self):
        self._change("delete_all_chains")
        self._chains = []


class Chain(LomObject):
    name = Prop(str, "")
    mute = Prop(bool, False)
    solo = Prop(bool, False)
    color, color_index = color_props()

    def __init__(self, rt, parent, name):
        super().__init__(rt, parent)
        self._values["name"] = name
        self._devices = []

    @property
    def devices(self):
        self._access("devices")
        return Vector(self._devices)


class Device(LomObject):
    name = Prop(str, "")
    class_name = Prop(str, "", ro=True, listen=False)
    class_display_name = Prop(str, "", ro=True, listen=False)
    type = Prop(DeviceType, DeviceType.undefined, ro=True, listen=False)
    is_active = Prop(bool, True, ro=True)
    can_have_chains = Prop(bool, False, ro=True, listen=False)
    can_have_drum_pads = Prop(bool, False, ro=True, listen=False)

    def __init__(self, rt, parent, name, class_name, type_=DeviceType.instrument, parameters=(),
                 drum_pads=None, racks=None):
        super().__init__(rt, parent)
        self._racks = None
        if racks is not None:                     # devices in the chains of a plain rack
            self._values["can_have_chains"] = True
            self._racks = []
            for device in racks:
                chain = Chain(rt, self, device.name)
                chain._devices.append(device)
                self._racks.append(chain)
        self._values.update(name=name, class_name=class_name, class_display_name=name, type=type_)
        self._parameters = [DeviceParameter(rt, self, "Device On", 1, 0, 1, True)]
        self._parameters += [DeviceParameter(rt, self, *p) for p in parameters]
        self._pads = None
        if drum_pads is not None:
            self._values.update(can_have_chains=True, can_have_drum_pads=True)
            self._pads = [DrumPad(rt, self, n, drum_pads.get(n, "")) for n in range(128)]

    @property
    def parameters(self):
        self._access("parameters")
        return Vector(self._parameters)

    @property
    def drum_pads(self):
        self._access("drum_pads")
        if self._pads is None:
            raise RuntimeError("Device has no drum pads")
        return Vector(self._pads)

    @property
    def visible_drum_pads(self):
        return self.drum_pads[36:52]

    @property
    def has_drum_pads(self):
        return self._pads is not None and any(p._chains for p in self._pads)

    @property
    def chains(self):
        self._access("chains")
        if self._racks is not None:
            return Vector(self._racks)
        if self._pads is None:
            raise RuntimeError("Device has no chains")
        return Vector([c for p in self._pads for c in p._chains])


class MixerDevice(LomObject):
    def __init__(self, rt, track, sends):
        super().__init__(rt, track)
        self._volume = DeviceParameter(rt, self, "Track Volume", 0.85)
        self._panning = DeviceParameter(rt, self, "Track Panning", 0, -1, 1)
        self._sends = [DeviceParameter(rt, self, "Send %s" % chr(65 + i)) for i in range(sends)]

    volume = property(lambda self: self._volume)
    panning = property(lambda self: self._panning)
    sends = property(lambda self: Vector(self._sends))


class Routing:
    def __init__(self, display_name):
        self.display_name = display_name

    def __eq__(self, other):
        return isinstance(other, Routing) and other.display_name == self.display_name

    __hash__ = None


# --------------------------------------------------------------------------------------
# Clip
# --------------------------------------------------------------------------------------
def _audio_only(clip):
    if not clip._audio:
        raise RuntimeError("This property is only available for Audio Clips")


def _midi(clip, what):
    clip._access(what)
    if clip._audio:
        raise RuntimeError("%s is only available for MIDI Clips" % what)


def _note_times(clip, *values):
    if clip._rt.strict_doubles and not all(isinstance(v, float) for v in values):
        raise ArgumentError("Python argument types did not match C++ signature: "
                            "times must be float (strict doubles)")
    return [convert(float, v, "Clip.notes") for v in values]


@listenable("notes", "playing_position", "playing_status", "loop_jump", "start_time", "end_time",
            "file_path", "has_envelopes", "is_overdubbing", "is_recording", "groove", "position",
            "warp_markers")
class Clip(LomObject):
    name = Prop(str, "")
    color, color_index = color_props()
    muted = Prop(bool, False)
    looping = Prop(bool, True)
    loop_start = Prop(float, 0.0, check=lambda c, v: c._below(v, "loop_end", "LoopStart", "LoopEnd"),
                      also=("position",))
    loop_end = Prop(float, 4.0, check=lambda c, v: c._above(v, "loop_start", "LoopEnd", "LoopStart"))
    start_marker = Prop(float, 0.0, check=lambda c, v: c._below(v, "end_marker", "StartMarker", "EndMarker"))
    end_marker = Prop(float, 4.0, check=lambda c, v: c._above(v, "start_marker", "EndMarker", "StartMarker"))
    launch_mode = Prop(int, 0, check=limited(0, 3))
    launch_quantization = Prop(int, 0, check=limited(0, 14))
    legato = Prop(bool, False)
    velocity_amount = Prop(float, 0.0, check=limited(0.0, 1.0))
    signature_numerator = Prop(int, 4)
    signature_denominator = Prop(int, 4)
    gain = Prop(float, 0.4, guard=_audio_only, check=limited(0.0, 1.0))
    pitch_coarse = Prop(int, 0, guard=_audio_only, check=limited(-48, 48))
    pitch_fine = Prop(float, 0.0, guard=_audio_only, check=limited(-500.0, 500.0))
    ram_mode = Prop(bool, False, guard=_audio_only)
    warping = Prop(bool, True, guard=_audio_only)
    warp_mode = Prop(int, 0, guard=_audio_only)

    def __init__(self, rt, parent, length, audio=False, arrangement=None):
        super().__init__(rt, parent)
        self._audio, self._arrangement = audio, arrangement   # arrangement: start beat or None
        self._store = NoteStore()
        self._recording, self._groove = False, None
        self._values.update(loop_end=float(length), end_marker=float(length), looping=not audio)
        self._launched_at = 0.0          # song time of the launch
        self._offset = 0.0               # clip position at launch (legato)

    def _below(self, value, other, a, b):
        if value >= self._values[other]:
            raise RuntimeError("Cannot set %s behind %s" % (a, b))
        return value

    def _above(self, value, other, a, b):
        if value <= self._values.get(other, 0.0):
            raise RuntimeError("Cannot set %s before %s" % (a, b))
        return value

    # -- facts ----------------------------------------------------------------------
    def _fact(name, fn):
        def get(self):
            self._access(name)
            return fn(self)
        return property(get)

    is_midi_clip = _fact("is_midi_clip", lambda c: not c._audio)
    is_audio_clip = _fact("is_audio_clip", lambda c: c._audio)
    is_arrangement_clip = _fact("is_arrangement_clip", lambda c: c._arrangement is not None)
    is_session_clip = _fact("is_session_clip", lambda c: c._arrangement is None)
    is_take_lane_clip = _fact("is_take_lane_clip", lambda c: False)
    is_recording = _fact("is_recording", lambda c: c._recording)
    is_overdubbing = _fact("is_overdubbing", lambda c: False)
    will_record_on_start = _fact("will_record_on_start", lambda c: False)
    has_groove = _fact("has_groove", lambda c: c._groove is not None)
    has_envelopes = _fact("has_envelopes", lambda c: False)
    is_triggered = _fact("is_triggered", lambda c: c._parent._triggered() if c._slot() else False)
    playing_position = _fact("playing_position", lambda c: c._position() if c._is_playing() else 0.0)
    start_time = _fact("start_time", lambda c: c._launched_at if c._arrangement is None else c._arrangement)
    end_time = _fact("end_time", lambda c: c.start_time + c._length())
    length = _fact("length", lambda c: c._length())
    del _fact

    @property
    def is_playing(self):
        self._access("is_playing")
        return self._is_playing()

    @is_playing.setter
    def is_playing(self, value):
        self._change("is_playing")
        self.fire() if value else self.stop()

    @property
    def position(self):
        return self.loop_start

    @position.setter
    def position(self, value):
        self._change("position")
        span = self.loop_end - self.loop_start
        if value >= self.loop_start:
            self.loop_end = value + span
            self.loop_start = value
        else:
            self.loop_start = value
            self.loop_end = value + span

    @property
    def groove(self):
        self._access("groove")
        return self._groove

    @property
    def file_path(self):
        _audio_only(self)
        return "/fake/sample.wav"

    @property
    def gain_display_string(self):
        _audio_only(self)
        return "%.2f dB" % (self.gain * 10)

    @property
    def sample_length(self):
        _audio_only(self)
        return int(self._length() * 22050)

    def _slot(self):
        return isinstance(self._parent, ClipSlot)

    def _length(self):
        v = self._values
        if v.get("looping", True):
            return v["loop_end"] - v.get("loop_start", 0.0)
        return v["end_marker"] - v.get("start_marker", 0.0)

    def _is_playing(self):
        return self._slot() and self._parent._parent._playing is self._parent

    def _song(self):
        node = self
        while not isinstance(node, Song):
            node = node._parent
        return node

    def _position(self, song_time=None):
        """Clip position (beats) at a song time."""
        v = self._values
        t = self._song()._time if song_time is None else song_time
        pos = v.get("start_marker", 0.0) + self._offset + (t - self._launched_at)
        if v.get("looping", True):
            start, end = v.get("loop_start", 0.0), v["loop_end"]
            if pos >= end:
                pos = start + math.fmod(pos - end, end - start)
        return pos

    # -- launching -------------------------------------------------------------------
    def fire(self):
        self._change("fire")
        self._parent.fire()

    def stop(self):
        self._change("stop")
        if self._slot():
            self._parent.stop()

    def set_fire_button_state(self, state):
        if state:
            self.fire()

    # -- notes -----------------------------------------------------------------------
    def _swap(self, label, new):
        old = self._store.notes
        if old == new:
            return

        def put_notes(value):
            self._store.notes = value
            self._notify("notes")
        put_notes(new)
        self._rt.undo.record(label, lambda: put_notes(old), lambda: put_notes(new))

    def add_new_notes(self, notes):
        _midi(self, "add_new_notes")
        self._change("add_new_notes")
        new, ids = self._store.add(list(notes))
        self._swap("Add Notes", new)
        return Vector(ids) if self._rt.version >= (11, 1) else None

    def get_notes_extended(self, from_pitch, pitch_span, from_time, time_span):
        _midi(self, "get_notes_extended")
        from_time, time_span = _note_times(self, from_time, time_span)
        from_pitch = convert(int, from_pitch, "Clip.get_notes_extended")
        pitch_span = convert(int, pitch_span, "Clip.get_notes_extended")
        if from_pitch < 0 or from_pitch > 127 or pitch_span < 0 or from_pitch + pitch_span > 128:
            raise RuntimeError("Invalid pitch range")
        if time_span < 0:
            raise RuntimeError("Invalid time range")
        return MidiNoteVector(n.copy() for n in
                              self._store.in_range(from_pitch, pitch_span, from_time, time_span))

    @since(11, 1)
    def get_all_notes_extended(self):
        _midi(self, "get_all_notes_extended")
        return MidiNoteVector(n.copy() for n in self._store.notes)

    def get_notes_by_id(self, ids):
        _midi(self, "get_notes_by_id")
        return MidiNoteVector(n.copy() for n in self._store.by_id(ids))

    def get_selected_notes_extended(self):
        _midi(self, "get_selected_notes_extended")
        return MidiNoteVector(n.copy() for n in self._store.by_id(self._store.selected))

    def remove_notes_extended(self, from_pitch, pitch_span, from_time, time_span):
        _midi(self, "remove_notes_extended")
        self._change("remove_notes_extended")
        from_time, time_span = _note_times(self, from_time, time_span)
        gone = {n.note_id for n in self._store.in_range(from_pitch, pitch_span, from_time, time_span)}
        self._swap("Delete Notes", tuple(n for n in self._store.notes if n.note_id not in gone))

    def remove_notes_by_id(self, ids):
        _midi(self, "remove_notes_by_id")
        self._change("remove_notes_by_id")
        gone = set(ids)
        self._swap("Delete Notes", tuple(n for n in self._store.notes if n.note_id not in gone))

    def apply_note_modifications(self, notes):
        _midi(self, "apply_note_modifications")
        self._change("apply_note_modifications")
        if not isinstance(notes, MidiNoteVector):
            raise ArgumentError("apply_note_modifications needs the MidiNoteVector that "
                                "get_notes_extended returned")
        self._swap("Change Notes", self._store.modified(notes))

    def duplicate_notes_by_id(self, ids, destination_time=None, transposition_amount=0):
        _midi(self, "duplicate_notes_by_id")
        self._change("duplicate_notes_by_id")
        picked = self._store.by_id(ids)
        if not picked:
            return Vector()
        first = min(n.start_time for n in picked)
        last = max(n.start_time + n.duration for n in picked)
        shift = (last if destination_time is None else destination_time) - first
        new, out = self._store.add([
            MidiNoteSpecification(**{**n.values(), "start_time": n.start_time + shift,
                                     "pitch": n.pitch + transposition_amount}) for n in picked])
        self._swap("Duplicate Notes", new)
        return Vector(out)

    def select_all_notes(self):
        _midi(self, "select_all_notes")
        self._store.selected = frozenset(n.note_id for n in self._store.notes)

    def deselect_all_notes(self):
        self._store.selected = frozenset()

    def select_notes_by_id(self, ids):
        self._store.selected = frozenset(ids)

    # Live 10 calls, still there: lossy tuples, and set_notes ADDS.
    def get_notes(self, from_time, from_pitch, time_span, pitch_span):
        _midi(self, "get_notes")
        return tuple((n.pitch, n.start_time, n.duration, n.velocity, n.mute) for n in
                     self._store.in_range(from_pitch, pitch_span, from_time, time_span))

    def set_notes(self, notes):
        _midi(self, "set_notes")
        self._change("set_notes")
        if not isinstance(notes, tuple):
            raise ArgumentError("set_notes needs a tuple")
        new, _ = self._store.add([MidiNoteSpecification(
            pitch=p, start_time=t, duration=d, velocity=v, mute=m) for p, t, d, v, m in notes])
        self._swap("Add Notes", new)

    def remove_notes(self, from_time, from_pitch, time_span, pitch_span):
        self.remove_notes_extended(from_pitch, pitch_span, float(from_time), float(time_span))

    def replace_selected_notes(self, notes):
        with_step(self._rt, "Replace Notes", lambda: (
            self.remove_notes_by_id(list(self._store.selected)), self.set_notes(notes)))

    def quantize(self, grid, amount):
        _midi(self, "quantize")
        self._change("quantize")
        step = {1: 1.0, 2: 0.5, 3: 1 / 3, 5: 0.25, 6: 1 / 6, 8: 0.125}.get(grid, 0.25)
        out = []
        for n in self._store.notes:
            target = round(n.start_time / step) * step
            out = resolve_overlap(out, n.copy(start_time=n.start_time + (target - n.start_time) * amount))
        self._swap("Quantize", self._store.sorted(out))

    def crop(self):
        _midi(self, "crop")
        lo, hi = ((self.loop_start, self.loop_end) if self.looping
                  else (self.start_marker, self.end_marker))
        self._swap("Crop Clip", tuple(n for n in self._store.notes if lo <= n.start_time < hi))

    def duplicate_loop(self):
        _midi(self, "duplicate_loop")
        self._change("duplicate_loop")
        lo, hi = self.loop_start, self.loop_end

        def go():
            self.loop_end = hi + (hi - lo)
            if self.end_marker < self.loop_end:
                self.end_marker = self.loop_end
            new, _ = self._store.add([MidiNoteSpecification(
                **{**n.values(), "start_time": n.start_time + hi - lo})
                for n in self._store.notes if lo <= n.start_time < hi])
            self._swap("Duplicate Loop", new)
        with_step(self._rt, "Duplicate Loop", go)

    def clear_all_envelopes(self):
        self._change("clear_all_envelopes")

    def note_number_to_name(self, pitch):
        return note_name(pitch)

    def _copy(self, parent, arrangement=None):
        c = Clip(self._rt, parent, self._length(), self._audio, arrangement)
        c._values = dict(self._values)
        c._store.notes, c._store.next_id = self._store.notes, self._store.next_id
        return c


def with_step(rt, label, fn):
    rt.undo.begin(label)
    try:
        return fn()
    finally:
        rt.undo.end()


def note_name(n):
    return "%s%d" % ("C C# D D# E F F# G G# A A# B".split()[n % 12], n // 12 - 2)


# --------------------------------------------------------------------------------------
# ClipSlot
# --------------------------------------------------------------------------------------
@listenable("has_clip", "is_triggered", "playing_status", "controls_other_clips", "color",
            "color_index")
class ClipSlot(LomObject):
    has_stop_button = Prop(bool, True)

    def __init__(self, rt, track):
        super().__init__(rt, track)
        self._clip = None

    def _song(self):
        return self._parent._parent

    def _triggered(self):
        return self._parent._fired is self

    def _fact(name, fn):
        def get(self):
            self._access(name)
            return fn(self)
        return property(get)

    clip = _fact("clip", lambda s: s._clip)
    has_clip = _fact("has_clip", lambda s: s._clip is not None)
    is_group_slot = _fact("is_group_slot", lambda s: s._parent._group)
    controls_other_clips = _fact("controls_other_clips", lambda s: s._parent._group)
    is_playing = _fact("is_playing", lambda s: s._parent._playing is s)
    is_recording = _fact("is_recording", lambda s: bool(s._clip is not None and s._clip._recording))
    is_triggered = _fact("is_triggered", lambda s: s._triggered())
    will_record_on_start = _fact("will_record_on_start", lambda s: s._clip is None and s._parent._armed())
    color = _fact("color", lambda s: s._clip.color if s._clip is not None else None)
    color_index = _fact("color_index", lambda s: s._clip.color_index if s._clip is not None else None)
    playing_status = _fact("playing_status", lambda s: ClipSlotPlayingState(
        0 if s._parent._playing is not s else 2 if s._clip is not None and s._clip._recording else 1))
    del _fact

    def _set_clip(self, clip):
        """Put *clip* (or None) here and make it undoable."""
        old = self._clip

        def place(c, other):
            if other is not None:
                other._kill()
                if self._parent._playing is self:
                    self._parent._set_playing(None)
            if c is not None:
                c._revive()
            self._clip = c
            self._notify("has_clip", "color", "color_index")
        place(clip, old)
        self._rt.undo.record("Clip Slot", lambda: place(old, clip), lambda: place(clip, old))
        return clip

    def create_clip(self, length):
        self._change("create_clip")
        length = convert(float, length, "ClipSlot.create_clip")
        if self._clip is not None or self._parent._audio or self._parent._group:
            raise RuntimeError("Clips can only be created in empty slots of MIDI tracks")
        if length <= 0:
            raise RuntimeError("Clip length must be larger than 0")
        return self._set_clip(Clip(self._rt, self, length))

    def delete_clip(self):
        self._change("delete_clip")
        if self._clip is None:
            raise RuntimeError("This slot has no clip")
        self._set_clip(None)

    def duplicate_clip_to(self, target):
        self._change("duplicate_clip_to")
        if self._clip is None:
            raise RuntimeError("This slot has no clip")
        if target._parent._audio != self._parent._audio:
            raise RuntimeError("Cannot duplicate to a slot of another kind of track")
        target._set_clip(self._clip._copy(target))

    def fire(self, record_length=None, launch_quantization=None, force_legato=False):
        self._change("fire")
        self._song()._fire(self, launch_quantization, force_legato)

    def stop(self):
        self._change("stop")
        self._parent._stop_clips(quantized=True)

    def set_fire_button_state(self, state):
        if state:
            self.fire()


# --------------------------------------------------------------------------------------
# Track
# --------------------------------------------------------------------------------------
def _armable(track):
    if not track._can_arm:
        raise RuntimeError("Track can not be armed")


def _foldable(track):
    if not track._group:
        raise RuntimeError("Track is not a group track")


@listenable("clip_slots", "devices", "arrangement_clips", "playing_slot_index",
            "fired_slot_index", "output_meter_level", "output_meter_left", "output_meter_right",
            "available_input_routing_types", "available_output_routing_types", "data")
class Track(LomObject):
    name = Prop(str, "")
    color, color_index = color_props()
    mute = Prop(bool, False)
    solo = Prop(bool, False)
    arm = Prop(bool, False, guard=_armable)
    implicit_arm = Prop(bool, False, guard=_armable)
    fold_state = Prop(bool, False, guard=_foldable)
    current_monitoring_state = Prop(int, 1, check=limited(0, 2))
    input_routing_type = Prop(Routing, Routing("All Ins"))
    input_routing_channel = Prop(Routing, Routing("All Channels"))
    output_routing_type = Prop(Routing, Routing("Main"))
    output_routing_channel = Prop(Routing, Routing("Track In"))

    def __init__(self, rt, song, name, audio=False, group=False, group_track=None, can_arm=True,
                 slots=0, sends=2):
        super().__init__(rt, song)
        self._audio, self._group, self._group_track = audio, group, group_track
        self._can_arm = can_arm and not group
        self._values["name"] = name
        self._slots = [ClipSlot(rt, self) for _ in range(slots)]
        self._devices, self._arrangement, self._data = [], [], {}
        self._mixer = MixerDevice(rt, self, sends)
        self._playing = None      # ClipSlot playing
        self._fired = None        # ClipSlot about to play, or "stop"
        self._view = TrackView(rt, self)

    def _fact(name, fn):
        def get(self):
            self._access(name)
            return fn(self)
        return property(get)

    clip_slots = _fact("clip_slots", lambda t: Vector(t._slots))
    devices = _fact("devices", lambda t: Vector(t._devices))
    arrangement_clips = _fact("arrangement_clips", lambda t: Vector(
        sorted(t._arrangement, key=lambda c: c._arrangement)))
    mixer_device = _fact("mixer_device", lambda t: t._mixer)
    view = _fact("view", lambda t: t._view)
    has_audio_input = _fact("has_audio_input", lambda t: t._audio or t._group)
    has_midi_input = _fact("has_midi_input", lambda t: not (t._audio or t._group))
    has_audio_output = _fact("has_audio_output", lambda t: t._audio or t._group or any(
        d._values["type"] == DeviceType.instrument for d in t._devices))
    has_midi_output = _fact("has_midi_output", lambda t: not t.has_audio_output)
    can_be_armed = _fact("can_be_armed", lambda t: t._can_arm)
    can_be_frozen = _fact("can_be_frozen", lambda t: True)
    is_frozen = _fact("is_frozen", lambda t: False)
    is_foldable = _fact("is_foldable", lambda t: t._group)
    is_grouped = _fact("is_grouped", lambda t: t._group_track is not None)
    group_track = _fact("group_track", lambda t: t._group_track)
    is_visible = _fact("is_visible", lambda t: True)
    is_part_of_selection = _fact("is_part_of_selection", lambda t: False)
    muted_via_solo = _fact("muted_via_solo", lambda t: False)
    playing_slot_index = _fact("playing_slot_index", lambda t: t._slots.index(t._playing)
                               if t._playing is not None else -1)
    fired_slot_index = _fact("fired_slot_index", lambda t: -1 if t._fired is None
                             else -2 if t._fired == "stop" else t._slots.index(t._fired))
    output_meter_level = _fact("output_meter_level", lambda t: 0.0)
    output_meter_left = _fact("output_meter_left", lambda t: 0.0)
    output_meter_right = _fact("output_meter_right", lambda t: 0.0)
    available_input_routing_types = _fact("a", lambda t: Vector(
        [Routing("All Ins"), Routing("No Input")]))
    available_input_routing_channels = _fact("a", lambda t: Vector(
        [Routing("All Channels"), Routing("Ch. 1"), Routing("Ch. 10")]))
    available_output_routing_types = _fact("a", lambda t: Vector(
        [Routing("Main"), Routing("Sends Only")]))
    available_output_routing_channels = _fact("a", lambda t: Vector([Routing("Track In")]))
    del _fact

    def _armed(self):
        return self._can_arm and self._values.get("arm", False)

    def _set_playing(self, slot):
        old, self._playing = self._playing, slot
        if old is slot:
            return
        if old is not None:
            if old._clip is not None and old._clip._recording:
                old._clip._recording = False
                old._clip._notify("is_recording")
            old._notify("playing_status")
            if old._clip is not None:
                old._clip._notify("playing_status")
        if slot is not None:
            slot._notify("playing_status")
            if slot._clip is not None:
                slot._clip._notify("playing_status")
        self._notify("playing_slot_index")

    def _set_fired(self, slot):
        old, self._fired = self._fired, slot
        if old is slot:
            return
        for s in (old, slot):
            if isinstance(s, ClipSlot):
                s._notify("is_triggered")
        self._notify("fired_slot_index")

    def _stop_clips(self, quantized):
        self._parent._stop_track(self, quantized)

    def stop_all_clips(self, quantized=True):
        self._change("stop_all_clips")
        self._stop_clips(quantized)

    def delete_device(self, index):
        self._change("delete_device")
        self._list_edit("Delete Device", self._devices, "devices", lambda l: l.pop(index))

    @since(12, 3)
    def insert_device(self, device_name, device_index=-1):
        self._change("insert_device")
        device = Device(self._rt, self, device_name, device_name.replace(" ", ""))
        at = len(self._devices) if device_index < 0 else device_index
        self._list_edit("Insert Device", self._devices, "devices", lambda l: l.insert(at, device))
        return device

    def _list_edit(self, label, items, prop, edit):
        before = list(items)
        edit(items)
        after = list(items)

        def put_list(value):
            for gone in [x for x in items if x not in value]:
                gone._kill()
            for x in value:
                x._revive()
            items[:] = value
            self._notify(prop)
        put_list(after)
        for gone in [x for x in before if x not in after]:
            gone._kill()
        self._rt.undo.record(label, lambda: put_list(before), lambda: put_list(after))

    # -- arrangement -----------------------------------------------------------------
    @since(12, 2)
    def create_midi_clip(self, start_time, length):
        self._change("create_midi_clip")
        if self._audio or self._group:
            raise RuntimeError("MIDI clips can only be created on MIDI tracks")
        clip = Clip(self._rt, self, convert(float, length, "Track.create_midi_clip"),
                    arrangement=convert(float, start_time, "Track.create_midi_clip"))
        return self._place(clip)

    def duplicate_clip_to_arrangement(self, clip, destination_time):
        self._change("duplicate_clip_to_arrangement")
        if clip._audio != self._audio:
            raise RuntimeError("Clip does not fit this track")
        return self._place(clip._copy(self, convert(float, destination_time, "Track")))

    def _place(self, clip):
        """Arrangement clips never overlap: what the new one covers is cut away."""
        lo, hi = clip._arrangement, clip._arrangement + clip._length()

        def edit(items):
            for c in list(items):
                c_lo, c_hi = c._arrangement, c._arrangement + c._length()
                if lo <= c_lo and c_hi <= hi:
                    items.remove(c)
                elif c_lo < lo < c_hi:
                    put(c, "end_marker", c._values["end_marker"] - (c_hi - lo))
                    put(c, "loop_end", c._values["loop_end"] - (c_hi - lo))
                elif c_lo < hi < c_hi:
                    put(c, "start_marker", c._values.get("start_marker", 0.0) + hi - c_lo)
                    put(c, "loop_start", c._values.get("loop_start", 0.0) + hi - c_lo)
                    c._arrangement = hi
            items.append(clip)
        self._list_edit("Arrangement Clip", self._arrangement, "arrangement_clips", edit)
        return clip

    def delete_clip(self, clip):
        self._change("delete_clip")
        if clip in self._arrangement:
            self._list_edit("Delete Clip", self._arrangement, "arrangement_clips",
                            lambda l: l.remove(clip))
        else:
            clip._parent.delete_clip()

    def duplicate_clip_slot(self, index):
        self._change("duplicate_clip_slot")
        for target in range(index + 1, len(self._slots)):
            if self._slots[target]._clip is None:
                self._slots[index].duplicate_clip_to(self._slots[target])
                return target
        raise RuntimeError("No empty slot")

    def jump_in_running_session_clip(self, beats):
        self._change("jump_in_running_session_clip")
        if self._playing is not None:
            self._playing._clip._offset += beats

    def get_data(self, key, default):
        return self._data.get(key, default)

    def set_data(self, key, value):
        self._change("set_data")
        self._data[key] = value


class TrackView(LomObject):
    selected_device = Prop(Device, None, ro=True)
    is_collapsed = Prop(bool, False)
    device_insert_mode = Prop(DeviceInsertMode, DeviceInsertMode.default)

    def select_instrument(self):
        return False


# --------------------------------------------------------------------------------------
# Scene, cue points
# --------------------------------------------------------------------------------------
@listenable("is_triggered")
class Scene(LomObject):
    name = Prop(str, "")
    color, color_index = color_props()
    tempo = Prop(float, -1.0, check=limited(20.0, 999.0))
    tempo_enabled = Prop(bool, False)
    time_signature_numerator = Prop(int, -1)
    time_signature_denominator = Prop(int, -1)
    time_signature_enabled = Prop(bool, False)

    def _index(self):
        return self._parent._scenes.index(self)

    @property
    def clip_slots(self):
        self._access("clip_slots")
        i = self._index()
        return Vector(t._slots[i] for t in self._parent._tracks)

    @property
    def is_empty(self):
        return not any(s._clip is not None for s in self.clip_slots)

    @property
    def is_triggered(self):
        return any(s._triggered() for s in self.clip_slots)

    def fire(self, force_legato=False, can_select_scene_on_launch=True):
        self._change("fire")
        if self.tempo_enabled and self.tempo > 0:
            self._parent.tempo = self.tempo
        for slot in self.clip_slots:
            if slot._clip is not None or slot._values.get("has_stop_button", True):
                self._parent._fire(slot, None, force_legato)

    def fire_as_selected(self, force_legato=False):
        self.fire(force_legato)
        scenes, i = self._parent._scenes, self._index()
        if i + 1 < len(scenes):
            self._parent.view.selected_scene = scenes[i + 1]

    def set_fire_button_state(self, state):
        if state:
            self.fire()


class CuePoint(LomObject):
    name = Prop(str, "")

    def __init__(self, rt, song, time, name):
        super().__init__(rt, song)
        self._time = time
        self._values["name"] = name

    @property
    def time(self):
        return self._time

    def jump(self):
        self._change("jump")
        self._parent.current_song_time = self._time


# --------------------------------------------------------------------------------------
# Song
# --------------------------------------------------------------------------------------
class BeatTime:
    def __init__(self, beats_total, numerator):
        self.bars = int(beats_total // numerator) + 1
        self.beats = int(beats_total % numerator) + 1
        self.sub_division = int((beats_total % 1) * 4) + 1
        self.ticks = int(((beats_total * 4) % 1) * 60) + 1

    def __str__(self):
        return "%03d.%02d.%02d.%03d" % (self.bars, self.beats, self.sub_division, self.ticks)


class SongView(LomObject):
    selected_track = Prop(LomObject, None, undo=False)
    selected_scene = Prop(Scene, None, undo=False)
    detail_clip = Prop(Clip, None, undo=False)
    highlighted_clip_slot = Prop(ClipSlot, None, undo=False)
    selected_device = Prop(Device, None, ro=True, undo=False)
    follow_song = Prop(bool, False, undo=False)
    draw_mode = Prop(bool, False, undo=False)

    def select_device(self, device, should_appoint_device=True):
        self._change("select_device")
        put(self, "selected_device", device)
        put(device._parent._view, "selected_device", device)


def _name_of(kind):
    return "%s" % kind


@listenable("tracks", "visible_tracks", "return_tracks", "scenes", "cue_points",
            "current_song_time", "is_playing", "song_length", "can_capture_midi", "data")
class Song(LomObject):
    tempo = Prop(float, 120.0, check=limited(20.0, 999.0, "Tempo out of range"))
    signature_numerator = Prop(int, 4, check=limited(1, 99))
    signature_denominator = Prop(int, 4)
    clip_trigger_quantization = Prop(Quantization, Quantization.q_bar)
    midi_recording_quantization = Prop(RecordingQuantization, RecordingQuantization.rec_q_no_q)
    metronome = Prop(bool, False, undo=False)
    loop = Prop(bool, False)
    loop_start = Prop(float, 0.0)
    loop_length = Prop(float, 16.0)
    punch_in = Prop(bool, False)
    punch_out = Prop(bool, False)
    record_mode = Prop(bool, False, undo=False)
    session_record = Prop(bool, False, undo=False)
    session_record_status = Prop(int, 0, ro=True)
    session_automation_record = Prop(bool, False)
    arrangement_overdub = Prop(bool, False, undo=False)
    overdub = Prop(bool, False, undo=False)
    back_to_arranger = Prop(bool, False, undo=False)
    groove_amount = Prop(float, 0.0, check=limited(0.0, 1.3125))
    swing_amount = Prop(float, 0.0)
    nudge_up = Prop(bool, False, undo=False)
    nudge_down = Prop(bool, False, undo=False)
    root_note = Prop(int, 0, check=limited(0, 11))
    scale_name = Prop(str, "Major")
    scale_mode = Prop(bool, False, since=(12, 0, 5))
    is_ableton_link_enabled = Prop(bool, False, undo=False, since=(11, 1))
    is_ableton_link_start_stop_sync_enabled = Prop(bool, False, undo=False, since=(11, 1))
    tempo_follower_enabled = Prop(bool, False, undo=False)
    start_time = Prop(float, 0.0, undo=False)
    count_in_duration = Prop(int, 0, ro=True)
    is_counting_in = Prop(bool, False, ro=True)
    exclusive_arm = Prop(bool, True, ro=True)
    exclusive_solo = Prop(bool, True, ro=True, listen=False)
    select_on_launch = Prop(bool, True, ro=True, listen=False)
    re_enable_automation_enabled = Prop(bool, False, ro=True)
    can_jump_to_next_cue = Prop(bool, False, ro=True)
    can_jump_to_prev_cue = Prop(bool, False, ro=True)
    appointed_device = Prop(Device, None)

    def __init__(self, rt, name="Untitled", file_path=""):
        super().__init__(rt)
        self._name, self._path = name, file_path
        self._tracks, self._returns, self._scenes, self._cues = [], [], [], []
        self._data = {}
        self._time, self._playing = 0.0, False
        self._transport = []              # queued transport actions, run by the engine
        self._launches = []               # [song time or None, track, slot or None, legato]
        self._master = Track(rt, self, "Main", audio=True, can_arm=False, sends=0)
        self._view = SongView(rt, self)

    def _fact(name, fn):
        def get(self):
            self._access(name)
            return fn(self)
        return property(get)

    tracks = _fact("tracks", lambda s: Vector(s._tracks))
    visible_tracks = _fact("visible_tracks", lambda s: Vector(s._tracks))
    return_tracks = _fact("return_tracks", lambda s: Vector(s._returns))
    master_track = _fact("master_track", lambda s: s._master)
    scenes = _fact("scenes", lambda s: Vector(s._scenes))
    cue_points = _fact("cue_points", lambda s: Vector(s._cues))
    view = _fact("view", lambda s: s._view)
    can_undo = _fact("can_undo", lambda s: bool(s._rt.undo.history))
    can_redo = _fact("can_redo", lambda s: bool(s._rt.undo.future))
    can_capture_midi = _fact("can_capture_midi", lambda s: False)
    song_length = _fact("song_length", lambda s: s.last_event_time + 32.0)
    last_event_time = _fact("last_event_time", lambda s: max(
        [c._arrangement + c._length() for t in s._tracks for c in t._arrangement], default=0.0))
    name = _fact("name", lambda s: s._name)
    file_path = _fact("file_path", lambda s: s._path)
    scale_intervals = _fact("scale_intervals", lambda s: Vector([0, 2, 4, 5, 7, 9, 11]))
    groove_pool = _fact("groove_pool", lambda s: None)
    del _fact

    # -- transport -------------------------------------------------------------------
    @property
    def is_playing(self):
        self._access("is_playing")
        return self._playing

    @is_playing.setter
    def is_playing(self, value):
        (self.start_playing if value else self.stop_playing)()

    @property
    def current_song_time(self):
        self._access("current_song_time")
        return self._time

    @current_song_time.setter
    def current_song_time(self, value):
        self._change("current_song_time")
        self._seek(max(0.0, convert(float, value, "Song.current_song_time")))

    def _seek(self, value):
        if self._playing:
            shift = value - self._time    # running session clips keep their phase
            for t in self._tracks:
                if t._playing is not None and t._playing._clip is not None:
                    t._playing._clip._launched_at += shift
            for launch in self._launches:
                if launch[0] is not None:
                    launch[0] += shift
        else:
            put(self, "start_time", value)
        if value != self._time:
            self._time = value
            self._notify("current_song_time")

    def start_playing(self):
        self._change("start_playing")
        self._transport.append(self._do_start)

    def continue_playing(self):
        self._change("continue_playing")
        self._transport.append(lambda: self._do_start(keep=True))

    def play_selection(self):
        self.start_playing()

    def stop_playing(self):
        self._change("stop_playing")
        self._transport.append(self._do_stop)

    def _do_start(self, keep=False):
        was = self._playing
        if not keep:
            start = self._values.get("start_time", 0.0)
            if was or self._time != start:
                self._playing = False
                self._relaunch_at(start)
                self._time = start
                self._notify("current_song_time")
        self._playing = True
        if not was:
            self._notify("is_playing")

    def _relaunch_at(self, time):
        for t in self._tracks:
            if t._playing is not None and t._playing._clip is not None:
                t._playing._clip._launched_at = time

    def _do_stop(self):
        if self._playing:
            self._playing = False
            for launch in self._launches:  # nothing left to wait for: stops happen now
                if launch[2] is None:
                    launch[0] = None
            for t in self._tracks:        # a stopped transport ends recordings
                if t._playing is not None and t._playing._clip is not None and t._playing._clip._recording:
                    t._set_playing(None)
            self._notify("is_playing")
        else:
            put(self, "start_time", 0.0)
            self._relaunch_at(0.0)
            if self._time:
                self._time = 0.0
                self._notify("current_song_time")

    def stop_all_clips(self, quantized=True):
        self._change("stop_all_clips")
        for t in self._tracks:
            self._stop_track(t, quantized)

    # -- launching -------------------------------------------------------------------
    def _bar(self):
        return self.signature_numerator * 4.0 / self.signature_denominator

    def _grid(self, q):
        """Length in beats of a Quantization value, 0 for none."""
        return [0.0, 8 * self._bar(), 4 * self._bar(), 2 * self._bar(), self._bar(), 2.0, 4 / 3, 1.0,
                2 / 3, 0.5, 1 / 3, 0.25, 1 / 6, 0.125][int(q)]

    def _when(self, clip, quantization=None):
        """Song time at which a launch made now happens; None = as soon as possible."""
        if quantization is None and clip is not None and clip._values.get("launch_quantization", 0):
            quantization = clip._values["launch_quantization"] - 1
        if quantization is None:
            quantization = self._values.get("clip_trigger_quantization", Quantization.q_bar)
        grid = self._grid(quantization)
        if not self._playing or not grid:
            return None
        return math.ceil(self._time / grid - 1e-9) * grid

    def _fire(self, slot, quantization=None, legato=False):
        track, clip = slot._parent, slot._clip
        if clip is None and not track._armed() and not track._group:
            if slot._values.get("has_stop_button", True):
                self._stop_track(track, True)
            return
        if track._group:                  # a group slot fires the slots of its members
            index = track._slots.index(slot)
            for t in self._tracks:
                if t._group_track is track:
                    self._fire(t._slots[index], quantization, legato)
        when = self._when(clip, quantization)
        self._launches = [l for l in self._launches if l[1] is not track]
        self._launches.append([when, track, slot, legato or (
            clip is not None and clip._values.get("legato", False))])
        track._set_fired(slot)
        if not self._playing:
            self._transport.append(lambda: None if self._playing else self._do_start())

    def _stop_track(self, track, quantized):
        self._launches = [l for l in self._launches if l[1] is not track]
        if track._playing is None and track._fired is None:
            return
        when = self._when(None) if quantized else None
        self._launches.append([when, track, None, False])
        if when is not None:
            track._set_fired("stop")

    def _launch_due(self, now):
        """Run the launches due at *now* (song time)."""
        due = [l for l in self._launches if l[0] is None or l[0] <= now + 1e-9]
        self._launches = [l for l in self._launches if l not in due]
        for when, track, slot, legato in due:
            at = now if when is None else when
            if slot is None:
                track._set_fired(None)
                track._set_playing(None)
                continue
            if not slot._alive:
                continue
            clip = slot._clip
            if clip is None and track._armed():
                clip = slot._set_clip(Clip(self._rt, slot, 1.0, audio=track._audio))
                clip._recording = True
                self._launched_recording = clip
            if clip is not None:
                clip._offset = 0.0
                if legato and track._playing is not None and track._playing._clip is not None:
                    clip._offset = track._playing._clip._position(at) - clip._values.get("start_marker", 0.0)
                clip._launched_at = at
            track._set_fired(None)
            if track._playing is slot:
                slot._notify("playing_status")
            track._set_playing(slot)

    # -- structure -------------------------------------------------------------------
    def _edit_tracks(self, label, fn):
        before = list(self._tracks)
        fn()
        after = list(self._tracks)

        def place(value):
            for t in [t for t in self._tracks if t not in value]:
                t._kill()
            for t in value:
                t._revive()
            self._tracks[:] = value
            self._notify("tracks", "visible_tracks")
        self._tracks[:] = before
        place(after)
        self._rt.undo.record(label, lambda: place(before), lambda: place(after))

    def _create_track(self, index, audio):
        n = len(self._tracks)
        index = n if index is None or index < 0 else convert(int, index, "Song.create_track")
        if index > n:
            raise IndexError("Index out of range")
        track = Track(self._rt, self, "%d-%s" % (index + 1, "Audio" if audio else "MIDI"), audio,
                      slots=len(self._scenes), sends=len(self._returns))
        self._edit_tracks("Insert Track", lambda: self._tracks.insert(index, track))
        return track

    def create_midi_track(self, index=None):
        self._change("create_midi_track")
        return self._create_track(index, False)

    def create_audio_track(self, index=None):
        self._change("create_audio_track")
        return self._create_track(index, True)

    def create_return_track(self):
        self._change("create_return_track")
        track = Track(self._rt, self, "%s-Return" % chr(65 + len(self._returns)), True, can_arm=False)
        self._returns.append(track)
        for t in self._tracks:
            t._mixer._sends.append(DeviceParameter(self._rt, t._mixer, "Send"))
        self._notify("return_tracks")
        return track

    def delete_return_track(self, index):
        self._change("delete_return_track")
        self._returns.pop(index)._kill()
        for t in self._tracks:
            t._mixer._sends.pop(index)
        self._notify("return_tracks")

    def delete_track(self, index):
        self._change("delete_track")
        self.tracks[index]
        if len(self._tracks) == 1:
            raise RuntimeError("Cannot delete the last track")
        self._edit_tracks("Delete Track", lambda: self._tracks.pop(index))

    def duplicate_track(self, index):
        self._change("duplicate_track")
        old = self.tracks[index]
        new = Track(self._rt, self, old.name, old._audio, slots=len(self._scenes),
                    sends=len(self._returns))
        for i, slot in enumerate(old._slots):
            if slot._clip is not None:
                new._slots[i]._clip = slot._clip._copy(new._slots[i])
        self._edit_tracks("Duplicate Track", lambda: self._tracks.insert(index + 1, new))

    def _edit_scenes(self, label, fn):
        """fn edits self._scenes and every track's _slots in step."""
        holders = [self._scenes] + [t._slots for t in self._tracks]
        before = [list(h) for h in holders]
        fn()
        after = [list(h) for h in holders]

        def place(value):
            for h, new in zip(holders, value):
                for x in [x for x in h if x not in new]:
                    x._kill()
                for x in new:
                    x._revive()
                h[:] = new
            self._notify("scenes")
            for t in self._tracks:
                t._notify("clip_slots")
        for h, old in zip(holders, before):
            h[:] = old
        place(after)
        self._rt.undo.record(label, lambda: place(before), lambda: place(after))

    def create_scene(self, index):
        self._change("create_scene")
        n = len(self._scenes)
        index = n if index is None or index < 0 else convert(int, index, "Song.create_scene")
        if index > n:
            raise IndexError("Index out of range")
        scene = Scene(self._rt, self)

        def insert():
            self._scenes.insert(index, scene)
            for t in self._tracks:
                t._slots.insert(index, ClipSlot(self._rt, t))
        self._edit_scenes("Insert Scene", insert)
        return scene

    def delete_scene(self, index):
        self._change("delete_scene")
        self.scenes[index]
        if len(self._scenes) == 1:
            raise RuntimeError("Cannot delete the last scene")

        def remove():
            self._scenes.pop(index)
            for t in self._tracks:
                slot = t._slots.pop(index)
                if t._playing is slot:
                    t._playing = None
        self._edit_scenes("Delete Scene", remove)

    def duplicate_scene(self, index):
        self._change("duplicate_scene")
        self.scenes[index]

        def insert():
            self._scenes.insert(index + 1, Scene(self._rt, self))
            for t in self._tracks:
                slot = ClipSlot(self._rt, t)
                if t._slots[index]._clip is not None:
                    slot._clip = t._slots[index]._clip._copy(slot)
                t._slots.insert(index + 1, slot)
        self._edit_scenes("Duplicate Scene", insert)

    def capture_and_insert_scene(self, mode=0):
        self._change("capture_and_insert_scene")
        playing = [(t, t._playing) for t in self._tracks if t._playing is not None]

        def go():
            index = self._scenes.index(self._view.selected_scene) + 1
            self.create_scene(index)
            for t, slot in playing:
                if slot._clip is not None:
                    slot.duplicate_clip_to(t._slots[index])
        with_step(self._rt, "Capture Scene", go)

    def capture_midi(self, destination=0):
        self._change("capture_midi")

    # -- undo ------------------------------------------------------------------------
    def begin_undo_step(self):
        self._change("begin_undo_step")
        self._rt.undo.begin_explicit()

    def end_undo_step(self):
        self._change("end_undo_step")
        self._rt.undo.end_explicit()

    def undo(self):
        self._change("undo")
        return self._rt.undo.undo()

    def redo(self):
        self._change("redo")
        return self._rt.undo.redo()

    # -- time ------------------------------------------------------------------------
    def get_current_beats_song_time(self):
        self._access("get_current_beats_song_time")
        return BeatTime(self._time, self.signature_numerator)

    def get_beats_loop_start(self):
        return BeatTime(self.loop_start, self.signature_numerator)

    def get_beats_loop_length(self):
        return BeatTime(self.loop_length, self.signature_numerator)

    def jump_by(self, beats):
        self._change("jump_by")
        self._seek(max(0.0, self._time + beats))

    def scrub_by(self, beats):
        self.jump_by(beats)

    def jump_to_next_cue(self):
        self._change("jump_to_next_cue")
        later = [c for c in self._cues if c._time > self._time]
        if later:
            later[0].jump()

    def jump_to_prev_cue(self):
        self._change("jump_to_prev_cue")
        earlier = [c for c in self._cues if c._time < self._time]
        if earlier:
            earlier[-1].jump()

    def set_or_delete_cue(self):
        self._change("set_or_delete_cue")
        here = [c for c in self._cues if abs(c._time - self._time) < 1e-6]
        if here:
            self._cues.remove(here[0])
            here[0]._kill()
        else:
            self._cues.append(CuePoint(self._rt, self, self._time, str(len(self._cues) + 1)))
            self._cues.sort(key=lambda c: c._time)
        self._notify("cue_points")

    def is_cue_point_selected(self):
        return any(abs(c._time - self._time) < 1e-6 for c in self._cues)

    def tap_tempo(self):
        self._change("tap_tempo")
        now, taps = _time.monotonic(), self._data.setdefault("_taps", [])
        taps.append(now)
        if len(taps) >= 4:
            self.tempo = max(20.0, min(999.0, 180.0 / (taps[-1] - taps[-4] + 1e-9)))

    def force_link_beat_time(self):
        self._change("force_link_beat_time")

    def re_enable_automation(self):
        self._change("re_enable_automation")

    def trigger_session_record(self, record_length=None):
        self._change("trigger_session_record")
        self.session_record = not self.session_record

    def get_data(self, key, default):
        return self._data.get(key, default)

    def set_data(self, key, value):
        self._change("set_data")
        self._data[key] = value


# --------------------------------------------------------------------------------------
# Application
# --------------------------------------------------------------------------------------
class BrowserItem:
    def __init__(self, name, uri, children=(), loadable=False):
        self.name, self.uri, self.is_loadable = name, uri, loadable
        self.children, self.is_folder, self.is_device = Vector(children), bool(children), loadable
        self.iter_children = self.children
        self.source = "fake"


class Browser(LomObject):
    def __init__(self, rt, app):
        super().__init__(rt, app)
        self._kit = BrowserItem("909 Core Kit", "query:Drums#909", loadable=True)
        self._roots = {"drums": BrowserItem("Drums", "query:Drums", [self._kit])}

    def __getattr__(self, name):
        if name in ("instruments", "drums", "sounds", "audio_effects", "midi_effects", "samples",
                    "clips", "packs", "plugins", "user_library", "current_project"):
            return self._roots.setdefault(name, BrowserItem(name, "query:" + name))
        raise AttributeError(name)

    def load_item(self, item):
        self._change("load_item")
        track = self._parent._document.view.selected_track
        device = Device(self._rt, track, item.name, "DrumGroupDevice", drum_pads=dict(KIT))
        track._list_edit("Load Device", track._devices, "devices", lambda l: l.append(device))


class ApplicationView(LomObject):
    browse_mode = Prop(bool, False)

    def available_main_views(self):
        return Vector(["Browser", "Arranger", "Session", "Detail", "Detail/Clip", "Detail/DeviceChain"])

    def focus_view(self, name):
        self._change("focus_view")

    show_view = hide_view = focus_view

    def is_view_visible(self, name, main_window_only=True):
        return name == "Session"


class Application(LomObject):
    average_process_usage = Prop(float, 3.5, ro=True)
    peak_process_usage = Prop(float, 5.0, ro=True)
    open_dialog_count = Prop(int, 0, ro=True)

    def __init__(self, rt):
        super().__init__(rt)
        self._document = None
        self._view, self._browser = ApplicationView(rt, self), Browser(rt, self)
        self._scripts = []

    view = property(lambda self: self._view)
    browser = property(lambda self: self._browser)
    control_surfaces = property(lambda self: Vector(self._scripts))

    def get_document(self):
        self._access("get_document")
        return self._document

    def _part(self, i):
        return (self._rt.version + (0, 0, 0))[i]

    def get_major_version(self):
        return self._part(0)

    def get_minor_version(self):
        return self._part(1)

    def get_bugfix_version(self):
        return self._part(2)

    def get_version_string(self):
        return ".".join(map(str, self._rt.version))

    def get_variant(self):
        return "Suite"


KIT = {36: "Kick", 37: "Rim", 38: "Snare", 39: "Clap", 41: "Low Tom", 42: "Hat Closed", 43: "Mid Tom",
       46: "Hat Open", 47: "High Tom", 49: "Crash", 51: "Ride"}
