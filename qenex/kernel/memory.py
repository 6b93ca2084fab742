"""Telling Python's garbage collector what will stay, so that it does not look through it again and again."""

import gc


def settle() -> None:
    """For a process that has loaded all its code and now begins its work.

    What exists now is left out of later collections, and those come less often. A full collection of all that Django
    and its libraries load takes as long as posting several thousand transfers.
    """
    gc.collect()
    gc.freeze()
    collect_seldom()


def collect_seldom() -> None:
    """For a process that makes thousands of objects which stay: looking through them each time leads to nothing."""
    gc.set_threshold(20_000, 20, 50)
