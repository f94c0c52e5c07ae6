"""What importing the package does not do."""

import subprocess
import sys


def test_importing_opens_no_heavy_room():
    code = (
        "import sys, seminar; from seminar import data; data.load('mnist5k', device='cpu');"
        "names = {'matplotlib', 'ipywidgets', 'torchvision', 'sklearn', 'pandas'};"
        "heavy = names & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
