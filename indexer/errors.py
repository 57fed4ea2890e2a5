"""The one error base of this package."""


class IndexerError(Exception):
    """Something the user can act on; the message says what was wrong, where, and what to do next, in one line."""


class ModelError(IndexerError):
    """A model cannot be found, is damaged, or is not what it says it is."""


class CatalogError(IndexerError):
    """The catalog cannot be opened or written."""


class VectorError(IndexerError):
    """The vector index cannot be opened or written; the truth in the catalog is untouched."""


class QueryError(IndexerError):
    """A query or a filter does not say what to look for."""
