/*
GrooveLiveDrummer stands for one drummer of the conductor: every control that it has, the rhythm that it follows, and the
pattern that it will play. All verbs return at once, with the drummer itself; what the conductor refuses is posted.
*/
GrooveLiveDrummer {
	classvar isNew = "there is no drummer";
	var <name, <latest, latestID = 0, answers, wanted, tap, begun;

	*prNew { |name| ^super.newCopyArgs(name).prInit }
	*new { |name| ^GrooveLive.drummer(name) }

	prInit { answers = IdentityDictionary.new }

	// Controls

	set { |path, value, when, over, quant, bars|
		var sent = GrooveLive.prValue(value);
		if(sent.notNil) {
			this.prAsk("set", [path.asString, sent, GrooveLive.prWhen(when, quant), over ? 0] ++ (bars !? { [bars] }))
		}
	}

	get { |path, action|
		GrooveLive.request("get", [name.asString, path.asString], action ? { |value| value.postln })
	}

	genre_ { |value, quant, over, when| this.set(\genre, value, when, over, quant) }
	density_ { |value, quant, over, when| this.set(\density, value, when, over, quant) }
	follow_ { |value, quant, over, when| this.set(\follow, value, when, over, quant) }
	a_ { |value, quant, over, when| this.set(\a, value, when, over, quant) }
	b_ { |value, quant, over, when| this.set(\b, value, when, over, quant) }
	blend_ { |value, quant, over, when| this.set(\blend, value, when, over, quant) }
	redirect_ { |value, quant, over, when| this.set(\redirect, value, when, over, quant) }
	guidance_ { |value, quant, over, when| this.set(\guidance, value, when, over, quant) }
	temperature_ { |value, quant, over, when| this.set(\temperature, value, when, over, quant) }
	sampling_ { |value, quant, over, when| this.set(\sampling, value, when, over, quant) }
	threshold_ { |value, quant, over, when| this.set(\threshold, value, when, over, quant) }
	drift_ { |value, quant, over, when| this.set(\drift, value, when, over, quant) }
	response_ { |value, quant, over, when| this.set(\response, value, when, over, quant) }
	seed_ { |value, quant, over, when| this.set(\seed, value, when, over, quant) }
	velocity_ { |value, quant, over, when| this.set(\velocity, value, when, over, quant) }
	quantise_ { |value, quant, over, when| this.set(\quantise, value, when, over, quant) }
	swing_ { |value, quant, over, when| this.set(\swing, value, when, over, quant) }
	swingOf_ { |value, quant, over, when| this.set(\swing_of, value, when, over, quant) }
	feel_ { |value, quant, over, when| this.set(\feel, value, when, over, quant) }
	humanise_ { |value, quant, over, when| this.set(\humanise, value, when, over, quant) }
	nudge_ { |value, quant, over, when| this.set(\nudge, value, when, over, quant) }
	moves_ { |value, quant, over, when| this.set(\moves, value, when, over, quant) }

	fill { |bars = 1, quant, when| this.set(\fill, bars, when, nil, quant) }
	build { |bars = 8, quant, when| this.set(\build, bars, when, nil, quant) }
	drop { |quant, when| this.set(\drop, true, when, nil, quant) }
	halftime { |bars, quant, when| this.set(\feel, "half", when, nil, quant, bars) }
	doubletime { |bars, quant, when| this.set(\feel, "double", when, nil, quant, bars) }
	only { |... parts| this.prAsk("only", parts.collect(_.asString)) }

	mute { |flag = true, quant = 0, when| this.set(\mute, flag.asBoolean, when, nil, quant) }
	unmute { |quant = 0, when| this.mute(false, quant, when) }
	solo { |flag = true, quant = 0, when| this.set(\solo, flag.asBoolean, when, nil, quant) }
	unsolo { |quant = 0, when| this.solo(false, quant, when) }
	lock { |part, flag = true, quant, when| this.set("lock." ++ part, flag.asBoolean, when, nil, quant) }
	hush { GrooveLive.request("hush", [name.asString]) }
	panic { GrooveLive.request("panic", [name.asString]) }

	// What it plays

	source { |rhythm, quant, over, when| this.prSource("follow", rhythm, when, over, quant) }
	play { |rhythm, quant, over, when| this.prSource("play", rhythm, when, over, quant) }
	z { |point, quant, over, when| this.prSource("z", point, when, over, quant) }
	follows { |drummer, quant, over, when| this.prSource("drummer", drummer.name, when, over, quant) }
	home { |quant = 0, over, when| this.prSource("home", "", when, over, quant) }
	rest { |quant, when| this.prSource("none", "", when, nil, quant) }

	walk { |points, bars = 8, quant, when|
		this.prAsk("walk", [bars, GrooveLive.prWhen(when, quant)] ++ points.asArray.collect(_.asString))
	}

	prSource { |kind, text, when, over, quant|
		this.prAsk("source", [kind, text.asString, GrooveLive.prWhen(when, quant), over ? 0])
	}

	prAsk { |command, arguments| GrooveLive.request(command, [name.asString] ++ arguments) }

	// What it follows: a Pattern of events, or a MIDIFunc or OSCFunc whose velocities it hears; nil: nothing more of them.

	listen { |rhythm|
		tap !? { tap.stop };
		tap = rhythm !? { GrooveLiveTap(this, rhythm) };
	}

	hit { |velocity = 0.8|
		if(tap.isNil) { tap = GrooveLiveTap(this) };
		tap.hit(velocity);
	}

	// Its pattern: for Pgroove

	// Ask for the loop that begins at `bar`; 0 is that which plays now. From then on it is kept up to date.
	want { |bar = 0|
		wanted = bar;
		GrooveLive.request("pattern", [name.asString, bar], { |loop, answered|
			this.prTake(loop, bar, answered);
			if(loop[\hits].isEmpty) { this.prLook };
		}, { |sentence|
			if(sentence.beginsWith(isNew) and: { begun != GrooveLive.life }) { this.prBegin };
		}, once: true, expected: isNew);
	}

	// One that nobody has given anything to play is not meant to be silent; one that was hushed is.
	prLook {
		if(begun.notNil) { ^this };
		begun = GrooveLive.life;
		this.get(\source) { |value| if(value.isNil) { this.prBegin } };
	}

	prBegin {
		begun = GrooveLive.life;
		this.home.set(\out, "none", quant: 0);
		GrooveLive.tell("% is new: it plays its preset, and is heard where its Pgroove is".format(name));
		SystemClock.sched(0.3, { this.want(0); nil });
	}

	prTake { |loop, bar, id|
		var before = answers[bar];
		loop[\id] = id;
		if(before.isNil or: { before[\id] < id }) { answers[bar] = loop };
		if(id > latestID) { latest = loop; latestID = id };
		if(answers.size > 8) { answers.removeAt(answers.keys.minItem) };
		this.changed(\loop, bar);
	}

	prRefresh { wanted !? { this.want(wanted) } }

	// The loop for `bar` if it has come, else the last that did; nil before the first.
	loop { |bar = 0| ^answers[bar] ? latest }

	forget { answers.clear; latest = nil; latestID = 0; wanted = begun = nil }

	printOn { |stream| stream << "GrooveLive.drummer(" <<< name << ")" }
	storeOn { |stream| this.printOn(stream) }
}
