"""What a text hides in base64 or percent-encoding is read by every rule for secrets."""

from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest

from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_tool_call
from tests.support.canaries import SECRETS, TELLING, needles

JUDGE = Judge.load()


def left_of(text: str) -> tuple[str, tuple[str, ...]]:
    """The text masked, and what was not covered."""
    call = a_tool_call("Write", arguments={"file_path": "x", "content": text}, result=None)
    exam = JUDGE.examine(call)
    return str(exam.without_secrets().arguments["content"]), exam.not_covered


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("around", ["", "export TOKEN=", "x = 1\nkey: "])
def test_a_secret_of_any_vendor_is_found_in_base64(name: str, around: str):
    raw = f"{around}{SECRETS[name]}".encode()

    for encoded in (b64encode(raw), urlsafe_b64encode(raw), b64encode(b64encode(raw))):
        masked, _ = left_of(f"data: {encoded.decode()}\nend")

        shown = [one for one in needles(TELLING.get(name, SECRETS[name])) if one in masked.encode()]
        assert [] == shown
        assert encoded.decode() not in masked


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_of_any_vendor_is_found_percent_encoded(name: str):
    masked, _ = left_of(f"https://x.intern/?q={quote('see: ' + SECRETS[name], safe='')}")

    assert quote(TELLING.get(name, SECRETS[name]), safe="") not in masked


@pytest.mark.parametrize(
    "text",
    [
        b64encode(b"please type your name into the form below").decode(),
        b64encode(b'{"cursor": "2026-11-23T05:31:12", "id": 4711}').decode(),
        "https://x.intern/?q=how%20to%20reset%20my%20password%20please",
        "data:image/png;base64," + b64encode(bytes(range(256))).decode(),
    ],
)
def test_other_texts_in_an_encoding_stay(text: str):
    assert (text, ()) == left_of(text)


def test_a_page_of_cursors_is_no_page_of_secrets():
    cursors = [b64encode(f"cursor:2026-11-23:{at:06}".encode()).decode() for at in range(150)]
    text = "\n".join(cursors)

    assert (text, ()) == left_of(text)
