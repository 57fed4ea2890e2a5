"""Pixels into vectors, vectors into answers. Never prints, never exits."""
