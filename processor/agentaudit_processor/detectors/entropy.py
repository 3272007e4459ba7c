"""How random a text is, for secrets that only their form or their key gives away."""

from collections import Counter
from itertools import pairwise
from math import log2
from operator import eq

from agentaudit_processor.detectors.encoded import decoded
from agentaudit_processor.detectors.password import is_signed_mix
from agentaudit_processor.detectors.placeholder import is_no_placeholder, is_stand_in, without_label

# The commonest pairs of letters in words, names of code among them: about three in four pairs of
# what people write, one in six of what is drawn at random.
_COMMON_PAIRS = (
    "thheineranreonatenndtiesorteofedisitalarsttontngsehaasouiolevecomedehiriroicneearacelichll"
    "bemasiomurcaeltalansdifohopeecprnoctusacotiltrlyncetutsssorsunlowageiewheewiemadolrtpowena"
    "ulnitsmoowpaimmiaishirsuidosiviaamficivipligtuevldrympfeblabghtyopwosaayexkefrooavagifapgr"
    "odbosprddoucbueiovbyrmepttocfaefcurnscgidayocrcldugaquueffbaeylsvaumppuauplugohtruugdsltpi"
    "rcrregauckewmubrbiptakpuuirgibtlnykirkysobmmfuphogmsyeudmbipuboirlgudrhrcctwftwnnuafhunneo"
    "vorvnfxpgnsmflizoknlmyglawjuoaeqsyslpsjolfnvjenkkngsdyhyzeksxt"
)
_PAIRS = frozenset(_COMMON_PAIRS[at : at + 2] for at in range(0, len(_COMMON_PAIRS), 2))
_FEWEST_PAIRS = 6
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_HEX_LETTERS = frozenset("abcdef")
_SHORT = 100
_N_LOG_N = tuple(n * log2(n) if n else 0.0 for n in range(_SHORT))
_NEXT_SIGN = bytes((sign + 1) % 256 for sign in range(256))
_NO_DIGITS = str.maketrans("", "", "0123456789")
_HEX = _HEX_LETTERS.union("0123456789")


def shannon_bits(text: str) -> float:
    """Shannon entropy a character, 0 for an empty text; random base64 of 32 signs: about 4.5."""
    if not text:
        return 0.0
    size = len(text)
    counts = map(text.count, dict.fromkeys(text)) if size < _SHORT else Counter(text).values()
    return log2(size) - sum([_N_LOG_N[n] if n < _SHORT else n * log2(n) for n in counts]) / size


def reads_like_words(text: str) -> bool:
    """Tell whether the letters of `text` follow each other as in words; few letters always do.

    Wrong for one in 200 words of code and for one in ten random texts of nine letters or more.
    """
    lowered = text.lower()
    pairs = [a + b for a, b in pairwise(lowered) if a.isalpha() and b.isalpha()]
    if len(pairs) < _FEWEST_PAIRS:
        return True
    if len(lowered) >= 16 and set(lowered) <= _HEX_LETTERS:
        return False
    least = 0.4 if len(pairs) < 9 else 0.6
    return sum(pair in _PAIRS for pair in pairs) > least * len(pairs)


def _is_name_with_digits(core: str) -> bool:
    # `hashlib.Sha256Constructor`: few digits, and letters that are words beyond doubt
    if len(core) - len(core.translate(_NO_DIGITS)) > 4:
        return False
    pairs = [a + b for a, b in pairwise(core.lower()) if a.isalpha() and b.isalpha()]
    return len(pairs) >= _FEWEST_PAIRS and sum(pair in _PAIRS for pair in pairs) >= 0.8 * len(pairs)


def is_encoded_prose(value: str) -> bool:
    """Tell whether `value` is base64 of words in ASCII; of `user:password` it is not."""
    plain = decoded(value)
    if len(plain) < 12 or b":" in plain or not plain.isascii():
        return False
    text = plain.decode()
    return text.isprintable() and reads_like_words(text) and sum(map(str.isalpha, text)) > 9


def is_credential(value: str) -> bool:
    """Tell whether `value`, found beside a key such as `password`, is meant as a real one.

    A password may be short and poor, so entropy alone does not decide: what reads like code
    (calls, types, paths, words of prose) is none.
    """
    core = value.strip().strip("\"'`")
    if len(core) < 6 or not is_no_placeholder(core):
        return False
    if "::" in core or "://" in core:
        return False
    if any(sign in "(){}[]$;<>" for sign in core):
        return is_signed_mix(core)
    if core.startswith(("/", "./", "../", "~/", "--", "http")) or core.endswith((".pem", ".key")):
        return False
    if core.replace("_", "").replace("-", "").replace(".", "").isalpha():
        return _is_odd_word(core)
    return shannon_bits(core) >= 2.4


def is_random_token(value: str) -> bool:
    """Tell whether `value` looks drawn at random: 3 bits a sign or more, no words.

    Names made of words (`Content-Length-28147`), host names and UUIDs are not: a UUID names things
    far more often than it opens them.
    """
    core = value.strip().strip("\"'`")
    return is_no_placeholder(core) and _is_random(core) and not _is_uuid(core)


def is_service_key(value: str) -> bool:
    """Tell whether `value`, beside the name of a service, is its key: as random, UUIDs too."""
    core = value.strip().strip("\"'`")
    return not is_stand_in(core) and _is_random(core)


def is_vendor_token(value: str) -> bool:
    """Tell whether `value`, which has the form of a vendor's token, could be one.

    The form says nearly all: only what is repeated, typed in a row, made of words or says so itself
    is none.
    """
    return is_structured_token(value) and not is_typed_row(value)


def is_structured_token(value: str) -> bool:
    """The same of a form so exact, in parts of fixed length, that nobody types it in passing."""
    core = without_label(value)
    if any(is_stand_in(part) for part in core.lower().split(_ALPHABET)):
        return False
    longest = max(_parts(core), key=len, default="")
    if max(shannon_bits(core[4:]), shannon_bits(longest)) < 2.9:
        return longest.isalpha() and longest.isupper()
    return not longest.isalpha() or not reads_like_words(longest)


def is_typed_row(value: str) -> bool:
    """Tell whether `value` was typed rather than drawn: two in five signs follow the one before.

    `abc123xyz-456def789ghij`; of random signs one in forty does.
    """
    if len(value) < 16:
        return False
    signs = value.encode("ascii", "replace")
    steps: int = sum(map(eq, signs[1:], signs.translate(_NEXT_SIGN)))
    return steps * 5 > (len(value) - 1) * 2


def _is_random(core: str) -> bool:
    if shannon_bits(core) < 2.9 or "://" in core or _is_made_of_words(core):
        return False
    if is_encoded_prose(core) or _is_name_with_digits(core):
        return False
    return any(sign.isdigit() for sign in core) or (len(core) >= 16 and not reads_like_words(core))


def _is_made_of_words(core: str) -> bool:
    parts = _parts(core)
    if len(parts) < 3:
        return core.isalpha() and reads_like_words(core)
    words = [part for part in parts if len(part) <= 2 or part.isdigit() or _is_word(part)]
    return len(words) >= len(parts) - 1


def _parts(core: str) -> list[str]:
    return [part for part in core.replace("_", "-").replace(".", "-").split("-") if part]


def _is_word(part: str) -> bool:
    return part.isalpha() and reads_like_words(part)


def _is_uuid(core: str) -> bool:
    parts = core.lower().split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and set("".join(parts)) <= _HEX


def _is_odd_word(core: str) -> bool:
    # Letters only: `username`, `MyClass.field`, `snake_case_name` are code; `qwErtzUiopAs` is not
    # told apart from them by form, unless its case jumps about or its letters follow no word's.
    jumps = sum(a.isupper() != b.isupper() for a, b in pairwise(core))
    if core.isalpha() and 8 <= len(core) <= 16 and jumps >= 4 and shannon_bits(core) >= 3.0:
        return True
    return any(not reads_like_words(part) for part in _parts(core))
