"""An organisation's own pack, for tests."""

OWN_PACK = """\
pack: acme
version: 1
defaults:
  severity: high
  why: The shop's ledger is written by the shop alone.
  advice: Ask the ledger's owners.
rules:
  - id: acme.ledger_write
    title: Writes to the ledger
    command: '^ledgerctl (?:post|void)\\b'
    yields: {signal: destructive}
    tags: [owasp.asi02:2026]
    examples:
      match: [{name: a posting, command: ledgerctl post 7}]
      no_match: [{name: a look, command: ledgerctl show 7}]
  - id: acme.token
    title: Token of the shop
    pattern: '\\bacme_[a-z0-9]{20}\\b'
    yields: {secret: acme_token}
    examples:
      match: [{name: in a command, command: ['login acme_', 'a1b2c3d4e5f6g7h8i9j0']}]
      no_match: [{name: too short, command: login acme_a1b2}]
"""
"""Rules that ours do not have: a command that is blocked, and a secret's own form."""
