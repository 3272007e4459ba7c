"""What may be a person's name, an address, a place: checked by shape, found by their keys."""

import re

_CODE = re.compile(r"[a-z]\.[A-Za-z]|\b(?!Mc|Mac|De|Di|La|Le|Van|O)[A-Z][a-z]+[A-Z]")
"""`models.CharField`, `FirstName`; but not `McCoy`."""
_STAND_INS = """
    string str text varchar none null nil true false test testing user username name names first
    last full default unknown undefined value values example sample anonymous admin root system
    dict list set tuple union literal annotated mapped sequence mapping object number boolean
    required optional field label title todo any na column varying character unique index input
    vorname nachname familienname prénom nom nombre apellido apellidos cognome nome voornaam
    achternaam
    surname förnamn efternamn fornavn etternavn imię nazwisko sobrenome jméno
"""
_PARTICLES = "de da di do du del della der den van von zu la le el al bin ibn y e dos"
_STAND_IN_WORDS = frozenset(_STAND_INS.split())
_PARTICLE_WORDS = frozenset(_PARTICLES.split())


def is_person_name(value: str) -> bool:
    """Tell whether `value`, found by a key such as `full_name`, is written as a name is.

    Words that begin with a capital, or a script without capitals; no digits, no code.
    """
    words = value.replace(".", " ").replace(",", " ").split()
    if not 1 <= len(words) <= 6 or len(value) > 60 or not _is_worded(value):
        return False
    if _CODE.search(value) or any(word.lower() in _STAND_IN_WORDS for word in words):
        return False
    told = [word for word in words if word.lower() not in _PARTICLE_WORDS]
    capital = [word for word in told if not word[0].islower()]
    return bool(capital) and len(capital) * 2 >= len(told) and len(value) >= 2 and told != []


_COMPANIES = """
corp corporation inc gmbh ltd llc ag sa co group holding systems services service solutions support
team bank university department record records model care success relationship portal experience
"""
_COMPANY_WORDS = frozenset(_COMPANIES.split())


def is_full_name(value: str) -> bool:
    """Tell whether `value`, found behind a role such as `patient`, is a given and a family name."""
    words = value.replace(".", " ").lower().split()
    return len(words) > 1 and not _COMPANY_WORDS.intersection(words) and is_person_name(value)


def _is_worded(value: str) -> bool:
    return all(sign.isalpha() or sign in " .,'-\u2019\u02bc" or ord(sign) > 0x300 for sign in value)


def is_coordinates(value: str) -> bool:
    """Tell whether `value` is latitude and longitude, exact to about a hundred metres."""
    parts = value.replace(";", ",").split(",")
    if len(parts) != 2:
        return False
    try:
        latitude, longitude = (float(part) for part in parts)
    except ValueError:
        return False
    exact = all(len(part.strip().partition(".")[2]) >= 3 for part in parts)
    return (
        exact and abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0, 0)
    )


def is_postal_address(value: str) -> bool:
    """Tell whether `value`, found by a key such as `street`, holds a house number and a street."""
    words = value.replace(",", " ").split()
    numbered = any(word[:1].isdecimal() for word in words)
    return numbered and any(len(word) > 2 and word[:1].isalpha() for word in words)


def is_postcode(value: str) -> bool:
    """Tell whether `value`, found by a key such as `zip_code`, is no row of one digit."""
    return len({sign for sign in value if sign.isalnum()}) > 1


def is_document_number(value: str) -> bool:
    """Tell whether `value`, found by the name of a document, may be its number.

    Three digits at least, and not one sign repeated.
    """
    signs = [sign for sign in value if sign.isalnum()]
    return sum(sign.isdecimal() for sign in signs) >= 3 and len(set(signs)) > 2


_ACCOUNTS = """
postgres mysql root admin administrator service system daemon nobody www data user users test tester
testing demo guest default deploy deployer git github gitlab runner bot robot ci jenkins oracle
docker ubuntu debian ec2 vagrant pi app application api web client server null none true false
string str text username name login email self request config settings env process os your my
example sample dummy foo bar baz anonymous public private tmp temp sa dev prod stage local
"""
_ACCOUNT_WORDS = frozenset(_ACCOUNTS.split())
_GIVEN_NAME_CHARS = 5


def is_username(value: str) -> bool:
    """Tell whether `value`, found by a key such as `username`, is a person's and no service's.

    Two parts, or a name with digits: `anna.schmidt`, `jennifer.m`, `jmiller42`; a single word may
    be anything.
    """
    parts = [part for part in re.split(r"[._-]", value.lower()) if part]
    stems = [part.rstrip("0123456789") for part in parts]
    if not parts or any(stem in _ACCOUNT_WORDS for stem in stems) or not any(stems):
        return False
    full = all(len(stem) != 1 for stem in stems) or len(stems[0]) >= _GIVEN_NAME_CHARS
    return (len(parts) > 1 and full) or stems[0] != parts[0]


def is_human_age(value: str) -> bool:
    """Tell whether somebody may be `value` years old."""
    return value.isascii() and value.isdecimal() and 0 < int(value) <= 120


_NOTHING = """
none null nil no false true yes string str text bool boolean int integer number date object array
list dict any unknown undefined required optional clean clear keine nein aucun ninguno nessuno type
"""
_NOTHING_WORDS = frozenset(_NOTHING.split())


def is_statement(value: str) -> bool:
    """Tell whether `value`, found by a key such as `criminal_record`, says anything of a person."""
    words = value.replace(",", " ").split()
    return bool(words) and words[0].lower() not in _NOTHING_WORDS and not _CODE.search(value)
