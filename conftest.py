"""What the tests and the notebooks' kernels run in."""

import functools
import os
import shutil
import sys
import tempfile
from pathlib import Path


def pytest_configure(config):
    # A text without Korean is an error in a Korean notebook, not shown in English.
    os.environ["SEMINAR_STRICT"] = "1"
    if not getattr(config.option, "nbval_sanitize_with", None):
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests" / "sanitize.cfg")
    if sys.platform != "win32":
        _kernels_over_pipes(config)
    _without_stderr()
    # A fresh machine's first import builds matplotlib's font cache and says so: not in a notebook.
    import matplotlib.font_manager  # noqa: F401


def _without_stderr():
    """What the machine says on stderr, an old driver's warning, is not the notebook's output.

    An error still is: it is an output of its own kind.
    """
    import nbval.plugin

    compared = nbval.plugin.transform_streams_for_comparison

    def without(outputs):
        return compared([output for output in outputs if output.get("name") != "stderr"])

    nbval.plugin.transform_streams_for_comparison = without


def _kernels_over_pipes(config):
    """Kernels that start side by side may pick the same TCP ports: not so with IPC."""
    import nbval.kernel

    folder = tempfile.mkdtemp()
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    nbval.kernel.KernelManager = functools.partial(
        nbval.kernel.KernelManager, transport="ipc", ip=f"{folder}/kernel"
    )
