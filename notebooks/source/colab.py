# %% colab
import subprocess
import sys

if "google.colab" in sys.modules:  # Colab has only this file: fetch the course
    repository = input("Repository of this course (https://github.com/…): ")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", f"git+{repository}"], check=True)
    from seminar import settings

    settings.colab()  # says what does not work there, and what to do
