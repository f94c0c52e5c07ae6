"""The notebooks in JupyterLab, in a real browser: make test-browser.

Each one is run there, every control is moved to both of its ends, and what the student would see
is looked at: no error, no message in the console, a picture that changes, Korean that is drawn.
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
import notebooks as tool

NOTEBOOKS = [path.relative_to(tool.ROOT).as_posix() for path in tool.notebooks()]
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


@pytest.fixture
def lab(tmp_path_factory):
    """The address of a new JupyterLab on a copy of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    for path in NOTEBOOKS:
        (folder / path).parent.mkdir(exist_ok=True)
        shutil.copy(tool.ROOT / path, folder / path)
    settings = tmp_path_factory.mktemp("settings")
    for name, values in SETTINGS.items():
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / name).write_text(json.dumps(values))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", f"--port={port}"]
    options = ["IdentityProvider.token=", f"LabApp.user_settings_dir={settings}"]
    options += ["ServerApp.allow_root=True", "ServerApp.port_retries=0"]
    options += ["ConnectionFileMixin.transport=ipc"]  # TCP ports: two servers may pick the same
    log = (settings / "log").open("w")
    server = subprocess.Popen(
        [*command, *(f"--{option}" for option in options)],
        cwd=folder,
        stdout=log,
        stderr=log,
        env={**os.environ, "SEMINAR_STRICT": "1", "OMP_NUM_THREADS": "1"},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api/status").close()
                break
            except OSError:
                assert server.poll() is None, (settings / "log").read_text()
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="session")
def chromium():
    """The machine's Chromium or Chrome, else Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def wait_for(condition, seconds, every=0.1):
    """Whether `condition()` comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def run_all(page):
    """Run every cell and wait until the last one is over; a cell that fails ends it at once."""
    page.click("#jp-MainMenu >> text=Run")
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Run All Cells$")).click()
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt")

    def over():
        busy = page.locator(KERNEL).get_attribute("data-status") != "idle"
        return not busy and all(re.search(r"\d", text) for text in prompts.all_inner_texts())

    page.wait_for_timeout(1000)
    broken = page.locator(BROKEN)
    assert wait_for(lambda: broken.count() or over(), 600, every=1), prompts.all_inner_texts()
    assert broken.all_inner_texts() == []


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


def settled(page, output, before):
    """The picture once it has changed and holds still, `before` if it does not change."""
    wait_for(lambda: picture(output) != before, 5)
    now = picture(output)
    while True:
        page.wait_for_timeout(300)
        if picture(output) == now:
            return now
        now = picture(output)


def move(page, control, end):
    """Put a control to its first (0) or last (1) value, a slider by the keyboard.

    False for a box that was so before.
    """
    if control.evaluate("e => e.tagName") == "SELECT":
        count = control.locator("option").count()
        control.select_option(index=end * (count - 1))
    elif control.get_attribute("type") == "checkbox":
        if control.is_checked() == bool(end):
            return False
        control.set_checked(bool(end))
    else:
        control.focus()
        page.keyboard.press("End" if end else "Home")
    return True


def test_the_lecturers_menus_do_not_show(lab, chromium):
    assert importlib.metadata.version("nbgrader")  # it is here, and stays out of sight
    page = chromium.new_page()
    page.goto(f"{lab}/lab?reset")
    page.wait_for_selector("#jp-MainMenu >> text=Help", timeout=60_000)
    page.wait_for_timeout(2000)
    menus = page.locator("#jp-MainMenu .lm-MenuBar-itemLabel").all_inner_texts()
    assert {"File", "Run", "Kernel"} <= set(menus)
    assert [name for name in menus if "grader" in name.lower()] == []
    page.close()


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_runs_and_answers_in_a_browser(path, lab, chromium):
    page = chromium.new_page(viewport={"width": 1400, "height": 1000})
    messages = []
    page.on("console", lambda m: messages.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(f"{lab}/lab/tree/{path}?reset")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.wait_for_selector(".jp-OutputArea-output img", timeout=20_000)  # what GitHub shows, too
    # The indicator says "idle" before there is a kernel, too; cells run then are only emptied.
    page.wait_for_selector(f"{PANEL} .jp-KernelName:has-text('Python 3')", timeout=60_000)
    assert wait_for(lambda: page.locator(KERNEL).get_attribute("data-status") == "idle", 60)
    stills = page.locator(".jp-OutputArea-output img").count()
    run_all(page)
    assert page.locator(".jp-OutputArea-output img").count() == stills

    explorers = page.locator(".jp-OutputArea-output").filter(has=page.locator(".widget-image"))
    assert explorers.count()
    for output in explorers.all():
        heights = set()
        controls = output.locator(".noUi-handle, select, input[type=checkbox]")
        for control in controls.all():
            seen = {picture(output)}
            for end in (0, 1):
                before = picture(output)
                if move(page, control, end):
                    seen.add(settled(page, output, before))
                heights.add(round(output.bounding_box()["height"]))
            assert len(seen) > 1, control.evaluate("e => e.parentElement.outerHTML")[:300]
        assert len(heights) == 1  # no output that grows
        for pad in output.locator("canvas").all():
            before = picture(output)
            pad.scroll_into_view_if_needed()
            box = pad.bounding_box()
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
            page.mouse.down()
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 20, steps=8)
            page.mouse.up()
            drawn = settled(page, output, before)
            assert drawn != before
            output.locator("button").click()
            assert settled(page, output, drawn) == before

    for question in page.locator(".widget-radio").all():
        for end in (0, -1):
            choice = question.locator("input").nth(end)
            choice.check()
            assert choice.is_checked()

    if path.startswith("ko/"):
        shown = " ".join(page.locator(".jp-OutputArea-output").all_inner_texts())
        assert "주장이 성립합니다." in shown
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
    assert messages == []
    page.close()
