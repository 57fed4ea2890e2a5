"""Safelight: find photos by meaning, where they already live."""

__version__ = "0.1.0"
