/*
GrooveLive is the way from sclang to groovelive's conductor, through its OSC door: it sends requests, takes the answers
in as they come, and asks again at the door when the conductor has gone. Nothing here waits for an answer, so that no
clock is ever held up; what does not come is told once, in one line, and patterns play on with what they have.
*/
GrooveLive {
	classvar <protocol = 1;
	classvar <host = "127.0.0.1", <port = 57140, <state = \off;  // \off, \asking, \there, \away, \other
	classvar <by = "supercollider";  // who makes the edits, as others who play in the session read it
	classvar <>patience = 2.0;  // seconds until an answer counts as late
	classvar <life = 0;  // goes up whenever a conductor is met
	classvar <bpm = 120.0, <isPlaying = false;
	classvar <tempo;
	classvar address, source, drummers, waiting, told, ids = 0, responders, keeper, ticks = 0;
	classvar beat = 0.0, beatTime;

	*initClass {
		drummers = IdentityDictionary.new;
		waiting = IdentityDictionary.new;
		told = IdentitySet.new;
		tempo = GrooveLiveTempo.new;
		StartUp.add { GrooveLiveKit.addEventType };
	}

	*voices { ^#[\kick, \snare, \closed_hat, \open_hat, \low_tom, \mid_tom, \high_tom, \crash, \ride] }
	*midinotes { ^#[36, 38, 42, 46, 43, 47, 50, 49, 51] }

	// The connection

	*connect { |toHost = "127.0.0.1", toPort = 57140, as|
		this.disconnect;
		as !? { by = as.asString };
		host = toHost.asString;
		port = toPort;
		if(port.isInteger.not or: { port.inclusivelyBetween(1, 65535).not }) {
			this.tell("a port is a whole number from 1 to 65535, not %".format(port), false);
			^this
		};
		try { address = source = NetAddr(host, port) } {
			this.tell("there is no host % that this machine can find".format(host.quote), false);
			^this
		};
		// Answers to a request of an earlier life of this interpreter, at the same port, must not be taken for ours.
		ids = 2 ** 24 * 60.rand + 1000000.rand;
		ids = ids.asInteger;
		state = \asking;
		responders = #['/gl/hello', '/gl/done', '/gl/error', '/gl/value', '/gl/names', '/gl/pattern', '/gl/bar',
			'/gl/changed', '/gl/told'
		].collect { |path|
			OSCFunc({ |message, time, from|
				if(from == source) { this.prReceive(message, time) }
			}, path, recvPort: NetAddr.langPort).permanent_(true)
		};
		ticks = 0;
		keeper = SkipJack({ this.prKeep }, 0.5, name: "GrooveLive", clock: SystemClock);
		this.prHello;
	}

	*disconnect {
		if(state == \there) { this.prSend("subscribe", 0, [0]) };
		responders.do(_.free);
		keeper !? { keeper.stop };
		responders = keeper = address = source = nil;
		waiting.clear;
		told.clear;
		state = \off;
	}

	// Ask for something. `done` gets the answer, `failed` a sentence; both are called later, from the network's thread.
	// `once`: a sentence is told once; one that begins with `expected` is only for `failed`.
	*request { |command, arguments, done, failed, once = false, expected|
		var id;
		if(state == \off) { this.connect(host, port) };
		if(address.isNil) { failed.value("there is nobody to ask"); ^nil };
		id = ids = ids + 1;
		waiting[id] = (
			command: command, done: done, failed: failed, once: once, expected: expected, asked: Main.elapsedTime, isLate: false
		);
		this.prSend(command, id, arguments);
		^id
	}

	// One line for the performer. `once`: not again before the conductor has been met anew.
	*tell { |sentence, once = true|
		var key = sentence.asSymbol;
		if(once and: { told.includes(key) }) { ^this };
		told.add(key);
		("GrooveLive: " ++ sentence).postln;
		this.changed(\told, sentence);
	}

	// Whose answers and news count, where that is not who is asked.
	*prSource_ { |from| source = from }

	*prHello { this.request("hello", [protocol, by], { |version| this.prMet(version) }) }

	*prMet { |version|
		if(version != protocol) {
			state = \other;
			this.tell(
				"% speaks version % of the OSC door and this Quark version %: install the Quark of the same groovelive "
				"(groovelive supercollider install)".format(this.prPlace, version, protocol)
			);
			^this
		};
		if(state != \there) {
			state = \there;
			life = life + 1;
			told.clear;
			waiting.do { |request| this.prLate(request) };  // asked before: no sign that it is away again
			this.tell("connected to %, % bpm".format(this.prPlace, bpm.round(0.01)));
			this.request("subscribe", [1]);
			drummers.do(_.prRefresh);
			tempo.prMet;
			this.changed(\there);
		}
	}

	*prLost {
		if(state == \there or: { state == \asking }) {
			this.tell("no answer from %: is `groovelive serve` running? Patterns play on; asking again every second"
				.format(this.prPlace));
			state = \away;
			this.changed(\away);
		}
	}

	*prPlace { ^"%:%".format(host, port) }

	// Twice a second: what is late, what is forgotten, who is there.
	*prKeep {
		try {
			var now = Main.elapsedTime;
			ticks = ticks + 1;
			waiting.keys.asArray.do { |id|
				var request = waiting[id], age = now - request[\asked];
				if(age > patience and: { request[\isLate].not }) {
					this.prLost;
					this.prLate(request);
				};
				if(age > 30) { waiting.removeAt(id) };
			};
			if(state == \there) {
				if(ticks % 20 == 0) { this.request("subscribe", [1]) };
			} {
				if(ticks % 2 == 0) { this.prHello };
			};
		} { |error| this.tell("keeping the connection: " ++ error.errorString) }
	}

	*prLate { |request|
		if(request[\isLate]) { ^this };
		request[\isLate] = true;
		this.changed(\late, request[\command]);
		request[\failed].value("no answer");
	}

	*prSend { |command, id, arguments|
		try { address.sendMsg("/gl/" ++ command, id, *(arguments ? #[])) } { |error|
			waiting.removeAt(id);
			this.tell("a % could not be sent to %: it is too large, or the host can't be reached"
				.format(command, this.prPlace));
		}
	}

	// What comes in

	*prReceive { |message, time|
		// A timetag of "immediately" arrives as a time in another century.
		var now = Main.elapsedTime;
		if((time - now).abs > 1) { time = now };
		try {
			switch(message[0],
				'/gl/bar', { this.prBar(message, time) },
				'/gl/changed', {
					drummers[message[1]] !? { |drummer| if(state == \there) { drummer.prRefresh } }
				},
				'/gl/told', { this.tell(message[1].asString, false) },
				{ this.prAnswer(message, time) }
			)
		} { |error|
			this.tell("an answer from % could not be read (%); nothing has changed".format(this.prPlace, message[0]))
		}
	}

	*prAnswer { |message, time|
		var id = message[1], request = waiting[id], command = message[0].asString.drop(4), answer;
		if(command == "error") {
			if(id == 0) { this.tell(message[2].asString) };
			if(request.isNil) { ^this };
			waiting.removeAt(id);
			this.prHeard;
			if(request[\expected].isNil or: { message[2].asString.beginsWith(request[\expected]).not }) {
				this.tell(message[2].asString, request[\once]);
			};
			^request[\failed].value(message[2].asString)
		};
		if(request.isNil) { ^this };
		switch(command,
			"pattern", {
				if(request[\command] != "pattern") { ^this };
				answer = this.prPart(request, message);
				if(answer.isNil) { ^this };  // more parts are to come
			},
			"hello", {
				if(request[\command] != "hello") { ^this };
				bpm = message[4];
				beat = message[5];
				isPlaying = (message[6] == 1) or: { message[6] == true };
				beatTime = time;
				answer = message[2];
			},
			"done", { answer = message[2] },
			"value", { answer = message[2] },
			"names", { answer = message.drop(2) }
		);
		waiting.removeAt(id);
		// One that answers late is not there yet; what it has answered counts.
		if(command == "hello") {
			if(request[\isLate].not) { request[\done].value(answer, id) }
		} {
			if(request[\isLate].not) { this.prHeard };
			request[\done].value(answer, id);
		};
	}

	// An answer came: whoever was away is met again with the next hello.
	*prHeard { if(state == \away) { this.prHello } }

	// Put together the parts of a pattern; nil until all are there. A wrong number anywhere, and nothing is taken.
	*prPart { |request, message|
		var part, parts, bar, speed, steps, version, head, hits, isWhole;
		#part, parts, bar, speed, steps, version = message.copyRange(2, 7);
		head = [parts, bar, steps, version];
		hits = message.drop(8).clump(5);
		isWhole = message.size >= 8
			and: { [part, parts, bar, steps, version].every(_.isInteger) }
			and: { parts.inclusivelyBetween(1, 1000) and: { part.inclusivelyBetween(0, parts - 1) } }
			and: { steps.inclusivelyBetween(1, 1024) }
			and: { request[\head].isNil or: { request[\head] == head } }
			and: { hits.every { |hit| this.prIsHit(hit, steps) } };
		if(isWhole.not) { Error("pattern").throw };
		request[\head] = head;
		request[\parts] = request[\parts] ?? { Array.newClear(parts) };
		request[\parts][part] = hits;
		if(request[\parts].includes(nil)) { ^nil };
		^(bar: bar, steps: steps, version: version, hits: request[\parts].reduce('++'))
	}

	*prIsHit { |hit, steps|
		var step, voice, velocity, offset, probability;
		#step, voice, velocity, offset, probability = hit;
		^hit.size == 5
			and: { hit.every { |x| x.isNumber and: { x.isNaN.not } } }
			and: { step.isInteger and: { step.inclusivelyBetween(0, steps - 1) } }
			and: { voice.isInteger and: { voice.inclusivelyBetween(0, 8) } }
			and: { velocity.inclusivelyBetween(0, 1) }
			and: { offset.inclusivelyBetween(-0.5, 1) }
			and: { probability.inclusivelyBetween(0, 1) }
	}

	*prBar { |message, time|
		var began, tempoNow, ago;
		#began, tempoNow, ago = message.copyRange(1, 3);
		if([began, tempoNow, ago].any { |x| x.isNumber.not or: { x.isNaN } } or: { tempoNow <= 0 }) {
			Error("bar").throw
		};
		beat = began;
		bpm = tempoNow;
		beatTime = time - ago.clip(0, 10);
		isPlaying = true;
		tempo.prBar(began, bpm, beatTime);
		this.changed(\bar, (began / 4).floor + 1);
	}

	// Where the conductor is at a time in seconds (of thisThread.seconds); nil where that is not known.
	*beatAt { |seconds|
		if(beatTime.isNil) { ^nil };
		if(isPlaying.not) { ^beat };
		^beat + ((seconds - beatTime) * bpm / 60)
	}

	// What is sent

	// SuperCollider's quant in beats, or the conductor's own words, as it wants them: a string.
	*prWhen { |when, quant|
		var now, target;
		if(when.notNil) { ^when.asString };
		if(quant.isNil) { ^"next" };
		quant = quant.asQuant.quant ? 0;
		if(quant.isNumber.not or: { quant <= 0 }) { ^"now" };
		now = this.beatAt(thisThread.seconds);
		if(quant == 4 or: { now.isNil }) { ^"next" };
		target = (now + 1).roundUp(quant);  // a beat ahead: a nearer line may have passed when this arrives
		if(target % 4 == 0) { ^(target / 4 + 1).asInteger.asString };
		^"+% beats".format((target - now.floor).asInteger.max(1))
	}

	// A value as the door takes it; nil, and one line, where there is none.
	*prValue { |value|
		^case
			{ value.isNil } { "default" }
			{ value.isKindOf(Boolean) } { value.binaryValue }
			{ value.isInteger } { value }
			{ value.isFloat } { if(value.isNaN or: { value.abs == inf }) { this.prRefuse(value) } { value } }
			{ value.isString or: { value.isKindOf(Symbol) } } { value.asString }
			{ value.isKindOf(Dictionary) } {
				value.keys.asArray.sort.collect { |name| "%:%".format(name, value[name]) }.join(",")
			}
			{ value.isSequenceableCollection } { value.collect(_.asString).join(",") }
			{ this.prRefuse(value) }
	}

	*prRefuse { |value|
		this.tell("a control takes a number, a name, names or weights, not % (patterns of values go into a Pgroove)"
			.format(value.asCompileString.keep(60)));
		^nil
	}

	// The session

	*drummer { |name = \d1|
		var key = name.asSymbol;
		if(drummers[key].isNil) { drummers[key] = GrooveLiveDrummer.prNew(key) };
		^drummers[key]
	}

	*set { |path, value, when, over, quant|
		var sent = this.prValue(value);
		if(sent.notNil) { this.request("set", ["", path.asString, sent, this.prWhen(when, quant), over ? 0]) }
	}

	*bpm_ { |value, quant, over, when|
		if(value.isNumber.not) { ^this.tell("a tempo is a number of beats a minute, not %".format(value), false) };
		this.request("bpm", [value.asFloat, this.prWhen(when, quant), over ? 0]);
	}

	*play { this.request("play") }
	*stop { this.request("stop") }
	*undo { this.request("undo") }
	*redo { this.request("redo") }
	*hush { this.request("hush") }
	*panic { this.request("panic") }
	*saveScene { |name| this.request("scene", ["save", name.asString]) }
	*scene { |name, quant, over, when|
		this.request("scene", ["recall", name.asString, this.prWhen(when, quant), over ? 0])
	}

	// Lists come when they come: `action` gets an array of symbols; without one they are posted.
	*genres { |action| this.prNames("genres", action) }
	*presets { |action| this.prNames("presets", action) }
	*drummers { |action| this.prNames("drummers", action) }
	*prNames { |what, action|
		this.request(what, nil, { |names| (action ? { |found| found.postln }).value(names.collect(_.asSymbol)) })
	}

	// Tempo

	*follow { |clock| tempo.follow(clock ? TempoClock.default) }
	*lead { |clock| tempo.lead(clock ? TempoClock.default) }
	*unsync { tempo.stop }
	*phase { ^tempo.phase }
	*clock { ^tempo.clock ? TempoClock.default }
}
