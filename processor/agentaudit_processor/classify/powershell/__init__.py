"""What commands of Windows execute: PowerShell by its grammar, cmd.exe by its separators.

reader    statements, into Deeds                   values    what words and expressions stand for
running   one command and what it runs             dotnet    methods of .NET that are called
cmdlets   which paths and hosts a cmdlet touches    launch    `pwsh -c`, `-EncodedCommand`, `cmd /c`
cmd       the language of cmd.exe                   grammar   the parse tree
"""

from agentaudit_processor.classify.powershell.cmd import read_cmd
from agentaudit_processor.classify.powershell.launch import (
    looks_like_cmd,
    looks_like_powershell,
    started,
)
from agentaudit_processor.classify.powershell.reader import read_powershell

__all__ = ["looks_like_cmd", "looks_like_powershell", "read_cmd", "read_powershell", "started"]
