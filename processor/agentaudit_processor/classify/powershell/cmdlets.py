"""Cmdlets: their names and parameters, and which paths and hosts they touch.

Source: the reference of PowerShell 7.4 and of Windows PowerShell 5.1, `Get-Alias`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agentaudit_processor.classify.deeds import Access
from agentaudit_processor.classify.tables import table

_ALIASES: Mapping[str, str] = {
    alias: line.split()[0]
    for line in """
        remove-item ri rm del erase rd rmdir
        get-childitem gci ls dir
        get-content gc cat type
        set-content sc
        add-content ac
        clear-content clc
        copy-item cp copy cpi
        move-item mv move mi
        rename-item ren rni
        new-item ni md mkdir
        invoke-expression iex
        invoke-webrequest iwr curl wget
        invoke-restmethod irm
        invoke-command icm
        foreach-object % foreach
        where-object ? where
        select-object select
        select-string sls
        stop-process spps kill
        get-process gps ps
        start-process saps start
        stop-service spsv
        start-service sasv
        set-location cd sl chdir
        write-output echo write
        set-variable sv set
        set-alias sal
        new-alias nal
        set-itemproperty sp
        remove-itemproperty rp
        get-wmiobject gwmi
        invoke-wmimethod iwmi
        get-ciminstance gcim
        invoke-cimmethod icim
        new-psdrive ndr mount
        enter-pssession etsn
        new-pssession nsn
        start-job sajb
        tee-object tee
        clear-history clhy
        get-clipboard gcb
        import-module ipmo
        start-bitstransfer sbt
    """.strip().splitlines()
    for alias in line.split()
}
# Of two that begin alike the earlier is meant: `-r` is Recurse where it matters.
_BY_WEIGHT = """
    recurse force path literalpath destination filter include exclude name newname value itemtype
    uri outfile infile body method headers filepath argumentlist verb scriptblock computername
    command encodedcommand inputobject encoding erroraction warningaction confirm whatif passthru
    append noclobber destinationpath source credential usebasicparsing pattern depth file directory
    windowstyle wait nonewline logname driveletter disk id password role group member execute
    trigger action taskname user runlevel service displayname startuptype status raw tail head
    totalcount smtpserver to attachments subject from port scope executionpolicy asjob session
    """
_IN_ORDER = tuple(_BY_WEIGHT.split())
_PARAMETERS = frozenset(_IN_ORDER)
_SWITCHES = table(
    """
    recurse force confirm whatif passthru append noclobber usebasicparsing file directory wait
    nonewline raw asjob skipcertificatecheck usedefaultcredentials nonewwindow allmatches quiet
    verbose debug
    """
)
_READS = table(
    "get-content import-csv import-clixml get-filehash get-acl import-module expand-archive"
)
_WRITES = table(
    """
    set-content out-file new-item clear-content export-csv export-clixml tee-object set-item
    rename-item set-acl clear-item set-itemproperty
    """
)
_FETCHES = table("invoke-webrequest invoke-restmethod start-bitstransfer")
_SENDING = ("post", "put", "patch", "delete")
_REMOTE = table("invoke-command enter-pssession new-pssession")


@dataclass(slots=True)
class Call:
    """A cmdlet that is called: its name, what it is told by name, and in what order."""

    name: str
    named: dict[str, str] = field(default_factory=dict)
    switches: set[str] = field(default_factory=set)
    positional: list[str] = field(default_factory=list)

    def told(self, *names: str, at: int = 0) -> str:
        """The value of the first of `names` that is given, else the positional one."""
        for name in names:
            if name in self.named:
                return self.named[name]
        return self.positional[at] if at < len(self.positional) else ""


def cmdlet_of(name: str) -> str | None:
    """The cmdlet behind a name or alias, in lower case; None for a program."""
    lowered = name.lower().rpartition("\\")[2]
    known = _ALIASES.get(lowered)
    if known is not None:
        return known
    verb, dash, noun = lowered.partition("-")
    return lowered if dash and verb.isalpha() and noun[:1].isalpha() and "." not in noun else None


def parameter_of(word: str) -> str:
    """The parameter that a word such as `-Rec` begins, in lower case without the dash."""
    name = word.lstrip("-\u2013\u2014").lower()
    if name in _PARAMETERS:
        return name
    return next((one for one in _IN_ORDER if name and one.startswith(name)), name)


def call_of(cmdlet: str, words: Sequence[str]) -> Call:
    """The Call that `words` make; a word `-Name:value` counts as both."""
    call, at = Call(cmdlet), 0
    while at < len(words):
        word, at = words[at], at + 1
        if not word.startswith("-") or word[1:2].isdigit() or len(word) < 2:
            call.positional.append(word)
            continue
        name, colon, value = word.partition(":")
        parameter = parameter_of(name)
        if colon and value.lower() not in ("$true", ""):
            call.named[parameter] = value
        elif (
            colon
            or parameter in _SWITCHES
            or at >= len(words)
            or (words[at].startswith("-") and parameter != "argumentlist")
        ):
            call.switches.add(parameter)
        else:
            call.named[parameter] = words[at]
            at += 1
    return call


def is_program(name: str, words: Sequence[str]) -> bool:
    """Tell whether an alias of a Unix program is given that program's options: `curl -fsSL`."""
    if name.lower() not in ("curl", "wget", "rm", "cp", "mv", "ls", "cat", "ps", "kill", "tee"):
        return False
    options = [word for word in words if word.startswith("-") and len(word) > 1]
    return any(
        word.startswith("--") or parameter_of(word.partition(":")[0]) not in _PARAMETERS
        for word in options
    )


def touched(call: Call) -> Iterator[tuple[Access, str]]:
    """Paths that the cmdlet touches, and how."""
    paths = call.told("path", "literalpath", "filepath")
    name = call.name
    if name == "remove-item":
        deletes = Access.DELETE_TREE if "recurse" in call.switches else Access.DELETE
        yield from ((deletes, path) for path in _each(paths))
    elif name in ("copy-item", "move-item"):
        yield from ((Access.READ, path) for path in _each(paths))
        if name == "move-item":
            yield from ((Access.DELETE, path) for path in _each(paths))
        yield from ((Access.WRITE, path) for path in _each(call.told("destination", at=1)))
    elif name == "compress-archive":
        yield from ((Access.READ, path) for path in _each(paths))
        yield from ((Access.WRITE, path) for path in _each(call.told("destinationpath", at=1)))
    elif name == "select-string":
        yield from ((Access.READ, path) for path in _each(call.told("path", "literalpath", at=1)))
    elif name == "add-content" or (name == "out-file" and "append" in call.switches):
        yield from ((Access.APPEND, path) for path in _each(paths))
    elif name in _WRITES or name in _READS:
        access = Access.WRITE if name in _WRITES else Access.READ
        yield from ((access, path) for path in _each(paths))
    elif name in _FETCHES:
        yield from ((Access.WRITE, path) for path in _each(call.named.get("outfile", "")))
        yield from ((Access.READ, path) for path in _each(call.named.get("infile", "")))
        if name == "start-bitstransfer":
            yield from ((Access.WRITE, path) for path in _each(call.told("destination", at=1)))


def visited(call: Call) -> Iterator[tuple[str, str]]:
    """Hosts or URLs that the cmdlet speaks to: (`get` or `send`, target)."""
    if call.name in _FETCHES:
        sends = call.named.get("method", "").lower() in _SENDING or {"body", "infile"} & set(
            call.named
        )
        target = call.told("uri", "source")
        if target:
            yield ("send" if sends else "get", target)
    elif call.name in _REMOTE:
        yield from (("send", host) for host in _each(call.told("computername")) if "{" not in host)
    elif call.name == "send-mailmessage":
        yield from (("send", host) for host in _each(call.named.get("smtpserver", "mail")))


def _each(paths: str) -> Iterator[str]:
    # the values of an array are joined by the sign that no path holds
    yield from (path for path in paths.split(ARRAY) if path)


ARRAY = "\x1f"
"""Stands between the values of an array that is one word: `Remove-Item a, b`."""
