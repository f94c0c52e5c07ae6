"""What the tests and the notebooks' kernels run in."""

import os
from pathlib import Path


def pytest_configure(config):
    # A text without Korean is an error in a Korean notebook, not shown in English.
    os.environ["SEMINAR_STRICT"] = "1"
    if not getattr(config.option, "nbval_sanitize_with", None):
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests" / "sanitize.cfg")
    # Two workers: the threads of each would stand in the other's way.
    if hasattr(config, "workerinput"):
        os.environ["OMP_NUM_THREADS"] = "1"
    # A fresh machine's first import builds matplotlib's font cache and says so: not in a notebook.
    import matplotlib.font_manager  # noqa: F401
