"""The notebooks in JupyterLab, in a real browser: make test-browser.

Each one is opened; of some the cells that answer a student are run, and every control is moved to
both of its ends. What the student would see is looked at: no error, no message in the console, a
picture that changes, Korean that is drawn. nbval runs the whole of each, in both languages.
"""

import importlib.metadata
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from cells import needed

import sources

NOTEBOOKS = [path.relative_to(sources.ROOT).as_posix() for path in sources.lectures()]
# Each one in Korean, whose font has to be there, the longest first; in English, with the same code,
# the one with the drawing pad, a growing figure and a progress bar.
RUN = [p for p in reversed(NOTEBOOKS) if p.startswith("ko/") or p.startswith("en/00")]
ANSWERS = re.compile(r"explorers\.(explore|digit_reader|predict)\(")
SETTINGS = {  # every cell is in the page, not only those in view
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false"},
}
BROKEN = (
    '[data-mime-type="application/vnd.jupyter.stderr"], '
    '[data-mime-type="application/vnd.jupyter.error"]'
)
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
KERNEL = f"{PANEL} .jp-Notebook-ExecutionIndicator"
PATIENCE = 180  # seconds, for what takes two on an idle machine


def excerpt(path):
    """The notebook less the cells that what answers a student does not need, and not run yet."""
    notebook = sources.read(path)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    answers = {i for i, c in enumerate(cells) if c.id == "language" or ANSWERS.search(c.source)}
    notebook.cells = [cells[i] for i in needed([cell.source for cell in cells], answers)]
    return notebook


def images(cells):
    """How many pictures the cells store."""
    outputs = (output for cell in cells for output in cell.get("outputs", []))
    return sum("image/png" in output.get("data", {}) for output in outputs)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of a JupyterLab on a copy of the notebooks, and their excerpts."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(sources.ROOT / "source", folder / "source")
    for path in NOTEBOOKS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(sources.ROOT / path, folder / path)
        short = excerpt(sources.ROOT / path)
        for cell in short.cells:
            cell.outputs, cell.execution_count = [], None
        (folder / "run" / path).parent.mkdir(parents=True, exist_ok=True)
        sources.write(short, folder / "run" / path)
    settings = tmp_path_factory.mktemp("settings")
    for name, values in SETTINGS.items():
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / name).write_text(json.dumps(values))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", f"--port={port}"]
    options = ["IdentityProvider.token=", f"LabApp.user_settings_dir={settings}"]
    # Shared, one worker's server may read what the other's is writing: status 500.
    options += [f"LabApp.workspaces_dir={tmp_path_factory.mktemp('workspaces')}"]
    options += ["ServerApp.allow_root=True", "ServerApp.port_retries=0"]
    options += ["ConnectionFileMixin.transport=ipc"]  # TCP ports: two servers may pick the same
    options += ["ServerApp.disable_check_xsrf=True"]  # to end kernels from here
    log = (settings / "log").open("w")
    server = subprocess.Popen(
        [*command, *(f"--{option}" for option in options)],
        cwd=folder,
        stdout=log,
        stderr=log,
        env={**os.environ, "SEMINAR_STRICT": "1"},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(2 * PATIENCE):
            try:
                urllib.request.urlopen(f"{address}/api/status").close()
                break
            except OSError:
                assert server.poll() is None, (settings / "log").read_text()
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(PATIENCE)


@pytest.fixture(scope="session")
def chromium():
    """The machine's Chromium or Chrome, else Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def lab(server):
    """The address of JupyterLab; afterwards no kernel is left, for each takes half a gigabyte."""
    yield server
    with urllib.request.urlopen(f"{server}/api/sessions") as answer:
        sessions = json.load(answer)
    for session in sessions:
        address = f"{server}/api/sessions/{session['id']}"
        urllib.request.urlopen(urllib.request.Request(address, method="DELETE")).close()


class Student:
    """A page in the browser, the messages in its console, and what it has asked the kernel."""

    def __init__(self, browser):
        self.page = browser.new_page(viewport={"width": 1400, "height": 1000})
        self.page.set_default_timeout(1000 * PATIENCE)
        self.messages = []
        note = self.messages.append
        self.page.on("console", lambda m: note(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: note(str(error)))
        self.asked, self.answered = [], set()  # ids of the widgets' messages
        self.page.on("websocket", self._listen)

    def _listen(self, socket):
        ids = re.compile(rb'"msg_id": ?"([^"]+)"')

        def sent(frame):
            if isinstance(frame, bytes) and re.search(rb'"msg_type": ?"comm_msg"', frame):
                self.asked.append(ids.search(frame)[1])

        def received(frame):
            if isinstance(frame, bytes) and re.search(rb'"execution_state": ?"idle"', frame):
                self.answered.update(ids.findall(frame))

        socket.on("framesent", sent)
        socket.on("framereceived", received)

    def wait_for(self, condition, seconds=PATIENCE):
        """Whether `condition()` comes true in time."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            self.page.wait_for_timeout(100)  # the page's events come in meanwhile
        return True

    def open(self, address):
        """Open a notebook and wait for its kernel."""
        page = self.page
        page.goto(f"{address}?reset")
        page.wait_for_selector(f"{PANEL} .jp-Notebook .jp-CodeCell")
        # The indicator says "idle" before there is a kernel, too; cells run then are only emptied.
        page.wait_for_selector(f"{PANEL} .jp-KernelName:has-text('Python 3')")
        assert self.wait_for(lambda: page.locator(KERNEL).get_attribute("data-status") == "idle")

    def run_all(self):
        """Run every cell and wait until the last one is over; a cell that fails ends it at once."""
        page = self.page
        page.click("#jp-MainMenu >> text=Run")
        page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Run All Cells$")).click()
        prompts = page.locator(".jp-CodeCell .jp-InputPrompt")

        def over():
            busy = page.locator(KERNEL).get_attribute("data-status") != "idle"
            return not busy and all(re.search(r"\d", text) for text in prompts.all_inner_texts())

        broken = page.locator(BROKEN)
        assert self.wait_for(lambda: broken.count() or over(), 600), prompts.all_inner_texts()
        assert broken.all_inner_texts() == []

    def sees_after(self, act, output, expected=None):
        """The picture of `output` once the kernel has answered all that `act()` asked it.

        `expected` says of a picture whether it is the one to wait for.
        """
        before, asked = picture(output), len(self.asked)
        act()
        assert self.wait_for(
            lambda: len(self.asked) > asked and self.answered.issuperset(self.asked[asked:])
        ), "no answer"
        if expected:
            assert self.wait_for(lambda: expected(picture(output)))
        else:  # the answer has come, and is shown at once, if it is another picture
            self.wait_for(lambda: picture(output) != before, 1)
        return picture(output)


def picture(output):
    """The picture that an explorer shows now, drawn once more as text."""
    return output.locator(".widget-image").evaluate(
        """async (image) => {
            // While a picture is being replaced, its old address no longer holds one.
            for (let tries = 100; tries > 0; tries--) {
                try {
                    await image.decode();
                    break;
                } catch {
                    await new Promise((wake) => setTimeout(wake, 50));
                }
            }
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
            canvas.getContext("2d").drawImage(image, 0, 0);
            return canvas.toDataURL();
        }"""
    )


def stands_at(control, end):
    """Whether a control has its first (0) or last (1) value already."""
    return control.evaluate(
        """(e, end) => {
            if (e.tagName === "SELECT") return e.selectedIndex === end * (e.options.length - 1);
            if (e.type === "checkbox") return e.checked === Boolean(end);
            const value = (which) => Number(e.getAttribute("aria-value" + which));
            return value("now") === value(end ? "max" : "min");
        }""",
        end,
    )


def move(page, control, end):
    """Put a control to its first (0) or last (1) value, a slider by the keyboard."""
    if control.evaluate("e => e.tagName") == "SELECT":
        control.select_option(index=end * (control.locator("option").count() - 1))
    elif control.get_attribute("type") == "checkbox":
        control.set_checked(bool(end))
    else:
        control.focus()
        page.keyboard.press("End" if end else "Home")


@pytest.mark.parametrize("path", RUN)
def test_answers_in_a_browser(path, lab, chromium):
    student = Student(chromium)
    page = student.page
    student.open(f"{lab}/lab/tree/run/{path}")
    student.run_all()
    stills = images(excerpt(sources.ROOT / path).cells)  # one for each explorer, too
    assert page.locator(".jp-OutputArea-output img").count() == stills

    explorers = page.locator(".jp-OutputArea-output").filter(has=page.locator(".widget-image"))
    assert explorers.count()
    for output in explorers.all():
        heights = set()
        controls = output.locator(".noUi-handle, select, input[type=checkbox]")
        for control in controls.all():
            seen = {picture(output)}
            for end in (0, 1):
                if not stands_at(control, end):
                    seen.add(student.sees_after(lambda c=control, e=end: move(page, c, e), output))
                    assert student.wait_for(lambda c=control, e=end: stands_at(c, e))
                heights.add(round(output.bounding_box()["height"]))
            assert len(seen) > 1, control.evaluate("e => e.parentElement.outerHTML")[:300]
        assert len(heights) == 1  # no output that grows
        for pad in output.locator("canvas").all():
            before = picture(output)
            pad.scroll_into_view_if_needed()
            box = pad.bounding_box()

            def draw(box=box):
                page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
                page.mouse.down()
                page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 20, steps=8)
                page.mouse.up()

            student.sees_after(draw, output, lambda now, before=before: now != before)
            student.sees_after(
                output.locator("button").click, output, lambda now, before=before: now == before
            )

    for question in page.locator(".widget-radio").all():
        for end in (0, -1):
            choice = question.locator("input").nth(end)
            choice.check()
            assert choice.is_checked()

    if path.startswith("ko/"):
        # A machine without a Korean font would draw every syllable as the same box.
        assert page.evaluate(
            """() => {
                const drawn = [..."가힣"].map((syllable) => {
                    const context = document.createElement("canvas").getContext("2d");
                    context.font = "40px sans-serif";
                    context.fillText(syllable, 0, 50);
                    return context.canvas.toDataURL();
                });
                return drawn[0] !== drawn[1];
            }"""
        )
    assert page.locator(BROKEN).all_inner_texts() == []
    assert student.messages == []
    page.close()


def test_the_lecturers_menus_do_not_show(lab, chromium):
    assert importlib.metadata.version("nbgrader")  # it is here, and stays out of sight
    student = Student(chromium)
    student.open(f"{lab}/lab/tree/run/{RUN[0]}")  # with a kernel every extension has started
    menus = student.page.locator("#jp-MainMenu .lm-MenuBar-itemLabel").all_inner_texts()
    assert {"File", "Run", "Kernel"} <= set(menus)
    assert [name for name in menus if "grader" in name.lower()] == []
    student.page.close()


def test_a_source_that_is_opened_as_a_notebook_and_saved_is_the_same(lab):
    """What JupyterLab asks the server for; nothing of the notebook's own gets into the source."""
    address = f"{lab}/api/contents/source/{sources.paths()[0].name}"

    def contents(query, **request):
        asked = urllib.request.Request(f"{address}{query}", **request)
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    text = contents("?type=file&format=text")["content"]
    model = contents("?type=notebook")
    model["content"]["metadata"]["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    for cell in model["content"]["cells"]:
        cell["metadata"]["trusted"] = True
    contents("", data=json.dumps(model).encode(), method="PUT")
    assert contents("?type=file&format=text")["content"] == text
    model["content"]["cells"][0]["source"] = "# New"
    contents("", data=json.dumps(model).encode(), method="PUT")
    assert contents("?type=file&format=text")["content"].splitlines()[:4] == [
        *text.splitlines()[:2],
        "# New",
        '"""',
    ]


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_opens_with_its_pictures(path, lab, chromium):
    student = Student(chromium)
    student.open(f"{lab}/lab/tree/{path}")
    pictures = student.page.locator(".jp-OutputArea-output img")
    stored = images(sources.read(sources.ROOT / path).cells)
    assert stored
    assert student.wait_for(lambda: pictures.count() == stored), (pictures.count(), stored)
    for shown in pictures.all():
        shown.evaluate("image => image.decode()")  # an error if there is no picture in it
    if path.startswith("ko/"):
        shown = " ".join(student.page.locator(".jp-OutputArea-output").all_inner_texts())
        assert "주장이 성립합니다." in shown
    assert student.page.locator(BROKEN).all_inner_texts() == []
    assert student.messages == []
    student.page.close()
