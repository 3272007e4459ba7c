"""A very long script made short, with nothing left out but what is harmless or said before.

Padding must hide nothing: `echo a;` five thousand times before `rm -rf /` leaves two commands to be
read. Only a plain statement is left out, one that neither opens nor closes what another is in.
"""

from collections import Counter
from collections.abc import Sequence, Set
from functools import cache, partial
from itertools import pairwise
from typing import NamedTuple

from agentaudit_processor.classify.patterns import Pattern
from agentaudit_processor.classify.shell.cutting import cut_at_each, pieces_of
from agentaudit_processor.classify.shell.signs import DIGITS, Weights
from agentaudit_processor.classify.tables import table

MOST_LEFT = 12 * 1024
"""Characters of a script that are left of it, as far as its pieces allow that."""
_SILENT = table("true false : pwd ls sleep test [ id whoami uname uptime wait jobs")
_PRINTING = table("echo printf")
_KEPT = table(
    """
    if then else elif fi for while until do done case esac in select function time coproc cd pushd
    popd alias unalias set unset export declare local readonly typeset read mapfile readarray eval
    exec source trap shift return exit break continue shopt hash enable let getopts umask
    """
)
"""Words that make the script's frame, or change what comes after."""
_MOST_NAMES = 200
_MOST_ALIKE = 12
"""Pieces of one program and options that are kept at either end."""
_MOST_STAGES = 25
_AT_EITHER_END = 40
_STAND_INS = (" :\n", " :;")
_LONG_PIECE = 1_500
_CHARS_OF_A_PIECE = 40
_MOST_WORDS = 40


class _Known(Weights):
    """What is known of the pieces of one script: how heavy they are, and which are plain."""

    def __init__(self) -> None:
        super().__init__()
        self._programs: dict[str, str | None] = {}

    def is_plain(self, piece: str, names: Set[str]) -> bool:
        """Tell whether a piece is a comment without quotes, or one whole command without variables.

        Its program is none of `names`.
        """
        if piece.startswith("#"):
            return True
        if piece not in self._programs:
            text = _bytes(piece)
            found = _plain().find(text)
            self._programs[piece] = None if found is None else text[slice(*found[1])].decode()
        program = self._programs[piece]
        return program is not None and program not in names


class Thinned(NamedTuple):
    """What is left of a script."""

    pieces: Sequence[str]
    """Its statements; together they are the script."""
    is_whole: bool
    """Whether nothing was left out but what is harmless for sure, or said before."""


def thinned(script: str, most: int = MOST_LEFT) -> Thinned:
    """`script` without its harmless and repeated pieces; about `most` characters of it."""
    pieces = _without_blank_lines(pieces_of(script))
    known = _Known()
    pieces = _without(pieces, _needless(pieces, script, known))
    shrunk = [_shrunk(piece, known) if len(piece) > _LONG_PIECE else piece for piece in pieces]
    is_whole = shrunk == pieces
    for choose in (_same, _alike, _unsigned, _framing, partial(_same, most=2), _light):
        if _size(shrunk) > most:
            shrunk, is_whole = _without(shrunk, choose(shrunk, known)), False
    return Thinned(shrunk, is_whole)


def shortened(text: str, limit: int) -> str:
    """`text`; if it is longer than `limit` thinned, and of that head and tail."""
    if len(text) <= limit:
        return text
    text = "".join(thinned(text, limit).pieces)
    return text if len(text) <= limit else f"{text[: limit // 2]}\n{text[1 - limit // 2 :]}"


def _without_blank_lines(pieces: Sequence[str]) -> list[str]:
    """`pieces` with one line's end for many: what follows a heredoc has to stand alone."""
    return [piece for before, piece in pairwise(["x", *pieces]) if before.strip() or piece.strip()]


def _size(pieces: Sequence[str]) -> int:
    """Characters, and what many short pieces cost as much as."""
    count = len(pieces) - sum(map(pieces.count, _STAND_INS))
    return max(sum(map(len, pieces)), _CHARS_OF_A_PIECE * count)


def _without(pieces: Sequence[str], dropped: set[int]) -> list[str]:
    """`pieces` with one `:` for each run of those that are dropped."""
    if not dropped:
        return list(pieces)
    kept: list[str] = []
    run = ""
    for at, piece in enumerate(pieces):
        if at in dropped or piece in _STAND_INS:
            # a line's end may end a comment too
            run = "\n" if run == "\n" or piece.endswith("\n") else ";"
            continue
        if run:
            kept.append(f" :{run}")
            run = ""
        kept.append(piece)
    return [*kept, " :\n"] if run else kept


def _needless(pieces: Sequence[str], script: str, known: _Known) -> set[int]:
    """The pieces that do nothing of note, or that were there before."""
    names = _names_of(script)
    if names is None:
        return set()
    feeds = _feeds().occurs(_bytes(script))
    plain: dict[str, bool] = {}
    signed: dict[str, bool] = {}
    places: dict[tuple[int, str], list[int]] = {}
    folder = 0
    dropped: set[int] = set()
    for at, piece in enumerate(pieces):
        key = piece.strip()
        if key not in plain:
            plain[key] = known.is_plain(key, names)
        if not plain[key]:
            folder += key.startswith(("cd ", "pushd ", "popd"))  # the same words reach other files
        elif _is_silent(key, feeds=feeds):
            dropped.add(at)
        else:
            if key not in signed:
                signed[key] = known.of(key) > 0
            alike = key if signed[key] else key.translate(DIGITS)
            places.setdefault((folder, alike), []).append(at)
    for (_, key), same in places.items():
        dropped.update(same[2:-1] if signed.get(key, False) else same[1:])
    return dropped


def _is_silent(piece: str, *, feeds: bool) -> bool:
    program = piece.partition(" ")[0].rstrip(";&|\n")
    if piece.startswith("#"):
        return True
    if program in _SILENT:
        return True
    # what is printed into a pipe or a `$(…)` may be run
    return program in _PRINTING and not feeds and " -v" not in piece


def _names_of(script: str) -> frozenset[str] | None:
    """Words that stand for something else than a program; None for too many to tell."""
    names = set(_KEPT)
    text = _bytes(script)
    for at, found in enumerate(_named().each(text)):
        if at > _MOST_NAMES:
            return None
        names.update(text[start:end].decode() for start, end in found[1:] if start >= 0)
    return frozenset(names)


def _alike(pieces: Sequence[str], known: _Known) -> set[int]:
    """Plain pieces of one program and the same options, but for the first and the last of them."""
    groups: dict[str, list[int]] = {}
    is_told = cache(lambda key: known.is_plain(key, _KEPT) and not known.of(key))
    for at, piece in enumerate(pieces):
        key = piece.strip()
        if key and is_told(key):
            words = key.split()
            shape = " ".join([*words[:2], *(word for word in words[2:] if word[0] == "-")])
            groups.setdefault(shape if shape[0] != "#" else "#", []).append(at)
            groups.setdefault(words[0], []).append(at)
    return {
        at
        for name, places in groups.items()
        for at in places[_MOST_ALIKE:-_MOST_ALIKE]
        if " " in name or len(places) > _MOST_ALIKE * 4
    }


def _same(pieces: Sequence[str], _known: _Known, most: int = 8) -> set[int]:
    """What occurs more often than `most` times, wherever it stands."""
    counts: Counter[str] = Counter()
    is_frame = cache(_is_frame)
    dropped: set[int] = set()
    for at, piece in enumerate(pieces):
        key = piece.strip()
        counts[key] += 1
        if counts[key] > most and not is_frame(key):
            dropped.add(at)
    return dropped


def _unsigned(pieces: Sequence[str], known: _Known, least: int = 1) -> set[int]:
    """What has no sign of harm, or a lesser one than `least`, but for the head and the tail."""
    last = len(pieces) - _AT_EITHER_END
    is_needless = cache(lambda piece: not _is_frame(piece) and known.of(piece.strip()) < least)
    return {
        at for at, piece in enumerate(pieces) if _AT_EITHER_END <= at < last and is_needless(piece)
    }


def _light(pieces: Sequence[str], known: _Known) -> set[int]:
    """What has but one sign of harm."""
    return _unsigned(pieces, known, least=2)


def _framing(pieces: Sequence[str], known: _Known) -> set[int]:
    """What opens or closes again and again, whatever it is: `if [ -f a ];`, `done`."""
    places: dict[str, list[int]] = {}
    for at, piece in enumerate(pieces):
        key = piece.strip()
        places.setdefault(key if known.of(key) else key.translate(DIGITS), []).append(at)
    return {
        at
        for same in places.values()
        for at in same[_MOST_ALIKE:-_MOST_ALIKE]
        if len(same) > _MOST_ALIKE * 4
    }


def _is_frame(piece: str) -> bool:
    """Tell whether a piece opens or closes what others are in: `if x;`, `done`, `f() {`."""
    if "(" in piece or ")" in piece or "{" in piece or "}" in piece:
        return True
    words = piece.split(None, 1)
    if not words:
        return True
    head = words[0].partition(";")[0].partition("&")[0].partition("|")[0]
    return head in _KEPT  # no pattern: thousands are asked


def _shrunk(piece: str, known: _Known) -> str:
    """A long piece without what is needless in a text that it holds, and with fewer words."""
    inside = cut_at_each(piece)
    if len(inside) > _MOST_ALIKE:
        piece = "".join(_without(inside, _needless(inside, piece, known)))
    if piece.count("|") > _MOST_STAGES:
        stages = piece.split("|")
        keys = [stage.strip().translate(DIGITS) for stage in stages]
        seen: set[str] = set()
        kept = []
        for at, (stage, key) in enumerate(zip(stages, keys, strict=True)):
            if at in (0, len(stages) - 1) or key not in seen or not known.is_plain(key, _KEPT):
                kept.append(stage)
            seen.add(key)
        piece = "|".join(kept)
    words = piece.split(" ")
    is_own = cache(lambda word: word == "" or _own_word().occurs(_bytes(word)))
    plain = [at for at, word in enumerate(words) if is_own(word)]
    needless = set(plain[_MOST_WORDS:-_MOST_WORDS])
    options: set[str] = set()
    for at, word in enumerate(words):
        if word[:1] == "-" and word.lstrip("-").isalnum():
            needless |= {at} if word in options else set()
            options.add(word)
    return " ".join(word for at, word in enumerate(words) if at not in needless)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


@cache
def _plain() -> Pattern:
    """A program and words without variables, each quote closed where it began."""
    return Pattern(
        r"""^([A-Za-z:\[][\w.+-]*)(?:\s+(?:[\w./:=,@%+~^\]-]|'[^'"]*'|"[^'"$`\\]*")+)*"""
        r"""\s*(?:;|&&|\|\|)?$"""
    )


@cache
def _own_word() -> Pattern:
    """A word that is no option and names at most a file below the working directory."""
    return Pattern(r"^\w[\w.,@%+=:-]*(?:/[\w,@%+=:-][\w.,@%+=:-]*)*$")


@cache
def _named() -> Pattern:
    """Names of aliases and functions, and the marks that heredocs end with."""
    return Pattern(
        r"""\balias\s+(?:-\w+\s+)*['"]?([\w.:\[-]+)=|([\w.:\[-]+)\s*\(\s*\)|\bfunction\s+([\w.:-]+)"""
        r"""|<<-?\s*['"\\]?([\w.:\[-]+)"""
    )


@cache
def _feeds() -> Pattern:
    """Signs that what one command prints may be what another runs."""
    return Pattern(r"[)}]\s*\||\b(?:done|fi|esac)\s*\||\$\(|`|[<>]\(|\bexec\b|\bcoproc\b|\btee\b")
