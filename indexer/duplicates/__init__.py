"""Near-duplicates: which pictures are one, what was done to them, and which to keep. Pure, on what is kept of them."""
