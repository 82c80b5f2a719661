"""What everybody who draws pictures must do, with contents that mean well and with those that do not."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image

from secure_file_transfer.errors import BusyError, StorageError, UnsupportedContentError
from secure_file_transfer.ports import Renderer

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")


def encoded(name: str, size: tuple[int, int] = (400, 200), mode: str = "RGB", **options: Any) -> bytes:
    """A red picture."""
    out = io.BytesIO()
    Image.new(mode, size, (255, 0, 0, 100) if mode == "RGBA" else "red").save(out, name, **options)
    return out.getvalue()


def drawn(renderer: Renderer, content: bytes, *, kind: str = "image", box: int = 96) -> Image.Image:
    """What comes of it, taken in pieces that end anywhere."""
    pieces = [content[at : at + 1000] for at in range(0, len(content), 1000)]
    picture = renderer.render(kind, box, len(content), pieces)
    image = Image.open(io.BytesIO(picture))
    assert image.format == "WEBP"
    return image


class RendererContract:
    """Subclass it with a fixture `renderer`."""

    @pytest.fixture
    def renderer(self) -> Renderer:
        raise NotImplementedError

    @pytest.mark.parametrize("name", FORMATS)
    def test_images_become_small_and_keep_their_shape(self, renderer: Renderer, name: str) -> None:
        image = drawn(renderer, encoded(name))
        assert image.size == (96, 48)
        red, green, blue = image.convert("RGB").getpixel((50, 20))  # type: ignore[misc] # a colour has three
        assert (red > 200, green < 50, blue < 50) == (True, True, True)

    def test_a_small_image_stays_as_it_is(self, renderer: Renderer) -> None:
        assert drawn(renderer, encoded("PNG", (10, 20))).size == (10, 20)

    @pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK"])
    def test_all_colours_are_understood(self, renderer: Renderer, mode: str) -> None:
        assert drawn(renderer, _in_mode(mode)).size == (96, 48)

    def test_what_is_see_through_stays_so(self, renderer: Renderer) -> None:
        assert drawn(renderer, encoded("PNG", mode="RGBA")).mode == "RGBA"

    def test_a_camera_that_was_held_upright_shows_so(self, renderer: Renderer) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        assert drawn(renderer, encoded("JPEG", exif=exif)).size == (48, 96)

    def test_nothing_is_handed_on_of_who_made_it(self, renderer: Renderer) -> None:
        exif = Image.Exif()
        exif[0x010E], exif[0x8298] = "at home", "somebody"
        content = encoded("JPEG", exif=exif, icc_profile=b"profile" * 20, comment=b"secret")
        picture = renderer.render("image", 96, len(content), [content])
        for told in (b"somebody", b"at home", b"EXIF", b"ICCP", b"XMP ", b"secret", b"profile"):
            assert told not in picture

    def test_the_first_page_of_a_pdf(self, renderer: Renderer) -> None:
        assert drawn(renderer, encoded("PDF", (200, 400)), kind="pdf").size == (48, 96)

    @pytest.mark.parametrize("kind", ["image", "pdf"])
    @pytest.mark.parametrize(
        "content", [b"", b"\x00" * 5000, b"GIF89a" + b"\xff" * 500, b"%PDF-1.7\n<html>", b"<svg onload='x'/>"]
    )
    def test_what_is_none_has_no_picture(self, renderer: Renderer, kind: str, content: bytes) -> None:
        with pytest.raises(UnsupportedContentError):
            renderer.render(kind, 96, len(content), [content])

    @pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
    def test_half_of_one_is_none(self, renderer: Renderer, name: str) -> None:
        out = io.BytesIO()
        Image.effect_noise((400, 400), 60).save(out, name)
        content = out.getvalue()[: len(out.getvalue()) // 3]
        with pytest.raises(UnsupportedContentError):
            renderer.render("image", 96, len(content), [content])

    def test_one_that_is_shorter_than_was_said_has_none(self, renderer: Renderer) -> None:
        content = encoded("BMP")
        with pytest.raises(UnsupportedContentError):
            renderer.render("image", 96, len(content), [content[:5000]])

    def test_what_reading_raises_comes_through_and_the_next_is_drawn(self, renderer: Renderer) -> None:
        def torn() -> Iterator[bytes]:
            yield b"\x89PNG"
            raise StorageError("The disk failed")

        with pytest.raises(StorageError):
            renderer.render("image", 96, 5000, torn())
        assert drawn(renderer, encoded("PNG")).size == (96, 48)

    def test_many_at_once_are_drawn_one_after_the_other(self, renderer: Renderer) -> None:
        contents = [encoded("PNG", (20 + number, 20)) for number in range(24)]
        with ThreadPoolExecutor(12) as pool:
            sizes = list(pool.map(lambda content: drawn(renderer, content).size, contents))
        assert sizes == [(20 + number, 20) for number in range(24)]

    def test_after_the_end_nothing_is_drawn(self, renderer: Renderer) -> None:
        assert drawn(renderer, encoded("PNG")).size == (96, 48)
        renderer.close()
        renderer.close()
        with pytest.raises(BusyError):
            renderer.render("image", 96, 10, [b"0123456789"])


def _in_mode(mode: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 200), "red").convert(mode).save(out, "TIFF")
    return out.getvalue()
