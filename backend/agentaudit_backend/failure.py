"""The errors that a person at the keyboard gets to see."""


class CannotStart(Exception):
    """Why it cannot be done, in words for the person at the keyboard."""


class NotAllowed(CannotStart):
    """It may not be done: by the system's leave, or because it would hurt what is there."""


class Unreachable(CannotStart):
    """The database does not answer."""


class WrongLine(Exception):
    """An option of the command line means nothing; the text names it."""
