"""Importing quickly: what is imported stays, and to look through it for loops again and again is a tenth of a start."""

import gc


class Loading:
    """A context manager within which Python looks for no loops, nor in what was made within it ever after.

    A class, as contextlib takes long to load, in which Ctrl-C would end in a traceback.
    """

    def __enter__(self) -> None:
        gc.disable()

    def __exit__(self, *error: object) -> None:
        gc.freeze()
        gc.enable()
