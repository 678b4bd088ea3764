"""The form of a song as text: what it stands for, and mistakes shown where they are."""

from __future__ import annotations

import pytest

from groovelive.notation.caret import NotationError
from groovelive.notation.sections import DEFAULT_BARS, MAX_BARS, sections


def test_a_form_is_read() -> None:
    assert sections("intro4  A*2\nB16") == [("intro", 0, 4), ("A", 4, 8), ("A", 12, 8), ("B", 20, 16)]
    assert sections("A")[0].bars == DEFAULT_BARS == 8
    assert sections("A8*3")[-1] == ("A", 16, 8)
    assert sections("A8 B4", ["A", "B"]) == sections("A8 B4")
    assert sum(one.bars for one in sections(f"A{MAX_BARS}")) == MAX_BARS


@pytest.mark.parametrize(
    ("text", "said", "line", "carets"),
    [
        ("A8 B8,", "'B8,' is no section", "A8 B8,", "   ^^^"),
        ("A8 8", "'8' is no section", "A8 8", "   ^"),
        ("A8 B-4 A8", "'B-4' is no section", "A8 B-4 A8", "   ^^^"),
        ("A0", "a section lasts one bar or more", "A0", "^^"),
        ("A8 B8*0", "a section lasts one bar or more", "A8 B8*0", "   ^^^^"),
        ("A8 B10000", "at most 10,000 bars, and this one has 10,008 by here", "A8 B10000", "   ^^^^^^"),
        ("A*99999999", "at most 10,000 bars", "A*99999999", "^^^^^^^^^^"),
    ],
)
def test_a_mistake_is_shown_where_it_is(text: str, said: str, line: str, carets: str) -> None:
    with pytest.raises(NotationError) as caught:
        sections(text)
    reason, *shown = str(caught.value).splitlines()
    assert said in reason
    assert shown == [f"  {line}", f"  {carets}"]


def test_a_name_that_is_unknown_is_told_with_the_nearest() -> None:
    with pytest.raises(NotationError, match=r"no section 'vrese' \(did you mean 'verse'\?\); there are verse, chorus"):
        sections("verse8 vrese8", ["verse", "chorus"])


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_no_section_is_a_mistake(text: str) -> None:
    with pytest.raises(NotationError, match="there is no section; a song is written as 'A8 B8 A8'"):
        sections(text)
