"""The helper: one local process that owns the model, spoken to over HTTP from this computer alone.

Light to import: what needs FastAPI is imported by `safelight serve` only.
"""
