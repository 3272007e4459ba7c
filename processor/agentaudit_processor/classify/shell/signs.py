"""Signs that a piece of a script may do harm: what of a very long one is read first.

Wider than the rules and no verdict: what a rule for commands points at, words that begin or govern
harm, and places that are nobody's own. It only says which pieces of a text that is too long to be
read whole are never left out.
"""

from collections.abc import Sequence
from functools import cache, lru_cache

from agentaudit_processor.classify.deed_rules import DeedMatcher
from agentaudit_processor.classify.deeds import Deed, DeedKind
from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.classify.patterns import Pattern
from agentaudit_processor.model import RiskLevel

DIGITS = str.maketrans("123456789", "0" * 9)
"""Makes texts alike that differ in their numbers alone."""
_PROGRAMS = """
rm unlink shred dd truncate chmod chown kill crontab at batch sudo su doas pkexec passwd mount nc
ncat socat telnet ssh scp sftp rsync eval source sh bash zsh dash ksh fish python[\\d.]* perl ruby
node php osascript pwsh powershell cmd psql mysql mariadb sqlite3 sqlcmd mongosh curl wget xargs
parallel tee trap alias base64 base32 xxd openssl gpg export declare
"""
_DEEDS = """
delete\\S* destroy\\S* drop\\S* purge\\S* truncate terminate\\S* revoke\\S* wipe erase\\S* flush\\S*
"""
_PLACES = (
    r"(?:^|[\s='\":,])(?:/(?:[\s;*'\"]|$)|~|\.\./|\*|\./\*|/(?:etc|dev/[^n]|proc|sys|boot|root|usr|var"
    r"|lib|bin|sbin|home|Users|System|Library|opt|srv)\b)|\.(?:ssh|aws|gnupg|kube|docker|netrc|npmrc"
    r"|pypirc|env|git/|bash\w*|zsh\w*|profile|pem|key|pgpass)\b|id_(?:rsa|ed25519|ecdsa)"
    r"|169\.254\.|_proxy=|\bLD_\w+=|\bHIST\w+=|\bPATH=|agentaudit|\bstratum"
)
_FORCED = (
    r"[^\[!]\s-(?:[a-zA-Z]*[fFrRT][a-zA-Z]*"
    r"|-?(?:force\S*|all|yes|hard|recursive|mirror|upload\S*))\b"
)
_GIVES_CODE = r"(?i)\s(?:-\w?[cekQ]|/[ck]|-command|-enc\w*|--(?:eval|execute|command)|<<<?)[\s=\"']"
_PARTED = bytes(
    ord(chr(sign).lower()) if sign < 128 and chr(sign).isalnum() else 32 for sign in range(256)
)
_ONE_DIGIT = bytes.maketrans(b"123456789", b"0" * 9)
_LOOKED_AT = 2_048
_MOST_OF_PROGRAM = 150
_MOST_OF_VERB = 10
"""Pieces of one script that rules are asked about, some 10 us each: `git` and what, `git log`."""
_ALONE = (DeedKind.COMMAND,)
_PIPED = (DeedKind.COMMAND, DeedKind.PIPELINE)


class Weights:
    """How likely pieces of one script do harm, each weighed once.

    Of a program, rules are asked about so many pieces, in order; of the rest its signs decide.
    """

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._signs: dict[bytes, int] = {}
        """By text with one digit for all: numbers tell no sign from another, but for an address."""
        self._asked: dict[str, int] = {}

    def of(self, piece: str) -> int:
        """As `weight_of` tells it."""
        weight = self._known.get(piece)
        if weight is None:
            head = _looked_at(piece)
            signs = self._signs_in(head)
            is_asked = signs < 2 and _may_be_pointed_at(head) and self._has_room(head)
            weight = _pointed_at(head, signs) if is_asked else min(signs, 2)
            self._known[piece] = weight
        return weight

    def _signs_in(self, head: str) -> int:
        if "169" in head:
            return _signs_in(head)
        shape = head.encode("utf-8", "replace").translate(_ONE_DIGIT)
        signs = self._signs.get(shape)
        if signs is None:
            signs = self._signs[shape] = _signs_in(head)
        return signs

    def _has_room(self, head: str) -> bool:
        words = head.translate(DIGITS).split(None, 2)  # `rm1` and `rm2` are asked about as one
        program = words[0] if words else ""
        verb = f"{program} {words[1]}" if len(words) > 1 else program
        asked, of_verb = self._asked.get(program, 0), self._asked.get(verb, 0)
        self._asked[verb] = of_verb + 1
        self._asked[program] = asked + 1
        return asked < _MOST_OF_PROGRAM and of_verb < _MOST_OF_VERB


def has_sign(text: str) -> bool:
    """Tell whether `text`, of one command, may do more than an everyday one."""
    return weight_of(text) > 0


def weight_of(text: str) -> int:
    """How likely `text`, of one command, does harm: 0 for no sign of it, to 2."""
    return _weight(_looked_at(text))


def _looked_at(text: str) -> str:
    return text if len(text) <= _LOOKED_AT else text[:_LOOKED_AT] + text[_LOOKED_AT:][-_LOOKED_AT:]


@lru_cache(maxsize=1024)
def _weight(head: str) -> int:
    signs = _signs_in(head)
    return 2 if signs > 1 else _pointed_at(head, signs)


def _signs_in(head: str) -> int:
    text = head.encode("utf-8", "replace")
    return sum(sign.occurs(text) for sign in _signs()) if _any_sign().occurs(text) else 0


def _may_be_pointed_at(head: str) -> bool:
    """Tell whether a word of a rule's pattern is in `head`: of 2,000 made-up names none is."""
    words = _parted(head)
    if not words:  # signs alone may be a bomb of forks; what else they are, no rule knows
        return "|" in head or "(" in head or "{" in head
    return not _words_of_rules().isdisjoint(words)


@cache
def _words_of_rules() -> frozenset[bytes]:
    kinds = (DeedKind.COMMAND.value, DeedKind.PIPELINE.value)
    patterns = (rule.pattern for rule in load_packs().rules if rule.matcher in kinds)
    return frozenset(word for pattern in patterns for word in _parted(pattern) if len(word) > 1)


def _parted(text: str) -> list[bytes]:
    """The words of `text` without their digits."""
    return text.encode("ascii", "replace").translate(_PARTED, b"0123456789").split()


def _pointed_at(head: str, signs: int) -> int:
    """The weight of what has `signs`, one at most, by the rules that may mean it."""
    line = " ".join(head.rstrip(" ;&|\n").split())
    pointed = [
        rule.severity
        for kind in (_PIPED if "|" in line else _ALONE)
        for rule in _matcher().rules_for(Deed(kind=kind, text=line))
    ]
    return (
        2 if max(pointed, default=RiskLevel.LOW) >= RiskLevel.HIGH else int(signs or pointed != [])
    )


@cache
def _matcher() -> DeedMatcher:
    return DeedMatcher(load_packs().rules)


@cache
def _signs() -> Sequence[Pattern]:
    return [Pattern(sign) for sign in _written_signs()]


@cache
def _any_sign() -> Pattern:
    """One of them: nearly all pieces have none."""
    return Pattern("|".join(f"(?:{sign})" for sign in _written_signs()))


def _written_signs() -> Sequence[str]:
    """What is done, to which place, and by code that is given."""
    words = rf"(?i:(?:^|[\s/'\"])(?:{'|'.join(_PROGRAMS.split())}|-*(?:{'|'.join(_DEEDS.split())}))"
    done = rf"{words}(?:[\s;:='\"(]|$))|{_FORCED}"
    return done, _PLACES, _GIVES_CODE
