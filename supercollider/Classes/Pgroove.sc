/*
Pgroove is what a drummer of groovelive plays, as a Pattern of ordinary events. It asks for the next loop of two bars
while one plays and never waits for it: what has not come by the end of the loop comes later, and until then the last
loop plays again.
*/
Pgroove : Pattern {
	classvar early = 0.125;  // beats: a note may sound up to a 32nd before its loop
	var <>name, <>controls, <>kit, <>grid, <>lead;

	*new { |name = \d1, genre, density, follow, blend, a, b, redirect, temperature, drift, velocity, quantise, swing,
		humanise, seed, controls, kit = \acoustic, grid = false, lead = 2|
		var all = [
			genre: genre, density: density, follow: follow, blend: blend, a: a, b: b, redirect: redirect,
			temperature: temperature, drift: drift, velocity: velocity, quantise: quantise, swing: swing,
			humanise: humanise, seed: seed
		].clump(2).reject { |pair| pair[1].isNil }.flatten(1) ++ controls;
		GrooveLiveKit.load;
		^super.newCopyArgs(name.asSymbol, all, kit, grid, lead).prInit
	}

	prInit {
		// So that there is something to play when it is played.
		if(this.drummer.latest.isNil) { this.drummer.want(0) };
	}

	drummer { ^GrooveLive.drummer(name) }

	embedInStream { |inval|
		var drummer = this.drummer, moving = GrooveLiveControls(drummer, controls);
		var now = 0.0;  // beats since this stream began
		var start = this.prStart;  // where the loop began
		var due, index = 0, playing, end, next, isFirst = true, hasAsked;

		moving.send(inval, 0);
		drummer.want(this.prBar(start, now));
		loop {
			playing = drummer.loop(this.prBar(start, now));
			while { playing.isNil } {
				GrooveLive.tell("% has no pattern yet: its Pgroove rests until it has".format(name));
				next = (now + 0.001).roundUp(1);
				inval = this.prRest(inval, next - now).yield;
				if(inval.isNil) { ^nil };
				now = next;
				while { now >= (start + 8) } { start = start + 8 };
				drummer.want(this.prBar(start, now));
				playing = drummer.loop(this.prBar(start, now));
			};
			end = start + (playing[\steps] / 4);
			due = this.prDue(playing, start, now, due.asArray.drop(index), isFirst);
			isFirst = hasAsked = false;
			index = 0;
			// Up to where notes of the next loop may sound already.
			while { now < (end - early) } {
				if(hasAsked.not and: { now >= (end - lead.max(early)) }) {
					hasAsked = true;
					moving.send(inval, this.prBar(end, now));
					drummer.want(this.prBar(end, now));
				};
				next = end - early;
				if(hasAsked.not) { next = min(next, end - lead) };
				if(index < due.size and: { due[index][0] <= now }) {
					if(index + 1 < due.size) { next = min(next, due[index + 1][0].max(now)) };
					inval = this.prHit(inval, due[index][1], next - now).yield;
					index = index + 1;
				} {
					if(index < due.size) { next = min(next, due[index][0]) };
					inval = this.prRest(inval, next - now).yield;
				};
				if(inval.isNil) { ^nil };
				now = next;
			};
			start = end;
		}
	}

	// Where the first loop begins: 0, or before, in the middle of the conductor's loop where the clock is that of GrooveLive.
	prStart {
		var beat = this.prBeat;
		^if(beat.isNil) { 0.0 } { (beat % 8).neg }
	}

	// The conductor's beat now, on the grid of the clock; nil where there is none or this clock is not synchronised.
	prBeat {
		var tempo = GrooveLive.tempo;
		if(thisThread.clock !== tempo.clock or: { tempo.offset.isNil }) { ^nil };
		^thisThread.beats + tempo.offset
	}

	// The number of the bar that begins at `beat` of this stream; 0, that which plays now, where the clocks are not tied.
	prBar { |beat, now|
		var here = this.prBeat;
		if(here.isNil) { ^0 };
		^((here + beat - now) / 4 + 1).round.asInteger.max(1)
	}

	// The hits of a loop by time, [beat, hit] each, with those left over from the one before.
	prDue { |playing, start, now, left, isFirst|
		var hits = playing[\hits].collect { |hit|
			[start + (if(grid) { hit[0] } { hit[0] + hit[3] } / 4), hit]
		};
		// Nothing is before the beginning of the music: an early first hit sounds there.
		hits = if(isFirst and: { start == 0 and: { now == 0 } }) {
			hits.collect { |one| [one[0].max(now), one[1]] }
		} {
			hits.select { |one| one[0] >= (now - 1e-6) }
		};
		^(left ++ hits).sort { |a, b| a[0] <= b[0] }
	}

	prHit { |inval, hit, delta|
		var step, voice, velocity, offset, probability, event = inval.copy;
		#step, voice, velocity, offset, probability = hit;
		event.putAll((
			type: \groovelive, voice: GrooveLive.voices[voice], midinote: GrooveLive.midinotes[voice],
			velocity: velocity, amp: velocity, probability: probability, step: step, offset: offset,
			dur: 0.25, delta: delta
		));
		if(grid) { event[\timingOffset] = offset / 4 };
		if(kit.notNil) { event[\instrument] = GrooveLiveKit.instrument(kit, event[\voice]) };
		^event
	}

	// It has all keys that a hit has: a Pkey, or a function of the voice, that finds none would end the stream around it.
	prRest { |inval, delta|
		^this.prHit(inval, #[0, 0, 0.0, 0.0, 0.0], delta).putAll((type: \rest, dur: Rest(delta)))
	}

	storeArgs { ^[name, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, controls, kit, grid, lead] }
}

/*
GrooveLiveControls are the controls of one playing Pgroove, each a stream: asked once a loop, sent where they have changed.
*/
GrooveLiveControls {
	var drummer, streams, sent, life;

	*new { |drummer, pairs| ^super.newCopyArgs(drummer).prInit(pairs) }

	prInit { |pairs|
		streams = pairs.asArray.clump(2).collect { |pair| [pair[0].asSymbol, pair[1].asStream] };
		sent = IdentityDictionary.new;
	}

	// Set what has changed for the loop that begins at `bar`. A stream that has ended leaves its control as it is.
	send { |inval, bar|
		var when = if(bar == 0) { "now" } { bar.asString };
		if(life != GrooveLive.life) { life = GrooveLive.life; sent.clear };
		streams.do { |pair|
			var path = pair[0], value;
			try { value = pair[1].next(inval) } { |error|
				GrooveLive.tell("% of % has no value: %".format(path, drummer.name, error.errorString));
			};
			if(value.notNil and: { value != sent[path] }) {
				sent[path] = value;
				value = GrooveLive.prValue(value);
				value !? {
					GrooveLive.request("set", [drummer.name.asString, path.asString, value, when, 0], once: true)
				};
			};
		}
	}
}
