"""The embedded synth in a process of its own: renders a score from standard input to a WAV file.

scsynth prints to the C library's stdout, and a fault in it would end the interpreter; so `kits.render` runs
this file as a child: `python render_worker.py OUT.wav SAMPLE_RATE < score.msgpack`. The score is a MessagePack list
of [seconds, [OSC message, ...]]; it ends at its last entry. No sound card is needed.
"""

import sys

import msgspec


def main(path: str, sample_rate: int) -> None:
    """Render the score on standard input to `path`: 24-bit stereo WAV."""
    # Here, since nanosynth is optional (extra `synth`): the module can be read without it.
    from nanosynth.osc import OscMessage
    from nanosynth.score import Score
    from nanosynth.scsynth import Options

    score = Score()
    for seconds, messages in msgspec.msgpack.decode(sys.stdin.buffer.read()):
        score.add(seconds, [OscMessage(*message) for message in messages])
    # Room for every cymbal of a fast and dense song to ring at once; -1 drops a line for every event.
    options = Options(maximum_node_count=8192, memory_size=65536, verbosity=-1)
    score.render(path, sample_rate=sample_rate, sample_format="int24", options=options)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
