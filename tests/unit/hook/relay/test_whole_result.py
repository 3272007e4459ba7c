"""A result of any size for the model: its secrets alone are replaced."""

from hypothesis import given
from hypothesis import strategies as st

from agentaudit_hook.relay.whole_result import PIECE_CHARS, without_secrets
from agentaudit_processor.model import Json

SECRET = "hunter2hunter2"
_TEXTS = st.text(max_size=40)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=30,
)


def _masks(value: Json) -> Json:
    assert isinstance(value, list)
    return [{k: str(v).replace(SECRET, "***") for k, v in one.items()} for one in value]  # type: ignore[union-attr]


@given(_JSON)
def test_what_holds_no_secret_stays_as_it_was(whole: Json) -> None:
    shown = without_secrets(whole, _masks)

    assert whole == shown


@given(st.integers(0, 3 * PIECE_CHARS), st.sampled_from(["\n", " "]))
def test_a_secret_is_found_wherever_a_long_text_is_cut(at: int, gap: str) -> None:
    text = (f"filler{gap}" * (4 * PIECE_CHARS // 7))[: 3 * PIECE_CHARS]
    whole: Json = {"stdout": text[:at] + gap + SECRET + gap + text[at:], "code": 1}

    shown = without_secrets(whole, _masks)

    assert {"stdout": text[:at] + gap + "***" + gap + text[at:], "code": 1} == shown


def test_a_block_over_lines_is_not_cut() -> None:
    block = (
        "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIE\n" * 2_000 + "-----END RSA PRIVATE KEY-----\n"
    )
    text = "x\n" * (PIECE_CHARS // 2 - 1_000) + block + "y\n" * PIECE_CHARS
    seen: list[str] = []

    def look(value: Json) -> Json:
        assert isinstance(value, list)
        seen.extend(str(text) for one in value for text in one.values())  # type: ignore[union-attr]
        return value

    without_secrets(text, look)

    assert any(block in one for one in seen)
    assert text == "".join(seen)


def test_what_comes_back_in_another_shape_is_not_shown() -> None:
    shown = without_secrets({"stdout": SECRET}, lambda _: "[too many]")

    assert SECRET not in str(shown)
