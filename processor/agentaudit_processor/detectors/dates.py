"""Dates: as parts of numbers, and as people write a birthday."""

from datetime import date

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec januar februar mär mai juni juli okt dez"
_MONTHS_FROM = {name: at % 12 + 1 for at, name in enumerate(_MONTHS.split()[:12])}
_MONTHS_FROM |= {"mär": 3, "mai": 5, "okt": 10, "dez": 12, "fév": 2, "avr": 4, "aoû": 8, "déc": 12}
_MONTHS_FROM |= {"ene": 1, "abr": 4, "ago": 8, "dic": 12, "gen": 1, "mag": 5, "giu": 6, "lug": 7}
_MONTHS_FROM |= {"set": 9, "ott": 10, "fev": 2, "out": 10, "dez": 12, "mei": 5, "mrt": 3, "maj": 5}
_MONTHS_FROM |= {"sty": 1, "lut": 2, "kwi": 4, "cze": 6, "lip": 7, "sie": 8, "wrz": 9, "paź": 10}
_MONTHS_FROM |= {"lis": 11, "gru": 12, "ago": 8, "maa": 3, "out": 10, "jui": 7}
_FIRST_YEAR, _LAST_YEAR = 1900, 2029


def is_date(year: int, month: int, day: int) -> bool:
    """Tell whether there is such a day."""
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def is_short_date(digits: str, order: str = "ymd") -> bool:
    """Tell whether six digits are a date in `order` (`ymd`, `dmy`), of this century or the last."""
    parts = {"ymd": (0, 2, 4), "dmy": (4, 2, 0)}[order]
    year, month, day = (int(digits[at : at + 2]) for at in parts)
    return is_date(2000 + year, month, day) or is_date(1900 + year, month, day)


def is_birthday(value: str) -> bool:
    """Tell whether `value` is a date on which somebody alive may have been born.

    Numbers in any usual order, or a month by name: `1985-03-14`, `14.03.1985`, `March 14, 1985`.
    """
    words = "".join(sign if sign.isalnum() else " " for sign in value.lower()).split()
    if not 1 <= len(words) <= 5 or len(value) > 32:
        return False
    named = [month for word in words if (month := _MONTHS_FROM.get(word[:3])) and word.isalpha()]
    numbers = [
        int(word.rstrip("stndrhº")) for word in words if word[:1].isdecimal() and _plain(word)
    ]
    if len(words) == 1 and len(numbers) == 1 and len(words[0]) == 8:
        compact = words[0]
        numbers = [int(compact[:4]), int(compact[4:6]), int(compact[6:])]
    if len(named) == 1 and len(numbers) == 2:
        numbers = [numbers[0], named[0], numbers[1]]
    return len(numbers) == 3 and any(
        _FIRST_YEAR <= _full(year) <= _LAST_YEAR and is_date(_full(year), month, day)
        for year, month, day in (
            (numbers[0], numbers[1], numbers[2]),
            (numbers[2], numbers[1], numbers[0]),
            (numbers[2], numbers[0], numbers[1]),
        )
    )


def _plain(word: str) -> bool:
    return word.isascii() and word.rstrip("stndrh").isdigit()


def _full(year: int) -> int:
    return year if year > 99 else year + (1900 if year > 29 else 2000)
