"""Texts that want to be markup, script, a formula, a mention or an order to a terminal.

Each of `TEXTS` is short enough to be shown whole in a cell.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from tinyhtml5 import parse

TEXTS = {
    "tags": "<script>alert(1)</script><img src=x onerror=alert(1)><svg/onload=alert(1)>",
    "end of an attribute": "\"><img src=x onerror=alert(1)>'><iframe src=//evil.example>",
    "attributes": "\" onmouseover=alert(1) style=x ' autofocus onfocus=alert(1) x='",
    "ends of raw text": "</title></textarea></script></style><script>alert(1)</script><!--",
    "templates": "{{7*7}}{% raw %}${7*7}<%= 7*7 %>#{7*7}{{''.__class__.__mro__}}",
    "addresses": "javascript:alert(1) data:text/html,<script>alert(1)</script> //evil.example",
    "turned and hidden": "a\u202egnp.exe\u2066 \u200bb\u2028c\ufeff\u00ad\x00\x07\x9b31m",
    "a terminal": "\x1b[2J\x1b]0;owned\x07\x1b]8;;https://evil.example\x1b\\x\x1b[31m\r\nroot#",
    "formulas": '=HYPERLINK("https://evil.example","x")\t+1+1\r-2+3@SUM(1)',
    "mentions": "<!channel> <@U0> *b* _i_ `c` <https://evil.example|ours> &lt;!here&gt;",
    "headers": "x\r\nBcc: evil@example.com\r\nContent-Type: text/html\r\n\r\n<b>owned</b>",
    "htmx": "<a hx-get=/dashboard hx-on::load=alert(1) hx-vals='js:{a:alert(1)}'>x</a>",
    "broken entities": "&#x3C;script&#x3E; &lt;b&gt; &amp;lt;i&amp;gt; &#0; &quot;&apos;",
    "lone surrogate": "a\ud800b\udfffc",
}
_SAFE_ADDRESSES = ("/dashboard", "#")
_ADDRESSES = ("href", "src", "action", "formaction", "data", "xlink:href", "srcset", "poster")
_NEVER = {"iframe", "object", "embed", "base", "img", "video", "audio", "style", "frame"}


def _elements(document: str) -> Iterator[Element]:
    yield from parse(document, namespace_html_elements=False).iter()


def wrongs_of(document: str) -> list[str]:
    """What an HTML document holds that no page of ours does, as a browser would read it."""
    found = []
    for element in _elements(document):
        tag = str(element.tag).rpartition("}")[2]
        if tag in _NEVER:
            found.append(f"<{tag}>")
        for name, value in element.attrib.items():
            plain = str(name).rpartition("}")[2].lower()
            if plain.startswith(("on", "hx-on")) or plain in ("style", "srcdoc"):
                found.append(f"{tag} {plain}={value}")
            if plain in _ADDRESSES and not value.startswith(_SAFE_ADDRESSES):
                found.append(f"{tag} {plain}={value}")
            if plain.startswith("hx-") and "js:" in value:
                found.append(f"{tag} {plain}={value}")
        if tag == "script" and ("src" not in element.attrib or (element.text or "").strip()):
            found.append(f"script {element.text}")
        if (
            tag == "meta"
            and not element.get("content", "").isdecimal()
            and element.get("http-equiv")
        ):
            found.append("meta http-equiv")
    return found


def words_of(document: str) -> str:
    """All text that a reader sees; what stands in a form's field is left out."""
    return "".join(
        (element.text or "") * (element.tag != "textarea") + (element.tail or "")
        for element in _elements(document)
        if isinstance(element.tag, str)
    )
