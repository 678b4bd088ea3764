TestGrooveLive : GrooveLiveTest {
	test_it_connects_and_says_so_once {
		this.meet;
		this.assertEquals(GrooveLive.state, \there);
		this.assertEquals(this.saidTimes("connected to 127.0.0.1:%, 120".format(door.port)), 1);
		1.2.wait;
		this.assertEquals(this.saidTimes("connected"), 1);
	}

	test_nobody_is_there {
		var began = Main.elapsedTime;
		GrooveLive.patience = 0.4;
		this.connect(57179);
		this.assert(Main.elapsedTime - began < 0.1, "connect does not wait");
		this.until({ GrooveLive.state == \away }, 2);
		this.assertEquals(GrooveLive.state, \away);
		this.assertEquals(this.saidTimes("is `groovelive serve` running?"), 1);
		GrooveLive.drummer(\d1).genre_(\funk);
		1.2.wait;
		this.assertEquals(this.saidTimes("is `groovelive serve` running?"), 1, "it is said once");
	}

	test_it_is_met_again {
		this.meet;
		GrooveLive.patience = 0.3;
		door.mode = \silent;
		GrooveLive.request("undo");
		this.until({ GrooveLive.state == \away }, 2);
		this.assertEquals(GrooveLive.state, \away);
		door.mode = \good;
		this.until({ GrooveLive.state == \there }, 3);
		this.assertEquals(GrooveLive.state, \there);
		this.assertEquals(this.saidTimes("connected to"), 2);
		this.assert(door.asked(\subscribe).size >= 2, "it wants news of the new one too");
	}

	test_a_port_is_a_port {
		GrooveLive.connect("127.0.0.1", 70000);
		GrooveLive.connect("127.0.0.1", "57140");
		this.assertEquals(this.saidTimes("a port is a whole number from 1 to 65535"), 2);
		this.assertEquals(GrooveLive.state, \off);
	}

	test_a_host_that_is_not_found {
		GrooveLive.connect("no.such.host.invalid", 57140);
		this.assertEquals(this.saidTimes("there is no host"), 1);
		this.assertEquals(GrooveLive.state, \off);
	}

	test_another_version {
		door.speaks = 2;
		this.connect(door.port);
		this.until({ GrooveLive.state == \other });
		this.assertEquals(GrooveLive.state, \other);
		this.assertEquals(this.saidTimes("speaks version 2 of the OSC door and this Quark version 1: install"), 1);
	}

	test_answers_come_to_who_asked {
		var genres, presets, value;
		this.meet;
		GrooveLive.genres { |found| genres = found };
		GrooveLive.presets { |found| presets = found };
		GrooveLive.drummer(\d1).get(\density) { |found| value = found };
		this.until({ genres.notNil and: { presets.notNil } and: { value.notNil } });
		this.assertEquals(genres, [\funk, \jazz]);
		this.assertEquals(presets, ['late night']);
		this.assertEquals(value, 0.5);
	}

	test_an_answer_to_another_request_is_nobodys {
		var answered = 0;
		this.meet;
		door.mode = \other;
		GrooveLive.genres { answered = answered + 1 };
		0.2.wait;
		this.assertEquals(answered, 0);
	}

	test_what_is_refused_is_said {
		this.meet;
		door.mode = \refusing;
		GrooveLive.drummer(\d2).genre_(\funk);
		this.until({ this.saidTimes("no drummer d77; drummers are d1 to d9") > 0 });
		this.assertEquals(this.saidTimes("no drummer d77; drummers are d1 to d9"), 1);
	}

	test_a_late_answer_fails_once_and_still_counts {
		var failures = List.new, value;
		this.meet;
		GrooveLive.patience = 0.3;
		door.delay = 1;
		GrooveLive.request("get", ["d1", "density"], { |found| value = found }, { |sentence| failures.add(sentence) });
		this.until({ value.notNil });
		this.assertEquals(value, 0.5);
		this.assertEquals(failures.asArray, ["no answer"]);
	}

	test_values_as_the_door_takes_them {
		[
			[nil, "default"], [true, 1], [false, 0], [3, 3], [0.5, 0.5], [\funk, "funk"], ["<.3 .5>", "<.3 .5>"],
			[(funk: 0.7, jazz: 0.3), "funk:0.7,jazz:0.3"], [[\hats, \toms], "hats,toms"]
		].do { |pair| this.assertEquals(GrooveLive.prValue(pair[0]), pair[1]) };
		[Pwhite(), 0/0, inf, { 3 }].do { |wrong| this.assertEquals(GrooveLive.prValue(wrong), nil) };
		this.assertEquals(this.saidTimes("a control takes a number, a name, names or weights"), 4);
	}

	test_when_things_are_due {
		this.assertEquals(GrooveLive.prWhen(nil, nil), "next");
		this.assertEquals(GrooveLive.prWhen("+8", 4), "+8");
		this.assertEquals(GrooveLive.prWhen(nil, 0), "now");
		this.assertEquals(GrooveLive.prWhen(nil, 4), "next");
		this.assertEquals(GrooveLive.prWhen(nil, [4, 0]), "next");
		this.meet;
		door.bar(16);
		this.until({ GrooveLive.beatAt(thisThread.seconds) ? 0 > 16 });
		this.assertEquals(GrooveLive.prWhen(nil, 16), "9", "bar 9 begins at beat 32");
		this.assertEquals(GrooveLive.prWhen(nil, 2), "+2 beats");
	}

	test_the_session {
		this.meet;
		GrooveLive.bpm_(132, over: 8);
		GrooveLive.set(\swing, 0.25, when: "+4");
		GrooveLive.undo;
		GrooveLive.redo;
		GrooveLive.hush;
		GrooveLive.panic;
		GrooveLive.play;
		GrooveLive.stop;
		GrooveLive.saveScene(\verse);
		GrooveLive.scene(\verse, over: 2);
		GrooveLive.bpm_("fast");
		this.until({ door.asked(\scene).size == 2 });
		this.assertEquals(door.asked(\bpm).asArray, [[132.0, 'next', 8]]);
		this.assertEquals(door.asked(\set).asArray, [['', 'swing', 0.25, '+4', 0]]);
		[\undo, \redo, \hush, \panic, \play, \stop].do { |verb| this.assertEquals(door.asked(verb).size, 1, verb.asString) };
		this.assertEquals(door.asked(\scene).asArray, [['save', 'verse'], ['recall', 'verse', 'next', 2]]);
		this.assertEquals(this.saidTimes("a tempo is a number of beats a minute, not fast"), 1);
	}

	test_what_is_too_large_to_send {
		this.meet;
		GrooveLive.set(\genre, String.fill(70000, $x));
		this.assertEquals(this.saidTimes("could not be sent"), 1);
		this.assertEquals(GrooveLive.state, \there);
	}

	test_news_that_make_no_sense {
		this.meet;
		door.news('/gl/bar', "x", 3);
		door.news('/gl/bar', 3.0, -120.0, 0.0);
		door.news('/gl/told', "the engine is back");
		this.until({ this.saidTimes("the engine is back") > 0 });
		this.assertEquals(this.saidTimes("the engine is back"), 1);
		this.assertEquals(this.saidTimes("could not be read"), 1);
	}

	test_lists_of_voices_belong_together {
		this.assertEquals(GrooveLive.voices.size, 9);
		this.assertEquals(GrooveLive.midinotes[GrooveLive.voices.indexOf(\ride)], 51);
	}
}
