"""Keywords into sidecars: on all real ones nothing else changes, and what cannot be read is left alone."""

import difflib
import statistics
import xml.etree.ElementTree as ElementTree
from collections import Counter

import pytest
from generated_xmp import DC, LR, RDF, xmp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from importers.xmp import facts_of_packet
from safelight.writeback.files import NotOursError
from safelight.writeback.xmp_edit import _rest, edited, new_sidecar
from safelight.writeback.xmp_text import parser

KEEPER = ("Safelight", "Duplicates", "keeper")
COPY = ("Safelight", "Duplicates", "duplicate of a.CR2")
DIGIKAM = "http://www.digikam.org/ns/1.0/"
OURS = (f"{{{DC}}}subject", f"{{{LR}}}hierarchicalSubject", f"{{{DIGIKAM}}}TagsList")


@pytest.fixture(scope="session")
def sidecar_files(samples):
    return sorted((samples / "xmp").rglob("*.xmp"))


def properties(content: bytes) -> Counter:
    """Every property but ours, by namespace and path, read by another parser than the one under test."""
    found: Counter = Counter()

    def walk(element, path):
        text = (element.text or "").strip()
        if text or (len(element) == 0 and not element.attrib):
            found[path, text] += 1
        for name, value in element.attrib.items():
            if name not in OURS:
                found[f"{path}/@{name}", value] += 1
        for number, child in enumerate(element):
            if child.tag not in OURS:
                place = number if child.tag == f"{{{RDF}}}li" else ""  # the order of a list counts
                walk(child, f"{path}/{child.tag}{place}")

    walk(ElementTree.fromstring(content.strip(b"\0\r\n\t ")), "")
    return found


def listed(content: bytes) -> dict[str, list[str]]:
    """What is in each of the lists with keywords, in its order, read by another parser than the one under test."""
    found: dict[str, list[str]] = {name: [] for name in OURS}
    for description in ElementTree.fromstring(content.strip(b"\0\r\n\t ")).iter(f"{{{RDF}}}Description"):
        for name in OURS:
            found[name] += [description.get(name)] if description.get(name) else []
            for element in description.findall(name):
                items = [item.text or "" for item in element.iter(f"{{{RDF}}}li")]
                found[name] += items if len(element) else [(element.text or "").strip()]
    return {name: [text for text in texts if text.strip()] for name, texts in found.items()}


def added_lines(before: bytes, after: bytes) -> tuple[int, int]:
    lines = list(difflib.ndiff(before.decode().splitlines(), after.decode().splitlines()))
    return sum(line.startswith("+ ") for line in lines), sum(line.startswith("- ") for line in lines)


# All real sidecars


def test_every_other_property_of_every_real_sidecar_stays(sidecar_files):
    assert len(sidecar_files) == 425
    by_namespace: Counter = Counter()
    for path in sidecar_files:
        before = path.read_bytes()
        after = edited(before, [KEEPER, COPY], [])
        assert properties(after) == properties(before), path.name
        facts = facts_of_packet(after)
        assert {KEEPER, COPY} <= set(facts.keyword_paths), path.name
        assert set(facts.keywords) == {*facts_of_packet(before).keywords, *KEEPER, *COPY}
        by_namespace.update(name.rpartition("}")[0].rpartition("{")[2] for name, _ in properties(before))
    assert len(by_namespace) > 40  # the comparison saw them


def test_the_keywords_of_every_real_sidecar_stay_in_their_order(sidecar_files):
    with_words, with_paths, with_tags_list = 0, 0, 0
    for path in sidecar_files:
        before = listed(path.read_bytes())
        after = listed(edited(path.read_bytes(), [KEEPER, COPY], []))
        words, paths, digikam = (after[name] for name in OURS)
        assert words == [
            *before[OURS[0]],
            *(word for word in dict.fromkeys((*KEEPER, *COPY)) if word not in before[OURS[0]]),
        ]
        assert paths == [*before[OURS[1]], "|".join(KEEPER), "|".join(COPY)], path.name
        assert digikam == [*before[OURS[2]], *(["/".join(KEEPER), "/".join(COPY)] if before[OURS[2]] else [])]
        with_words += bool(before[OURS[0]])
        with_paths += bool(before[OURS[1]])
        with_tags_list += bool(before[OURS[2]])
    assert (with_words > 20, with_paths >= 1, with_tags_list >= 1) == (True, True, True), "there was something to keep"


PATHS = ("Places|Köln", "People|Ann", "Places", "People|Ann|at sea", "Zoo|Places", "a b|c")


@pytest.mark.parametrize("kinds", [("Bag", "Seq"), ("Seq", "Bag"), ("Bag", "Bag"), ("Alt", "Seq")])
def test_paths_of_others_stay_in_their_order_through_all_that_happens_to_ours(kinds):
    """Generated: of the real sidecars one has paths."""

    def made(name, kind, texts):
        items = "".join(f"\n     <rdf:li>{text}</rdf:li>" for text in texts)
        return f"\n   <{name}>\n    <rdf:{kind}>{items}\n    </rdf:{kind}>\n   </{name}>"

    tags = [path.replace("|", "/") for path in PATHS]
    words = list(dict.fromkeys(word for path in PATHS for word in path.split("|")))
    body = made("lr:hierarchicalSubject", kinds[0], PATHS) + made("digiKam:TagsList", kinds[1], tags)
    mine = xmp(body + made("dc:subject", kinds[0], words), "", f' xmlns:digiKam="{DIGIKAM}"')
    assert listed(mine) == dict(zip(OURS, (words, list(PATHS), tags), strict=True))

    tagged = edited(mine, [KEEPER], [])
    assert listed(tagged)[OURS[1]] == [*PATHS, "|".join(KEEPER)]
    later = tagged  # another program adds one behind ours
    for name, text in (("lr:hierarchicalSubject", "Later|one"), ("digiKam:TagsList", "Later/one")):
        kind = kinds[0] if name.startswith("lr") else kinds[1]
        end = f"</rdf:{kind}>\n   </{name}>".encode()
        assert later.count(end) == 1
        later = later.replace(end, f" <rdf:li>{text}</rdf:li>\n    ".encode() + end)
    other = edited(later, [COPY], [KEEPER])
    assert listed(other)[OURS[1]] == [*PATHS, "Later|one", "|".join(COPY)]
    assert listed(other)[OURS[2]] == [*tags, "Later/one", "/".join(COPY)]
    back = edited(other, [], [COPY])
    assert listed(back) == dict(zip(OURS, (words, [*PATHS, "Later|one"], [*tags, "Later/one"]), strict=True))
    assert properties(back) == properties(mine)


def test_wrapper_padding_encoding_and_line_ends_of_every_real_sidecar_stay(sidecar_files):
    for path in sidecar_files:
        before = path.read_bytes()
        after = edited(before, [KEEPER], [])
        start = before.index(b"<x:xmpmeta")
        end = before.rindex(b"</x:xmpmeta>")
        assert after.startswith(before[:start])
        assert after.endswith(before[end:])
        assert (b"\r\n" in after) == (b"\r\n" in before)


def test_little_of_the_text_changes(sidecar_files):
    counts = [added_lines(path.read_bytes(), edited(path.read_bytes(), [KEEPER], [])) for path in sidecar_files[::8]]
    assert statistics.median(added for added, _ in counts) <= 13
    assert statistics.median(removed for _, removed in counts) == 0


def test_adding_twice_changes_nothing_more(sidecar_files):
    for path in sidecar_files[::5]:
        once = edited(path.read_bytes(), [KEEPER], [])
        assert edited(once, [KEEPER], []) is once


def test_what_was_added_can_be_taken_away_again(sidecar_files):
    for path in sidecar_files[::5]:
        before = path.read_bytes()
        after = edited(edited(before, [KEEPER], []), [], [KEEPER])
        assert properties(after) == properties(before)
        assert facts_of_packet(after) == facts_of_packet(before)


# Forms of writing (generated)


def test_a_bag_and_a_seq_stay_what_they_are():
    for kind in ("Bag", "Seq"):
        before = xmp(
            f"\n   <dc:subject>\n    <rdf:{kind}>\n     <rdf:li>sea</rdf:li>\n    </rdf:{kind}>\n   </dc:subject>"
        )
        after = edited(before, [KEEPER], [])
        assert after.count(f"<rdf:{kind}>".encode()) >= 1
        assert b"<rdf:li>sea</rdf:li>\n     <rdf:li>Safelight</rdf:li>\n" in after
        assert added_lines(before, after)[1] == 0
        assert facts_of_packet(after).keywords == ("sea", *KEEPER)


@pytest.mark.parametrize(
    ("body", "attributes", "words"),
    [
        pytest.param("", 'dc:subject="sea"', ("sea",), id="an attribute"),
        pytest.param("<dc:subject>sea</dc:subject>", "", ("sea",), id="plain text"),
        pytest.param("<dc:subject/>", "", (), id="empty"),
        pytest.param("<dc:subject><rdf:Bag/></dc:subject>", "", (), id="an empty bag"),
        pytest.param("<dc:subject><rdf:Bag><rdf:li/></rdf:Bag></dc:subject>", "", (), id="an empty item"),
        pytest.param("<dc:subject><rdf:Alt><rdf:li>sea</rdf:li></rdf:Alt></dc:subject>", "", ("sea",), id="an Alt"),
        pytest.param(
            "<dc:subject><rdf:Bag><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>"
            "<dc:subject><rdf:Seq><rdf:li>sky</rdf:li></rdf:Seq></dc:subject>",
            "",
            ("sea", "sky"),
            id="twice, Bag and Seq",
        ),
    ],
)
def test_odd_ways_to_write_keywords(body, attributes, words):
    before = xmp(body, attributes)
    after = edited(before, [KEEPER], [])
    assert sorted(facts_of_packet(after).keywords) == sorted((*words, *KEEPER))
    assert properties(after) == properties(before)
    assert after.count(b"<rdf:li/>") == before.count(b"<rdf:li/>")


def test_no_description_at_all():
    before = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"/></x:xmpmeta>'.encode()
    assert facts_of_packet(edited(before, [KEEPER], [])).keyword_paths == (KEEPER,)


def test_an_rdf_without_its_frame():
    before = f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="x"/></rdf:RDF>'.encode()
    after = edited(before, [KEEPER], [])
    assert facts_of_packet(after).keyword_paths == (KEEPER,)
    assert b'rdf:about="x"' in after


def test_foreign_prefixes_are_used():
    before = xmp("", "", f' xmlns:lightroom="{LR}"').replace(f' xmlns:lr="{LR}"'.encode(), b"")
    after = edited(before, [KEEPER], [])
    assert b"<lightroom:hierarchicalSubject>" in after
    assert b"xmlns:lr" not in after


def test_a_prefix_that_means_something_else():
    before = xmp().replace(f'xmlns:dc="{DC}"'.encode(), b'xmlns:dc="http://example.org/"')
    after = edited(before, [KEEPER], [])
    assert facts_of_packet(after).keywords == KEEPER
    assert properties(after) == properties(before)


def test_attributes_of_several_lines_quotes_comments_and_cdata_stay_as_written():
    body = "<!-- <dc:subject> > --><xmp:Nickname><![CDATA[<a & b>]]></xmp:Nickname>"
    before = xmp(body, "xmp:Rating='3'\n      xmp:CreatorTool=\"a &gt; b &#xA;c 'd'\"")
    after = edited(before, [KEEPER], [])
    assert added_lines(before, after)[1] == 0
    assert properties(after) == properties(before)


def test_digikams_list_is_kept_up_where_there_is_one():
    tags = "<digiKam:TagsList><rdf:Seq><rdf:li>People/Ann</rdf:li></rdf:Seq></digiKam:TagsList>"
    before = xmp(tags, "", f' xmlns:digiKam="{DIGIKAM}"')
    after = edited(before, [KEEPER], [])
    assert b"<rdf:Seq><rdf:li>People/Ann</rdf:li><rdf:li>Safelight/Duplicates/keeper</rdf:li></rdf:Seq>" in after
    assert b"TagsList" not in edited(xmp(), [KEEPER], [])


def test_flat_words_are_not_mirrored_into_hierarchies():
    before = xmp("<dc:subject><rdf:Bag><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>")
    root = ElementTree.fromstring(edited(before, [KEEPER], []))
    (element,) = root.iter(f"{{{LR}}}hierarchicalSubject")
    assert [item.text for item in element.iter(f"{{{RDF}}}li")] == ["Safelight|Duplicates|keeper"]


def test_a_word_goes_only_when_no_keyword_needs_it():
    both = edited(xmp("<dc:subject><rdf:Bag><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>"), [KEEPER, COPY], [])
    one = edited(both, [KEEPER], [COPY])
    assert facts_of_packet(one).keywords == ("sea", *KEEPER)
    assert facts_of_packet(one).keyword_paths == (KEEPER,)
    assert facts_of_packet(edited(one, [], [KEEPER])).keywords == ("sea",)


def test_a_word_of_the_users_own_stays_where_we_added_none():
    mine = xmp("<dc:subject><rdf:Bag><rdf:li>keeper</rdf:li></rdf:Bag></dc:subject>")
    assert edited(mine, [], [KEEPER]) is mine


def test_a_word_of_the_users_own_stays_when_ours_is_added_and_taken_away():
    mine = xmp("<dc:subject><rdf:Bag><rdf:li>keeper</rdf:li></rdf:Bag></dc:subject>")
    after = edited(edited(mine, [KEEPER], []), [], [KEEPER], {"keeper"})
    assert facts_of_packet(after).keywords == ("keeper",)
    assert facts_of_packet(after).keyword_paths == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<dc:subject/><xmp:Nickname>a</xmp:Nickname>", "<dc:subject/><xmp:Nickname>b</xmp:Nickname>"),
        ("<xmp:Nickname>a</xmp:Nickname>", "<xmp:Nickname>a </xmp:Nickname>"),
        ("<xmp:Nickname/>", ""),
        ("<!--a-->", "<!--b-->"),
        ("<dc:rights dc:subject='a'/>", "<dc:rights/>"),
        ("<dc:rights><dc:subject>a</dc:subject></dc:rights>", "<dc:rights><dc:subject>b</dc:subject></dc:rights>"),
        (f"</rdf:Description><rdf:Description xmlns:x='{DC}' x:rights='1'>", "</rdf:Description><rdf:Description>"),
    ],
)
def test_the_guard_sees_any_change_beside_keywords(one, other):
    assert _rest(parsed(one)) != _rest(parsed(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<dc:subject>a</dc:subject><dc:title/>", "<dc:title/>\n<dc:subject><rdf:Bag/></dc:subject>"),
        (f"</rdf:Description><rdf:Description rdf:about=''><a:subject xmlns:a='{DC}'/>", ""),
    ],
)
def test_the_guard_sees_no_change_in_keywords(one, other):
    assert _rest(parsed(one)) == _rest(parsed(other))


def parsed(body: str):
    return etree.fromstring(xmp(body), parser())


# Encodings (generated)


@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
    ],
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_encodings_stay(encoding, bom, wrapped):
    text = xmp("<xmp:Nickname>Größe 🐕</xmp:Nickname>").decode()
    if wrapped:
        text = f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{text}{" " * 500}\n<?xpacket end="w"?>'
    before = bom + text.encode(encoding)
    after = edited(before, [("Safelight", "größer")], [])
    assert after.startswith(bom)
    assert "Größe 🐕" in after[len(bom) :].decode(encoding)
    assert "Safelight|größer" in after[len(bom) :].decode(encoding)
    assert facts_of_packet(after).keyword_paths == (("Safelight", "größer"),)
    if wrapped:
        assert after[len(bom) :].decode(encoding).endswith(" " * 500 + '\n<?xpacket end="w"?>')


def test_a_declared_encoding_stays_and_what_it_lacks_is_escaped():
    before = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n' + xmp("<xmp:Nickname>Größe</xmp:Nickname>").decode()
    ).encode("latin-1")
    after = edited(before, [("Safelight", "猫")], [])
    assert "<xmp:Nickname>Größe</xmp:Nickname>".encode("latin-1") in after
    assert facts_of_packet(after).keywords == ("Safelight", "猫")


def test_windows_line_ends_stay():
    before = xmp().replace(b"\n", b"\r\n")
    after = edited(before, [KEEPER], [])
    assert after.count(b"\n") == after.count(b"\r\n") > before.count(b"\r\n")


def test_a_new_sidecar_holds_the_keywords_and_nothing_else():
    facts = facts_of_packet(new_sidecar([KEEPER]))
    assert (facts.keywords, facts.keyword_paths) == (KEEPER, (KEEPER,))
    assert new_sidecar([KEEPER]).decode().splitlines()[5].startswith("   <lr:hierarchicalSubject>")


# Whatever comes

CHANGES = st.lists(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="|/"), max_size=6), min_size=1, max_size=3).map(
        tuple
    ),
    max_size=3,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), add=CHANGES, remove=CHANGES)
def test_damaged_real_sidecars_are_changed_rightly_or_refused(sidecar_files, data, add, remove):
    names = ("photomechanics", "digikam_sample.jpg", "mwg", "RAW_NIKON_D750", "gpano", "tape-capture", "test1")
    known = [path for path in sidecar_files if path.stem in names]
    broken = bytearray(data.draw(st.sampled_from(known)).read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, len(broken) - 1))
        piece = st.binary(max_size=4) | st.sampled_from(
            [b"<", b">", b'"', b"&", b"/", b"<rdf:li/>", b"dc:subject", b"]]>"]
        )
        broken[start : start + data.draw(st.integers(0, 3))] = data.draw(piece)
    before = bytes(broken)
    try:
        after = edited(before, add, remove)
    except NotOursError:
        return
    try:
        expected = properties(before)
    except ElementTree.ParseError:
        return
    assert properties(after) == expected
