"""Make the two fonts of this folder out of Noto Sans CJK; see README.md. Not needed to run the product.

    python make_fonts.py NotoSansCJK-Regular.ttc NotoSansCJK-Bold.ttc

Needs fontTools. Takes the face "Noto Sans CJK SC", keeps what Chinese documents print, drops hinting, Hangul
and the glyph forms of other languages, and names the result Canbao Sans.
"""

import sys
from pathlib import Path

from fontTools import subset  # type: ignore[import-not-found]
from fontTools.ttLib import TTCollection, TTFont  # type: ignore[import-not-found]

FAMILY = "Canbao Sans"
SOURCE_FACE = "Noto Sans CJK SC"
FEATURES = ["ccmp", "halt", "kern", "liga", "mark", "palt"]
HANGUL = [
    (0x1100, 0x11FF),
    (0x3130, 0x318F),
    (0x3200, 0x321E),
    (0x3260, 0x327F),
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),
    (0xFFA0, 0xFFDC),
]
HEADING_SIGNS = [
    (0x20, 0x7E),
    (0xA0, 0xFF),
    (0x2010, 0x203B),
    (0x2460, 0x2473),
    (0x3000, 0x3017),
    (0xFF01, 0xFF5E),
    (0xFFE0, 0xFFE6),
]
KEPT_NAMES = (0, 5, 7, 9, 10, 11, 12, 13, 14)
"""Copyright, version, trademark, designers, addresses, licence."""

ENGLISH = 0x409


def within(code: int, ranges: list[tuple[int, int]]) -> bool:
    return any(first <= code <= last for first, last in ranges)


def in_gb2312(code: int) -> bool:
    try:
        chr(code).encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def chinese_face(collection: Path) -> TTFont:
    for face in TTCollection(collection, lazy=True).fonts:
        if face["name"].getDebugName(1) == SOURCE_FACE:
            return face
    raise SystemExit(f"{collection} has no face named {SOURCE_FACE}")


def keep_only(face: TTFont, codes: set[int]) -> None:
    options = subset.Options()
    options.layout_features = FEATURES
    options.layout_scripts = ["DFLT", "hani", "latn", "cyrl", "grek", "kana"]
    options.hinting = False
    options.name_IDs = ["*"]
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(face)


def rename(face: TTFont, style: str) -> None:
    names = face["name"]
    names.names = [name for name in names.names if name.nameID in KEPT_NAMES and name.langID == ENGLISH]
    postscript = f"{FAMILY.replace(' ', '')}-{style}"
    full = f"{FAMILY} {style}"
    for number, text in {1: FAMILY, 2: style, 3: f"2.004;{postscript}", 4: full, 6: postscript}.items():
        names.setName(text, number, 3, 1, ENGLISH)
    compact = face["CFF "].cff
    compact.fontNames = [postscript]
    top = compact.topDictIndex[0]
    top.FullName, top.FamilyName, top.Weight = full, FAMILY, style
    for position, part in enumerate(top.FDArray):
        part.FontName = f"{postscript}-{position}"


def make(collection: Path, style: str, out: Path) -> None:
    face = chinese_face(collection)
    covered = set(face.getBestCmap())
    if style == "Bold":
        codes = {code for code in covered if within(code, HEADING_SIGNS) or in_gb2312(code)}
    else:
        codes = {code for code in covered if not within(code, HANGUL)}
    keep_only(face, codes)
    rename(face, style)
    face.save(out)
    sys.stdout.write(f"{out.name}: {len(codes)} characters, {out.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    here = Path(__file__).parent
    make(Path(sys.argv[1]), "Regular", here / "CanbaoSans-Regular.otf")
    make(Path(sys.argv[2]), "Bold", here / "CanbaoSans-Bold.otf")
