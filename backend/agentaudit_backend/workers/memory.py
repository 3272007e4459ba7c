"""How a process that lasts uses memory: fewer looks for cycles, fewer heaps.

Batches are made of very many objects that live for a moment. Each look for cycles among them is in
vain, and each thread's own heap (glibc) keeps the room of its largest batch for ever. So does the
one heap that is left, where bytes of megabytes lie among what is small: those get room of their
own.
"""

import ctypes
import gc

GARBAGE = 50_000
"""Objects made between two looks for cycles."""
GARBAGE_OF_A_REQUEST = 500_000
"""The same for who is `tidy` between requests: ten times what one of 512 spans makes, so that only
one out of the ordinary is looked through while all of it is still in use."""
_OWN_ROOM = 128 * 1024
"""Bytes from which on a block is given back to the system as soon as it is free. glibc begins with
as many, but raises it to 32 MiB as it sees such blocks freed, unless it is told."""
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # malloc.h of glibc


def use_one_heap() -> None:
    """To be called before any thread is started: afterwards glibc does not listen."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # neither musl nor macOS has it
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _OWN_ROOM)


def settle(garbage: int = GARBAGE) -> None:
    """To be called when everything is loaded that stays for ever."""
    gc.collect()
    gc.freeze()  # collecting garbage must not walk packs, routes and tables, nor unshare them
    gc.set_threshold(garbage)


def tidy() -> None:
    """To be called after each request by who takes one at a time: looks at what that has made."""
    gc.collect(0)
