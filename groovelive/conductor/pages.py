"""The log for clients, page by page."""

from __future__ import annotations

from ..protocol import session as messages
from ..score.edit_log import EditLog
from ..score.edits import Edit, Pattern, plain
from ..score.inputs import Played


def page(log: EditLog, since: int) -> messages.Edits:
    """Return the edits from a number on, as many as fit into a reply."""
    found: list[Edit] = []
    size = 0
    for edit in log.edits[since:]:
        value = edit.value
        size += 120 + (len(value.notes) if isinstance(value, Pattern | Played) else 4 * len(plain(value)))
        if size > messages.PAGE and found:
            break
        found.append(edit)
    return messages.Edits(since=since, edits=tuple(found), more=since + len(found) < len(log.edits))
