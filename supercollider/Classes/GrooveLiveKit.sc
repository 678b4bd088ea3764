/*
GrooveLiveKit knows the drum kits that come along: where their SynthDefs are, which instrument plays a voice, and how an
event strikes it (the event type \groovelive: a note whose kit has its place in the stereo field, whose loudness comes
from its velocity, and whose closed hat closes the open one).
*/
GrooveLiveKit {
	classvar isLoaded = false;

	*folder { ^this.filenameSymbol.asString.dirname.dirname +/+ "SynthDefs" }

	*names {
		^(this.folder +/+ "*.scd").pathMatch.collect { |path| PathName(path).fileNameWithoutExtension.asSymbol }
			.reject { |name| #[\master, \cv].includes(name) }
	}

	*instrument { |kit, voice| ^"gl_%_%".format(kit, voice).asSymbol }

	// Add every SynthDef of the Quark to the library, once; running servers are sent them, others get them as they boot.
	*load {
		if(isLoaded) { ^this };
		isLoaded = true;
		(this.folder +/+ "*.scd").pathMatch.do { |path| thisProcess.interpreter.compileFile(path).value };
	}

	// Put the master (limiter, room) at the end of a server: reads and writes the bus `out`. Frees as any Synth.
	*master { |server, in, out = 0, room = 0.15|
		this.load;
		server = server ? Server.default;
		^Synth.after(server.defaultGroup, \gl_master, [in: in ? 16, out: out, room: room])
	}

	*addEventType {
		Event.addEventType(\groovelive, { |server|
			var instrument = ~instrument, desc;
			if(~voice.notNil and: { ~velocity.isNumber } and: { instrument.asString.beginsWith("gl_") }) {
				if(~voice == \closed_hat) {
					~schedBundleArray.value(
						~lag, ~timingOffset, server, [[\n_set, ~group.value.asControlInput, \t_choke, 1]], ~latency
					);
				};
				// The kit hears loudness in the velocity; what was made of \amp since is its gain.
				~amp = (~amp.value / ~velocity.max(0.01)).clip(0, 8);
				// The middle, which every event has as its default, would move every drum there.
				if(currentEnvironment.keys.includes(\pan).not) {
					desc = SynthDescLib.global[instrument];
					desc !? { desc.controlDict[\pan] !? { |control| ~pan = control.defaultValue } };
				};
			};
			~eventTypes[\note].value(server)
		})
	}
}
