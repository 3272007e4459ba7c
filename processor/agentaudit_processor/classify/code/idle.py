"""Programs that hold texts, change and print them, and do nothing else: no text in them is run.

`s = "os.system('rm -rf /')"; print(s)`. One call that is not known to be harmless, one sign of a
language that is not understood, and the program stays as it is.
"""

from collections.abc import Iterator
from functools import cache

from agentaudit_processor.classify.patterns import Pattern
from agentaudit_processor.classify.tables import table

_HARMLESS = table(
    """
    print printjson printjsonl len str repr int float bool list dict set tuple sorted reversed range
    enumerate zip map filter any all sum min max isinstance type format String Number Boolean
    log info warn error debug table write stringify dumps parse loads split rsplit splitlines join
    strip lstrip rstrip trim trimStart trimEnd replace replaceAll upper lower toUpperCase
    toLowerCase title capitalize startswith endswith startsWith endsWith includes indexOf find
    count index encode decode slice substring substr concat repeat padStart padEnd padEnd match
    matchAll search findall finditer fullmatch test append push pop keys values items get assert
    assertEqual assertIn equal deepEqual strictEqual ok dedent indent fill wrap pprint flush
    """
)
"""Functions and methods that neither run nor keep a text; of `a.b.c`, the last name counts."""
_STREAMS = table("console stdout stderr process sys json JSON re textwrap pprint assert unittest")
_OUTWARD = table("write log info warn error debug table get find count pop parse loads")
"""Names that files and connections have too: harmless on a stream or a text alone."""
_BEFORE_TEXT = table(
    "return in and or not is if else elif case of typeof await yield assert lambda default"
)
_BEFORE_BRACKET = _BEFORE_TEXT | table("for while switch")
_MODULES = table("json re sys textwrap pprint math string datetime collections itertools")
_TRIPLE = r'"""(?:[^\\]|\\.)*?"""|' + r"'''(?:[^\\]|\\.)*?'''"
_PLAIN = r'"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*'"
_TEXTS = {
    **dict.fromkeys(table("python py python3"), rf"(?s)([A-Za-z]{{0,2}})({_TRIPLE}|{_PLAIN})"),
    **dict.fromkeys(
        table("javascript js node nodejs typescript ts"),
        rf"(?s)()({_PLAIN}|`(?:[^`\\]|\\.)*`)",
    ),
}
_WORD = r"([A-Za-z_$][\w$]*)(\s*\()?"
_IMPORT = r"(?m)(?:^|;)\s*(?:import|from)\s+([^\n;]*)"
_CALL = r"([\w$.\])]*)\s*\("
_FOLLOWED = r"([\w$)\]]+)\s*\"\""
_STRANGE = ("'", "`", "/", "\\", "@", "%", "eval", "exec", "import(", "=>", "->", "<")
"""What an idle program has none of, once its texts are taken out."""
_MAX_CHARS = 16 * 1024


def without_idle_texts(text: str, language: str) -> str:
    """`text` with its literals emptied where it is certain that none of them is run."""
    pattern = _TEXTS.get(language)
    if pattern is None or len(text) > _MAX_CHARS or not ("'" in text or '"' in text or "`" in text):
        return text
    emptied: list[str] = []
    at = 0
    for whole, signs, inside in _compiled(pattern).each(_bytes(text)):
        sign = text[slice(*signs)].lower()
        has_holes = "f" in sign or "t" in sign or text[inside[0]] == "`"
        if has_holes and "{" in text[slice(*inside)]:
            return text
        emptied += [text[at : whole[0]], '""']
        at = whole[1]
    rest = "".join([*emptied, text[at:]])
    return rest if _is_idle(rest) else text


def _is_idle(text: str) -> bool:
    """Tell whether a program without the texts of its literals runs nothing."""
    if any(sign in text for sign in _STRANGE) or text.count('"') != 2 * text.count('""'):
        return False
    if any(word not in _BEFORE_TEXT for word in _first_groups(_FOLLOWED, text)):
        return False  # `exec "…"`, a tag before a template, `import "…"`
    if any(_modules(one) - _MODULES for one in _first_groups(_IMPORT, text)):
        return False
    for _, word, called in _compiled(_WORD).each(_bytes(text)):
        if called[0] < 0 and text[slice(*word)] in _HARMLESS:
            return False  # `print = …`: the name may be another function's by now
    return all(map(_is_harmless, _first_groups(_CALL, text)))


def _first_groups(pattern: str, text: str) -> Iterator[str]:
    return (text[slice(*found[1])] for found in _compiled(pattern).each(_bytes(text)))


def _bytes(text: str) -> bytes:
    """One byte for each character, so that places are the same."""
    return text.encode("ascii", "replace")


def _modules(imported: str) -> set[str]:
    """The modules that an import names; the names taken out of one are none."""
    names = imported.partition(" import ")[0]
    return {name.strip().partition(".")[0] for name in names.split(",")}


def _is_harmless(called: str) -> bool:
    owner, _, name = called.rpartition(".")
    if not called or called in _BEFORE_BRACKET:
        return True  # a bracket of its own
    if name in _OUTWARD:
        return not owner or owner.rpartition(".")[2] in _STREAMS
    return name in _HARMLESS


@cache
def _compiled(pattern: str) -> Pattern:
    return Pattern(pattern)
