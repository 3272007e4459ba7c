"""Programs that only say, show or seek: what their words tell of is not done."""

from agentaudit_processor.classify.tables import table

REPEATING = table(": true echo printf cat")
"""They say what they are told, or nothing: redirected, it stands in place of all that was there."""
SAYING = REPEATING | table(
    """
    false head tail wc sort uniq less more ls cd pwd test [ grep egrep fgrep zgrep rg ag ack
    """
)
