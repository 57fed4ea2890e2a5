"""Chroma, not installed: importing it takes longer than most of these tests, and search does without it."""

raise ImportError("left out of these tests")
