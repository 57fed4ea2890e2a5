"""Pickles of an index are read as Python reads them, and damaged ones end in one error, whatever they say."""

import contextlib
import pickle
import pickletools
import tracemalloc

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexer.plain_pickle import read_plain

flat = st.dictionaries(st.text(max_size=9), st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=9))
values = st.dictionaries(st.text(max_size=9), flat | st.integers(0, 2**40), max_size=6)


def written(value) -> bytes:
    """As Chroma writes it: protocol 3, and nothing remembered."""
    data = pickletools.optimize(pickle.dumps(value, 3))
    assume(not any("GET" in opcode.name for opcode, *_ in pickletools.genops(data)))
    return data


@given(values)
def test_what_an_index_holds_is_read_as_python_reads_it(value):
    # Python sets a single item by an opcode of its own, which Chroma does not use.
    assume(all(len(one) != 1 for one in (value, *value.values()) if isinstance(one, dict)))
    assert read_plain(written(value)) == value


@given(st.binary(max_size=80) | values.map(lambda value: pickle.dumps(value, 3)), st.data())
def test_any_bytes_are_a_value_or_the_one_error(data, draw):
    data = bytearray(data)
    for _ in range(draw.draw(st.integers(0, 3))):
        at = draw.draw(st.integers(0, max(0, len(data) - 1)))
        data[at : at + draw.draw(st.integers(0, 4))] = draw.draw(st.binary(max_size=4))
    with contextlib.suppress(ValueError):
        read_plain(bytes(data))


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x03}r\xff\xff\xff\x7f.",  # "remember this as the 2,147,483,647th": Python makes room for all before it
        b"\x80\x03X\xff\xff\xff\x7fab.",
        b"\x80\x05\x96\xff\xff\xff\xff\x00\x00\x00\x00.",
        b"\x80\x03cos\nmkdir\n.",
        b"",
        b"\x80\x03}(u",
        b"\x80\x03K\x01(X\x01\x00\x00\x00aK\x01u.",
        b"\x80\x03}(}K\x01u.",
        b"\x80\x03}(K\x01u.",
        b"\x80\x03K\x01K\x02.",
    ],
)
def test_no_bytes_call_anything_or_reserve_memory(data):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"."):
            read_plain(data)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
