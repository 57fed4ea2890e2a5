"""A strict Lightroom Classic for tests: it runs a plug-in's real Lua and refuses what the real one refuses.

Nobody here has Lightroom. Each rule follows a trap that people met in it;
test_the_fake_bites.py proves that each bites.
"""

from lua.fake.lightroom import Lightroom

__all__ = ["Lightroom"]
