TestGrooveLiveTap : GrooveLiveTest {
	test_a_pattern_as_steps {
		var tap = GrooveLiveTap.sample(Pbind(\dur, Pseq([1.5, 0.5, 2], inf), \amp, Pseq([0.2, 0.1], inf)));
		this.assertEquals(tap.collect(_.first), [0, 6, 8, 16, 22, 24]);
		this.assertArrayFloatEquals(tap.collect { |hit| hit[1] }, [0.9, 0.45, 0.9, 0.45, 0.9, 0.45]);
	}

	test_what_lies_between_steps {
		var tap = GrooveLiveTap.sample(Pbind(\dur, 1, \timingOffset, Pseq([0, 0.05, -0.05], inf)));
		this.assertArrayFloatEquals(tap.collect { |hit| hit[2] }, [0, 0.2, -0.2, 0, 0.2, -0.2, 0, 0.2]);
	}

	test_rests_are_silent {
		this.assertEquals(
			GrooveLiveTap.sample(Pbind(\degree, Pseq([0, Rest(), 2, Rest()], inf), \dur, 1)).collect(_.first), [0, 8, 16, 24]
		);
	}

	test_chords_are_one_hit_and_the_loudest_counts {
		var tap = GrooveLiveTap.sample(Ppar([Pbind(\dur, 2, \amp, 0.1), Pbind(\dur, 4, \amp, 0.3)]));
		this.assertEquals(tap.collect(_.first), [0, 8, 16, 24]);
		this.assertArrayFloatEquals(tap.collect { |hit| hit[1] }, [0.9, 0.3, 0.9, 0.3]);
	}

	test_a_pattern_that_does_not_play {
		this.assertEquals(GrooveLiveTap.sample(Pfunc { 3.thisDoesNotExist }), nil);
		this.assertEquals(this.saidTimes("the pattern to listen to does not play"), 1);
	}

	test_a_pattern_without_end_in_no_time {
		this.assert(GrooveLiveTap.sample(Pbind(\dur, 0)).size <= 1);
	}

	test_a_pdef_is_listened_to_again_and_again {
		this.meet;
		GrooveLive.follow(clock);
		Pdef(\groovelive_bass, Pbind(\dur, 1));
		GrooveLive.drummer(\d1).listen(Pdef(\groovelive_bass));
		this.until({ door.asked(\listen).size == 1 });
		Pdef(\groovelive_bass, Pbind(\dur, 2));
		this.until({ door.asked(\listen).size == 2 });
		GrooveLive.drummer(\d1).listen(nil);
		Pdef(\groovelive_bass, Pbind(\dur, 4));
		1.5.wait;
		Pdef(\groovelive_bass).clear;
		this.assertEquals(door.asked(\listen).collect { |one| one[1] }.asArray, [32, 32]);
		this.assertEquals(door.asked(\listen).collect { |one| one.drop(2).clump(3).collect(_.first) }.asArray,
			[(0, 4 .. 28), (0, 8 .. 24)]);
	}

	test_single_hits {
		this.meet;
		GrooveLive.follow(clock);
		GrooveLive.drummer(\d1).hit(0.5);
		GrooveLive.drummer(\d1).hit(1.5);
		GrooveLive.drummer(\d1).hit("loud");
		this.until({ door.asked(\listen).size > 0 });
		0.1.wait;
		this.assertEquals(door.asked(\listen).size, 1, "what is struck together is sent together");
		this.assertEquals(door.asked(\listen).first[3], 1.0);
		this.assertEquals(this.saidTimes("a hit has a velocity from 0 to 1, not loud"), 1);
	}

	test_a_midi_responder {
		var responder, heard = 0;
		this.meet;
		GrooveLive.follow(clock);
		responder = MIDIFunc.noteOn({ heard = heard + 1 });
		GrooveLive.drummer(\d1).listen(responder);
		MIDIIn.doNoteOnAction(0, 0, 60, 64);
		this.until({ door.asked(\listen).size > 0 });
		GrooveLive.drummer(\d1).listen(nil);
		MIDIIn.doNoteOnAction(0, 0, 60, 64);
		0.2.wait;
		responder.free;
		this.assertEquals(heard, 2, "what the responder did it still does");
		this.assertEquals(door.asked(\listen).size, 1);
		this.assertFloatEquals(door.asked(\listen).first[3], 64 / 127);
	}

	test_an_osc_responder {
		var responder;
		this.meet;
		GrooveLive.follow(clock);
		responder = OSCFunc({ }, '/hit');
		GrooveLive.drummer(\d1).listen(responder);
		NetAddr.localAddr.sendMsg('/hit', 0.25);
		this.until({ door.asked(\listen).size > 0 });
		responder.free;
		this.assertEquals(door.asked(\listen).first[3], 0.25);
	}

	test_what_can_not_be_listened_to {
		GrooveLive.drummer(\d1).listen(3);
		this.assertEquals(this.saidTimes("a drummer listens to a Pattern of events, a MIDIFunc or an OSCFunc, not to 3"), 1);
	}
}
