"""The named checks, one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_processor.detectors import DETECTORS
from agentaudit_processor.detectors.card import card_scheme
from agentaudit_processor.detectors.luhn import is_luhn


@pytest.mark.parametrize(
    ("detector", "value", "right"),
    [
        ("payment_card", "4111 1111 1111 1111", True),
        ("payment_card", "4111-1111-1111-1111", True),
        ("payment_card", "378282246310005", True),
        ("payment_card", "4111111111111112", False),
        ("payment_card", "0000000000000000", False),
        ("payment_card", "7111111111111111", False),
        ("iban", "DE89 3704 0044 0532 0130 00", True),
        ("iban", "GB82WEST12345698765432", True),
        ("iban", "DE89370400440532013001", False),
        ("iban", "DE8937040044053201300", False),
        ("iban", "XX89370400440532013000", False),
        ("email", "bob.miller@company.org", True),
        ("email", "git@github.com", False),
        ("email", "noreply@company.org", False),
        ("email", "types@index.d.ts", False),
        ("email", "a..b@company.org", False),
        ("email", "bob@localhost", False),
        ("ip", "81.2.69.142", True),
        ("ip", "2a02:810d:8040:1f2::1", True),
        ("ip", "192.168.1.7", False),
        ("ip", "127.0.0.1", False),
        ("ip", "203.0.113.9", False),
        ("ip", "8.8.8.8", True),
        ("ip", "7.0.8.1", False),
        ("ip", "fe80::1", False),
        ("ip", "2001:db8::1", False),
        ("ip", "fd00::1234", False),
        ("ip", "::ffff:81.2.69.142", True),
        ("named_ip", "7.0.8.1", True),
        ("named_ip", "10.20.3.44", False),
        ("named_ip", "127.0.0.1", False),
        ("private_ip", "10.20.3.44", True),
        ("private_ip", "100.64.0.1", True),
        ("private_ip", "169.254.169.254", True),
        ("private_ip", "192.0.2.7", True),
        ("private_ip", "fe80::1", True),
        ("private_ip", "2001:db8::1", True),
        ("private_ip", "::ffff:10.0.0.1", True),
        ("private_ip", "81.2.69.142", False),
        ("private_ip", "127.0.0.1", False),
        ("private_ip", "0.0.0.0", False),
        ("private_ip", "224.0.0.251", False),
        ("private_ip", "255.255.255.0", False),
        ("private_ip", "::1", False),
        ("private_ip", "::", False),
        ("private_ip", "a::b", False),
        ("ip", "1.2.3.400", False),
        ("ip", "::1", False),
        ("international_phone", "+49 30 901820", True),
        ("international_phone", "0049 30 901820", True),
        ("international_phone", "+49 1", False),
        ("local_phone", "0151 49605970", True),
        ("local_phone", "123", False),
        ("no_placeholder", "h4rd2Gue55", True),
        ("no_placeholder", "changeme", False),
        ("no_placeholder", "${TOKEN}", False),
        ("no_placeholder", "<your-key>", False),
        ("no_placeholder", "xxxxxxxxxxxx", False),
        ("no_placeholder", "[secret:jwt:12:0123456789ab]", False),
        ("credential", "h4rd2Gue55", True),
        ("credential", "getPassword()", False),
        ("credential", "user_name_field", False),
        ("credential", "/etc/ssl/key.pem", False),
        ("random_token", "kT9xQz4LmN7pRs2VwYb6Dc", True),
        ("random_token", "Content-Length-28147", False),
        ("random_token", "743b294a-cd03-11ec-9d64-0242ac120002", False),
        ("random_token", "tokenizer.next_token", False),
    ],
)
def test_a_detector_tells_right_from_wrong(detector: str, value: str, right: bool):
    assert DETECTORS[detector](value) is right


@given(value=st.text(max_size=60), name=st.sampled_from(sorted(DETECTORS)))
def test_no_detector_raises(value: str, name: str):
    assert DETECTORS[name](value) in (True, False)


@given(digits=st.text("0123456789", min_size=11, max_size=18))
def test_exactly_one_check_digit_fits(digits: str):
    assert sum(is_luhn(digits + check) for check in "0123456789") == 1


def test_luhn_refuses_what_is_no_number():
    with pytest.raises(ValueError, match="ASCII digits"):
        is_luhn("4111x")


@pytest.mark.parametrize(
    ("number", "scheme"),
    [
        ("4111 1111 1111 1111", "Visa"),
        ("5555-5555-5555-4444", "Mastercard"),
        ("2223003122003222", "Mastercard"),
        ("378282246310005", "American Express"),
        ("6011111111111117", "Discover"),
        ("3530111333300000", "JCB"),
        ("30569309025904", "Diners Club"),
        ("6200000000000005", "UnionPay"),
        ("6759649826438453", "Maestro"),
        ("122000000000003", ""),
        ("a card", ""),
    ],
)
def test_a_card_tells_its_scheme(number: str, scheme: str):
    assert scheme == card_scheme(number)
