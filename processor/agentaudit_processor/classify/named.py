"""Patterns for data that its name gives away: a key, a word beside it, the head of its column.

Many a number proves nothing by its form: nine digits are a run, a size, a tax number. Such a rule
gives `words` and a `form`, and is met by the form

    near    behind a word on the same line (`bsn: 123456782`), or before one (`… is my bsn`)
    column  below a head that holds a word, in CSV and in printed tables (see `columns`)
    alone   anywhere, where `alone` gives a form that speaks for itself
    lone    as all there is in a free text, where `lone` gives a form

`link: value` asks that only `=` or `:` stand between word and form, or that they are an element of
XML, for forms as wide as a name;
`link: column` looks below heads alone, for forms that hold nearly everything.
"""

from dataclasses import dataclass

_SUFFIX = "(?i:s|_?(?:number|num(?:mer)?|no|nr|id|code|value))?"
_EDGE = "(?:^|[^0-9A-Za-z._/#@-])"
_BEFORE = "(?:^|[^0-9A-Za-z.])"
_AFTER = r"(?:$|[^0-9A-Za-z_-]|-[^0-9A-Za-z])"
_GAP = r"(?:[^0-9A-Za-z\n\x00(\[](?:[^0-9\n\x00]{0,32}[^0-9A-Za-z\n\x00.+(\[-])?)"
_LINK = r"\\{0,2}[\"'\x60)]{0,2}\s{0,3}(?:[:=]|=>|:=)\s{0,3}\\{0,2}[\"'\x60]?"
_NOWHERE = r"[^\s\S]"
_TRAILER = r"(?:[ ,.(]{1,3}(?:[A-Za-z\x80-\xff]{1,14} ){0,4})"
_FREE_TEXT = "code|text|content|message|value|body|prompt|query|input|notes?|comment"
_NATIONAL = (
    r"national[ _-]?id(?:entity|entification)?|(?:id|identity)[ _-]?(?:number|card)"
    r"|personal[ _-]?(?:id|identification)|citizen[ _-]?id|social[ _-]?security|ssn"
)
LONE_TRIGGER = f"(?:{_FREE_TEXT})=[A-Za-z]{{0,2}}[0-9][0-9 .-]{{2}}"
"""All rules with `lone` share it, so that the automaton of the first pass holds it once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What to look for, in RE2."""

    pattern: str
    trigger: str
    column: str
    """Matches in the head cell of a column whose cells are candidates."""
    form: str
    """Matches a whole cell."""


def named(words: str, form: str, *, alone: str = "", lone: str = "", link: str = "") -> Named:
    """The patterns of a rule.

    Args:
        words: RE2 of the words, in lower case; letters outside ASCII are matched as UTF-8.
            `{national}` stands for what any country's number may be called.
        form: RE2 of the value, without groups that capture.
        alone: RE2 of a form that needs no word; empty for none.
        lone: RE2 of a form that counts where it is the whole of a free text; empty for none.
        link: `value` if the form is too wide for prose, `column` if it is for all but tables.
    """
    word = f"(?i:(?:^|[^A-Za-z])(?:{_as_bytes(words)}))"
    if link == "column":
        ways = [_NOWHERE]
    elif link == "value":
        ways = [f"{word}{_SUFFIX}(?:{_LINK}({form}){_AFTER}|>({form})</)"]
    else:
        ways = [
            f"{word}{_SUFFIX}{_GAP}({form}){_AFTER}",
            f"{_BEFORE}({form}){_TRAILER}(?i:{_as_bytes(words)})",
        ]
    head = f"{word}{_SUFFIX}[^A-Za-z0-9]"
    triggers = [head if link == "column" else word]
    if alone:
        ways.append(f"{_EDGE}({alone}){_AFTER}")
        triggers.append(f"{_EDGE}(?:{alone})")
    if lone:
        ways.append(f"(?:^|\\x00\n)(?:{_FREE_TEXT})=({lone})\n?\\x00")
        triggers.append(LONE_TRIGGER)
    return Named(
        pattern="|".join(ways), trigger="|".join(triggers), column=head, form=f"^(?:{form})$"
    )


def _as_bytes(words: str) -> str:
    words = words.replace("{national}", _NATIONAL)
    if words.isascii():
        return words
    return "".join(sign if sign.isascii() else _either_case(sign) for sign in words)


def _either_case(sign: str) -> str:
    """RE2 of a letter outside ASCII, small or capital: `(?i:` knows neither in bytes."""
    cases = dict.fromkeys((sign, sign.upper(), sign.lower()))
    forms = ["".join(f"\\x{byte:02x}" for byte in case.encode()) for case in cases]
    return forms[0] if len(forms) == 1 else f"(?:{'|'.join(forms)})"
