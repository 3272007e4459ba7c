"""Passwords by the place they stand in: a poor one is one too, a stand-in or a variable is none."""

import re
from itertools import pairwise

from agentaudit_processor.detectors.placeholder import is_no_placeholder

_NAMES = ("pass", "pwd", "secret", "token", "user", "name", "key", "word", "login", "value", "text")
"""What a stand-in made of letters is called: `mypassword`, `the_secret`."""
_PROSE = """
that this with from when then which your used must will using should before after only also prompt
stdin file authentication string required option options argument arguments flag flags parameter
"""
_PROSE_WORDS = frozenset(_PROSE.split())
_TEMPLATES = re.compile(
    r"\$?\{\{?[ ]{0,3}[\w.:-]{1,60}[ ]{0,3}\}?\}|%\(?\w{1,40}\)?s|<\w[\w -]{0,60}>"
)
_FEWEST_WORD_CHARS = 5
_MAX_CHARS = 300


def is_password(value: str) -> bool:
    """Tell whether `value`, found where only a password can stand, may be one in use.

    `mysql -psummer` gives one away, `mysql -pPASSWORD` and `mysql -p$PASSWORD` do not.
    """
    core = value.strip().strip("\"'`").rstrip(",.;:")
    if not 3 < len(core) <= _MAX_CHARS or not is_no_placeholder(core):
        return False
    if core.startswith(("/", "./", "../", "~", "--", "http", "file:")) or core.endswith("(("):
        return False
    letters = core.replace("_", "").replace("-", "").replace(".", "")
    if not letters.isalpha():
        return not core.endswith(")") or "(" not in core
    lowered = core.lower()
    if len(core) < _FEWEST_WORD_CHARS or lowered in _PROSE_WORDS:
        return False
    return not any(name in lowered for name in _NAMES)


def is_login_password(value: str) -> bool:
    """Tell whether `value`, a field beside a user name, may be a password in use.

    A word that begins with a capital is more often the label of an input field.
    """
    return is_password(value) and not (value[:1].isupper() and value[1:].islower())


def is_column_password(value: str) -> bool:
    """Tell whether `value`, below a head such as `password`, may be one; names in code are none."""
    core = value.strip()
    parted = core.replace("_", "").replace(".", "").replace("-", "")
    if parted.isalnum() and (parted != core or parted.isalpha()):
        return False
    digits = sum(sign.isdecimal() for sign in core)
    drawn = digits >= 2 or (digits == 1 and parted != core)
    return is_password(core) and drawn and any(map(str.isalpha, core))


def is_told_password(value: str) -> bool:
    """Tell whether `value`, said in a sentence to be a password, has what words have not.

    A digit and a letter, and a third kind of sign or four digits; `sha256` and `v2.0.1` are none.
    """
    core = value.strip().rstrip(".,;:!?*")
    digits = sum(sign.isdecimal() for sign in core)
    letters = {sign for sign in core if sign.isalpha()}
    mixed = any(map(str.isupper, letters)) and any(map(str.islower, letters))
    odd = any(not sign.isalnum() and sign not in "._-/" for sign in value.strip(".,;:*"))
    return is_password(core) and digits >= 1 and len(letters) >= 3 and (mixed or odd or digits >= 4)


_OF_ALGORITHMS = re.compile(
    r"(?i)(?:sha|md|bcrypt|scrypt|argon|pbkdf|base|utf|rot|aes|rsa|des|crc|hmac|ntlm|utf|iso|rfc|oauth|"
    r"x|p|v|step|field|line|page|python|http|tls|ipv|latin|hex|base)[-_]?\d[\w-]*"
)


def is_owned_password(value: str) -> bool:
    """Tell whether `value`, said in a sentence to be somebody's password, has letters and digits.

    Names of algorithms and codings (`bcrypt2`, `base64`) have them too.
    """
    core = value.strip().rstrip(".,;:!?*")
    digits = sum(sign.isdecimal() for sign in core)
    letters = sum(sign.isalpha() for sign in core)
    named = _OF_ALGORITHMS.fullmatch(core) is not None
    return is_password(core) and digits >= 1 and letters >= 3 and not named


def is_signed_mix(value: str) -> bool:
    """Tell whether `value`, quoted beside a key such as `password`, holds too many signs for code.

    `p${e]nob(ody[finds>-_$#` opens brackets that nothing closes; templates and calls do not.
    """
    core = _TEMPLATES.sub("", value[:_MAX_CHARS])
    signs = {sign for sign in core if not sign.isalnum() and sign.isascii() and sign != " "}
    return len(core) >= 8 and len(signs) >= 5 and not any(sign.isspace() for sign in core)


_OPENERS = {")": "(", "]": "[", "}": "{"}


def is_crossed_mix(value: str) -> bool:
    """Tell whether `value`, bare beside a key such as `password`, is a mix whose brackets cross.

    Code has as many signs, but closes what it has opened: `{h)` is none.
    """
    if not is_signed_mix(value):
        return False
    opened: list[str] = []
    for sign in value[:_MAX_CHARS]:
        if sign in "([{":
            opened.append(sign)
        elif sign in _OPENERS and opened and opened.pop() != _OPENERS[sign]:
            return True
    return False


def is_framework_key(value: str) -> bool:
    """Tell whether `value`, found as the key of a web framework, was drawn and not described."""
    if not is_no_placeholder(value) and not value.startswith("django-insecure-"):
        return False
    kinds = [str.isupper, str.islower, str.isdecimal]
    signs = {sign for sign in value if not sign.isalnum() and sign not in "-_."}
    drawn = any(map(str.isdecimal, value)) or len(signs) >= 3
    return drawn and sum(any(map(kind, value)) for kind in kinds) + min(len(signs), 2) >= 3


def is_crypt_hash(value: str) -> bool:
    """Tell whether `value`, 13 signs behind a user's name, may be a hash of crypt(3) by DES.

    All of its signs are drawn: capitals, small letters, and a digit or one of `./` among them.
    """
    kinds = (str.isupper, str.islower, lambda sign: sign.isdecimal() or sign in "./")
    changes = sum(a.isupper() != b.isupper() for a, b in pairwise(value))
    return all(any(map(kind, value)) for kind in kinds) and changes >= 3 and len(set(value)) >= 8


def is_code_list(value: str) -> bool:
    """Tell whether `value`, below `recovery codes`, is a list of codes: half of it has digits."""
    words = value.replace(",", " ").replace('"', " ").replace("'", " ").split()
    coded = [word for word in words if any(map(str.isdecimal, word)) and 4 <= len(word) <= 40]
    return len(coded) >= 2 and len(coded) * 2 >= len(words)
