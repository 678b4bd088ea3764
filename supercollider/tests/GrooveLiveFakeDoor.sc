/*
GrooveLiveFakeDoor answers as the conductor's OSC door does, or as it must not: late, never, with nonsense, for another
request. It is in this interpreter, at a UDP port of its own, so that a test can change its ways in a moment.
*/
GrooveLiveFakeDoor {
	var <port, <>mode = \good, <>delay = 0, <>hits, <>version = 1, <>perPart = 100, <>speaks = 1, <>bpm = 120;
	var <>sourceless = false;
	var <requests, responders;

	*new { |port| ^super.newCopyArgs(port).prStart }

	prStart {
		port = port ? (NetAddr.langPort + 1);
		while { thisProcess.openUDPPort(port).not } { port = port + 1 };
		requests = List.new;
		hits = this.class.sixteenths;
		responders = #[hello, set, source, walk, listen, pattern, get, undo, redo, hush, panic, scene, bpm, play, stop,
			subscribe, genres, presets, drummers, lead, clock
		].collect { |command|
			OSCFunc({ |message, time, address| this.prAsked(command, message, address) }, "/gl/" ++ command, recvPort: port)
				.permanent_(true)
		};
	}

	close { responders.do(_.free) }

	// Every 16th of two bars a closed hat, as step, voice, velocity, offset, probability.
	*sixteenths { ^32.collect { |step| [step, 2, 0.5, 0.0, 1.0] } }

	// The arguments, after the id, of all requests of a kind.
	asked { |command| ^requests.select { |one| one[0] == command }.collect { |one| one[1].drop(1) } }

	// News, as after a subscription.
	bar { |beat, tempo = 120, ago = 0| NetAddr("127.0.0.1", NetAddr.langPort).sendMsg('/gl/bar', beat.asFloat, tempo.asFloat, ago.asFloat) }
	news { |path ... arguments| NetAddr("127.0.0.1", NetAddr.langPort).sendMsg(path, *arguments) }

	prAsked { |command, message, address|
		requests.add([command, message.drop(1)]);
		if(delay > 0) { SystemClock.sched(delay, { this.prAnswer(command, message, address); nil }) } {
			this.prAnswer(command, message, address)
		}
	}

	prAnswer { |command, message, address|
		var id = message[1];
		switch(mode,
			\silent, { ^this },
			\other, { id = id + 777 },
			\fresh, { if(command == \pattern and: { requests.any { |one| one[0] == \source }.not }) {
				^address.sendMsg('/gl/error', id, "there is no drummer 'd1'; there are none", "drummer")
			} },
			\refusing, { if(command != \hello) { ^address.sendMsg('/gl/error', id, "no drummer d77; drummers are d1 to d9", "drummer") } },
			\garbage, {
				if(command == \pattern) {
					[
						[1.5, \x, nil], [0, 1, 1, 120.0, 32, 1, 99, 2, 0.5, 0.0, 1.0], [0, 1, 1, 120.0, 32, 1, 3, 9, 0.5, 0.0, 1.0],
						[0, 1, 1, 120.0, 32, 1, 3, 2, 7.5, 0.0, 1.0], [0, 1, 1, 120.0, 32, 1, 3, 2, 0.5, (0/0), 1.0],
						[0, 1, 1, 120.0, 32, 1, 3, 2], [5, 2, 1, 120.0, 32, 1], [0, 1, 1, 120.0, -3, 1], []
					].do { |nonsense| address.sendMsg('/gl/pattern', id, *nonsense) };
					^address.sendRaw("this is not OSC,,,,")
				}
			}
		);
		switch(command,
			\hello, { address.sendMsg('/gl/hello', id, speaks, "groovelive 0.0.0", bpm.asFloat, 0.0, 1) },
			\pattern, { this.prPattern(id, message, address) },
			\get, {
				if(message[3] == \source and: { sourceless }) { this.prNil(id, address) } {
					address.sendMsg('/gl/value', id, 0.5)
				}
			},
			\genres, { address.sendMsg('/gl/names', id, "funk", "jazz") },
			\presets, { address.sendMsg('/gl/names', id, "late night") },
			\drummers, { address.sendMsg('/gl/names', id, "d1", "d2") },
			{ address.sendMsg('/gl/done', id, 4.0) }
		)
	}

	// A value that is none; sclang itself sends no Nil.
	prNil { |id, address|
		address.sendRaw("/gl/value".ascii.as(Int8Array) ++ Int8Array[0, 0, 0, 44, 105, 78, 0]
			++ [24, 16, 8, 0].collect { |bits| (id >> bits) & 255 }.as(Int8Array))
	}

	prPattern { |id, message, address|
		var bar = message[3].max(1), parts = hits.clump(perPart);
		if(parts.isEmpty) { parts = [[]] };
		parts.do { |part, number|
			address.sendMsg('/gl/pattern', id, number, parts.size, bar, bpm.asFloat, 32, version, *part.collect { |hit|
				[hit[0].asInteger, hit[1].asInteger] ++ hit.drop(2).collect(_.asFloat)
			}.flat)
		}
	}
}

/*
GrooveLiveTest is a test with a fake door, which the client is connected to; and what the client has told is collected.
*/
GrooveLiveTest : UnitTest {
	classvar last;
	var door, told, listener, clock;

	setUp {
		last = (last ? NetAddr.langPort) + 1;  // what was on its way to the door before this is nobody's
		door = GrooveLiveFakeDoor(last);
		last = door.port;
		told = List.new;
		listener = SimpleController(GrooveLive).put(\told, { |who, what, sentence| told.add(sentence) });
		GrooveLive.unsync;
		[\d1, \d2].do { |name| GrooveLive.drummer(name).listen(nil).forget };
		clock = TempoClock(8).permanent_(true);
	}

	tearDown {
		GrooveLive.patience = 2.0;
		clock.stop;
		GrooveLive.unsync;
		GrooveLive.disconnect;
		listener.remove;
		door.close;
	}

	// What a door in this interpreter sends comes from this interpreter's own port.
	connect { |port|
		GrooveLive.connect("127.0.0.1", port);
		GrooveLive.prSource_(NetAddr("127.0.0.1", NetAddr.langPort));
	}

	meet {
		this.connect(door.port);
		this.until({ GrooveLive.state == \there });
		this.until({ door.asked(\subscribe).size > 0 });
	}

	// Wait for something; what comes of it is for an assertion to say.
	until { |condition, seconds = 3|
		var end = Main.elapsedTime + seconds;
		while { condition.value.not and: { Main.elapsedTime < end } } { 0.01.wait };
		^condition.value
	}

	// How often something like this has been told.
	saidTimes { |part| ^told.count { |sentence| sentence.contains(part) } }

	// Play a pattern for some beats on the clock; its events and when each was due, as [beat, event]. Rests are left out.
	playFor { |pattern, beats|
		var played = List.new, start, player;
		player = pattern.collect { |event|
			start = start ? thisThread.beats;
			if(event.isRest.not and: { thisThread.beats < (start + beats - 1e-6) }) { played.add([thisThread.beats, event]) };
			event.copy.putAll((type: \rest))
		}.play(clock, quant: 1);
		(beats + 1 / clock.tempo + 0.05).wait;
		player.stop;
		^played.asArray
	}
}
