"""GrooveLive: a Remote Script through which groovelive writes, launches and watches clips in Ableton Live.

Python 3.7 syntax and the standard library only: Live 11 and 12.0 embed 3.7, later ones 3.11.
"""


def create_instance(c_instance):
    """Called by Live for each Control Surface slot in which GrooveLive is chosen, and for each new set."""
    try:
        from .surface import Surface

        return Surface(c_instance)
    except Exception as error:
        c_instance.show_message(f"GrooveLive did not start: {error}")
        c_instance.log_message(f"GrooveLive did not start: {type(error).__name__}: {error}")
        raise
