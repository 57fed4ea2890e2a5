"""What the Lightroom plug-in and Safelight say to each other: queued actions, living collections, the journal.

The plug-in only ever asks; nothing here reaches into Lightroom. Photos are named by Lightroom's own UUID where the
catalog itself was indexed, else by the original's path.
"""

from safelight.bridge.errors import BridgeError
from safelight.bridge.service import Bridge

__all__ = ["Bridge", "BridgeError"]
