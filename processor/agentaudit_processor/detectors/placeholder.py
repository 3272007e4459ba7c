"""Values that only stand where a secret would: `changeme`, `${TOKEN}`, `<your key>`, `xxxx`."""

_STAND_INS = """
example changeme change_me change-me placeholder your_ your- yourpass dummy redacted masked
replace insert todo fixme notreal not_real not-a-real sample xxxx **** ... ____
abcdefghijklmnopqrstuvwxyz
"""
_INSIDE = f"""
{_STAND_INS} 1234567890 abcdefgh randomstring fake test_key my_secret mysecret undefined foobar
"""
_WHOLE = """
none null nil true false password passwd secret token key string str bytes int bool user pass
username admin root test default value unknown empty required optional yes no env self this
prompt - -- ... … x n/a disabled enabled hidden changed function userpass mypass mypassword
yourpassword postgres mysql mongodb redis guest
anonymous base64 sha256 sha512 md5 scram-sha-256 utf-8 utf8 ascii hex plain cleartext
"""
_OPENINGS = """
$ < {{ {% % [secret: [masked process.env os.environ os.getenv getenv env. env( env[ secrets.
vault: ref: arn:aws: !ref !vault @ config. settings. self. this. var. local. data. op:// & *
"""
_LABELS = ("example", "sample")
_FEWEST_BESIDE = 20
_STAND_IN_WORDS = tuple(_STAND_INS.split())
_INSIDE_WORDS = tuple(_INSIDE.split())
_WHOLE_WORDS = frozenset(_WHOLE.split())
_OPENING_WORDS = tuple(_OPENINGS.split())


def is_no_placeholder(value: str) -> bool:
    """Tell whether `value` could be in use: no variable, no stand-in, not one sign repeated."""
    lowered = value.strip().strip("\"'`").lower()
    if lowered in _WHOLE_WORDS or lowered.startswith(_OPENING_WORDS):
        return False
    if len(set(lowered)) < 4:
        return False
    return not any(word in lowered for word in _INSIDE_WORDS)


def is_stand_in(value: str) -> bool:
    """Tell whether `value` says itself that it is none: `example`, `your-…`, `xxxx`.

    Weaker than `is_no_placeholder`, for values whose form alone tells what they are.
    """
    lowered = value.lower()
    return any(word in lowered for word in _STAND_IN_WORDS)


def without_label(value: str) -> str:
    """`value` without one word that calls it an example: what is left may still be a token.

    A word that is repeated, or that leaves little, is all there is: then `value` is given back.
    """
    lowered = value.lower()
    for word in _LABELS:
        if lowered.count(word) == 1 and len(value) - len(word) >= _FEWEST_BESIDE:
            at = lowered.index(word)
            return value[:at] + value[at + len(word) :]
    return value


def is_given(value: str) -> bool:
    """Tell whether `value` stands there itself, poor as it may be, and no variable for it."""
    lowered = value.strip().strip("\"'`").lower()
    return len(set(lowered)) >= 3 and not lowered.startswith(_OPENING_WORDS)
