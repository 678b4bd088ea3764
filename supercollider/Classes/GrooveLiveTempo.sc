/*
GrooveLiveTempo keeps a clock of sclang and the conductor together. One leads, and who does is said: follow(clock) bends
the clock to the conductor, lead(clock) the conductor to the clock. Errors of phase are taken out within some bars by a
slightly different tempo, never by a jump; only when it begins to follow is the clock set, backwards, so that nothing is
played in a burst.
*/
GrooveLiveTempo {
	classvar bend = 0.03;  // the most that the tempo is changed to catch up
	classvar deadband = 0.002;  // seconds that are not worth a change
	classvar beatsPerBar = 4;
	// offset: what has to be added to a beat of the clock to get the conductor's. phase: the clock's lead in seconds.
	var <clock, <mode, <offset, <phase, teller;

	follow { |aClock| this.prBegin(aClock, \follow) }

	lead { |aClock|
		if(this.prBegin(aClock, \lead)) { this.prLead }
	}

	stop {
		if(mode == \lead) { GrooveLive.request("lead", [0]) };
		this.prEnd;
	}

	prEnd {
		teller !? { teller.stop };
		clock = mode = offset = phase = teller = nil;
	}

	prBegin { |aClock, aMode|
		if(aClock.isKindOf(TempoClock).not) {
			GrooveLive.tell("a TempoClock or a LinkClock can follow and lead, not %".format(aClock), false);
			^false
		};
		this.stop;
		clock = aClock;
		mode = aMode;
		if(GrooveLive.state == \off) { GrooveLive.connect(GrooveLive.host, GrooveLive.port) };
		// Where the clock is, once a beat: a leader's is followed, and of a follower it is known how well it does.
		teller = Routine { loop { this.prSay; 1.wait } }.play(clock, 1);
		^true
	}

	prLead {
		GrooveLive.request("lead", [1],
			failed: { |sentence| if(sentence != "no answer" and: { mode == \lead }) { this.prEnd } });
		if(GrooveLive.isPlaying.not) { clock.schedAbs(clock.nextBar, { GrooveLive.play; nil }) };
	}

	prSay {
		var here = thisThread.clock.beats, bar = clock.baseBarBeat;
		if(GrooveLive.state != \there) { ^this };
		// Numbers are sent as floats: those of whole beats within some bars are exact.
		GrooveLive.request("clock", [
			((here - bar) % 256).asFloat, (clock.tempo * 60).asFloat, (Main.elapsedTime - thisThread.seconds).max(0).asFloat
		], once: true);
	}

	// Whoever met the conductor anew leads it again.
	prMet { if(mode == \lead) { this.prLead } }

	// At each bar of the conductor: `beat` began at `time` in seconds.
	prBar { |beat, bpm, time|
		var here, error;
		if(clock.isNil or: { clock.isRunning.not }) { ^this };
		here = clock.secs2beats(time);
		// Beats that the clock is ahead, within a bar.
		error = (here - clock.baseBarBeat - beat).wrap(beatsPerBar / -2, beatsPerBar / 2);
		if(mode == \follow and: { offset.isNil or: { error.abs > 0.5 } }) { error = this.prAlign(error) };
		offset = (beat - (clock.secs2beats(time) - error)).round.asInteger;
		phase = error * 60 / bpm;
		if(mode == \follow) { this.prBend(error, bpm) };
	}

	// Set the clock onto the conductor's bar, always back. Peers of a LinkClock are left alone: its bar line moves instead.
	prAlign { |error|
		if(offset.notNil) { GrooveLive.tell("the conductor's bars have moved; the clock is set to them", false) };
		if(clock.isKindOf(LinkClock)) {
			clock.sched(0, {
				var past = (clock.beats - clock.baseBarBeat - error.round) % beatsPerBar;
				clock.setMeterAtBeat(beatsPerBar, (clock.beats - past).round);
				nil
			});
			^error - error.round
		};
		clock.beats = clock.beats - (error % beatsPerBar);
		^0.0
	}

	prBend { |error, bpm|
		var tempo = bpm / 60, small = deadband * tempo;
		var change = if(error.abs < small) { 0 } { (error / beatsPerBar).clip(bend.neg, bend) };
		tempo = tempo * (1 - change);
		if((clock.tempo - tempo).abs > 1e-6) { clock.tempo = tempo };
	}
}
