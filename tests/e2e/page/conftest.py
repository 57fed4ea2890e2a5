"""The browser and the helper that these tests share."""

from page_browser import browser, context, mistakes, page, regular, served, shapes_folder

__all__ = ["browser", "context", "mistakes", "page", "regular", "served", "shapes_folder"]
