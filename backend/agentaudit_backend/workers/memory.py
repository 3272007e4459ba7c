"""How a process that lasts uses memory: fewer looks for cycles, fewer heaps.

Batches are made of very many objects that live for a moment. Each look for cycles among them is in
vain, and each thread's own heap (glibc) keeps the room of its largest batch for ever.
"""

import ctypes
import gc

GARBAGE = 50_000
"""Objects made between two looks for cycles."""
_M_ARENA_MAX = -8  # malloc.h of glibc


def use_one_heap() -> None:
    """To be called before any thread is started: afterwards glibc does not listen."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # neither musl nor macOS has it
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def settle() -> None:
    """To be called when everything is loaded that stays for ever."""
    gc.collect()
    gc.freeze()  # collecting garbage must not walk packs, routes and tables, nor unshare them
    gc.set_threshold(GARBAGE)
