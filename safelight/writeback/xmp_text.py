"""A sidecar's bytes as text and back: its encoding, and the source of the tags that an edit does not touch.

lxml writes a tree in a way of its own: start tags on one line, double quotes, &#10; for &#xA;. That changes no value,
but every line; so the tags that are in both are put back as they were written.
"""

# lxml comes without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

from lxml import etree

from importers.xmp_packet import clark
from safelight.writeback.files import NotOursError

MAX_TAGS = 100_000
"""Real sidecars have some hundreds, with long edit histories some thousands; a hostile one must not cost minutes."""

_DESCRIPTION = clark("rdf:Description")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WITHOUT_BOM = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_BEFORE_ROOT = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_START_TAG = re.compile(r"""<([^\s<>/!?"']+)((?:\s+[^\s=<>"']+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(/?)>""")
_ATTRIBUTE = re.compile(r"""([^\s=<>"']+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_APART = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.DOTALL)

_Meaning = tuple[str, frozenset[tuple[str, str]], str]


@dataclass(frozen=True, slots=True)
class Source:
    """A sidecar as text.

    Attributes:
        head: What stands before the root element: declaration, packet wrapper.
        body: The root element.
        tail: What stands behind it: padding, the wrapper's end.
        encoding: As Python calls it.
        bom: The byte order mark, or b"".
    """

    head: str
    body: str
    tail: str
    encoding: str
    bom: bytes

    def with_body(self, body: str) -> bytes:
        """Encode the sidecar with another root element."""
        text = self.head + body + self.tail
        return self.bom + text.encode(self.encoding, "xmlcharrefreplace")


def parser() -> etree.XMLParser:
    """Make a parser that loads, expands and fetches nothing, and drops nothing."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=False, collect_ids=False
    )


def decode(content: bytes) -> Source:
    """Take a sidecar apart.

    Raises:
        NotOursError: It is not text in the encoding that it claims, has a DTD or MAX_TAGS tags, or is no XMP.
    """
    bom, encoding = next(((bom, name) for bom, name in _BOMS if content.startswith(bom)), (b"", ""))
    if not encoding:
        encoding = next((name for start, name in _WITHOUT_BOM if content.startswith(start)), "")
    if not encoding:
        declared = _DECLARED.match(content)
        encoding = declared[1].decode() if declared else "utf-8"
    try:
        text = content[len(bom) :].decode(encoding)
        is_same = text.encode(encoding) == content[len(bom) :]
    except (UnicodeError, LookupError) as error:
        raise NotOursError(f"it is not {encoding} text, whatever it says") from error
    if not is_same:
        raise NotOursError(f"it is {encoding} text of a kind that cannot be written as it was")
    if text.count("<") > MAX_TAGS:
        raise NotOursError(f"it has more than {MAX_TAGS:,} tags")
    if "<!DOCTYPE" in text:
        raise NotOursError("it has a DTD, which no program writes into XMP")
    head = _BEFORE_ROOT.match(text)
    start = head.end() if head else 0
    end = text.rfind("</")
    end = text.find(">", end) + 1 if end >= 0 else 0
    if end <= start:
        raise NotOursError("it is no XMP")
    return Source(text[:start], text[start:end], text[end:], encoding, bom)


def encode(source: Source, root: etree._Element) -> bytes:
    """Write a tree that was made from a source, changing as little of the text as may be."""
    plain = etree.tostring(root, encoding="unicode", with_tail=False)
    body = _with_tags_of(source.body, plain)
    if _fingerprint_of(body) != fingerprint(root):  # an odd way to write tags: the tree is right, if not pretty
        body = plain
    if "\r\n" in source.body and "\n" not in source.body.replace("\r\n", ""):
        body = body.replace("\n", "\r\n")
    return source.with_body(body)


def _with_tags_of(source: str, written: str) -> str:
    """Put back the source of each start tag that says the same in both."""
    tags: dict[_Meaning, str] = {}
    for match in _START_TAG.finditer(_APART.sub("", source)):
        name, attributes, empty = meaning = _meaning(match)
        if empty:  # it may hold something now
            tags.setdefault((name, attributes, ""), match[0][:-2].rstrip() + ">")
        tags[meaning] = match[0]
    kept: list[str] = []
    position = 0
    for apart in [*_APART.finditer(written), None]:
        end = apart.start() if apart else len(written)
        kept.append(_START_TAG.sub(lambda match: tags.get(_meaning(match), match[0]), written[position:end]))
        kept.append(apart[0] if apart else "")
        position = apart.end() if apart else end
    return "".join(kept).replace("\r\n", "\n")


def _meaning(tag: re.Match[str]) -> _Meaning:
    """Tell tags apart by what they say: name, attributes in any order, and whether they are empty."""
    attributes = ((name, _value(double or single)) for name, double, single in _ATTRIBUTE.findall(tag[2]))
    return tag[1], frozenset(attributes), tag[3]


def _value(source: str) -> str:
    """Read an attribute as XML does: a line break is a space, an escaped one is a line break."""
    return unescape(re.sub(r"\r\n|[\r\n\t]", " ", source))


def fingerprint(
    root: etree._Element,
    without: Callable[[etree._Element], bool] | None = None,
    without_attributes: frozenset[str] = frozenset(),
) -> bytes:
    """Return what stands for all that a tree says; only white space between elements is left out.

    Not by canonical XML: libxml2 refuses to write it where a namespace is no full address, as in some real sidecars.

    Args:
        root: The tree.
        without: Tells which elements do not count.
        without_attributes: Of every Description.
    """
    says = hashlib.blake2b()
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, node in walk:
        if without and isinstance(node.tag, str) and without(node):
            if event == "start":
                walk.skip_subtree()
        elif event == "end":
            says.update(repr(("end", _said(node.tail))).encode())
        elif event == "start":
            is_description = node.tag == _DESCRIPTION
            attributes = sorted(
                item for item in node.attrib.items() if not (is_description and item[0] in without_attributes)
            )
            text = _said(node.text) if len(node) or is_description else node.text or ""
            says.update(repr((node.tag, node.prefix, attributes, text)).encode())
        else:
            says.update(repr((event, node.text, _said(node.tail))).encode())
    return says.digest()


def _said(text: str | None) -> str:
    return text if text and text.strip() else ""


def _fingerprint_of(body: str) -> bytes | None:
    try:
        return fingerprint(etree.fromstring(body, parser()))
    except (etree.XMLSyntaxError, ValueError):
        return None
