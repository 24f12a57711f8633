"""Pictures drawn anew: what is kept has the pixels and nothing else of what was sent."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from app.gateways.paper_child import Unsafe
from app.rules.papers import PAPER_MAX_PIXELS, PaperProblem

JPEG_QUALITY = 90
KEPT_MODES = {"image/jpeg": ("L", "RGB"), "image/png": ("1", "L", "LA", "RGB", "RGBA")}
"""Ways to hold pixels that every viewer knows; all others become colours, with their transparency if they have any."""


def draw_anew(media_type: str, content: bytes) -> bytes:
    """The picture upright, in the same format; its metadata and whatever hung on to the file are gone.

    Raises Unsafe for too many pixels, asked before one of them is read, and for what isn't whole.
    """
    # Asked below, by our own limit; Pillow's would raise at one and warn at another.
    Image.MAX_IMAGE_PIXELS = None
    kind = media_type.partition("/")[2].upper()
    try:
        with Image.open(io.BytesIO(content), formats=[kind]) as sent:
            pixels = sent.width * sent.height
            if pixels > PAPER_MAX_PIXELS:
                raise Unsafe(
                    PaperProblem.TOO_MANY_PIXELS,
                    limit_millions=PAPER_MAX_PIXELS // 1_000_000,
                    millions=-(-pixels // 1_000_000),
                )
            sent.load()
            upright = ImageOps.exif_transpose(sent)
    except (Unsafe, MemoryError):
        raise
    except Exception as broken:
        # A decoder fails in as many ways as there are formats; none of them tells the sender more.
        raise Unsafe(PaperProblem.DAMAGED) from broken
    drawn = _in_a_known_mode(upright, media_type)
    drawn.info = {}
    out = io.BytesIO()
    if kind == "JPEG":
        drawn.save(out, kind, quality=JPEG_QUALITY)
    else:
        drawn.save(out, kind)
    return out.getvalue()


def _in_a_known_mode(picture: Image.Image, media_type: str) -> Image.Image:
    if picture.mode.startswith("I"):
        # 16 bits of grey: the upper eight are what a screen shows.
        picture = picture.convert("I").point(lambda grey: grey / 256).convert("L")
    kept = KEPT_MODES[media_type]
    if picture.mode in kept and "transparency" not in picture.info:
        return picture
    see_through = "A" in picture.mode or "transparency" in picture.info
    return picture.convert("RGBA" if see_through and "RGBA" in kept else "RGB")
