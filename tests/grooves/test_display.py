"""What a groove looks like: the text roll and the SVG."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from groovelive.errors import GrooveError
from groovelive.grooves.display import MAX_SVG_BARS, roll, summary, svg, svg_song
from groovelive.grooves.groove import VOICES, Groove

SVG = "{http://www.w3.org/2000/svg}"
BEAT = Groove.from_notes(
    [(0, "kick", 1.0), (4, "snare", 0.5), (6, "hh", 0.0), (12, "snare", 0.9, 0.25), (0, "hh", 0.5, -0.5)],
    steps=16,
)
FULL = Groove(np.ones((32, 9)))


def notes_of(text):
    return [rect for rect in ElementTree.fromstring(text).iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]


def texts_of(text):
    return [element.text for element in ElementTree.fromstring(text).iter(f"{SVG}text")]


def test_repr_of_a_bar():
    assert repr(BEAT) == (
        "Groove of 1 bar, 5 notes\n"
        "            1···2···3···4···\n"
        "closed_hat  ▄·····▁·········\n"
        "snare       ····▄·······█···\n"
        "kick        █···············"
    )


def test_repr_never_exceeds_eleven_lines_and_eighty_columns():
    for bars in (1, 2, 4, 5, 100):
        lines = repr(FULL[0].repeat(bars)).splitlines()
        assert len(lines) == 11 and max(map(len, lines)) < 80
        assert lines[0] == f"Groove of {bars} bar{'s' * (bars > 1)}, {bars * 144:,} notes"
        assert [line.split()[0] for line in lines[2:]] == list(reversed(VOICES))


def test_repr_of_a_long_groove_counts_all_and_shows_the_beginning():
    lines = summary(Groove.from_notes([(0, "kick"), (99, "ride"), (100, "kick")], steps=112)).splitlines()
    assert lines[0] == "Groove of 7 bars, 3 notes"
    assert lines[2].startswith("ride") and lines[2].endswith("│…  1 note")
    assert lines[3].endswith("│…  2 notes") and "▇···" in lines[3]


def test_repr_of_silence():
    assert repr(Groove.empty()) == "Groove of 2 bars, silent"
    assert repr(Groove.empty(1000)) == "Groove of 1,000 bars, silent"


def test_roll_breaks_after_four_bars():
    systems = roll(FULL["kick"].repeat(3)).split("\n\n")
    assert [system.splitlines()[1].count("█") + system.splitlines()[1].count("▇") for system in systems] == [
        64,
        32,
    ]
    assert systems[1].splitlines()[0].strip() == "1···2···3···4···│1···2···3···4···"


def test_colour_changes_nothing_but_the_colour():
    painted = roll(BEAT, colour=True)
    assert painted != roll(BEAT) and re.sub(r"\x1b\[[\d;]*m", "", painted) == roll(BEAT)
    assert painted.count("\x1b[0m") == painted.count("\x1b[38;5;")


def test_probabilities_ring_what_nearly_played():
    probabilities = np.zeros((16, 9))
    probabilities[8, 0], probabilities[9, 0], probabilities[3, 8], probabilities[0, 0] = 0.3, 0.2, 0.9, 1.0
    lines = roll(BEAT, probabilities=probabilities).splitlines()
    assert lines[1] == "ride        ···∘············"
    assert lines[-1] == "kick        █·······∘·······"
    with pytest.raises(GrooveError, match="shape of the groove"):
        roll(BEAT, probabilities=np.zeros((32, 9)))


def test_svg_places_notes_where_they_sound():
    text = BEAT._repr_svg_()
    assert text == svg(BEAT)
    rects = notes_of(text)
    assert len(rects) == len(BEAT)
    by_title = {rect.find(f"{SVG}title").text: rect for rect in rects}
    kick = by_title["kick, bar 1, beat 1, velocity 1.00, offset +0.00"]
    hat = by_title["closed_hat, bar 1, beat 1, velocity 0.50, offset -0.50"]
    snare = by_title["snare, bar 1, beat 2, velocity 0.50, offset +0.00"]
    late = by_title["snare, bar 1, beat 4, velocity 0.90, offset +0.25"]
    assert "closed_hat, bar 1, beat 2&, velocity 0.00, offset +0.00" in by_title
    step = (float(snare.get("x")) - float(kick.get("x"))) / 4
    assert float(hat.get("x")) == pytest.approx(float(kick.get("x")) - step / 2)
    assert float(late.get("x")) == pytest.approx(float(kick.get("x")) + 12.25 * step)
    assert float(kick.get("height")) > float(late.get("height")) > float(snare.get("height")) > 0
    assert float(kick.get("fill-opacity")) == 1 > float(snare.get("fill-opacity"))
    assert float(hat.get("y")) < float(snare.get("y")) < float(kick.get("y"))


def test_svg_stays_within_its_frame():
    for groove in (BEAT, FULL, FULL.repeat(5), Groove.empty(3)):
        root = ElementTree.fromstring(svg(groove, "a title"))
        width, height = float(root.attrib["width"]), float(root.attrib["height"])
        assert root.get("viewBox") == f"0 0 {width:g} {height:g}"
        for rect in notes_of(svg(groove)):
            x, y = float(rect.get("x")), float(rect.get("y"))
            assert 0 <= x <= x + float(rect.get("width")) <= width
            assert 0 <= y <= y + float(rect.get("height")) <= height


def test_svg_labels():
    texts = texts_of(svg(BEAT, "half-time <b> & more"))
    assert "half-time <b> & more" in texts
    assert [t for t in texts if t in {v.replace("_", " ") for v in VOICES}] == ["closed hat", "snare", "kick"]


def test_svg_asks_for_nothing_from_elsewhere():
    text = svg(FULL, "x")
    assert "href" not in text and "url(" not in text and text.count("http") == 1  # the namespace


def test_song():
    text = svg_song([("funk", BEAT), ("jazz", FULL), ("long", BEAT.repeat(6))])
    assert len(notes_of(text)) == len(BEAT) + len(FULL) + 6 * len(BEAT)
    texts = texts_of(text)
    assert [t for t in texts if t in ("funk", "jazz", "long")] == ["funk", "jazz", "long"]
    assert texts.count("6") == 1 and texts.count("1") == 3  # bars are counted in each section
    with pytest.raises(GrooveError, match="at least one groove"):
        svg_song([])


def test_a_very_long_song_is_cut_and_says_so():
    text = svg_song([("a", BEAT.repeat(200)), ("b", BEAT.repeat(10_000))])
    assert len(notes_of(text)) == MAX_SVG_BARS * len(BEAT)
    assert f"… and {200 + 10_000 - MAX_SVG_BARS:,} more bars" in texts_of(text)


# Colours


def contrast(one, other):
    """Return the contrast of two colours, 1..21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""

    def light(colour):
        parts = [c / 255 for c in colour]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def of_hex(text):
    return tuple(int(text[k : k + 2], 16) for k in (1, 3, 5))


def of_256(number):
    """Return a colour of a terminal's 256."""
    if number >= 232:
        return (8 + 10 * (number - 232),) * 3
    levels, k = (0, 95, 135, 175, 215, 255), number - 16
    return levels[k // 36], levels[k // 6 % 6], levels[k % 6]


def test_a_terminal_shows_all_on_black_as_on_white():
    text = roll(FULL, colour=True, probabilities=np.ones((len(FULL.hits), 9)))
    used = {int(number) for number in re.findall(r"38;5;(\d+)m", text)}
    assert len(used) == 6 and "\x1b[2m" not in text
    for number in used:
        for paper in ((0, 0, 0), (255, 255, 255)):
            assert contrast(of_256(number), paper) >= 4.5, number


def test_an_svg_brings_its_paper_and_is_read_on_it():
    root = ElementTree.fromstring(svg(FULL.repeat(70), "a title"))
    papers = [of_hex(rect.get("fill")) for rect in root.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is None]
    assert root[0].get("width") == root[0].get("height") == "100%" and len(set(papers)) == 2
    for text in root.iter(f"{SVG}text"):
        assert min(contrast(of_hex(text.get("fill")), paper) for paper in papers) >= 4.5, text.text
    for rect in notes_of(svg(BEAT)):
        ink, opacity = of_hex(rect.get("fill")), float(rect.get("fill-opacity"))
        assert contrast(tuple(opacity * c + (1 - opacity) * 255 for c in ink), (255, 255, 255)) >= 4.5


@pytest.mark.parametrize("bars", [1, 2, 4, 6])
def test_a_title_is_never_cut_and_meets_no_other(bars):
    title = (
        "d1 · from bar 5 · groove('bd(3,8) [~ sn] hh*8') · genre {'funk': 0.7, 'jazz': 0.3} · then 2 more from bar 9"
    )
    root = ElementTree.fromstring(
        svg_song([(title, Groove.empty(bars)), ("b", BEAT), (title + "!", BEAT), ("c", BEAT)])
    )
    titles = [t for t in root.iter(f"{SVG}text") if t.get("font-size") == "13"]
    assert [t.text for t in titles] == [title, "b", title + "!", "c"]
    for one in titles:
        begin, y, text = float(one.get("x", "")), one.get("y"), one.text or ""
        end = begin + 8 * len(text)
        assert end <= float(root.get("width", ""))
        assert not [other for other in titles if other.get("y") == y and begin < float(other.get("x", "")) < end]
