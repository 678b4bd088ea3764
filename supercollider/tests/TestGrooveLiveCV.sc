TestGrooveLiveCV : GrooveLiveTest {
	// What comes out of a server that plays this: an array of samples for each output, at 48 kHz.
	render { |pattern, seconds = 2, outputs = 8|
		var score = pattern.asScore(seconds, 0.1).score, path, file, samples, isDone = false;
		var options = ServerOptions.new.numOutputBusChannels_(outputs).numInputBusChannels_(0).verbosity_(-1);
		GrooveLiveKit.load;
		#[gl_cv_stroke, gl_cv_gate, gl_cv_trigger, gl_cv_velocity].do { |name|
			score = [[0.0, [\d_recv, SynthDescLib.global[name].def.asBytes]]] ++ score
		};
		path = PathName.tmp +/+ "groovelive_cv_%".format(UniqueID.next);
		Score(score).recordNRT(
			path ++ ".osc", path ++ ".wav", sampleRate: 48000, headerFormat: "WAV", sampleFormat: "float",
			options: options, action: { isDone = true }
		);
		this.until({ isDone }, 20);
		file = SoundFile.openRead(path ++ ".wav");
		samples = FloatArray.newClear(file.numFrames * outputs);
		file.readData(samples);
		file.close;
		[".osc", ".wav"].do { |ending| File.delete(path ++ ending) };
		^samples.as(Array).clump(outputs).flop
	}

	// Where an output rises from 0, and for how many samples it is up.
	highs { |samples|
		var found = List.new, start;
		samples.do { |sample, k|
			if(sample > 0 and: { start.isNil }) { start = k };
			if(sample <= 0 and: { start.notNil }) { found.add([start, k - start]); start = nil };
		};
		^found.asArray
	}

	// Where it changes, and to what, in hundredths.
	steps { |samples|
		var found = List.new, before = 0;
		samples.do { |sample, k| if(sample != before) { found.add([k, (sample * 100).round.asInteger]); before = sample } };
		^found.asArray
	}

	strokes { |voices, velocities = 0.5, dur = 0.25|
		^Pbind(\voice, Pseq(voices), \velocity, if(velocities.isArray) { Pseq(velocities) } { velocities }, \dur, dur)
	}

	// Out

	test_gates_and_velocities {
		var audio = this.render(GrooveLiveCV.pattern(
			this.strokes([\kick, \snare, Rest(), \closed_hat, \open_hat, \high_tom, \ride], (1 .. 7) / 10)
		));
		// A score begins at 0.1 s here; each voice of a lane has a sample of its own.
		this.assertEquals(this.highs(audio[0]), [[4800, 960]]);
		this.assertEquals(this.highs(audio[1]), [[16800, 960]]);
		this.assertEquals(this.highs(audio[2]), [[40800, 960], [52801, 960]]);
		this.assertEquals(this.highs(audio[3]), [[64802, 960]]);
		this.assertEquals(audio.copyRange(0, 3).flat.maxItem, 1.0);
		this.assertEquals(this.steps(audio[4]), [[4800, 10]]);
		this.assertEquals(this.steps(audio[5]), [[16800, 20]]);
		this.assertEquals(this.steps(audio[6]), [[40800, 40], [52801, 50]]);
		this.assertEquals(this.steps(audio[7]), [[64802, 60]]);
	}

	test_lanes_are_data {
		var audio = this.render(GrooveLiveCV.pattern(this.strokes([\crash, \kick, \kick], [1, 0, 0.5]), [
			(voices: \cymbals, trigger: 1, pulse: 0.002, level: 0.5),
			(voices: #[\kick, \snare], gate: 0, length: 0.1, velocity: 2, low: 0.2, high: 0.6)
		]), 1.5, 3);
		this.assertEquals(this.highs(audio[1]), [[4800, 96]]);
		this.assertEquals(audio[1].maxItem, 0.5);
		this.assertEquals(this.highs(audio[0]), [[16800, 4800], [28800, 4800]]);
		this.assertEquals(this.steps(audio[2]), [[16800, 20], [28800, 40]]);
	}

	test_a_gate_longer_than_the_time_between {
		var audio = this.render(
			GrooveLiveCV.pattern(this.strokes(\kick ! 4, 0.5, 0.05), [(voices: \kick, gate: 0, length: 0.2)]), 1, 1
		);
		this.assertEquals(this.highs(audio[0]), [[4800, 2352], [7200, 2352], [9600, 2352], [12000, 9600]]);
		this.assertEquals(audio[0].maxItem, 1.0);
	}

	test_a_drummer_plays {
		var audio;
		this.meet;
		door.hits = [[0, 0, 1.0, 0.0, 1.0], [4, 1, 0.8, 0.25, 1.0], [6, 2, 0.4, 0.0, 1.0], [6, 3, 0.6, 0.0, 1.0]];
		GrooveLive.drummer(\d1).want(0);
		this.until({ GrooveLive.drummer(\d1).latest.notNil });
		audio = this.render(GrooveLiveCV.pattern(\d1), 2.5);
		this.assertEquals(this.highs(audio[0]), [[4800, 960]]);
		this.assertEquals(this.highs(audio[1]), [[55800, 960]], "a quarter of a 16th after its beat");
		this.assertEquals(this.highs(audio[2]), [[76800, 960]]);
		this.assertEquals(audio[6].maxItem.round(0.01), 0.6, "the louder of the hats");
		this.assert(audio[3].every(_ == 0));
	}

	test_what_an_event_has {
		var server = GrooveLiveRecordingServer.new, strokes;
		(type: \groovelive_cv, voice: \snare, server: server).play;
		(type: \groovelive_cv, voice: \snare, amp: 0.25, server: server).play;
		(type: \groovelive_cv, voice: \ride, server: server).play;
		this.until({ server.bundles.flatten(1).count { |message| message[1] == \gl_cv_stroke } == 4 });
		strokes = server.bundles.asArray.flatten(1).select { |message| message[1] == \gl_cv_stroke };
		this.assertEquals(strokes.collect { |message| message[6] }, [5, 1, 5, 1]);
		this.assertEquals(strokes.collect { |message| message[8] }, [0.8, 0.8, 0.25, 0.25]);
		(type: \groovelive_cv, server: server).play;
		this.assertEquals(this.saidTimes("has a voice, as voice: \\kick"), 1);
	}

	test_what_is_held_is_changed_and_not_doubled {
		var server = GrooveLiveRecordingServer.new, sent, play = { |lane|
			server.bundles.clear;
			(type: \groovelive_cv, voice: \kick, lanes: [lane.putAll((voices: \kick))], server: server).play;
			this.until({ server.bundles.flatten(1).any { |message| message[1] == \gl_cv_stroke } });
			server.bundles.asArray.flatten(1).collect { |message| message.copyRange(0, 1) }
		};
		sent = play.((gate: 3));
		this.assertEquals(sent.collect(_.first), [\g_new, \s_new, \s_new]);
		this.assertEquals(play.((gate: 3)).collect(_.last).asArray, [\gl_cv_stroke]);
		this.assertEquals(play.((gate: 3, length: 0.5)).collect(_.first), [\n_set, \s_new]);
		sent = play.((trigger: 3));
		this.assertEquals(sent.collect(_.first), [\n_free, \s_new, \s_new]);
		this.assertEquals(sent[1].last.asSymbol, \gl_cv_trigger);
		GrooveLiveCV.doOnServerTree(server);
		this.assertEquals(play.((gate: 3)).collect(_.first), [\g_new, \s_new, \s_new], "after Cmd-. all of it again");
		server.bundles.clear;
		GrooveLiveCV.hush(server);
		GrooveLiveCV.free(server);
		GrooveLiveCV.free(server);
		this.assertEquals(server.bundles.asArray.flatten(1).collect(_.first), [\n_set, \n_free]);
	}

	test_an_output_has_one_use {
		var audio = this.render(GrooveLiveCV.pattern(
			this.strokes([\kick, \snare]),
			[(voices: \kick, gate: 0, velocity: 0), (voices: \snare, gate: 0), (voices: \snare, trigger: "x")]
		), 0.5, 1);
		this.assertEquals(this.saidTimes("output 0 is used twice: each has one use"), 1);
		this.assertEquals(this.saidTimes("an output is a whole number from 0, not x"), 1);
		this.assertEquals(this.steps(audio[0]), [[4800, 50]]);
	}

	// In

	test_inputs_and_servers_that_are_not_there {
		var server = GrooveLiveRecordingServer.new;
		GrooveLiveCV.listen(\d1, gate: -1, server: server);
		GrooveLiveCV.listen(\d1, gate: 0, cv: 0.5, server: server);
		this.assertEquals(this.saidTimes("an input is a whole number from 0"), 2);
		GrooveLiveCV.listen(\d1, gate: 0, server: server);
		this.assertEquals(this.saidTimes("is not running: boot it, then listen"), 1);
		this.assertEquals(server.bundles.size, 0);
	}

	test_what_is_sent_to_listen {
		var server = GrooveLiveRecordingServer.new, listener, sent;
		listener = GrooveLiveCVIn(GrooveLive.drummer(\d1), server, [in: 2, cv: 3]);
		sent = server.bundles.asArray.flatten(1);
		this.assertEquals(sent.first[0].asString.select(_.isAlpha), "drecv");
		this.assertEquals(listener.synth.defName, \gl_cv_in);
		listener.stop;
		listener.stop;
		this.assertEquals(server.bundles.asArray.flatten(1).size, 2, "it is freed once");
	}

	test_edges_are_hits_where_they_were {
		var server = GrooveLiveRecordingServer.new, listener, start, last;
		this.meet;
		GrooveLive.follow(clock);
		listener = GrooveLiveCVIn(GrooveLive.drummer(\d1), server, [in: 0, cv: 1]);
		start = 63.8;  // the server's clock begins again in between
		// A 16th is 31.25 ms; messages come up to 15 ms late.
		[0, 0.007, 0.015, 0.002, 0.011, 0, 0.013, 0.004].do { |late, k|
			SystemClock.sched(k * 0.0625 + late + 0.05, {
				NetAddr("127.0.0.1", NetAddr.langPort).sendMsg(
					'/gl_cv_in', listener.synth.nodeID, -1, k + 1 / 10, (k * 0.0625 + start).wrap(0, 64)
				);
				nil
			})
		};
		NetAddr("127.0.0.1", NetAddr.langPort).sendMsg('/gl_cv_in', listener.synth.nodeID + 1, -1, 1.0, 0);
		0.8.wait;
		listener.stop;
		NetAddr("127.0.0.1", NetAddr.langPort).sendMsg('/gl_cv_in', listener.synth.nodeID, -1, 1.0, 0);
		0.1.wait;
		last = door.asked(\listen).last.drop(2).clump(3);
		this.assertEquals(last.size, 8, "those of others are not heard, nor any after the end");
		// By velocity, since the two bars may begin in between: all of them 2 steps apart.
		last = last.sort { |a, b| a[1] < b[1] }.collect { |hit| hit[0] + hit[2] };
		this.assertArrayFloatEquals(last.differentiate.drop(1).wrap(0, 32), 2 ! 7, "", 0.05);
	}
}
