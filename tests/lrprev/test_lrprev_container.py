"""The AgHg container: real ones walk to their very end; any other bytes are an LrprevError that says where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lrprev import LrprevError
from lrprev.container import Section, walk
from lrprev.source import bytes_of

Container = Callable[..., bytes]


@pytest.fixture(scope="module")
def container(make_section: Callable[..., bytes]) -> Container:
    def make(*sections: tuple[str, bytes], header_bytes: int = 32) -> bytes:
        return b"".join(make_section(name, data, header_bytes=header_bytes) for name, data in sections)

    return make


def sections_of(data: bytes) -> list[Section]:
    return list(walk(bytes_of(data), len(data)))


def test_real_files_walk_to_their_end(real_previews: list[Path]) -> None:
    for path in real_previews:
        sections = sections_of(path.read_bytes())
        levels = len(sections) - 1
        assert [section.name for section in sections] == ["header", *(f"level_{n + 1}" for n in range(levels))]
        assert [section.version for section in sections] == [0] + [1] * levels
        assert sections[-1].end == path.stat().st_size
        assert all(section.end % 16 == 0 and section.header_bytes == 32 for section in sections)


@pytest.mark.parametrize("header_bytes", [32, 33, 48, 256])
def test_sections_are_read_by_their_own_header_size(container: Container, header_bytes: int) -> None:
    data = container(("a", b"one"), ("b", b""), ("level_1", b"three" * 9), header_bytes=header_bytes)
    sections = sections_of(data)
    assert [data[section.data_offset : section.data_end] for section in sections] == [b"one", b"", b"three" * 9]
    assert sections[-1].end == len(data)


def test_a_cut_anywhere_is_an_error_and_never_a_shorter_answer(container: Container) -> None:
    data = container(("header", b"text"), ("level_1", b"picture"))
    boundaries = {section.end for section in sections_of(data)}
    for length in range(len(data)):
        if length in boundaries:  # nothing in the format tells that sections are missing
            assert len(sections_of(data[:length])) == 1
            continue
        with pytest.raises(LrprevError):
            sections_of(data[:length])


@pytest.mark.parametrize(
    ("patch_at", "patch", "offset", "expected"),
    [
        (0, b"AgHh", 0, "AgHg"),
        (4, b"\0\x18", 4, "a header of 25 to 256 bytes"),
        (4, b"\xff\xff", 4, "a header of 25 to 256 bytes"),
        (8, b"\xff" * 8, 0, "to end at byte"),
        (16, b"\xff" * 8, 0, "to end at byte"),
        (24, b"\0", 24, "a section name"),
        (24, b"\xe9", 24, "a section name"),
        (48, b"x", 48, "AgHg"),
    ],
)
def test_a_broken_field_is_named_with_its_place(
    container: Container, patch_at: int, patch: bytes, offset: int, expected: str
) -> None:
    data = bytearray(container(("header", b"0123456789abcdef"), ("level_1", b"picture")))
    data[patch_at : patch_at + len(patch)] = patch
    with pytest.raises(LrprevError, match=expected) as error:
        sections_of(bytes(data))
    assert error.value.offset == offset
    assert str(error.value).startswith(f"at byte {offset}: expected ")


def test_trailing_bytes_are_an_error_at_the_first_of_them(container: Container) -> None:
    data = container(("header", b"text"))
    with pytest.raises(LrprevError) as error:
        sections_of(data + b"trailing bytes that are no section")
    assert error.value.offset == len(data)


def test_a_file_of_countless_sections_is_refused(container: Container) -> None:
    with pytest.raises(LrprevError, match="at most 64 sections"):
        sections_of(container(*[("x", b"")] * 65))
