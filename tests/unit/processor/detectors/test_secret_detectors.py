"""The checks that secrets rules call: checksums, encodings, randomness."""

import pytest

from agentaudit_processor.detectors import DETECTORS
from agentaudit_processor.detectors.entropy import reads_like_words

# written in pieces, so that no scanner takes an example for a live token
REVOKED = "ghp_" + "zQWBuTSOoRi4A9spHcVY5nc" + "nsDkxkJ0mLq17"
WALLET = "5HueCGU8rMjxEXxiPuD5BDku" + "4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"
AGE = "AGE-SECRET-KEY-1" + "GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZ" + "GFPYYSJZGFPYYSJZGFPQ4EGAEX"


@pytest.mark.parametrize(
    ("detector", "value", "right"),
    [
        ("crc32_token", REVOKED, True),
        ("crc32_token", REVOKED[:-1] + "8", False),
        ("crc32_token", "ghp_short", False),
        ("crc32_token", "ghp_" + "é" * 36, False),
        ("base58check", WALLET, True),
        ("base58check", WALLET[:-1] + "K", False),
        ("base58check", "0OIl", False),
        ("bech32", AGE, True),
        ("bech32", AGE[:-1] + "Q", False),
        ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0", True),
        ("jwt", "eyJzdWIiOiIxIn0.eyJzdWIiOiIxIn0", False),
        ("jwt", "eyX.eyX", False),
        ("basic_auth", "YWxpY2U6aDRyZDJHdWU1NQ==", True),
        ("basic_auth", "YWxpY2U6JHtQQVNTfQ==", False),
        ("basic_auth", "programming", False),
        ("given", "summer", True),
        ("given", "${PASSWORD}", False),
        ("random_token", "rlovytlgxfpfvgltzuhqpiljydgktcoe", True),
        ("random_token", "authorizationcodeprovider", False),
        ("random_token", "hashlib.Sha256Constructor", False),
        ("random_token", "postgresql://db.intern:5432/shop", False),
        ("random_token", "ZHVtbXkgdGV4dCBkYXRhIGRhdGEgZGF0YQ==", False),
        ("service_key", "743b294a-cd03-11ec-9d64-0242ac120002", True),
        ("service_key", "your-service-key-4711", False),
        ("vendor_token", "dop_v1_" + "8c2f4b1e9a7d" * 5, True),
        ("vendor_token", "glc_111111111111111111111111", False),
        ("vendor_token", "fw_authenticationprovider", False),
        ("vendor_token", "tok_EXAMPLE8c2f4b1e9a7d", False),
        ("credential", "smtp_pcqbkrtj", True),
        ("credential", "ASAuthorizationPasswordProvider", False),
    ],
)
def test_a_check_tells_secrets_from_what_looks_like_one(detector: str, value: str, right: bool):
    assert DETECTORS[detector](value) is right


@pytest.mark.parametrize("word", ["configuration", "userAccountName", "proxy", "kubernetes"])
def test_words_read_like_words(word: str):
    assert reads_like_words(word)


@pytest.mark.parametrize("text", ["qxvzkjwpfhg", "ABCDYEYMYXGVTGZFIXKVMSWQFNJS"])
def test_random_letters_do_not_read_like_words(text: str):
    assert not reads_like_words(text)
