"""Every byte layout and name that this package reads, in one place, each with its source and how sure it is.

The marks, used here and in docs/lrprev.md:
    seen      verified on real files: 21 previews of Lightroom 5, Classic 9 and Classic 12, and five catalogs
    reported  read in the code or notes of others who had such files; no real file was at hand here
    inferred  follows from something seen, but nothing proves it

A preview container is a plain run of sections, big-endian, the last one ending at the end of the file (seen, 21 of 21):

    offset  bytes  meaning
         0      4  b"AgHg"
         4      2  header size H, magic and name included: 32 in every file seen; the name may need more (inferred)
         6      1  version: 0 for the section "header", 1 for "level_N" (seen). iMedia's comments take this byte for a
                   version that is always 0 and the next one for the kind, which real files contradict
         7      1  0 (seen)
         8      8  data length
        16      8  padding length: 0 to 15 NULs, which make the section a multiple of 16 bytes (seen)
        24   H-24  section name, ended and filled with NULs
         H         data, then padding, then the next section
"""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime

SECTION_MAGIC = b"AgHg"
SECTION_HEAD = struct.Struct(">4sHBBQQ")  # magic, header size, version, 0, data length, padding length
HEADER_SECTION = "header"  # a Lua table, `pyramid = { ... }`, in which only the last brace starts a line (seen)
HEADER_TEXT_START, HEADER_TEXT_END = b"pyramid = {", b"\n}"
LEVEL_SECTION = re.compile(r"level_(\d{1,3})")  # level_1 is the smallest (seen); sizes tell the order here, not names

# Limits, far above anything seen (8 sections, 561 bytes of header), so that hostile files stay cheap.
MAX_SECTIONS = 64
MAX_SECTION_HEAD_BYTES = 256
MAX_HEADER_BYTES = 64 * 1024

# Seconds in the header and in previews.db count from here (seen).
EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
UNSET_SECONDS = -63113817600  # a time that is not known: the year 1 (seen in catalogs, inferred for headers)

# Up to Classic 13.2, `U/UUUU/UUID-digest.lrprev` (seen). From 13.3 on a preview is spread over several files with the
# same stem: plain JPEGs `UUID-digest_<long edge>` without an extension, and `.lrfprev` or `.lrmprev` containers with
# the small levels (reported by three independent sources). U and UUUU are the first one and four digits of the UUID.
# What follows the digest is not looked at: it is what the reports are least sure of ("a size suffix"), and copying
# programs add to it (".lrprev (1)").
_UUID = r"(?P<uuid>[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})"
_DIGEST = r"(?P<digest>[0-9a-f]{32})"
UUID = re.compile(_UUID, re.ASCII | re.IGNORECASE)
DIGEST = re.compile(_DIGEST, re.ASCII | re.IGNORECASE)
PREVIEW_NAME = re.compile(rf"{_UUID}-{_DIGEST}(?:[^0-9A-Za-z].*)?", re.ASCII | re.IGNORECASE | re.DOTALL)
SMART_PREVIEW_NAME = re.compile(rf"{_UUID}(?:\.\w+)?", re.ASCII | re.IGNORECASE)  # `U/UUUU/UUID.dng` (reported)

# The databases at the top of the folder, and what is read of them (seen, versions 12.0 and 1.0). All numbers are REAL.
# Of previews.db, a table is of use where it has its key columns; what else a later version may lack is left out.
PREVIEWS_DB = "previews.db"
PREVIEWS_DB_COLUMNS = {
    "Pyramid": ("uuid", "digest", "colorProfile", "fileTimeStamp", "quality", "croppedWidth", "croppedHeight"),
    "PyramidLevel": ("uuid", "digest", "level", "width", "height"),
    "ImageCacheEntry": ("imageId", "uuid", "digest", "orientation"),
}
PREVIEWS_DB_KEYS = {
    "Pyramid": ("uuid", "digest"),
    "PyramidLevel": ("uuid", "digest", "level", "width", "height"),
    "ImageCacheEntry": ("imageId", "uuid", "digest"),
}
ROOT_PIXELS_DB = "root-pixels.db"
ROOT_PIXELS_DB_COLUMNS = {"RootPixels": ("uuid", "digest", "jpegData")}  # jpegData is level_1, byte for byte (seen)

# JPEG (ITU-T T.81, table B.1), second bytes of the markers that matter here.
SOI = b"\xff\xd8"
EOI = b"\xff\xd9"
SOF_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # without DHT, JPG, DAC
STANDALONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, RST0-7, SOI: no length follows
EOI_MARKER, SOS_MARKER, DRI_MARKER = 0xD9, 0xDA, 0xDD
APP1 = b"\xff\xe1"
EXIF_MAGIC = b"Exif\0\0"  # after APP1 and its length
MAX_SEGMENT_BYTES = 0xFFFF

TIFF_MAGICS = (b"II*\0", b"MM\0*")  # a Smart Preview is a DNG, which is a TIFF
