"""Lets `python -m safelight` do what `safelight` does."""

from safelight.cli import main

if __name__ == "__main__":
    main()
