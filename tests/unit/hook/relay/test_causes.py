"""Why nobody answers, as a person reads it: by real failures of the libraries that are used."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest
import requests

from agentaudit_hook.relay.causes import cause_in_words
from agentaudit_hook.relay.trouble import of_silence

REFUSED = "http://127.0.0.1:9/v1/traces"
UNKNOWN = "http://nobody.invalid/v1/traces"


def _by_requests(url: str, **options: object) -> BaseException:
    with pytest.raises(requests.RequestException) as caught:
        requests.post(url, timeout=0.5, **options)  # type: ignore[arg-type]
    return caught.value


def _by_urllib(url: str) -> BaseException:
    with pytest.raises(OSError) as caught:  # noqa: PT011  of several kinds
        urlopen(url, timeout=0.5)
    return caught.value


@contextmanager
def _listening(answer: bytes | None) -> Iterator[str]:
    """A server that hangs up, or never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def serve() -> None:
            link, _ = listener.accept()
            held.append(link)
            if answer is not None:
                link.recv(100)
                link.sendall(answer)
                link.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(10)
        for link in held:
            link.close()


def test_nobody_at_the_port() -> None:
    assert "connection refused" == cause_in_words(_by_requests(REFUSED))
    assert "connection refused" == cause_in_words(_by_urllib(REFUSED))


def test_a_name_that_nobody_has() -> None:
    assert "its name is not known here" == cause_in_words(_by_requests(UNKNOWN))
    assert "its name is not known here" == cause_in_words(_by_urllib(UNKNOWN))


def test_one_that_hangs_up_and_one_that_says_nothing() -> None:
    with _listening(b"") as url:
        hung_up = cause_in_words(_by_requests(url))
    with _listening(None) as url:
        silent = cause_in_words(_by_requests(url))

    assert ["the connection was closed", "no answer in time"] == [hung_up, silent]


def test_a_proxy_that_is_not_there_is_named() -> None:
    error = _by_requests("http://127.0.0.1:9/", proxies={"http": "http://127.0.0.1:9"})

    assert "the proxy: connection refused" == cause_in_words(error)


def test_an_error_that_says_nothing_for_people_gives_its_kind() -> None:
    error = ValueError("<object object at 0x7f2e>")

    assert "ValueError" == cause_in_words(error)
    assert "no answer in time" == cause_in_words(None)


def test_the_sentence_names_no_part_of_a_program() -> None:
    sentence = of_silence(REFUSED, _by_requests(REFUSED)).sentence

    assert sentence.startswith(f"Nothing answers at {REFUSED} (connection refused): ")
