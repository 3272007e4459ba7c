"""National and tax numbers of western and southern Europe.

Sources: the national registers' own descriptions, as collected in the TIN information of the
European Commission (ec.europa.eu/taxation_customs/tin) and OECD's TIN pages.
"""

from agentaudit_processor.detectors.check_digits import (
    digits_of,
    is_mod_11_10,
    is_verhoeff,
    weighted,
)
from agentaudit_processor.detectors.dates import is_date, is_short_date
from agentaudit_processor.detectors.luhn import is_luhn

_ES_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_IE_LETTERS = "WABCDEFGHIJKLMNOPQRSTUV"
_IT_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21) * 1
        + (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25)
        + (24, 23),
        strict=True,
    )
)
_IT_OMOCODIA = str.maketrans("LMNPQRSTUV", "0123456789")
_IT_MONTHS = "ABCDEHLMPRST"
_GB_UNUSED = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def is_gb_utr(value: str) -> bool:
    """British Unique Taxpayer Reference: the first of ten digits checks the others, mod 11."""
    digits = digits_of(value.rstrip("Kk"), 10)
    if digits is None:
        return False
    return digits[0] == "21987654321"[weighted(digits[1:], (6, 7, 8, 9, 10, 5, 4, 3, 2)) % 11]


def is_at_svnr(value: str) -> bool:
    """Austrian Sozialversicherungsnummer: 3 digits, check digit, birthday (months to 15)."""
    digits = digits_of(value, 10)
    if digits is None or digits[0] == "0":
        return False
    day, month = int(digits[4:6]), int(digits[6:8])
    check = weighted(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11
    return 1 <= day <= 31 and 1 <= month <= 15 and check == int(digits[3])


def is_be_nn(value: str) -> bool:
    """Belgian Rijksregisternummer: birthday, serial number, 97 minus the rest (2 before 2000)."""
    digits = digits_of(value, 11)
    if digits is None:
        return False
    month, day = int(digits[2:4]) % 20, int(digits[4:6])  # BIS numbers add 20 or 40 to the month
    if month > 12 or day > 31:
        return False
    head, check = int(digits[:9]), int(digits[9:])
    return check in (97 - head % 97, 97 - (2_000_000_000 + head) % 97)


def is_ch_ahv(value: str) -> bool:
    """Swiss AHV number: 756 and an EAN-13 check digit."""
    digits = digits_of(value, 13)
    return (
        digits is not None
        and digits.startswith("756")
        and weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0
    )


def is_de_idnr(value: str) -> bool:
    """German Steuer-ID: of its first ten digits one occurs two or three times; ISO 7064."""
    digits = digits_of(value, 11, " -./")
    if digits is None or digits[0] == "0":
        return False
    counts = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    return counts[-1] in (2, 3) and counts[-2] == 1 and is_mod_11_10(digits)


def is_de_vat(value: str) -> bool:
    """German USt-IdNr.: DE and nine digits, ISO 7064 mod 11,10."""
    digits = digits_of(value[2:].lstrip(" .-"), 9)
    return (
        value[:2].upper() == "DE"
        and digits is not None
        and digits[0] != "0"
        and is_mod_11_10(digits)
    )


def is_de_rvnr(value: str) -> bool:
    """German Rentenversicherungsnummer: area, birthday, letter of the name, serial, check digit."""
    bare = value.replace(" ", "").upper()
    if len(bare) != 12 or not ("A" <= bare[8] <= "Z") or not (bare[:8] + bare[9:]).isdecimal():
        return False
    if not bare.isascii() or not (1 <= int(bare[4:6]) <= 12 and 1 <= int(bare[2:4]) % 50 <= 31):
        return False
    digits = f"{bare[:8]}{ord(bare[8]) - 64:02}{bare[9:]}"
    products = (
        int(d) * w for d, w in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=False)
    )
    return sum(product // 10 + product % 10 for product in products) % 10 == int(bare[-1])


def is_es_id(value: str) -> bool:
    """Spanish DNI or NIE: number and letter, mod 23; X, Y, Z stand for 0, 1, 2."""
    bare = value.replace("-", "").replace(" ", "").replace(".", "").upper()
    if len(bare) != 9 or not bare.isascii():
        return False
    digits = str("XYZ".index(bare[0])) + bare[1:8] if bare[0] in "XYZ" else bare[:8]
    return digits.isdigit() and int(digits) > 0 and _ES_LETTERS[int(digits) % 23] == bare[8]


def is_fr_nir(value: str) -> bool:
    """French NIR: sex, year, month, place, serial number, 97 minus the rest; Corsica is 2A, 2B."""
    bare = value.replace(" ", "").replace(".", "").upper()
    head = bare[:13].replace("2A", "19", 1) if bare[5:7] == "2A" else bare[:13]
    head = head.replace("2B", "18", 1) if bare[5:7] == "2B" else head
    if len(bare) != 15 or not (head + bare[13:]).isdecimal() or not bare.isascii():
        return False
    month = int(head[3:5])
    known = bare[0] in "123478" and (1 <= month <= 12 or 20 <= month <= 42 or month >= 50)
    return known and 97 - int(head) % 97 == int(bare[13:])


def is_gb_nino(value: str) -> bool:
    """British National Insurance number: two letters of those in use, six digits, A to D."""
    bare = value.replace(" ", "").replace("-", "").upper()
    return (
        len(bare) == 9
        and bare.isascii()
        and bare[:2].isalpha()
        and not set(bare[:2]) & set("DFIQUV")
        and bare[1] != "O"
        and bare[:2] not in _GB_UNUSED
        and bare[2:8].isdigit()
        and bare[8] in "ABCD"
    )


def is_gb_nhs(value: str) -> bool:
    """British NHS number: ten digits, mod 11."""
    digits = digits_of(value, 10)
    return digits is not None and weighted(digits, range(10, 0, -1)) % 11 == 0


def is_ie_pps(value: str) -> bool:
    """Irish PPS number: seven digits, check letter, perhaps another letter."""
    bare = value.replace(" ", "").upper()
    if len(bare) not in (8, 9) or not bare.isascii() or not bare[:7].isdigit():
        return False
    second = bare[8:]
    if not bare[7].isalpha() or (second and second not in "ABCDEFGHITWX"):
        return False
    extra = 0 if second in ("", "T", "W", "X") else ord(second) - 64
    return _IE_LETTERS[(weighted(bare, range(8, 1, -1)) + 9 * extra) % 23] == bare[7]


def is_it_cf(value: str) -> bool:
    """Italian codice fiscale: names, birthday, place, check letter."""
    bare = value.upper()
    if len(bare) != 16 or not (bare.isascii() and bare.isalnum()) or not bare[:6].isalpha():
        return False
    numbers = (bare[6:8] + bare[9:11] + bare[12:15]).translate(_IT_OMOCODIA)
    if not numbers.isdigit() or bare[8] not in _IT_MONTHS or not bare[11].isalpha():
        return False
    total = sum(_IT_ODD[sign] for sign in bare[:15:2])
    total += sum(int(s) if s.isdigit() else ord(s) - 65 for s in bare[1:15:2])
    return chr(65 + total % 26) == bare[15]


def is_it_vat(value: str) -> bool:
    """Italian partita IVA: eleven digits, Luhn."""
    digits = digits_of(value.upper().removeprefix("IT"), 11)
    return digits is not None and int(digits[:7]) > 0 and is_luhn(digits)


def is_lu_matricule(value: str) -> bool:
    """Luxembourg matricule: birthday, serial number, a Luhn and a Verhoeff digit."""
    digits = digits_of(value, 13)
    return (
        digits is not None
        and 1850 < int(digits[:4]) < 2100
        and is_date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        and is_luhn(digits[:12])
        and is_verhoeff(digits[:11] + digits[12])
    )


def is_nl_bsn(value: str) -> bool:
    """Dutch BSN: nine digits, the eleven test."""
    digits = digits_of(value, 9)
    return digits is not None and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def is_pt_nif(value: str) -> bool:
    """Portuguese NIF: nine digits, mod 11."""
    digits = digits_of(value, 9)
    if digits is None or digits[0] == "0":
        return False
    return (11 - weighted(digits, range(9, 1, -1)) % 11) % 11 % 10 == int(digits[8])


def is_pt_cc(value: str) -> bool:
    """Portuguese Cartão de Cidadão: nine digits, version in two signs, check digit.

    Luhn over signs in base 36; source: AMA, "Validação de Número de Documento".
    """
    signs = value.replace(" ", "").replace("-", "").upper()
    if len(signs) != 12 or not (signs.isascii() and signs.isalnum() and signs[:9].isdigit()):
        return False
    if signs[9:11].isdigit() or not signs[11].isdigit() or len(set(signs[:9])) == 1:
        return False
    doubled = [int(sign, 36) * 2 for sign in signs[0::2]]
    return (sum(n - 9 if n > 9 else n for n in doubled) + _sum36(signs[1::2])) % 10 == 0


def _sum36(signs: str) -> int:
    return sum(int(sign, 36) for sign in signs)


def is_gr_amka(value: str) -> bool:
    """Greek AMKA: birthday, serial number, Luhn digit."""
    digits = digits_of(value, 11)
    return digits is not None and is_short_date(digits, "dmy") and is_luhn(digits)
