/*
GrooveLiveTempo keeps a clock of sclang and the conductor together. One leads, and who does is said: follow(clock) bends
the clock to the conductor, lead(clock) the conductor to the clock. Errors of phase are taken out within a bar or so by a
slightly different tempo, never by a jump; only when it begins to follow is the clock set, backwards, so that nothing is
played in a burst.
*/
GrooveLiveTempo {
	classvar bend = 0.03;  // the most that the tempo is changed to catch up
	classvar deadband = 0.003;  // seconds that are not worth a change
	var <clock, <mode, <offset, <phase;

	follow { |aClock| this.prBegin(aClock, \follow) }

	lead { |aClock|
		if(this.prBegin(aClock, \lead).isNil) { ^this };
		if(GrooveLive.isPlaying.not) { clock.schedAbs(clock.nextBar, { GrooveLive.play; nil }) };
	}

	stop { clock = mode = offset = phase = nil }

	prBegin { |aClock, aMode|
		if(aClock.isKindOf(TempoClock).not) {
			GrooveLive.tell("a TempoClock or a LinkClock can follow and lead, not %".format(aClock), false);
			^nil
		};
		this.stop;
		clock = aClock;
		mode = aMode;
		if(GrooveLive.state == \off) { GrooveLive.connect(GrooveLive.host, GrooveLive.port) };
	}

	// At each bar of the conductor: `beat` began at `time` in seconds.
	prBar { |beat, bpm, time|
		var here, error;
		if(clock.isNil or: { clock.isRunning.not }) { ^this };
		here = clock.secs2beats(time);
		error = (here - beat).wrap(-2, 2);  // beats that the clock is ahead, within a bar
		if(mode == \follow and: { offset.isNil or: { error.abs > 0.5 } }) { error = this.prAlign(error) };
		offset = (beat - (here - error)).round.asInteger;
		phase = error * 60 / bpm;
		if(mode == \follow) { this.prBend(error, bpm) } { this.prPull(error, bpm) };
	}

	// Set the clock onto the conductor's bar, always back. Peers of a LinkClock are left alone: its bar line moves instead.
	prAlign { |error|
		if(offset.notNil) { GrooveLive.tell("the conductor's bars have moved; the clock is set to them", false) };
		if(clock.isKindOf(LinkClock)) {
			clock.sched(0, { clock.setMeterAtBeat(4, clock.beats.round - error.round.mod(4)); nil });
			^error - error.round
		};
		clock.beats = clock.beats - (error % 4);
		^0.0
	}

	prBend { |error, bpm|
		var tempo = bpm / 60, small = deadband * tempo;
		var change = if(error.abs < small) { 0 } { (error / 4).clip(bend.neg, bend) };
		tempo = tempo * (1 - change);
		if((clock.tempo - tempo).abs > 1e-6) { clock.tempo = tempo };
	}

	prPull { |error, bpm|
		var tempo = clock.tempo * 60, small = deadband * bpm / 60;
		var change = if(error.abs < small) { 0 } { (error / 4).clip(bend.neg, bend) };
		tempo = tempo * (1 + change);
		if((tempo - bpm).abs > 0.01) { GrooveLive.bpm_(tempo, 0) };
	}
}
