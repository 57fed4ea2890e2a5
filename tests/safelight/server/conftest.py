"""The helper that these tests share."""

from safelight_server import helper, photos

__all__ = ["helper", "photos"]
