"""A claim shows its evidence and fails loudly; texts come out in the reader's language."""

import math

import pytest
import torch

import seminar
from seminar.claims import ClaimFailed, claim


@pytest.fixture(autouse=True)
def english():
    yield
    seminar.language("en")


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr("IPython.display.display", lambda data, **kw: found.append((data, kw)))
    return found


def test_a_claim_shows_statement_evidence_and_verdict(shown):
    claim("Less is more", True, test_error=0.12345, images=4000)
    data, kw = shown[0]
    assert data["text/plain"].split("\n") == [
        "Claim: Less is more",
        "[measured: test error: 0.123 · images: 4,000]",
        "The claim holds.",
    ]
    assert kw["metadata"]["claim"]["holds"] is True


def test_a_claim_that_does_not_hold_is_shown_and_raises(shown):
    with pytest.raises(ClaimFailed, match="loss: nan"):
        claim("Less is more", math.nan < 1, loss=math.nan)
    assert "does NOT hold" in shown[0][0]["text/plain"]


def test_a_claim_in_korean_keeps_its_english_key_and_html_shows_what_was_given(shown):
    seminar.language("ko")
    claim("test error", True, loss="<b> & {a}")
    data, kw = shown[0]
    assert data["text/plain"].startswith("주장: 테스트 오류율\n")
    assert kw["metadata"]["claim"]["statement"] == "test error"  # by which seeds compares
    assert "&lt;b&gt; &amp; {a}" in data["text/html"]


@pytest.mark.parametrize("holds", ["yes", (False, "x"), 1, None, torch.tensor([True, True])])
def test_holds_must_be_one_truth_value(holds, shown):
    with pytest.raises(TypeError, match="one comparison"):
        claim("Less is more", holds)


def test_a_tensor_of_one_truth_value_is_one(shown):
    claim("Less is more", torch.tensor(1.0) < 2)


def test_korean_comes_from_the_catalogue(monkeypatch):
    assert seminar.language("ko") is None
    assert seminar.language() == "ko"
    assert seminar.t("test error") == "테스트 오류율"
    assert seminar.t("the label says {digit}", digit=3) == "정답은 3"
    monkeypatch.setenv("SEMINAR_STRICT", "1")
    with pytest.raises(LookupError, match="is not in seminar/assets/texts/ko"):
        seminar.t("a text of nobody")
    monkeypatch.delenv("SEMINAR_STRICT")
    assert seminar.t("a text of nobody") == "a text of nobody"


def test_another_language_is_refused():
    with pytest.raises(ValueError, match="'en' or 'ko'"):
        seminar.language("fr")
