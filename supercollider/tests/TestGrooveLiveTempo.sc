TestGrooveLiveTempo : GrooveLiveTest {
	// News of bars of a conductor whose clock is at `beat` now, for some bars.
	conduct { |bars, beat = 40, bpm = 480|
		// It is as exact as a conductor: when this wakes late, that is told.
		var began = Main.elapsedTime;
		bars.do { |bar|
			door.bar(beat + (bar * 4), bpm, (Main.elapsedTime - began - (bar * 240 / bpm)).max(0));
			(began + ((bar + 1) * 240 / bpm) - Main.elapsedTime).max(0).wait;
		};
	}

	test_a_clock_follows {
		var before;
		this.meet;
		clock.tempo = 7.5;
		0.21.wait;
		before = clock.beats;
		GrooveLive.follow(clock);
		this.conduct(6);
		this.assertEquals(GrooveLive.tempo.mode, \follow);
		this.assert(clock.beats < (before + 26), "it was set back, not forward");
		this.assert((clock.tempo - 8).abs < 0.25, "at the conductor's tempo: %".format(clock.tempo));
		this.assert(GrooveLive.phase.abs < 0.02, "with it: % s".format(GrooveLive.phase));
		this.assertEquals(GrooveLive.tempo.offset % 4, 0);
		this.assert(door.asked(\clock).size > 10, "it tells how it does");
	}

	test_a_change_of_tempo_is_followed {
		this.meet;
		GrooveLive.follow(clock);
		this.conduct(2);
		this.conduct(4, 48, 420);
		this.assert((clock.tempo - 7).abs < 0.25, "%".format(clock.tempo));
		this.assert(GrooveLive.phase.abs < 0.02, "% s".format(GrooveLive.phase));
	}

	test_bars_that_have_moved {
		this.meet;
		GrooveLive.follow(clock);
		this.conduct(2);
		0.25.wait;
		this.conduct(2, 80);
		this.assertEquals(this.saidTimes("the conductor's bars have moved; the clock is set to them"), 1);
		this.assert(GrooveLive.phase.abs < 0.02);
	}

	test_a_clock_leads {
		var said;
		this.meet;
		clock.tempo = 4;
		GrooveLive.lead(clock);
		this.until({ door.asked(\clock).size >= 6 });
		said = door.asked(\clock).asArray;
		this.assertEquals(door.asked(\lead).asArray, [[1]]);
		this.assertEquals(said.collect { |one| one[1] }.as(IdentitySet).as(Array), [240.0]);
		this.assertArrayFloatEquals(said.collect(_.first).differentiate.drop(1), 1 ! (said.size - 1));
		this.assert(said.collect(_.last).every { |ago| ago.inclusivelyBetween(0, 0.1) });
		GrooveLive.unsync;
		this.until({ door.asked(\lead).size == 2 });
		this.assertEquals(door.asked(\lead).last, [0]);
		this.assertEquals(GrooveLive.tempo.mode, nil);
	}

	test_a_lead_that_is_refused {
		this.meet;
		door.mode = \refusing;
		GrooveLive.lead(clock);
		this.until({ GrooveLive.tempo.mode.isNil });
		this.assertEquals(GrooveLive.tempo.mode, nil);
	}

	test_only_clocks_keep_time {
		GrooveLive.follow(SystemClock);
		GrooveLive.lead(3);
		this.assertEquals(this.saidTimes("a TempoClock or a LinkClock can follow and lead, not"), 2);
	}

	test_a_link_clock_follows_by_its_bar_line {
		var link = LinkClock(8).permanent_(true), beats;
		this.meet;
		0.5.wait;
		beats = link.beats;
		GrooveLive.follow(link);
		this.conduct(5, 40, 480);
		this.assert(link.beats > (beats + 18), "its beats are its peers' too: they go on");
		this.assert(GrooveLive.phase.abs < 0.02, "% s".format(GrooveLive.phase));
		GrooveLive.unsync;
		link.stop;
	}
}
