TestGrooveLiveDrummer : GrooveLiveTest {
	test_every_control_is_set {
		var drummer, controls = #[genre, density, follow, a, b, blend, redirect, guidance, temperature, sampling, threshold,
			drift, response, seed, velocity, quantise, swing, humanise, nudge, moves];
		this.meet;
		drummer = GrooveLive.drummer(\d1);
		controls.do { |control, k| drummer.perform(control.asSetter, k) };
		this.until({ door.asked(\set).size == controls.size });
		this.assertEquals(
			door.asked(\set).asArray, controls.collect { |control, k| ['d1', control, k, 'next', 0] }
		);
	}

	test_when_and_over {
		this.meet;
		GrooveLive.drummer(\d1).genre_(\jazz, quant: 4, over: 2);
		GrooveLive.drummer(\d1).density_(0.5, quant: 0);
		GrooveLive.drummer(\d2).density_(0.5, when: "+8");
		GrooveLive.drummer(\d1).set("density.hats", 0.75);
		this.until({ door.asked(\set).size == 4 });
		this.assertEquals(door.asked(\set).asArray, [
			['d1', 'genre', 'jazz', 'next', 2], ['d1', 'density', 0.5, 'now', 0], ['d2', 'density', 0.5, '+8', 0],
			['d1', 'density.hats', 0.75, 'next', 0]
		]);
	}

	test_switches {
		this.meet;
		GrooveLive.drummer(\d1).mute.unmute.solo.unsolo.lock(\kick).lock(\hats, false);
		this.until({ door.asked(\set).size == 6 });
		this.assertEquals(door.asked(\set).asArray, [
			['d1', 'mute', 1, 'now', 0], ['d1', 'mute', 0, 'now', 0], ['d1', 'solo', 1, 'now', 0], ['d1', 'solo', 0, 'now', 0],
			['d1', 'lock.kick', 1, 'next', 0], ['d1', 'lock.hats', 0, 'next', 0]
		]);
	}

	test_sources_and_walks {
		this.meet;
		GrooveLive.drummer(\d1).source("x..x..x.").play("bd*4", when: "+2").z(\latin, over: 4).home.rest
			.walk(\latin, bars: 8).walk([\funk, \jazz, \rock], 16, quant: 0).hush;
		this.until({ door.asked(\hush).size == 1 });
		this.assertEquals(door.asked(\source).asArray, [
			['d1', 'follow', 'x..x..x.', 'next', 0], ['d1', 'play', 'bd*4', '+2', 0], ['d1', 'z', 'latin', 'next', 4],
			['d1', 'home', '', 'now', 0], ['d1', 'none', '', 'next', 0]
		]);
		this.assertEquals(door.asked(\walk).asArray, [
			['d1', 8, 'next', 'latin'], ['d1', 16, 'now', 'funk', 'jazz', 'rock']
		]);
	}

	test_it_has_its_name {
		this.assert(GrooveLive.drummer(\d1) === GrooveLive.drummer("d1"), "one object for each drummer");
		this.assert(GrooveLiveDrummer(\d1) === GrooveLive.drummer(\d1));
		this.assertEquals(GrooveLive.drummer(\d1).asString, "GrooveLive.drummer('d1')");
	}

	test_its_latest_pattern_is_kept_up_to_date {
		var drummer;
		this.meet;
		drummer = GrooveLive.drummer(\d1);
		drummer.want(0);
		this.until({ drummer.latest.notNil });
		this.assertEquals(drummer.latest[\hits].size, 32);
		door.version = 2;
		door.news('/gl/changed', \d1, 2);
		this.until({ drummer.latest[\version] == 2 });
		this.assertEquals(drummer.latest[\version], 2);
	}

	test_an_overtaken_answer_is_not_taken {
		var drummer;
		this.meet;
		drummer = GrooveLive.drummer(\d1);
		door.delay = 0.4;
		drummer.want(0);
		0.1.wait;
		door.delay = 0;
		door.version = 2;
		drummer.want(0);
		0.6.wait;
		this.assertEquals(door.asked(\pattern).size, 2);
		this.assertEquals(drummer.loop(0)[\version], 2, "each says what it was like when it was answered");
	}

	test_six_hundred_hits_arrive_whole {
		var drummer;
		this.meet;
		door.hits = 600.collect { |k| [k % 32, k % 9, (k % 100) / 100, 0.0, 1.0] };
		drummer = GrooveLive.drummer(\d1);
		drummer.want(0);
		this.until({ drummer.latest.notNil });
		this.assertEquals(drummer.latest[\hits].size, 600);
		this.assertArrayFloatEquals(drummer.latest[\hits].flat, door.hits.flat, "", 1e-6);
	}

	test_nonsense_is_not_taken {
		var drummer;
		this.meet;
		drummer = GrooveLive.drummer(\d1);
		drummer.want(0);
		this.until({ drummer.latest.notNil });
		door.mode = \garbage;
		door.version = 3;
		drummer.want(0);
		0.3.wait;
		this.assertEquals(drummer.latest[\version], 1);
		this.assertEquals(this.saidTimes("could not be read"), 1);
		door.mode = \good;
		drummer.want(0);
		this.until({ drummer.latest[\version] == 3 });
		this.assertEquals(drummer.latest[\version], 3);
	}
}
