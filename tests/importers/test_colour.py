"""Pictures turned into RGB, whatever becomes of the files that they were opened from."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from importers.colour import to_eight_bits, to_rgb


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_pixels_outlive_the_file_that_they_came_from(mode):
    stream = BytesIO()
    Image.new("RGB", (16, 16), (200, 100, 50)).convert(mode).save(stream, "JPEG")
    jpeg = stream.getvalue()
    with Image.open(BytesIO(jpeg)) as image:  # opened only: Pillow has read no pixel yet
        rgb, _ = to_rgb(to_eight_bits(image), None)
    with Image.open(BytesIO(jpeg)) as again:
        assert np.array_equal(np.asarray(rgb), np.asarray(again.convert("RGB")))
