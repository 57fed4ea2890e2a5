"""Any picture file -> upright RGB, or one ImageProblem; on real files first."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from importers.images import ImageProblem, open_upright


def array(picture, size=(48, 32)):
    """A thumbnail to compare by: float64 (32, 48, 3)."""
    return np.asarray(picture.rgb.resize(size, Image.Resampling.BOX), np.float64)


def difference(one, other):
    return np.abs(array(one) - array(other)).mean()


def problem_of(source, **limits):
    with pytest.raises(ImageProblem) as caught:
        open_upright(source, min_edge=64, **limits)
    reason = str(caught.value)
    assert reason
    assert "\n" not in reason
    assert len(reason) < 200
    return caught.value.kind, reason


# Real files


def test_every_real_file_is_a_picture_or_a_counted_problem(samples):
    outcomes = {"picture": 0, "skipped": 0, "failed": 0}
    reasons = {}
    for path in sorted((samples / "images").rglob("*")):
        if not path.is_file() or path.name == "200MP.heic":  # it decodes, but in six seconds
            continue
        try:
            picture = open_upright(path, min_edge=64)
        except ImageProblem as problem:
            outcomes[problem.kind] += 1
            reasons[path] = str(problem)
        else:
            outcomes["picture"] += 1
            assert picture.rgb.mode == "RGB"
            assert (picture.rgb.width < picture.rgb.height) == (picture.width < picture.height)
            assert min(picture.rgb.size) >= min(128, picture.width, picture.height)
    assert outcomes["picture"] == 246
    assert outcomes["failed"] == 3
    assert reasons[samples / "images/heic/heif_corrupted/empty.heic"] == "the file is empty (0 bytes)"
    texts = [path for path in reasons if path.suffix in (".txt", ".md", ".rst", ".dat", "")]
    assert len(texts) == outcomes["skipped"], "only texts are skipped"


@pytest.mark.parametrize("shape", ["landscape", "portrait"])
def test_all_eight_orientations_give_the_same_picture(samples, shape):
    folder = samples / "images" / "exif" / "jpg" / "orientation"
    pictures = [open_upright(folder / f"{shape}_{orientation}.jpg", min_edge=None) for orientation in range(1, 9)]
    assert {(p.width, p.height) for p in pictures} == {(600, 450) if shape == "landscape" else (450, 600)}
    for picture in pictures:
        assert picture.rgb.size == (picture.width, picture.height)
        assert difference(picture, pictures[0]) < 4
        assert difference(picture, pictures[0]) < np.abs(array(picture)[::-1] - array(pictures[0])).mean() / 5


def test_colour_modes_of_one_picture_look_alike(samples):
    folder = samples / "images" / "hash" / "misc-images" / "modes"
    files = [path for path in sorted(folder.iterdir()) if path.suffix != ".md"]
    assert len(files) == 14
    luma = [0.299, 0.587, 0.114]
    original = array(open_upright(folder / "original.jpg", min_edge=64))
    for path in files:
        got = array(open_upright(path, min_edge=64))
        assert np.abs(got @ luma - original @ luma).mean() < 2, path.name
        if path.name not in ("1.png", "F.webp", "I.webp", "L.png", "LA.png"):  # grey ones
            assert np.abs(got - original).mean() < 2, path.name


def test_heic_and_jpeg_of_one_shot_look_alike(samples):
    folder = samples / "images" / "words" / "images-heic"
    heic, jpeg = (open_upright(folder / name, min_edge=64) for name in ("bee.heic", "bee.jpg"))
    assert (heic.width, heic.height, heic.format) == (jpeg.width, jpeg.height, "HEIC")
    assert difference(heic, jpeg) < 2


def test_heic_of_ten_and_twelve_bits_looks_like_eight(samples):
    folder = samples / "images" / "heic" / "heif"
    eight = open_upright(folder / "L_8__29x100.heif", min_edge=None)
    for bits in (10, 12):
        assert difference(open_upright(folder / f"L_{bits}__29x100.heif", min_edge=None), eight) < 3


def test_a_phones_colours_are_converted_to_srgb(samples):
    picture = open_upright(samples / "images" / "exif" / "heic" / "mobile" / "iphone_13_pro_max.HEIC", min_edge=128)
    assert picture.profile is not None, "the sample is in Display P3"
    stored, shown = np.asarray(picture.stored, np.int16), np.asarray(picture.rgb, np.int16)
    p3 = ImageCms.ImageCmsProfile(io.BytesIO(picture.profile))
    expected = ImageCms.profileToProfile(picture.stored, p3, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert np.array_equal(shown, np.asarray(expected))
    assert np.abs(shown - stored).mean() > 1


# Kinds of file, generated


FORMS = {
    "JPEG": {"quality": 95},
    "PNG": {},
    "WEBP": {"quality": 95},
    "GIF": {},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "JPEG2000": {},
    "PPM": {},
    "AVIF": {"quality": 95},
    "MPO": {"quality": 95},
}


@pytest.mark.parametrize("form", FORMS)
def test_each_format_is_told_by_its_content(form, scene, encode, tmp_path):
    path = tmp_path / "misnamed.txt"
    path.write_bytes(encode(scene, form, **FORMS[form]))
    picture = open_upright(path, min_edge=None)
    assert (picture.width, picture.height) == picture.rgb.size == scene.size
    assert picture.format.replace(" ", "").upper().startswith({"PPM": "PNM", "MPO": "JPEG"}.get(form, form))
    assert np.abs(np.asarray(picture.rgb, float) - np.asarray(scene, float)).mean() < 8
    assert difference(open_upright(path.read_bytes(), min_edge=None), picture) == 0


def test_the_first_frame_of_animations_is_taken(scene, encode):
    frames = [Image.new("RGB", scene.size, (0, number, 0)) for number in range(100, 200)]
    for form in ("GIF", "PNG", "WEBP"):
        data = encode(scene, form, save_all=True, append_images=frames)
        assert np.abs(array(open_upright(data, min_edge=None)) - np.asarray(scene.resize((48, 32)), float)).mean() < 10


def test_orientation_is_undone_in_every_format_that_has_it(scene, encode):
    exif = Image.Exif()
    exif[0x0112] = 6
    for form in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        picture = open_upright(encode(scene, form, exif=exif), min_edge=None)
        assert (picture.width, picture.height) == (160, 240) == picture.rgb.size, form
        assert difference(picture, open_upright(encode(scene.rotate(-90, expand=True), "PNG"), min_edge=None)) < 8, form


# Modes, generated


def on_white(image):
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "PA"])
def test_alpha_is_laid_on_white(mode, scene, encode):
    alpha = Image.fromarray(np.tile(np.linspace(0, 255, 240).astype(np.uint8), (160, 1)))
    if mode in ("RGBA", "LA"):
        image = scene.convert(mode)
        image.putalpha(alpha)
        data = encode(image, "PNG")
    else:
        image = scene.convert("RGBA")
        image.putalpha(alpha.point(lambda level: 255 * (level > 127)))
        data = encode(image, "GIF" if mode == "P" else "WEBP")
    got = np.asarray(open_upright(data, min_edge=None).rgb, float)
    assert np.abs(got - np.asarray(on_white(image), float)).mean() < 6
    assert got[:, 0].min() > 250


def test_a_colour_that_means_transparent_is_white(encode):
    image = Image.new("RGB", (8, 8), (10, 200, 30))
    data = encode(image, "PNG", transparency=(10, 200, 30))
    assert open_upright(data, min_edge=None).rgb.getpixel((4, 4)) == (255, 255, 255)


def test_deep_greys_are_scaled_not_clipped(encode):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, axis=0)
    expected = np.arange(256)
    deep = {
        "PNG, 16 bit": encode(Image.fromarray(ramp), "PNG"),
        "TIFF, 16 bit": encode(Image.fromarray(ramp), "TIFF"),
        "PGM, 16 bit": encode(Image.fromarray(ramp), "PPM"),
        "TIFF, float of 0..1": encode(Image.fromarray((ramp / 65535).astype(np.float32)), "TIFF"),
        "TIFF, float of 0..65535": encode(Image.fromarray(ramp.astype(np.float32)), "TIFF"),
        "TIFF, 32 bit": encode(Image.fromarray(ramp.astype(np.int32)), "TIFF"),
        "JPEG 2000, 16 bit": encode(Image.fromarray(ramp), "JPEG2000"),
    }
    for name, data in deep.items():
        got = np.asarray(open_upright(data, min_edge=None).rgb)[0, :, 0].astype(int)
        assert np.abs(got - expected).max() <= 1, name


def test_floats_that_are_no_numbers_do_no_harm(encode):
    strange = np.array([[np.nan, np.inf, -np.inf, 0.5, 1.0, -3.0]], np.float32)
    got = np.asarray(open_upright(encode(Image.fromarray(strange), "TIFF"), min_edge=None).rgb)[0, :, 0]
    assert got.tolist() == [0, 0, 0, 128, 255, 0]


def test_print_colours_are_converted(scene, encode):
    for form in ("JPEG", "TIFF"):
        picture = open_upright(encode(scene.convert("CMYK"), form), min_edge=None)
        assert np.abs(np.asarray(picture.rgb, float) - np.asarray(scene, float)).mean() < 6, form


def test_lab_is_converted(scene, encode):
    lab = ImageCms.profileToProfile(
        scene, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    picture = open_upright(encode(lab, "TIFF"), min_edge=None)
    assert np.abs(np.asarray(picture.rgb, float) - np.asarray(scene, float)).mean() < 3


def test_broken_and_foreign_profiles_are_ignored(scene, encode):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (b"\0" * 200, srgb[:150], b"x", srgb[:16] + b"CMYK" + srgb[20:], srgb):
        picture = open_upright(encode(scene, "PNG", icc_profile=profile), min_edge=None)
        assert np.array_equal(np.asarray(picture.rgb), np.asarray(scene))


# Reducing


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_reduced_picture_resizes_like_the_full_one(form, scene, encode):
    data = encode(scene.resize((1999, 1333), Image.Resampling.BICUBIC), form)
    full, reduced = open_upright(data, min_edge=None), open_upright(data, min_edge=96)
    assert min(reduced.rgb.size) >= 192
    assert reduced.rgb.width <= 1000
    assert (reduced.width, reduced.height) == (full.width, full.height) == (1999, 1333)
    small = [np.asarray(p.rgb.resize((96, 96), Image.Resampling.BICUBIC), float) for p in (full, reduced)]
    assert np.abs(small[0] - small[1]).mean() < 0.6


def test_a_small_picture_is_not_reduced(scene, encode):
    assert open_upright(encode(scene, "JPEG"), min_edge=81).rgb.size == scene.size


# What cannot be read


def png_header(width, height):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def test_a_bomb_is_skipped_by_its_header():
    kind, reason = problem_of(png_header(50_000, 50_000))
    assert kind == "skipped"
    assert "2,500 megapixels" in reason
    assert problem_of(png_header(25_000, 20_000)) == (
        "skipped",
        "the picture is too large: 500 megapixels are more than the limit of 400",
    )


def test_the_limit_can_be_set(scene, encode):
    data = encode(scene, "PNG")
    assert problem_of(data, max_pixels=240 * 160 - 1)[0] == "skipped"
    assert open_upright(data, min_edge=64, max_pixels=240 * 160).width == 240


def test_extreme_shapes_are_read(encode):
    for size in ((1, 1), (65_500, 1), (1, 65_500), (65_500, 3)):
        for form in ("PNG", "JPEG", "BMP"):
            picture = open_upright(encode(Image.new("RGB", size, (9, 90, 200)), form), min_edge=256)
            assert picture.rgb.size == size == (picture.width, picture.height)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "PPM", "AVIF"])
def test_a_file_cut_short_is_a_problem_wherever_it_is_cut(form, encode):
    noise = Image.fromarray(np.random.default_rng(5).integers(0, 256, (120, 160, 3), np.uint8))
    data = encode(noise, form)
    for tenths in range(10):
        kind, reason = problem_of(data[: len(data) * tenths // 10])
        assert kind == "failed", (tenths, reason)


def test_a_cut_jpeg_says_how_long_it_is(encode):
    noise = Image.fromarray(np.random.default_rng(5).integers(0, 256, (400, 600, 3), np.uint8))
    data = encode(noise, "JPEG")
    assert problem_of(data[:120_000]) == (
        "failed",
        "the file is cut short: it ends after 120 kB, and part of the picture is missing",
    )


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        (b"", "failed", "empty"),
        (b"\0" * 5000, "failed", "zeros"),
        (b"hello, this is a letter" * 9, "skipped", "not a picture"),
        (b"<html><body><img></body></html>", "skipped", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n(evil) run", "skipped", "PostScript"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "skipped", "SVG"),
        (b"<?xml version='1.0'?><svg/>", "skipped", "SVG"),
        (b"8BPS\0\1" + b"\0" * 90, "skipped", "Photoshop"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isomavc1" + b"\0" * 90, "skipped", "video"),
        (b"RIFF\0\0\0\0AVI LIST" + b"\0" * 90, "skipped", "video"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 90, "failed", "JPEG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 90, "failed", "PNG"),
    ],
)
def test_what_is_no_picture_says_so(data, kind, says, tmp_path):
    path = tmp_path / "holiday.jpg"
    path.write_bytes(data)
    got, reason = problem_of(path)
    assert got == kind
    assert says in reason


def test_a_huge_sparse_file_is_answered_at_once(tmp_path):
    path = tmp_path / "sparse.jpg"
    with path.open("wb") as file:
        file.truncate(4 << 30)
    assert problem_of(path)[0] == "failed"


def test_nothing_but_files_is_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    assert problem_of(tmp_path / "pipe.jpg")[0] == "skipped"
    assert problem_of(tmp_path / "zero.jpg")[0] == "skipped"
    assert problem_of(tmp_path / "folder.jpg")[0] == "skipped"
    assert problem_of(tmp_path / "gone.jpg") == ("failed", "the file is no longer there")
