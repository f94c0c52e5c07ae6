"""Settings: an argument, else the environment, else a default; what makes no sense is refused."""

from pathlib import Path

import pytest
import torch

from seminar import settings

CPU = torch.device("cpu")


def test_defaults(monkeypatch):
    for name in ("SEED", "DEVICE", "PRECISION", "DATA"):
        for given in ("", None):
            if given is None:
                monkeypatch.delenv(f"SEMINAR_{name}", raising=False)
            else:
                monkeypatch.setenv(f"SEMINAR_{name}", given)
            assert settings.seed() == 0
            assert settings.device().type in ("cpu", "cuda", "mps")
            assert settings.data_folder() == Path.home() / ".cache" / "seminar"
            assert settings.bfloat16(CPU) in (True, False)


def test_the_seed_seeds():
    settings.seed(5)
    first = torch.rand(3)
    assert not torch.equal(torch.rand(3), first)
    assert settings.seed(5) == 5
    assert torch.equal(torch.rand(3), first)


def test_an_argument_comes_before_the_environment(monkeypatch):
    for name, given in (("SEED", "7"), ("DEVICE", "abacus"), ("PRECISION", "bfloat16")):
        monkeypatch.setenv(f"SEMINAR_{name}", given)
    assert settings.seed(3) == 3
    assert settings.seed(0) == 0
    assert settings.device("cpu") == settings.device(CPU) == CPU
    assert settings.bfloat16(CPU, "float32") is False
    assert settings.bfloat16(CPU, "auto") is True


@pytest.mark.parametrize("wrong", ["-1", "1.5", "x", "٣", str(2**64)])
def test_a_wrong_seed(wrong, monkeypatch):
    monkeypatch.setenv("SEMINAR_SEED", wrong)
    with pytest.raises(ValueError, match="SEMINAR_SEED"):
        settings.seed()


@pytest.mark.parametrize("wrong", [-1, 1.5, True])
def test_a_wrong_seed_as_an_argument(wrong):
    with pytest.raises(ValueError, match="seed"):
        settings.seed(wrong)


@pytest.mark.parametrize("wrong", ["abacus", "cuda:99", "CPU!"])
def test_a_wrong_device(wrong, monkeypatch):
    with pytest.raises(ValueError, match="'auto', 'cpu', 'cuda' or 'mps'"):
        settings.device(wrong)
    monkeypatch.setenv("SEMINAR_DEVICE", wrong)
    with pytest.raises(ValueError, match="cannot be used here"):
        settings.device()


def test_a_wrong_precision(monkeypatch):
    with pytest.raises(ValueError, match=r"'float16'.*'bfloat16'"):
        settings.bfloat16(CPU, "float16")
    monkeypatch.setenv("SEMINAR_PRECISION", "half")
    with pytest.raises(ValueError, match="SEMINAR_PRECISION"):
        settings.bfloat16(CPU)


def test_auto_precision_asks_the_hardware(monkeypatch):
    monkeypatch.delenv("SEMINAR_PRECISION", raising=False)
    for flag in ("avx512_bf16", "amx_bf16", "sse2"):
        has = {flag: True}
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda has=has: has, raising=False)
        assert settings.bfloat16(CPU) is (flag != "sse2")
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert settings.bfloat16(CPU) is False


def test_the_data_folder_may_be_under_home(monkeypatch):
    monkeypatch.setenv("SEMINAR_DATA", "~/here")
    assert settings.data_folder() == Path.home() / "here"
