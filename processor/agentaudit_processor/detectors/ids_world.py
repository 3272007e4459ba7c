"""National, tax and health numbers outside Europe.

Sources: SSA (SSN), IRS publication 1915 (ITIN), CMS (NPI, MBI), CRA (SIN), ATO and ABR (TFN, ABN,
ACN), UIDAI (Aadhaar), GSTN, Receita Federal (CPF, CNPJ), ICA (NRIC), and the national registers.
"""

from agentaudit_processor.detectors.check_digits import (
    digits_of,
    is_mod_11_2,
    is_verhoeff,
    weighted,
)
from agentaudit_processor.detectors.dates import is_date, is_short_date
from agentaudit_processor.detectors.luhn import is_luhn

_MBI_LETTERS = "ACDEFGHJKMNPQRTUVWXY"
_MBI_FORM = "CAXNAXNAANN"
_SG_LETTERS = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK"}
_SG_LETTERS["M"] = "KLJNPQRTUWX"
_ADVERTISED_SSN = {"078051120", "219099999", "457555462", "123456789", "987654320"}
_TH_PROVINCES = {*range(10, 28), *range(30, 50), *range(50, 59), *range(60, 68)}
_TH_PROVINCES |= {*range(70, 78), *range(80, 87), *range(90, 97)}


def is_us_ssn(value: str) -> bool:
    """US social security number: no part of zeros, no area 666 or 9xx, none from an advert."""
    digits = digits_of(value, 9)
    return (
        digits is not None
        and digits[:3] not in ("000", "666")
        and digits[0] != "9"
        and digits[3:5] != "00"
        and digits[5:] != "0000"
        and digits not in _ADVERTISED_SSN
    )


def is_us_itin(value: str) -> bool:
    """US individual taxpayer number: 9xx, group 50-65, 70-88, 90-92 or 94-99."""
    digits = digits_of(value, 9)
    if digits is None or digits[0] != "9":
        return False
    group = int(digits[3:5])
    return 50 <= group <= 65 or 70 <= group <= 88 or (group >= 90 and group != 93)


def is_us_npi(value: str) -> bool:
    """US national provider identifier: ten digits, Luhn behind the prefix 80840."""
    digits = digits_of(value, 10)
    return digits is not None and digits[0] in "12" and is_luhn("80840" + digits)


def is_us_mbi(value: str) -> bool:
    """US Medicare beneficiary identifier: eleven signs in a fixed pattern, without S L O I B Z."""
    bare = value.replace("-", "").replace(" ", "").upper()
    return len(bare) == 11 and all(
        _fits_mbi(sign, kind) for sign, kind in zip(bare, _MBI_FORM, strict=True)
    )


def _fits_mbi(sign: str, kind: str) -> bool:
    letter, digit = sign in _MBI_LETTERS, sign.isascii() and sign.isdigit()
    return {"C": digit and sign != "0", "A": letter, "N": digit, "X": letter or digit}[kind]


def is_us_routing(value: str) -> bool:
    """US bank routing number: nine digits of an assigned range, weights 3 7 1."""
    digits = digits_of(value, 9)
    if digits is None or not (0 <= int(digits[:2]) <= 12 or 21 <= int(digits[:2]) <= 32):
        return False
    return weighted(digits, (3, 7, 1) * 3) % 10 == 0


def is_us_dea(value: str) -> bool:
    """US DEA number of a prescriber: two letters, seven digits, the last a sum."""
    bare = value.upper()
    if len(bare) != 9 or not bare.isascii() or not bare[:2].isalpha() or not bare[2:].isdigit():
        return False
    return weighted(bare[2:8], (1, 2, 1, 2, 1, 2)) % 10 == int(bare[8])


def is_ca_sin(value: str) -> bool:
    """Canadian social insurance number: nine digits, Luhn; none begins with 8 or 0."""
    digits = digits_of(value, 9)
    return digits is not None and digits[0] not in "08" and is_luhn(digits)


def is_au_tfn(value: str) -> bool:
    """Australian tax file number: nine digits, mod 11."""
    digits = digits_of(value, 9)
    return digits is not None and weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def is_au_abn(value: str) -> bool:
    """Australian business number: eleven digits, mod 89."""
    digits = digits_of(value, 11)
    if digits is None or digits[0] == "0":
        return False
    return (weighted(digits, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) - 10) % 89 == 0


def is_au_acn(value: str) -> bool:
    """Australian company number: nine digits, mod 10."""
    digits = digits_of(value, 9)
    return digits is not None and -weighted(digits, range(8, 0, -1)) % 10 == int(digits[8])


def is_au_medicare(value: str) -> bool:
    """Australian Medicare number: ten digits from 2 to 6 on, the ninth a check."""
    digits = digits_of(value[:12], 10)
    if digits is None or digits[0] not in "23456":
        return False
    return weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(digits[8])


def is_in_aadhaar(value: str) -> bool:
    """Indian Aadhaar: twelve digits from 2 on, Verhoeff, no palindrome."""
    digits = digits_of(value, 12, " -:")
    if digits is None or digits[0] in "01" or digits == digits[::-1]:
        return False
    return is_verhoeff(digits)


def is_in_pan(value: str) -> bool:
    """Indian PAN: five letters (the fourth tells who holds it), four digits, a letter."""
    bare = value.upper()
    return (
        len(bare) == 10
        and bare.isascii()
        and (bare[:5] + bare[9]).isalpha()
        and bare[5:9].isdigit()
        and bare[3] in "ABCFGHJLPTE"
        and bare[5:9] != "0000"
    )


def is_in_gstin(value: str) -> bool:
    """Indian GSTIN: state, PAN, entity, Z, check sign."""
    bare = value.upper()
    if len(bare) != 15 or not (bare.isascii() and bare.isalnum()) or not bare[:2].isdigit():
        return False
    return 1 <= int(bare[:2]) <= 38 and bare[13] == "Z" and _has_pan_form(bare[2:12])


def _has_pan_form(value: str) -> bool:
    """Five letters, four digits, a letter."""
    return (value[:5] + value[9:]).isalpha() and value[5:9].isdigit()


def is_br_cpf(value: str) -> bool:
    """Brazilian CPF: eleven digits, the last two mod 11."""
    digits = digits_of(value, 11)
    if digits is None:
        return False
    # the first alone takes ten of eleven look-alikes back
    if -weighted(digits, range(10, 1, -1)) % 11 % 10 != int(digits[9]):
        return False
    return -weighted(digits, range(11, 1, -1)) % 11 % 10 == int(digits[10])


def is_br_cnpj(value: str) -> bool:
    """Brazilian CNPJ: fourteen digits, the last two mod 11."""
    digits = digits_of(value, 14, " -./")
    if digits is None:
        return False
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    first = -weighted(digits, weights[1:]) % 11 % 10
    second = -weighted(digits, weights) % 11 % 10
    return (first, second) == (int(digits[12]), int(digits[13]))


def is_sg_nric(value: str) -> bool:
    """Singaporean NRIC or FIN: letter of the century, seven digits, check letter."""
    bare = value.upper()
    if (
        len(bare) != 9
        or not bare.isascii()
        or bare[0] not in _SG_LETTERS
        or not bare[1:8].isdigit()
    ):
        return False
    total = weighted(bare[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(bare[0], 0)
    at = 10 - total % 11 if bare[0] == "M" else total % 11
    return _SG_LETTERS[bare[0]][at] == bare[8]


def is_kr_rrn(value: str) -> bool:
    """Korean resident or foreigner registration number: birthday, century and sex, serial.

    Numbers given out since October 2020 have no check digit, so it is not asked for; the place of
    registration (to 96) is.
    """
    digits = digits_of(value, 13)
    if digits is None or digits[6] == "0" or digits[6] == "9" or int(digits[7:9]) > 96:
        return False
    return is_short_date(digits)


def is_checked_kr_rrn(value: str) -> bool:
    """Korean number with a right check digit, as all had until 2020."""
    digits = digits_of(value, 13)
    if digits is None or not is_kr_rrn(digits):
        return False
    offset = 13 if digits[6] in "5678" else 11
    total = weighted(digits, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5))
    return (offset - total % 11) % 10 == int(digits[12])


def is_cn_ric(value: str) -> bool:
    """Chinese resident identity number: place, birthday, serial, ISO 7064 mod 11-2."""
    bare = value.upper()
    if (
        len(bare) != 18
        or not (bare.isascii() and bare[:17].isdigit())
        or bare[17] not in "0123456789X"
    ):
        return False
    known = 1900 <= int(bare[6:10]) < 2100 and "11" <= bare[:2] <= "91"
    born = is_date(int(bare[6:10]), int(bare[10:12]), int(bare[12:14]))
    return known and born and is_mod_11_2(bare)


def is_th_tnin(value: str) -> bool:
    """Thai national number: kind, province, serial, mod 11."""
    digits = digits_of(value, 13)
    if digits is None or digits[0] in "09" or int(digits[1:3]) not in _TH_PROVINCES:
        return False
    return (11 - weighted(digits, range(13, 1, -1)) % 11) % 10 == int(digits[12])


def is_za_id(value: str) -> bool:
    """South African identity number: birthday, serial, citizenship, Luhn digit."""
    digits = digits_of(value, 13)
    known = digits is not None and digits[10] in "012" and is_short_date(digits)
    return known and is_luhn(digits or "")


def is_il_id(value: str) -> bool:
    """Israeli identity number: nine digits, Luhn."""
    digits = digits_of(value, 9)
    return digits is not None and int(digits) > 0 and is_luhn(digits)
