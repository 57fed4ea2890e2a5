"""Long work that the helper does: started, watched, paused, and gone on with after a restart or a crash."""
