"""The font's subset: which characters are kept, and under which name."""

import sys
from pathlib import Path

from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import make_font  # noqa: E402


def test_the_font_of_the_course_is_what_the_tool_makes(tmp_path, monkeypatch):
    committed = make_font.TARGET
    monkeypatch.setattr(make_font, "TARGET", tmp_path / "made.ttf")
    make_font.main(str(committed))  # a subset of itself: nothing more to leave out
    made, kept = (TTFont(path) for path in (make_font.TARGET, committed))
    assert set(made.getBestCmap()) == set(kept.getBestCmap()) <= make_font.characters()
    assert {ord(c) for c in "가힝ㄱA×°β"} <= set(made.getBestCmap())
    names = [{n.nameID: str(n) for n in font["name"].names} for font in (made, kept)]
    assert names[0] == names[1]
    assert names[0][1] == names[0][4] == "Seminar Gothic"
    assert {0, 13, 14} <= set(names[0])  # copyright and license go with it
    assert not [text for text in names[0].values() if "Nanum" in text and "Copyright" not in text]
