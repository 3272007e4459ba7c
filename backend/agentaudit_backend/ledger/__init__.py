"""The ledger: canonical bytes, leaves and the Merkle tree over them. Pure; knows no table."""
