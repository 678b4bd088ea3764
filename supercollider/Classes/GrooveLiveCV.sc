/*
GrooveLiveCV ties drums to a modular synthesiser by a DC-coupled interface: events with a voice become gates, triggers
and velocities on its outputs (the event type \groovelive_cv), and gates at its inputs become hits that a drummer
follows. What an output is at each sample is decided on the server: see SynthDefs/cv.scd.

	GrooveLiveCV.play(\d1);
	GrooveLiveCV.play(Pdef(\drums), [(voices: \kick, trigger: 0), (voices: #[\snare, \toms], gate: 1, velocity: 2)]);
	GrooveLiveCV.listen(\d1, gate: 0, cv: 1);
*/
GrooveLiveCV {
	classvar <gap = 0.001;  // seconds that a stroke is sent before its time: what is high then falls, to rise on time
	classvar <groups, <>lanes, banks, listeners;
	var server, group, held;

	*initClass {
		groups = (kick: #[\kick], snare: #[\snare], hats: #[\closed_hat, \open_hat], toms: #[\low_tom, \mid_tom, \high_tom],
			cymbals: #[\crash, \ride]);
		lanes = this.defaultLanes;
		banks = IdentityDictionary.new;
		listeners = IdentityDictionary.new;
		StartUp.add {
			Event.addEventType(\groovelive_cv, { |server| this.prPlayEvent(server) });
			ServerTree.add(this);
		}
	}

	// Seven voices in four lanes. Of a lane: voices (names, or groups: \hats, \toms, \cymbals), the outputs gate, trigger
	// and velocity (from 0; each may be missing), length and pulse (seconds that a gate and a trigger are high), level
	// (0..1, of gates and triggers), low and high (0..1, the voltages of the velocities 0 and 1).
	*defaultLanes {
		^[
			(voices: \kick, gate: 0, velocity: 4), (voices: \snare, gate: 1, velocity: 5),
			(voices: \hats, gate: 2, velocity: 6), (voices: \toms, gate: 3, velocity: 7)
		]
	}

	// Out

	// A drummer, or any pattern of events that have a voice and a velocity, as one that plays into lanes.
	*pattern { |source = \d1, lanes|
		GrooveLiveKit.load;
		if(source.isKindOf(Symbol) or: { source.isString }) { source = Pgroove(source) };
		^Pbindf(source, \type, \groovelive_cv, \lanes, Pfunc { lanes ? this.lanes })
	}

	*play { |source = \d1, lanes, server, clock, quant = 4|
		var pattern = this.pattern(source, lanes);
		if(server.notNil) { pattern = Pbindf(pattern, \server, server) };
		^pattern.play(clock ? GrooveLive.clock, quant: quant)
	}

	// Let all outputs fall to 0 until the next strokes.
	*hush { |server| banks[server ? Server.default] !? { |bank| bank.prHush } }

	// Let go of all outputs.
	*free { |server| banks.removeAt(server ? Server.default) !? { |bank| bank.prFree } }

	// A server has booted, or all its nodes have been freed: what was held is no more.
	*doOnServerTree { |server| banks.removeAt(server) }

	*prPlayEvent { |server|
		var bank, lag = ~lag - gap, bundle, setup, voices = ~voice.asArray, velocities;
		// The event's own: every event inherits a velocity of 64 and an amp of 0.1.
		velocities = [\velocity, \amp].detect { |key| currentEnvironment.keys.includes(key) };
		velocities = (velocities !? { velocities.envirGet.value } ? 0.8).asArray;
		if(voices.isEmpty) { ^GrooveLive.tell("an event of the type groovelive_cv has a voice, as voice: \\kick") };
		GrooveLiveKit.load;
		bank = banks[server] ?? { this.prBank(server) };
		#setup, bundle = bank.prMessages(~lanes.value ? lanes, voices, velocities);
		if(bundle.isEmpty) { ^this };
		if(server.isKindOf(ScoreStreamPlayer)) {
			bundle = setup ++ bundle;
			lag = lag.max(server.beats.neg);  // a score begins at 0
		} {
			// At once: strokes of others may be due before these.
			if(setup.notEmpty) { server.sendBundle(nil, *setup) };
		};
		~schedBundleArray.value(lag, ~timingOffset, server, bundle, ~latency);
	}

	*prBank { |server|
		var bank = super.newCopyArgs(server, nil, IdentityDictionary.new);
		banks.keys.asArray.do { |one| if(Server.all.includes(one).not) { banks.removeAt(one) } };  // scores that are written
		banks[server] = bank;
		^bank
	}

	*voicesOf { |names| ^names.asArray.collect { |name| groups[name.asSymbol] ? name.asSymbol }.flat }

	// [what has to be there, the strokes] for voices with their velocities.
	prMessages { |lanes, voices, velocities|
		var setup = [], strokes = [], used = IdentityDictionary.new;
		if(group.isNil) {
			group = server.nextNodeID;
			setup = setup.add([\g_new, group, 1, 0]);
		};
		lanes.asArray.do { |lane|
			var members = this.class.voicesOf(lane[\voices]), low = lane[\low] ? 0, high = lane[\high] ? 1;
			#[\velocity, \gate, \trigger].do { |kind|
				var out = lane[kind];
				if(out.notNil and: { this.prIsFree(out, used) }) {
					voices.do { |voice, k|
						var rank = members.indexOf(voice.asSymbol), value = velocities.wrapAt(k).clip(0, 1);
						rank !? {
							setup = setup ++ this.prHold(out, kind, lane);
							if(kind == \velocity) { value = value.linlin(0, 1, low, high) };
							strokes = strokes.add(
								[\s_new, \gl_cv_stroke, server.nextNodeID, 0, group, \out, out, \value, value, \rank, rank]
							);
						}
					}
				}
			}
		};
		^[setup, strokes]
	}

	prIsFree { |out, used|
		if(out.isInteger.not or: { out < 0 }) {
			GrooveLive.tell("an output is a whole number from 0, not %".format(out));
			^false
		};
		if(used.includesKey(out)) {
			GrooveLive.tell("output % is used twice: each has one use, and voices can share a lane".format(out));
			^false
		};
		used[out] = true;
		^true
	}

	// What makes the node at the end of an output's bus, or changes it.
	prHold { |out, kind, lane|
		var was = held[out], found = [], arguments = switch(kind,
			\velocity, { [level: 1] },
			\gate, { [level: lane[\level] ? 1, length: lane[\length] ? 0.02] },
			\trigger, { [level: lane[\level] ? 1, length: lane[\pulse] ? 0.005] }
		);
		if(was.notNil and: { was[\kind] != kind }) {
			found = found.add([\n_free, was[\node]]);
			was = nil;
		};
		if(was.isNil) {
			was = (kind: kind, node: server.nextNodeID, arguments: arguments);
			held[out] = was;
			^found.add([\s_new, "gl_cv_" ++ kind, was[\node], 1, group, \out, out] ++ arguments)
		};
		if(was[\arguments] == arguments) { ^found };
		was[\arguments] = arguments;
		^found.add([\n_set, was[\node]] ++ arguments)
	}

	prHush { group !? { server.sendMsg(\n_set, group, \t_hush, 1) } }
	// After the strokes that are on their way: they would miss their group.
	prFree { group !? { server.sendBundle(server.latency, [\n_free, group]) } }

	// In

	// Let a drummer follow the gates or triggers at an input. cv: the input of a voltage that is the velocity, * scale +
	// offset; without one all hits have `velocity`. One gate input has one drummer; a drummer may hear several inputs.
	*listen { |drummer = \d1, gate = 0, cv, server, scale = 1, offset = 0, threshold = 0.1, velocity = 0.8, settle = 0.001|
		var key;
		server = server ? Server.default;
		if([gate, cv ? 0].any { |input| input.isInteger.not or: { input < 0 } }) {
			GrooveLive.tell("an input is a whole number from 0, not %".format([gate, cv]), false);
			^nil
		};
		if(server.serverRunning.not) {
			GrooveLive.tell("the server % is not running: boot it, then listen to its inputs".format(server.name), false);
			^nil
		};
		key = "% %".format(server.name, gate).asSymbol;
		listeners[key] !? { |before| before.stop };
		listeners[key] = GrooveLiveCVIn(GrooveLive.drummer(drummer), server, [
			in: gate, cv: cv ? -1, threshold: threshold, scale: scale, offset: offset, velocity: velocity, settle: settle
		]);
		^listeners[key]
	}

	// Listen to no input any more, or not for one drummer.
	*unlisten { |drummer|
		listeners.keys.asArray.do { |key|
			if(drummer.isNil or: { listeners[key].drummer === GrooveLive.drummer(drummer) }) { listeners.removeAt(key).stop }
		}
	}
}

/*
GrooveLiveCVIn hears the edges at one input for one drummer, until it is stopped, by Cmd-. too.
*/
GrooveLiveCVIn {
	classvar cycle = 64;  // seconds after which the clock of the SynthDef begins again
	var <drummer, <server, <synth, responder, offsets;

	*new { |drummer, server, arguments| ^super.newCopyArgs(drummer, server).prStart(arguments) }

	prStart { |arguments|
		GrooveLiveKit.load;
		offsets = List.new;
		synth = Synth.basicNew(\gl_cv_in, server);
		responder = OSCFunc({ |message, time| this.prHear(message[3], message[4], time) }, '/gl_cv_in',
			argTemplate: [synth.nodeID]).permanent_(true);
		// The definition may have been added this moment.
		SynthDescLib.global[\gl_cv_in].def.doSend(server, synth.addToTailMsg(RootNode(server), arguments));
		CmdPeriod.add(this);
	}

	stop {
		if(responder.isNil) { ^this };
		CmdPeriod.remove(this);
		responder.free;
		responder = nil;
		synth.free;
	}

	cmdPeriod { this.stop }

	set { |... arguments| synth.set(*arguments) }

	prHear { |velocity, seconds, arrived|
		var when = this.prWhen(seconds, arrived);
		// As if it were that moment: whoever looks at a clock sees when the edge was.
		Routine {
			thisThread.clock = SystemClock;
			thisThread.beats = when;
			drummer.hit(velocity);
		}.next
	}

	// When an edge was, by this interpreter's clock. A message can be late, but none is early: of the last ones that which
	// came soonest says how far the clocks are apart.
	prWhen { |seconds, arrived|
		var offset = (arrived - seconds).wrap(0, cycle), apart;
		if(offsets.notEmpty) { offset = offset + (offsets.last - offset).round(cycle) };
		// Not so after a reboot, or when the audio was held up.
		if(offsets.notEmpty and: { (offset - offsets.minItem).abs > 0.1 }) { offsets.clear };
		offsets.add(offset);
		if(offsets.size > 16) { offsets.removeAt(0) };
		apart = offset - offsets.minItem;
		^arrived - apart
	}
}
