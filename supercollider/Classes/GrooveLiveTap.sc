/*
GrooveLiveTap makes a tap, the rhythm of one voice that a drummer follows, of what sclang has: a Pattern of events,
sampled over two bars again and again; a MIDIFunc or OSCFunc; or single hits, of which those of the last two bars count.
*/
GrooveLiveTap {
	classvar steps = 32, beats = 8;
	var drummer, source, last, played, isDue = false, hears, routine;

	*new { |drummer, source| ^super.newCopyArgs(drummer, source).prStart }

	prStart {
		case
			{ source.isNil } { }
			{ source.isKindOf(MIDIFunc) } {
				hears = { |value| if(value > 0) { this.hit(value / 127) } };
				source.add(hears);
			}
			{ source.isKindOf(OSCFunc) } {
				hears = { |message| this.hit(message.last) };
				source.add(hears);
			}
			{ source.isKindOf(Pattern) or: { source.isKindOf(EventPatternProxy) } or: { source.isKindOf(Event) } } {
				this.prSend(this.class.sample(source));
				routine = Routine { loop { beats.wait; this.prSend(this.class.sample(source)) } }.play(GrooveLive.clock);
			}
			{
				GrooveLive.tell("a drummer listens to a Pattern of events, a MIDIFunc or an OSCFunc, not to %"
					.format(source.asCompileString.keep(60)), false);
			}
	}

	stop {
		hears !? { source.remove(hears) };
		routine !? { routine.stop };
	}

	// The first two bars of a pattern of events, as [step, velocity, offset] of each hit; nil where it can't be played.
	*sample { |pattern|
		var at = Array.newClear(steps), onsets = List.new, now = 0.0, count = 0, event, loudest;
		try {
			// As if time passed: patterns that look at the clock are asked at their own moments.
			Routine {
				var stream = pattern.asStream;
				thisThread.clock = SystemClock;
				while {
					thisThread.beats = now;
					count = count + 1;
					now < beats and: { count < 4096 } and: { (event = stream.next(Event.default)).notNil }
				} {
					if(event.isRest.not) { onsets.add([now + event.use { ~timingOffset ? 0 }, this.prLoudness(event)]) };
					now = now + event.delta;
				}
			}.next
		} { |error|
			GrooveLive.tell("the pattern to listen to does not play: %".format(error.errorString));
			^nil
		};
		if(onsets.isEmpty) { ^[] };
		// The loudest is an accent, however loud the pattern is in the mix.
		loudest = onsets.collect(_.last).maxItem.max(1e-6);
		onsets.do { |onset|
			var position = onset[0] * 4, step = position.round.asInteger, velocity = (onset[1] / loudest * 0.9).clip(0, 1);
			var here = step % steps;
			if(at[here].isNil or: { at[here][1] < velocity }) { at[here] = [here, velocity, position - step] };
		};
		^at.reject(_.isNil)
	}

	// Of a drummer's event its velocity; a velocity that every event has, as MIDI, says nothing.
	*prLoudness { |event|
		var loudness = if(event.keys.includes(\velocity)) { event[\velocity] } { event.use { ~amp.value } };
		^loudness.asArray.maxItem
	}

	hit { |velocity|
		var clock = GrooveLive.clock, now = clock.beats;
		if(velocity.isNumber.not) { ^GrooveLive.tell("a hit has a velocity from 0 to 1, not %".format(velocity)) };
		played = played.select { |one| one[0] > (now - beats) }.add([now, velocity.clip(0, 1)]);
		if(isDue) { ^this };
		isDue = true;  // what is struck together is sent together
		SystemClock.sched(0.05, { isDue = false; this.prSend(this.prPlayed); nil });
	}

	prPlayed {
		var at = Array.newClear(steps), shift = GrooveLive.tempo.offset ? 0;
		played.do { |one|
			var position = (one[0] + shift) * 4, step = position.round.asInteger, here = step % steps;
			at[here] = [here, one[1], position - step];
		};
		^at.reject(_.isNil)
	}

	prSend { |hits|
		if(hits.isNil or: { hits == last }) { ^this };
		last = hits;
		GrooveLive.request("listen", [drummer.name.asString, steps] ++ hits.collect { |hit|
			[hit[0], hit[1].asFloat, hit[2].asFloat]
		}.flat, once: true);
	}
}
