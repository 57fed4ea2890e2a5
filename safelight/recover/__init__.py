"""Photos back from Lightroom's previews: named, coloured and described as their catalog has them."""

from safelight.recover.names import Layout
from safelight.recover.picture import Pixels
from safelight.recover.run import Options, Tally, recover

__all__ = ["Layout", "Options", "Pixels", "Tally", "recover"]
