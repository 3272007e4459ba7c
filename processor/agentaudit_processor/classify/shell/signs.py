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
    r"|169\.254\.|_proxy=|\bLD_\w+=|\bPATH=|agentaudit|\bstratum"
)
_FORCED = (
    r"[^\[!]\s-(?:[a-zA-Z]*[fFrRT][a-zA-Z]*"
    r"|-?(?:force\S*|all|yes|hard|recursive|mirror|upload\S*))\b"
)
_GIVES_CODE = r"(?i)\s(?:-\w?[cekQ]|/[ck]|-command|-enc\w*|--(?:eval|execute|command)|<<<?)[\s=\"']"
_LOOKED_AT = 2_048
_ALONE = (DeedKind.COMMAND,)
_PIPED = (DeedKind.COMMAND, DeedKind.PIPELINE)


def has_sign(text: str) -> bool:
    """Tell whether `text`, of one command, may do more than an everyday one."""
    return weight_of(text) > 0


def weight_of(text: str) -> int:
    """How likely `text`, of one command, does harm: 0 for no sign of it, to 2."""
    return _weight(text[:_LOOKED_AT] + text[_LOOKED_AT:][-_LOOKED_AT:])


@lru_cache(maxsize=1024)
def _weight(head: str) -> int:
    text = head.encode("utf-8", "replace")
    signs = sum(sign.occurs(text) for sign in _signs()) if _any_sign().occurs(text) else 0
    if signs > 1:
        return 2
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
