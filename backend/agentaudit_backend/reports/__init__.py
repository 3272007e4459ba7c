"""Reports: what one says (data), its pictures (charts), how it looks on paper (pdf)."""
