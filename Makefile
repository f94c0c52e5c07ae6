# make lab: open the course. make test: run every test. make quick: two minutes of them.
# All make .venv if it is not there.
PYTHON ?= python3
COURSE ?= notebooks/ko/00_revolution_of_depth.ipynb
BIN = .venv/bin
# Jupyter refuses to run as root (in a container, say) unless it is told to.
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab test quick test-browser lint format build notebooks seeds versions clean

lab: .venv/course
	$(BIN)/jupyter lab $(ROOT) --ServerApp.root_dir=. $(COURSE)  # or the other language would be out of reach

test: .venv/tests  # all parts, even if one fails
	$(BIN)/python tools/parts.py unit notebooks

quick: .venv/tests  # what to run first: lint, the core's unit tests, one notebook
	$(BIN)/python tools/parts.py quick

test-browser: .venv/browser  # every notebook in JupyterLab, every control moved
	$(BIN)/python tools/parts.py browser

lint: .venv/tests
	$(BIN)/python tools/parts.py lint

format: .venv/tests
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

build: .venv/tests  # write the notebooks, the homework's too, from notebooks/source
	$(BIN)/python tools/notebooks.py build

notebooks: .venv/tests  # build, run every notebook whose code has changed since, store its outputs
	$(BIN)/python tools/notebooks.py run

seeds: .venv/tests  # run every notebook on seeds 0 to 4; a table of claims × seeds
	$(BIN)/python tools/notebooks.py seeds

versions: .venv/tests  # each Python, the oldest PyTorch, Colab's versions: environments of 6 GB
	$(BIN)/python tools/versions.py

.venv/course: requirements.txt pyproject.toml
	$(PYTHON) -c "import sys; assert sys.version_info >= (3, 11), 'Python 3.11 or newer is needed: make PYTHON=python3.11 …'"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/jupyter labextension disable "@jupyterlab/apputils-extension:announcements"
	$(BIN)/jupyter labextension disable "@jupyter/nbgrader"  # its menus are no student's, nor in the lecture
	touch $@

.venv/tests: .venv/course requirements-test.txt
	$(BIN)/python -m pip install --quiet -r requirements-test.txt
	touch $@

# A browser and a Korean font, where the machine has none.
.venv/browser: .venv/tests
	command -v chromium || command -v google-chrome || \
	  if [ "$$(id -u)" = 0 ]; then apt-get update && apt-get install --yes chromium; \
	  else $(BIN)/playwright install --with-deps chromium; fi
	fc-list :lang=ko | grep -q . || $(if $(ROOT),,sudo) apt-get install --yes fonts-nanum
	touch $@

clean:
	rm -rf .venv
