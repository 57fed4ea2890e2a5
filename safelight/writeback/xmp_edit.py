"""Keywords into a sidecar and out of it: bytes -> bytes, every other property untouched; pure.

The rules: a list is added to as it is, Bag, Seq or Alt; a property that is written as an attribute or as plain text
becomes a list with its value kept; prefixes are the file's own; digiKam's list is kept up where there is one, as
digiKam reads that first. lr:hierarchicalSubject holds paths, dc:subject the words in them, as Lightroom writes both.

Source: XMP specification part 1 (ISO 16684-1), 7; what Lightroom, digiKam and darktable write was seen in their files.
"""

# lxml comes without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from lxml import etree

from importers.base import Steps
from importers.xmp_packet import SPACES, clark
from safelight.writeback.files import NotOursError
from safelight.writeback.xmp_text import decode, encode, fingerprint, parser

_RDF, _DESCRIPTION, _BAG, _LI = clark("rdf:RDF"), clark("rdf:Description"), clark("rdf:Bag"), clark("rdf:li")
_ABOUT = clark("rdf:about")
_LISTS = (_BAG, clark("rdf:Seq"), clark("rdf:Alt"))
_WORDS, _PATHS, _DIGIKAM = "dc:subject", "lr:hierarchicalSubject", "digiKam:TagsList"
_TOUCHED = frozenset(clark(name) for name in (_WORDS, _PATHS, _DIGIKAM))

_NEW = """<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Safelight">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/">
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""


def new_sidecar(add: Sequence[Steps]) -> bytes:
    """Write a sidecar that holds keywords and nothing else."""
    return edited(_NEW.encode(), add, ())


def edited(
    content: bytes, add: Sequence[Steps], remove: Sequence[Steps], staying: Collection[str] = frozenset()
) -> bytes:
    """Add and remove keywords.

    Args:
        content: A whole sidecar, in any encoding.
        add: Keywords, outermost step first.
        remove: Likewise. A word in dc:subject goes only if no keyword that stays has it among its steps.
        staying: Words of these that stay in dc:subject, as they are the user's own.

    Returns:
        The sidecar with the change; `content` itself where there is nothing to change.

    Raises:
        NotOursError: It cannot be read, or is written in a way that cannot be changed without touching something else.
    """
    source = decode(content)
    try:
        root = etree.fromstring(source.body, parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotOursError(f"it is no XML ({_first_line(error)})") from error
    rdf = next(root.iter(_RDF), None)
    if rdf is None:
        raise NotOursError("there is no XMP in it")
    before = _rest(root)
    try:
        if not _change(rdf, add, remove, staying):
            return content
    except ValueError as error:
        raise NotOursError(f"a keyword has characters that XML cannot hold ({error})") from error
    result = encode(source, root)
    try:
        after = _rest(etree.fromstring(decode(result).body, parser()))
    except etree.XMLSyntaxError:
        after = b""
    if after != before:
        raise NotOursError("its keywords cannot be changed without touching something else")
    return result


def _change(rdf: etree._Element, add: Sequence[Steps], remove: Sequence[Steps], staying: Collection[str]) -> bool:
    """Change the tree; tell whether anything was to change."""
    paths = _Property(rdf, _PATHS)
    there = [tuple(text.split("|")) for text in paths.texts()]
    gone = [steps for steps in remove if steps in there and steps not in add]
    needed = {word for steps in (*there, *add) if steps not in gone for word in steps}.union(staying)
    words = dict.fromkeys(word for steps in add for word in steps)
    changed = paths.change(["|".join(s) for s in add], ["|".join(s) for s in gone])
    changed |= _Property(rdf, _WORDS).change(words, [word for steps in gone for word in steps if word not in needed])
    digikam = _Property(rdf, _DIGIKAM)
    if digikam.texts():
        changed |= digikam.change(["/".join(s) for s in add], ["/".join(s) for s in remove if s not in add])
    return changed


class _Property:
    """A list of texts at the top of an RDF tree, however it is written."""

    def __init__(self, rdf: etree._Element, name: str) -> None:
        self._rdf, self._name, self._tag = rdf, name, clark(name)
        self._descriptions = list(rdf.iterchildren(_DESCRIPTION))
        self._elements = [element for one in self._descriptions for element in one.iterchildren(self._tag)]

    def texts(self) -> list[str]:
        """Return what is in it; it may be there more than once."""
        attributes = [value for one in self._descriptions if (value := one.get(self._tag)) is not None]
        plain = [element.text or "" for element in self._elements if len(element) == 0]
        items = [item.text or "" for element in self._elements for item in _items(element)]
        return [text.strip() for text in (*attributes, *plain, *items) if text.strip()]

    def change(self, add: Iterable[str], remove: Iterable[str]) -> bool:
        """Add and remove texts; tell whether anything was to change."""
        there, unwanted = self.texts(), set(remove)
        missing = [text for text in dict.fromkeys(add) if text not in there]
        leaving = [
            item for element in self._elements for item in _items(element) if (item.text or "").strip() in unwanted
        ]
        if missing:
            container = self._container()
            for text in missing:
                _append(container, text)
        for item in leaving:
            _take_out(item)
        for element in self._elements:
            if leaving and len(element) == 1 and element[0].tag in _LISTS and len(element[0]) == 0:
                _take_out(element)
        return bool(missing or leaving)

    def _container(self) -> etree._Element:
        """Return the list to add to, made where the property is written in another way or is not there."""
        for element in self._elements:
            for child in element:
                if child.tag in _LISTS:
                    return child
        if self._elements:
            return self._made_list(self._elements[0])
        for description in self._descriptions:
            if (value := description.get(self._tag)) is not None:
                del description.attrib[self._tag]
                container = self._added_to(description)
                _append(container, value)
                return container
        return self._added_to(self._home())

    def _made_list(self, element: etree._Element) -> etree._Element:
        """Turn <dc:subject>word</dc:subject> into a list of one, and <dc:subject/> into an empty one."""
        if len(element) or element.attrib:
            raise NotOursError(f"{self._name} in it is written in a way that is not known")
        value = (element.text or "").strip()
        element.text = None
        container = _child(element, _BAG)
        if value:
            _append(container, value)
        return container

    def _added_to(self, description: etree._Element) -> etree._Element:
        element = _child(description, self._tag, self._name.partition(":")[0])
        self._elements.append(element)
        return _child(element, _BAG)

    def _home(self) -> etree._Element:
        """Return where the property belongs: with others of its namespace, else in the first Description."""
        space = f"{{{SPACES[self._name.partition(':')[0]]}}}"
        for description in self._descriptions:
            names = [*description.attrib, *(child.tag for child in description if isinstance(child.tag, str))]
            if any(name.startswith(space) for name in names):
                return description
        if self._descriptions:
            return self._descriptions[0]
        description = _child(self._rdf, _DESCRIPTION)
        description.set(_ABOUT, "")
        self._descriptions.append(description)
        return description


def _items(element: etree._Element) -> Iterator[etree._Element]:
    for child in element.iterchildren(*_LISTS):
        yield from child.iterchildren(_LI)


def _append(container: etree._Element, text: str) -> None:
    _child(container, _LI).text = text


def _child(parent: etree._Element, tag: str, prefix: str = "") -> etree._Element:
    """Append an element, indented as its neighbours are."""
    inner, outer = _indentation(parent)
    space = tag[1:].partition("}")[0]
    is_unknown = prefix and space not in parent.nsmap.values()
    child = etree.SubElement(parent, tag, nsmap={prefix: space} if is_unknown else None)
    previous = child.getprevious()
    if previous is None:
        parent.text = inner
    else:
        previous.tail = inner
    child.tail = outer
    return child


def _indentation(parent: etree._Element) -> tuple[str, str]:
    """Return the white space before a new last child of an element, and before the element's end; "" on one line."""
    outer = _white(parent[-1].tail if len(parent) else parent.text)
    if len(parent) and (inner := _white(parent.text)):
        return inner, outer or _before(parent)
    own = _before(parent)
    above = parent.getparent()
    step = own[len(_before(above)) :] if above is not None and "\n" in _before(above) else " "
    return (own + (step if step.strip("\n") else " "), own) if "\n" in own else ("", "")


def _before(element: etree._Element) -> str:
    """Return the line break and the indentation before an element, "" where it begins no line."""
    previous, parent = element.getprevious(), element.getparent()
    if previous is not None:
        space = _white(previous.tail)
    elif parent is not None:
        space = _white(parent.text)
    else:
        return "\n"  # the root
    return space[space.rfind("\n") :] if "\n" in space else ""


def _white(text: str | None) -> str:
    return text if text and not text.strip() else ""


def _take_out(element: etree._Element) -> None:
    """Remove an element with the white space before it."""
    parent, previous = element.getparent(), element.getprevious()
    tail = element.tail
    parent.remove(element)
    if element.getnext() is None and previous is not None:
        previous.tail = tail
    elif previous is None and len(parent) == 0:
        parent.text = None if not (parent.text or "").strip() else parent.text


def _rest(root: etree._Element) -> bytes:
    """Return what stands for all that an edit may not touch."""
    return fingerprint(root, _is_ours, _TOUCHED)


def _is_ours(node: etree._Element) -> bool:
    """Tell what an edit may touch: the properties with keywords, and a Description that holds nothing else."""
    parent = node.getparent()
    if parent is None:
        return False
    if node.tag == _DESCRIPTION and parent.tag == _RDF:
        is_bare = set(node.attrib) <= {_ABOUT, *_TOUCHED} and not (node.text or "").strip()
        return is_bare and all(child.tag in _TOUCHED and not (child.tail or "").strip() for child in node)
    above = parent.getparent()
    return node.tag in _TOUCHED and parent.tag == _DESCRIPTION and above is not None and above.tag == _RDF


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
