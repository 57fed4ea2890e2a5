"""Which kinds of file there are, told by their first bytes; a suffix only says whether a file is worth a look.

Source: the signatures are those of each format's specification; the RAW ones are LibRaw's (identify.cpp).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

HEAD_BYTES = 32
"""How much of a file's start sniff() looks at."""


class Reader(Enum):
    """What reads a kind of file."""

    PILLOW = auto()
    HEIF = auto()
    RAW = auto()
    NONE = auto()  # known, and not a picture that we read


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file.

    Attributes:
        name: What people call it: "JPEG", "Photoshop document".
        reader: What reads it.
        pillow: The only name that Image.open is allowed for it; "" where Pillow does not read it.
    """

    name: str
    reader: Reader
    pillow: str = ""


JPEG = Format("JPEG", Reader.PILLOW, "JPEG")
PNG = Format("PNG", Reader.PILLOW, "PNG")
WEBP = Format("WebP", Reader.PILLOW, "WEBP")
GIF = Format("GIF", Reader.PILLOW, "GIF")
BMP = Format("BMP", Reader.PILLOW, "BMP")
TIFF = Format("TIFF", Reader.PILLOW, "TIFF")
JPEG_2000 = Format("JPEG 2000", Reader.PILLOW, "JPEG2000")
PNM = Format("PNM", Reader.PILLOW, "PPM")
AVIF = Format("AVIF", Reader.PILLOW, "AVIF")
HEIF = Format("HEIC", Reader.HEIF, "HEIF")
RAW = Format("RAW", Reader.RAW)

PHOTOSHOP = Format("Photoshop document", Reader.NONE)
POSTSCRIPT = Format("PostScript drawing", Reader.NONE)
PDF = Format("PDF document", Reader.NONE)
SVG = Format("SVG drawing", Reader.NONE)
VIDEO = Format("video", Reader.NONE)
JPEG_XL = Format("JPEG XL", Reader.NONE)

_SIGNATURES: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", JPEG_2000),
    (b"\xff\x4f\xff\x51", JPEG_2000),
    (b"FUJIFILMCCD-RAW", RAW),
    (b"IIRO", RAW),  # Olympus ORF
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\x00", RAW),  # Panasonic RW2
    (b"\x00MRM", RAW),  # Minolta MRW
    (b"FOVb", RAW),  # Sigma X3F
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),  # BigTIFF
    (b"MM\x00+", TIFF),
    (b"8BPS", PHOTOSHOP),
    (b"%!PS", POSTSCRIPT),
    (b"\xc5\xd0\xd3\xc6", POSTSCRIPT),
    (b"%PDF", PDF),
    (b"<svg", SVG),
    (b"\x1aE\xdf\xa3", VIDEO),  # Matroska, WebM
    (b"\x00\x00\x01\xba", VIDEO),  # MPEG program stream
    (b"\x00\x00\x01\xb3", VIDEO),
    (b"\xff\x0a", JPEG_XL),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", JPEG_XL),
)

_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")


def sniff(head: bytes) -> Format | None:
    """Tell a file's kind by its first HEAD_BYTES bytes, whatever it is called; None where they say nothing."""
    if head[4:8] == b"ftyp":
        return _sniff_iso_media(head)
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"AVI ": VIDEO}.get(head[8:12])
    if head[:4] in (b"II*\x00", b"MM\x00*") and head[8:10] == b"CR":
        return RAW  # Canon CR2, a TIFF with a mark of its own
    if head[:2] in (b"II", b"MM") and head[6:14] == b"HEAPCCDR":
        return RAW  # Canon CRW
    if head[:2] == b"BM" and len(head) >= 18 and head[15:18] == b"\0\0\0":
        return BMP  # the header that follows is 12 to 124 bytes long: its upper bytes are zero
    if head[:1] == b"P" and head[1:2] in b"1234567fF" and head[2:3] in b" \t\r\n#" and len(head) > 2:
        return PNM
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head.startswith(b"<?xml") and b"<svg" in head:
        return SVG
    return None


def _sniff_iso_media(head: bytes) -> Format | None:
    """Tell the kind of a file of ISO boxes (HEIC, AVIF, CR3, MP4) by the brands that it lists."""
    box_bytes = int.from_bytes(head[:4], "big")
    listed = head[16 : min(box_bytes, len(head))]
    brands = [head[8:12], *(listed[i : i + 4] for i in range(0, len(listed), 4))]
    if brands[0] == b"crx ":
        return RAW  # Canon CR3
    if any(brand in _AVIF_BRANDS for brand in brands):
        return AVIF
    if any(brand in _HEIF_BRANDS for brand in brands):
        return HEIF
    return VIDEO


_PICTURES = """
.jpg .jpeg .jpe .jfif .mpo .png .apng .webp .gif .bmp .dib .tif .tiff .jp2 .j2k .j2c .jpc .jpf .jpx
.pbm .pgm .ppm .pnm .pfm .heic .heif .heics .heifs .hif .avif
"""
_CAMERA_RAW = """
.3fr .ari .arw .bay .cr2 .cr3 .crw .dcr .dng .erf .fff .gpr .iiq .k25 .kdc .mef .mos .mrw .nef .nrw .orf .pef
.ptx .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f
"""
# Pictures in the eyes of a photographer that are not read: counted as skipped, not passed over in silence.
_SKIPPED = ".psd .psb .eps .svg .jxl"
_SUFFIXES = frozenset((_PICTURES + _CAMERA_RAW + _SKIPPED).split())
# RAW files that programs write metadata into, as they do with JPEG.
_OPEN_RAW = frozenset((".dng", ".gpr"))
PROPRIETARY_RAW = frozenset(_CAMERA_RAW.split()) - _OPEN_RAW
"""Suffixes, in lower case, of what only its maker may write to: programs keep metadata beside it, in XMP sidecars."""


def is_camera_raw(suffix: str) -> bool:
    """Tell whether a suffix (".CR2") is one that cameras give RAW files."""
    return suffix.lower() in _CAMERA_RAW.split()


def worth_a_look(suffix: str) -> bool:
    """Tell whether a file with this suffix (".JPG") is to be counted as a photo."""
    return suffix.lower() in _SUFFIXES
