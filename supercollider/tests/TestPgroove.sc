TestPgroove : GrooveLiveTest {
	setUp {
		super.setUp;
		clock.tempo = 16;  // a loop of two bars in half a second
	}

	// The beats of events from the first one on.
	beats { |played| ^played.collect(_.first) - played.first.first }

	// That all 16ths of so many beats are there, in their places to the last bit that a float has.
	assertStraight { |played, beats, message = ""|
		var found = this.beats(played);
		this.assert(found.size >= (beats * 4), "% of % notes %".format(found.size, beats * 4, message));
		this.assertArrayFloatEquals(found, (0 .. found.size - 1) / 4, message, 1e-9);
	}

	ready {
		this.meet;
		GrooveLive.drummer(\d1).want(0);
		this.until({ GrooveLive.drummer(\d1).latest.notNil });
	}

	// Events

	test_what_an_event_has {
		var event;
		this.ready;
		door.hits = [[0, 1, 0.5, 0.25, 0.75], [16, 0, 1.0, 0.0, 1.0]];
		GrooveLive.drummer(\d1).want(0);
		0.2.wait;
		event = this.playFor(Pgroove(\d1, kit: nil), 7).first.last;
		this.assertEquals(
			#[voice, midinote, velocity, amp, probability, step, offset].collect { |key| event[key] },
			[\snare, 38, 0.5, 0.5, 0.75, 0, 0.25]
		);
		this.assertEquals(event[\instrument], \default);
		this.assertFloatEquals(event.delta, 16 / 4 - (0.25 / 4));
		event = this.playFor(Pgroove(\d1, kit: \electronic), 7).first.last;
		this.assertEquals(event[\instrument], \gl_electronic_snare);
		this.assertEquals(event[\type], \groovelive);
	}

	test_offsets {
		var played;
		this.ready;
		door.hits = [[0, 0, 1.0, 0.0, 1.0], [4, 1, 1.0, -0.5, 1.0], [8, 2, 1.0, 0.25, 1.0], [31, 8, 1.0, 0.5, 1.0]];
		GrooveLive.drummer(\d1).want(0);
		0.2.wait;
		played = this.playFor(Pgroove(\d1), 15.5);
		this.assertArrayFloatEquals(
			this.beats(played), [0, 0.875, 2.0625, 7.875, 8, 8.875, 10.0625], "exact times", 1e-9
		);
		played = this.playFor(Pgroove(\d1, grid: true), 15.5);
		this.assertArrayFloatEquals(this.beats(played), [0, 1, 2, 7.75, 8, 9, 10], "on the grid", 1e-9);
		this.assertFloatEquals(played[1][1][\timingOffset], -0.125);
	}

	test_before_the_bar_line {
		var played;
		this.ready;
		door.hits = [[0, 0, 1.0, -0.5, 1.0], [4, 1, 1.0, 0.0, 1.0]];
		GrooveLive.drummer(\d1).want(0);
		0.2.wait;
		played = this.playFor(Pgroove(\d1), 18);
		this.assertArrayFloatEquals(
			this.beats(played), [0, 1, 7.875, 9, 15.875, 17], "early, once, but not before the music", 1e-9
		);
	}

	test_several_at_once {
		var played;
		this.ready;
		door.hits = [[0, 0, 1.0, 0.0, 1.0], [0, 2, 1.0, 0.0, 1.0], [0, 7, 1.0, 0.0, 1.0], [8, 1, 1.0, 0.0, 1.0]];
		GrooveLive.drummer(\d1).want(0);
		0.2.wait;
		played = this.playFor(Pgroove(\d1), 7);
		this.assertEquals(played.collect { |one| one[1][\voice] }, [\kick, \closed_hat, \crash, \snare]);
		this.assertArrayFloatEquals(this.beats(played), [0, 0, 0, 2], "", 1e-9);
	}

	test_a_loop_without_hits {
		this.ready;
		door.hits = [];
		GrooveLive.drummer(\d1).want(0);
		0.2.wait;
		this.assertEquals(this.playFor(Pgroove(\d1), 8), []);
	}

	test_six_hundred_hits {
		var played;
		this.ready;
		door.hits = 600.collect { |k| [k % 32, k % 9, (k % 100) / 100, 0.0, 1.0] };
		GrooveLive.drummer(\d1).want(0);
		this.until({ GrooveLive.drummer(\d1).latest[\hits].size == 600 });
		played = this.playFor(Pgroove(\d1), 7.9);
		this.assertEquals(played.size, 600);
	}

	// As a pattern among others

	test_it_composes {
		var played, seen = List.new;
		this.ready;
		played = this.playFor(Pbindf(Pgroove(\d1), \amp, Pkey(\velocity) * 0.5, \out, Pseq([0, 1], inf)), 2);
		this.assertEquals(played.first[1][\amp], 0.25);
		this.assertEquals(played.keep(4).collect { |one| one[1][\out] }, [0, 1, 0, 1]);
		played = this.playFor(Pchain(Pbind(\pan, Pfunc { |event| seen.add(event[\voice]); 0.5 }), Pgroove(\d1)), 2);
		this.assertEquals(played.first[1][\pan], 0.5);
		this.assertEquals(seen.first, \closed_hat);
		played = this.playFor(Ppar([Pgroove(\d1), Pbind(\degree, Pseq([0, 2], inf), \dur, 1)]), 4);
		this.assertEquals(played.count { |one| one[1].keys.includes(\degree) }, 4);
		this.assertStraight(played.select { |one| one[1][\voice].notNil }, 3.5, "in a Ppar");
		played = this.playFor(Pseq([Psync(Pfindur(3, Pgroove(\d1)), 4, 4), Pbind(\end, Pseq([1]))]), 6);
		this.assertEquals(played.count { |one| one[1][\voice].notNil }, 12);
		this.assertFloatEquals(this.beats(played).last, 4);
		played = this.playFor(Pfindur(2, Pgroove(\d1)), 4);
		this.assertEquals(played.size, 8);
	}

	test_in_a_pdef {
		var played = List.new;
		this.ready;
		Pdef(\groovelive_test, Pgroove(\d1)).quant_(4);
		Pdef(\groovelive_test).fadeTime = 0;
		Pdef(\groovelive_test).play(clock, protoEvent: (
			play: { if(~voice.notNil and: { ~type != \rest }) { played.add(thisThread.beats) } }, dur: 1
		));
		(6 / clock.tempo).wait;
		Pdef(\groovelive_test, Pbindf(Pgroove(\d1), \x, 1));
		(10 / clock.tempo).wait;
		Pdef(\groovelive_test).clear;
		this.assertEquals(played.first % 4, 0.0, "quant");
		this.assert(played.size > 40);
		this.assertArrayFloatEquals(played.asArray.differentiate.drop(1), 0.25 ! (played.size - 1), "no gap at the change", 1e-9);
	}

	test_as_source {
		var pattern = Pgroove(\d2, genre: \funk, density: Pseq([0.2, 0.9], 16), lead: 3);
		var again = pattern.asCompileString.interpret;
		this.assertEquals([again.name, again.controls.asCompileString, again.kit, again.grid, again.lead],
			[\d2, [\genre, \funk, \density, Pseq([0.2, 0.9], 16)].asCompileString, \acoustic, false, 3]);
	}

	// Controls

	test_controls_are_sent_when_they_change {
		this.ready;
		this.playFor(Pgroove(\d1, genre: \funk, density: Pseq([0.25, 0.25, 0.75, 0.5], inf)), 30);
		this.assertEquals(door.asked(\set).select { |one| one[1] == \genre }.size, 1);
		this.assertEquals(
			door.asked(\set).select { |one| one[1] == \density }.collect { |one| one[2] }.asArray.keep(3), [0.25, 0.75, 0.5]
		);
	}

	test_controls_by_any_name {
		this.ready;
		this.playFor(Pgroove(\d1, controls: ['density.hats', 0.75, \redirect, [\toms]]), 2);
		this.assertEquals(door.asked(\set).collect { |one| one[1..2] }.asArray, [['density.hats', 0.75], ['redirect', 'toms']]);
	}

	test_a_control_that_ends {
		this.ready;
		this.assertStraight(this.playFor(Pgroove(\d1, density: Pseq([0.25, 0.75])), 30), 29, "it plays on");
		this.assertEquals(door.asked(\set).size, 2);
	}

	test_a_control_that_is_nonsense {
		this.ready;
		this.assertStraight(this.playFor(Pgroove(\d1, density: Pfunc { 3.thisDoesNotExist }, genre: Pfunc { { } }), 12), 11);
		this.assertEquals(this.saidTimes("density of d1 has no value"), 1);
		this.assertEquals(this.saidTimes("a control takes a number"), 1);
		this.assertEquals(door.asked(\set).size, 0);
	}

	test_what_the_conductor_refuses {
		this.ready;
		door.mode = \refusing;
		this.assertStraight(this.playFor(Pgroove(\d1, genre: Pseq([\fnuk, \funk], inf)), 30), 29);
		this.assertEquals(this.saidTimes("no drummer d77"), 1);
	}

	// The server

	test_the_new_pattern_begins_with_the_loop {
		var played, of;
		this.ready;
		fork { (12 / clock.tempo).wait; door.hits = 32.collect { |step| [step, 0, 1.0, 0.0, 1.0] }; door.version = 2 };
		played = this.playFor(Pgroove(\d1), 31);
		this.assertStraight(played, 30);
		of = played.clump(32).collect { |loop| loop.collect { |one| one[1][\voice] }.as(IdentitySet).as(Array) };
		this.assertEquals(of.keep(3), [[\closed_hat], [\closed_hat], [\kick]]);
	}

	test_it_rests_until_there_is_something {
		var played;
		door.mode = \silent;
		this.connect(door.port);
		fork { 0.6.wait; door.mode = \good };
		played = this.playFor(Pgroove(\d1), 32);
		this.assertEquals(this.saidTimes("d1 has no pattern yet: its Pgroove rests until it has"), 1);
		this.assert(played.size > 32, "% notes".format(played.size));
		this.assertEquals(played.first[0] % 1, 0.0);
		this.assertStraight(played, played.size / 4, "once it plays");
	}

	test_a_new_drummer_plays_its_preset {
		door.mode = \fresh;
		this.connect(door.port);
		this.assert(this.playFor(Pgroove(\d1), 32).size > 32);
		this.assertEquals(this.saidTimes("d1 is new: it plays its preset, and is heard where its Pgroove is"), 1);
		this.assertEquals(this.saidTimes("there is no drummer"), 0);
		this.assertEquals(door.asked(\source).asArray, [['d1', 'home', '', 'now', 0]]);
		this.assertEquals(door.asked(\set).asArray, [['d1', 'out', 'none', 'now', 0]]);
	}

	test_one_that_has_no_source_is_new_and_one_that_was_hushed_is_not {
		door.hits = [];
		door.sourceless = true;
		this.meet;
		this.playFor(Pgroove(\d1), 4);
		this.assertEquals(door.asked(\source).size, 1);
		this.playFor(Pgroove(\d1), 16);
		this.assertEquals(door.asked(\source).size, 1);
	}

	test_the_server_is_late {
		var played;
		this.ready;
		GrooveLive.patience = 0.5;
		fork { 1.wait; door.delay = 2; 2.wait; door.delay = 0 };
		played = this.playFor(Pgroove(\d1, lead: 4), 48);
		this.assertStraight(played, 47, "while it was late");
		this.assertEquals(this.saidTimes("no answer from"), 1);
	}

	test_the_server_dies_and_is_back {
		var played, voices;
		this.ready;
		GrooveLive.patience = 0.5;
		fork {
			1.wait;
			door.mode = \silent;
			2.5.wait;
			door.hits = 32.collect { |step| [step, 8, 1.0, 0.0, 1.0] };
			door.mode = \good;
		};
		played = this.playFor(Pgroove(\d1, genre: \funk), 80);
		this.assertStraight(played, 79, "while it was away");
		this.assertEquals(played.last[1][\voice], \ride, "what it plays since it is back");
		this.assertEquals(door.asked(\set).count { |one| one[1] == \genre } , 2, "a new conductor is told again");
	}

	test_garbage_and_answers_of_others {
		var played;
		this.ready;
		fork { 0.5.wait; door.mode = \garbage; 1.5.wait; door.mode = \other; 1.5.wait; door.mode = \good };
		played = this.playFor(Pgroove(\d1), 44);
		this.assertStraight(played, 43, "whatever comes");
	}

	// Together with the conductor's clock

	test_where_the_conductor_is {
		var played, asked;
		this.ready;
		GrooveLive.follow(clock);
		door.bpm = 480;
		door.bar(20, 480);  // bar 6, the second of its loop
		this.until({ GrooveLive.tempo.offset.notNil });
		played = this.playFor(Pgroove(\d1), 12);
		asked = door.asked(\pattern).collect { |one| one[1] }.reject { |bar| bar == 0 }.as(IdentitySet).as(Array).sort;
		this.assert(asked.size > 0 and: { asked.every { |bar| bar % 2 == 1 } }, "loops begin at odd bars: %".format(asked));
		this.assert(asked.every { |bar| bar.inclusivelyBetween(5, 11) }, "near the conductor's bar: %".format(asked));
		this.assert(played.first[1][\step] % 4 == 0);
		this.assertEquals(
			(played.first[0] + GrooveLive.tempo.offset * 4 % 32).round.asInteger, played.first[1][\step], "in its place in the loop"
		);
	}
}
