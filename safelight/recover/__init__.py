"""Photos back from Lightroom's previews: named, coloured and described as their catalog has them."""

from safelight.recover.names import Layout
from safelight.recover.options import Options
from safelight.recover.picture import Pixels
from safelight.recover.run import recover
from safelight.recover.tally import Tally

__all__ = ["Layout", "Options", "Pixels", "Tally", "recover"]
