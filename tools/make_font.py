"""Make seminar/assets/SeminarGothic.ttf: python tools/make_font.py FONT.ttf

FONT.ttf is the original NanumGothic.ttf (Debian: fonts-nanum). Kept are the 2,350 syllables of
KS X 1001, the single letters, Latin, Greek and some signs. The result has another name, because
the font's license (OFL, seminar/assets/OFL.txt) reserves the old one for the original.
Needs fonttools (requirements-test.txt).
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

TARGET = Path(__file__).parent.parent / "seminar" / "assets" / "SeminarGothic.ttf"
NAME = "Seminar Gothic"
SIGNS = "–—‘’“”…·×÷±≤≥≠≈→←↑↓∂∞√∑∏²³°′•○●△▲□■"


def characters() -> set[int]:
    """Code points to keep."""
    ks_x_1001 = bytes.fromhex(
        "".join(f"{hi:02x}{lo:02x}" for hi in range(0xB0, 0xC9) for lo in range(0xA1, 0xFF))
    ).decode("euc_kr")
    ranges = (range(0x20, 0x7F), range(0xA0, 0x100), range(0x391, 0x3CA), range(0x3131, 0x3164))
    return {ord(c) for c in ks_x_1001 + SIGNS} | {code for r in ranges for code in r}


def main(source: str) -> None:
    """Write the subset of the font file `source` to TARGET."""
    font = TTFont(source)
    options = Options(hinting=False, layout_features=[], name_IDs=["*"], notdef_outline=True)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)
    names = font["name"]
    names.names = [n for n in names.names if n.nameID in (0, 13, 14)]  # copyright and license
    for name_id, text in ((1, NAME), (2, "Regular"), (3, NAME), (4, NAME), (6, "SeminarGothic")):
        names.setName(text, name_id, 3, 1, 0x409)
        names.setName(text, name_id, 1, 0, 0)
    font.save(TARGET)


if __name__ == "__main__":
    main(sys.argv[1])
