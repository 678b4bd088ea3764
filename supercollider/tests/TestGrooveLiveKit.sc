TestGrooveLiveKit : GrooveLiveTest {
	// What an event sends, as messages.
	sent { |event|
		var server = GrooveLiveRecordingServer.new;
		GrooveLiveKit.load;
		event.copy.putAll((type: \groovelive, server: server)).play;
		^server.bundles
	}

	test_kits_are_found {
		this.assert(GrooveLiveKit.names.includes(\acoustic));
		this.assert(GrooveLiveKit.names.includes(\master).not);
		GrooveLiveKit.load;
		GrooveLiveKit.names.do { |kit|
			GrooveLive.voices.do { |voice|
				this.assert(SynthDescLib.global[GrooveLiveKit.instrument(kit, voice)].notNil, "% has a %".format(kit, voice))
			}
		}
	}

	test_a_stroke {
		var message = this.sent((voice: \ride, velocity: 0.5, amp: 0.5, instrument: \gl_acoustic_ride)).flatten(1)
			.detect { |one| one[0] == 9 or: { one[0] == \s_new } };
		var arguments = message.drop(5).clump(2).collect { |pair| pair[0] -> pair[1] }.as(Array);
		var of = { |name| arguments.detect { |pair| pair.key == name } !? _.value };
		this.assertEquals(message[1], \gl_acoustic_ride);
		this.assertFloatEquals(of.(\velocity), 0.5);
		this.assertFloatEquals(of.(\amp), 1, "its loudness is in its velocity");
		this.assertFloatEquals(of.(\pan), 0.35, "its own place");
	}

	test_a_gain_and_a_place {
		var message = this.sent((voice: \snare, velocity: 0.8, amp: 0.4, pan: -0.5, instrument: \gl_acoustic_snare)).flatten(1)
			.detect { |one| one[0] == 9 or: { one[0] == \s_new } };
		var index = message.indexOf(\amp);
		this.assertFloatEquals(message[index + 1], 0.5);
		this.assertFloatEquals(message[message.indexOf(\pan) + 1], -0.5);
	}

	test_a_closed_hat_closes_the_open_one {
		var messages = this.sent((voice: \closed_hat, velocity: 0.8, amp: 0.8, instrument: \gl_acoustic_closed_hat)).flatten(1);
		this.assert(messages.any { |one| one.includes(\t_choke) }, "%".format(messages));
		messages = this.sent((voice: \kick, velocity: 0.8, amp: 0.8, instrument: \gl_acoustic_kick)).flatten(1);
		this.assert(messages.any { |one| one.includes(\t_choke) }.not);
	}

	test_other_instruments_are_ordinary_notes {
		var messages = this.sent((voice: \kick, velocity: 0.8, amp: 0.3, instrument: \default)).flatten(1);
		var message = messages.detect { |one| one[0] == 9 or: { one[0] == \s_new } };
		this.assertFloatEquals(message[message.indexOf(\amp) + 1], 0.3);
	}
}

/*
GrooveLiveRecordingServer keeps what it is sent.
*/
GrooveLiveRecordingServer : Server {
	var <bundles;

	*new { ^super.new("groovelive_recording_%".format(UniqueID.next), NetAddr("127.0.0.1", 57178)).prInit }
	prInit { bundles = List.new }

	sendBundle { |time ... messages| bundles.add(messages) }
	listSendBundle { |time, messages| bundles.add(messages) }
	sendMsg { |... message| bundles.add([message]) }
}
