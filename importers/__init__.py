"""Where photos come from: which exist, where their pixels are, and what is known of them."""
