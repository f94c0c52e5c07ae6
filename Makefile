# make lab: open the course. make test: run every test. Both make .venv if it is not there.
PYTHON ?= python3
COURSE ?= notebooks/ko/00_revolution_of_depth.ipynb
BIN = .venv/bin
# Jupyter refuses to run as root (in a container, say) unless it is told to.
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab test lint format notebooks seeds clean

lab: .venv/course
	$(BIN)/jupyter lab $(ROOT) $(COURSE)

test: .venv/tests
	$(BIN)/python -m pytest tests -n 2 --dist loadfile --cov --cov-report=term
	$(BIN)/python -m pytest notebooks  # one after another: kernels that start together may miss their ports

lint: .venv/tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/tests
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

notebooks: .venv/tests  # run every notebook and store its outputs
	$(BIN)/python tools/notebooks.py run

seeds: .venv/tests  # run every notebook on seeds 0 to 4; a table of claims × seeds
	$(BIN)/python tools/notebooks.py seeds

.venv/course: requirements.txt pyproject.toml
	$(PYTHON) -c "import sys; assert sys.version_info >= (3, 11), 'Python 3.11 or newer is needed: make PYTHON=python3.11 …'"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/jupyter labextension disable "@jupyterlab/apputils-extension:announcements"
	touch $@

.venv/tests: .venv/course requirements-test.txt
	$(BIN)/python -m pip install --quiet -r requirements-test.txt
	touch $@

clean:
	rm -rf .venv
