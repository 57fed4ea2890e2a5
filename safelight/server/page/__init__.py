"""The page: a shell, styles and modules, served as they lie in this folder. No build step, nothing from afar."""
