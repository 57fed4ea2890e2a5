"""lightroom: what concerns Lightroom alone."""

from __future__ import annotations

import click


@click.group()
def lightroom() -> None:
    """Install the plug-in for Lightroom Classic, send it collections; catalogs are only read.

    What is written to a catalog the plug-in writes, in Lightroom, and shows it before.
    """
