"""What a photographer types -> a Query: terms in words or pictures, each with a signed weight. Reads no file.

The grammar, as docs/searching.md teaches it: plain words together are one text; a sign, a weight or quotes make a term
of its own; a sign counts only at the start of a word, so hyphenated words are words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from indexer.errors import QueryError

MAX_TERMS = 32
MAX_CHARACTERS = 10_000  # far beyond what any model reads; stops a pasted document

# Word processors and phones turn "-" and "--" into these.
_MINUS = "-\u2212\u2010\u2011\u2013\u2014"
_QUOTES = {'"': '"', "\u201c": "\u201d\u201c", "\u201e": "\u201c\u201d", "\u00ab": "\u00bb", "\uff02": "\uff02"}
# A weight has at most two digits before the point, and no digit after the colon: 16:9 and 2001:a are words.
_HEAD = re.compile(
    rf"(?P<sign>\+|[{_MINUS}]{{1,2}})?(?:(?P<weight>\d{{1,2}}(?:[.,]\d+)?):(?=[^\W\d]|[{''.join(_QUOTES)}./~]))?"
)
_PICTURE_NAME = re.compile(
    r"\.(jpe?g|jpe|mpo|png|webp|gif|bmp|tiff?|jp2|j2k|jpf|pnm|p[bgp]m|hei[cf]|hif|avif"
    r"|dng|cr[23w]|nef|nrw|arw|sr[2fw]|raf|orf|rw2|pef|3fr|iiq|rwl|x3f|erf|mos|mrw|kdc|dcr)$",
    re.IGNORECASE,
)
# As the catalog makes them, in small letters: no vowels, so never a word.
PHOTO_ID = re.compile(r"[2-9bcdfghjkmnpqrstvwxz]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look for, or to keep away from.

    Attributes:
        value: The words; for a picture, a file's path or a photo's id.
        weight: More or less of it: 1 as typed plainly, negative for "not this".
        is_picture: Whether `value` names a picture.
    """

    value: str
    weight: float = 1.0
    is_picture: bool = False

    def __str__(self) -> str:
        sign = "-" if self.weight < 0 else ""
        factor = "" if abs(self.weight) == 1 else f"{abs(self.weight):g}:"
        value = self.value if self.is_picture else f'"{self.value}"'
        return f"{sign}{factor}{value}"


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; at least one term has a positive weight."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        """Write it as one would type it."""
        return " ".join(map(str, self.terms))

    @property
    def wanted(self) -> tuple[Term, ...]:
        """The terms to look for."""
        return tuple(term for term in self.terms if term.weight > 0)

    @property
    def unwanted(self) -> tuple[Term, ...]:
        """The terms to keep away from."""
        return tuple(term for term in self.terms if term.weight < 0)


def parse(words: str | Sequence[str], like: Iterable[str] = (), unlike: Iterable[str] = ()) -> Query:
    """Read a query as typed.

    Args:
        words: One line, as typed into a search field, or the arguments of a command, where the shell took the quotes
            away: of several arguments one that holds spaces was quoted, and is one phrase.
        like: Pictures to look for: paths or photo ids.
        unlike: Pictures to keep away from.

    Raises:
        QueryError: There is nothing to look for, or a weight is 0, or the query is too long.
    """
    terms = terms_of(words)
    terms += [Term(value, 1.0, is_picture=True) for value in like]
    terms += [Term(value, -1.0, is_picture=True) for value in unlike]
    return query_of(terms)


def terms_of(words: str | Sequence[str]) -> list[Term]:
    """Read the terms of what was typed, as parse() takes it; there may be none.

    Raises:
        QueryError: A weight is 0, or the text is too long.
    """
    arguments = [words] if isinstance(words, str) else list(words)
    if sum(map(len, arguments)) > MAX_CHARACTERS:
        raise QueryError(f"the query is longer than {MAX_CHARACTERS:,} characters; a sentence is enough")
    arguments = [clean(argument) for argument in arguments]
    terms: list[Term] = []
    plain: list[str] = []
    for argument in arguments:
        if not isinstance(words, str) and _was_quoted(argument, alone=len(arguments) == 1):
            found = [(_argument_term(argument), False)]
        else:
            found = list(_terms(argument))
        for term, is_plain in found:
            plain.append(term.value) if is_plain else terms.append(term)
    if plain:
        terms.insert(0, Term(" ".join(plain)))
    return terms


def query_of(terms: Sequence[Term]) -> Query:
    """Make a query of terms.

    Raises:
        QueryError: There is nothing to look for, or too much.
    """
    if len(terms) > MAX_TERMS:
        raise QueryError(f"the query has {len(terms)} terms; {MAX_TERMS} are the most it can weigh")
    if not terms:
        raise QueryError('nothing to look for: type what is in the photo, for example "boats on a lake"')
    if all(term.weight < 0 for term in terms):
        raise QueryError(f'only "not this" terms: say what to look for too, for example "dog -{terms[0].value}"')
    return Query(tuple(terms))


def looks_like_picture(value: str) -> bool:
    """Tell whether a word names a picture: a file with a picture's ending, an explicit path, or a photo's id."""
    return bool(
        _PICTURE_NAME.search(value)
        or value.startswith(("./", "../", "~/"))
        or (value.startswith("/") and value.count("/") > 1)
        or PHOTO_ID.fullmatch(value)
    )


def clean(text: str) -> str:
    """Make any string safe for tokenizers and messages: composed characters, no controls, no half surrogates."""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    return " ".join("".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text).split())


def _terms(line: str) -> Iterable[tuple[Term, bool]]:
    """Split a line into (term, is plain): plain words join into one text, the others stand alone."""
    at = 0
    while at < len(line):
        if line[at] == " ":
            at += 1
            continue
        head = _HEAD.match(line, at)
        assert head is not None  # every part of it is optional
        body = head.end()
        if line[body : body + 1] in _QUOTES:
            value, at = _quoted(line, body)
            quoted = True
        else:
            at = line.find(" ", body) if " " in line[body:] else len(line)
            value, quoted = line[body:at], False
        if value.strip(f"+{_MINUS} "):  # else punctuation: "Paris - Eiffel tower"
            term = _term(head, value)
            yield term, not (quoted or head.end() > head.start() or term.is_picture)


def _quoted(line: str, start: int) -> tuple[str, int]:
    """Read the phrase that opens at `start`; a quote that never closes runs to the end of the line."""
    closing = _QUOTES[line[start]]
    end = min((i for i in (line.find(c, start + 1) for c in closing) if i > 0), default=len(line))
    return line[start + 1 : end].strip(), end + 1


def _was_quoted(argument: str, alone: bool) -> bool:
    """Tell whether the shell's quotes made this argument one phrase; alone, only a file's name is known to be one."""
    if " " not in argument or re.search(rf'"|\s[{_MINUS}+]\S', argument):
        return False
    return not alone or bool(_PICTURE_NAME.search(argument))


def _argument_term(argument: str) -> Term:
    """Read an argument that the shell held together: an optional sign and weight, then one phrase."""
    head = _HEAD.match(argument)
    assert head is not None  # every part of it is optional
    return _term(head, argument[head.end() :].strip())


def _term(head: re.Match[str], value: str) -> Term:
    weight = float((head["weight"] or "1").replace(",", "."))
    if weight == 0:
        raise QueryError(f'the weight of "{value}" is 0; leave it out, or give it a weight such as 0.5:{value}')
    if head["sign"] and head["sign"] != "+":
        weight = -weight
    return Term(value, weight, looks_like_picture(value))
