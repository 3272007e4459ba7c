"""Masks keep the shape of a value, and no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_processor.redact import digest_of, harmless, mask_pii, one_line, secret_form


@pytest.mark.parametrize(
    ("pii", "value", "masked"),
    [
        ("email", "bob.miller@mail.company.org", "b•••@m•••.org"),
        ("payment_card", "4111-1111-1111-1234", "•••• 1234"),
        ("iban", "DE89370400440532013000", "DE89••••••3000"),
        ("phone", "+49 30 901820", "+49••••••20"),
        ("ip_address", "81.2.69.142", "81.•••"),
        ("ip_address", "2a02:810d::1", "2a02:•••"),
        ("national_id_us", "536-22-1234", "•••-••-••••"),
        ("date_of_birth", "1985-03-14", "••••-••-••"),
        ("mac_address", "3c:22:fb:4a:91:0d", "3c:22:fb:••:••:••"),
        ("person_name", "Fenne de Wit", "F••• d••• W•••"),
        ("a type of tomorrow", "x", "•"),
    ],
)
def test_a_mask_has_the_shape_of_its_value(pii: str, value: str, masked: str):
    assert mask_pii(pii, value) == masked


def test_a_secrets_mask_tells_type_length_and_digest():
    digest = digest_of("h4rd2Gue55", b"key")

    assert secret_form("password", 10, digest) == f"[secret:password:10:{digest}]"
    assert len(digest) == 12


@given(text=st.text())
def test_no_control_or_bidi_character_survives(text: str):
    steering = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *"\u202e\u2066\u200b\ufeff"}

    assert not steering - {"\t", "\n"} & set(harmless(text))


@given(text=st.text(max_size=2000), limit=st.integers(min_value=1, max_value=300))
def test_one_line_is_one_line_of_limited_length(text: str, limit: int):
    line = one_line(text, limit)

    assert len(line) <= limit
    assert "\n" not in line
