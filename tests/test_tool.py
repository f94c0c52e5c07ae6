"""The command that keeps the two languages together."""

import os

import nbformat.v4 as v4
import pytest
from test_notebooks import tool
from test_students import generator


def notebook(language, prose, code="x = 1"):
    book = v4.new_notebook(
        cells=[
            v4.new_markdown_cell(prose, id="title"),
            v4.new_code_cell(
                f'language("{language}")', id="language", metadata={"tags": ["language"]}
            ),
            v4.new_code_cell(code, id="code", execution_count=2),
        ]
    )
    book.cells[2].outputs = [v4.new_output("stream", name="stdout", text=f"{language}\n")]
    return book


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """The paths of a notebook in both languages, looked at."""
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    for language, prose in (("ko", "안녕"), ("en", "Hello")):
        (tmp_path / language).mkdir()
        tool.write(notebook(language, prose), tmp_path / language / "00_x.ipynb")
    ko, en = tmp_path / "ko/00_x.ipynb", tmp_path / "en/00_x.ipynb"
    tool.reviewed(ko)
    return ko, en


def edit(path, change):
    book = tool.read(path)
    change(book)
    tool.write(book, path)


def test_reviewed_marks_both_and_nothing_is_stale(pair):
    ko, en = map(tool.read, pair)
    assert tool.stale(ko, en) == []
    assert ko.cells[0].metadata.pair == en.cells[0].metadata.pair


@pytest.mark.parametrize("edited", [0, 1])
def test_sync_carries_code_tags_and_order_and_keeps_prose(pair, edited, capsys):
    def change(book):
        book.cells[2].source = "x = 2"
        book.cells[2].metadata.tags = ["nbval-ignore-output"]
        book.cells.insert(1, book.cells.pop(2))

    before = [cell.source for cell in tool.read(pair[1 - edited]).cells]
    edit(pair[edited], change)
    tool.sync(pair[edited])
    other = tool.read(pair[1 - edited])
    assert [cell.id for cell in other.cells] == ["title", "code", "language"]
    assert other.cells[1].source == "x = 2"
    assert other.cells[1].metadata.tags == ["nbval-ignore-output"]
    assert [other.cells[0].source, other.cells[2].source] == before[:2]
    assert capsys.readouterr().out == ""  # no prose has changed


@pytest.mark.parametrize("edited", [0, 1])
def test_sync_names_prose_that_has_to_be_looked_at(pair, edited, capsys):
    edit(pair[edited], lambda book: book.cells[0].update(source="# Changed"))
    assert tool.stale(*map(tool.read, pair)) == ["title"]
    tool.sync(pair[edited])
    assert "cell title" in capsys.readouterr().out
    assert tool.stale(*map(tool.read, pair)) == ["title"]  # until somebody has looked
    tool.reviewed(pair[edited])
    assert tool.stale(*map(tool.read, pair)) == []


def test_sync_keeps_outputs_of_unchanged_code_in_their_language(pair):
    tool.sync(pair[1])
    assert tool.read(pair[0]).cells[2].outputs[0].text == "ko\n"


def test_sync_makes_a_twin_that_is_not_there_yet(pair):
    pair[0].unlink()
    tool.sync(pair[1])
    made = tool.read(pair[0])
    assert made.cells[1].source == 'language("ko")'
    assert tool.stale(made, tool.read(pair[1])) == ["title"]  # nobody has translated it


def test_still_keeps_the_picture_of_a_widget_and_drops_a_progress_bar():
    explorer = v4.new_output(
        "display_data", data={tool.WIDGET: {}, "image/png": "x", "text/plain": "Figure"}
    )
    bar = v4.new_output("display_data", data={tool.WIDGET: {}, "text/plain": "0%"})
    (kept,) = tool.still([bar, explorer])
    assert set(kept.data) == {"image/png", "text/plain"}


def test_claims_and_errors_of_a_run(pair):
    code = "from seminar.claims import claim\nclaim('one', True, size=1)\nclaim('two', False)\n"
    edit(pair[1], lambda book: book.cells[1].update(source="1 / 0"))
    edit(pair[1], lambda book: book.cells[2].update(source=code))
    ran = tool.execute(pair[1], allow_errors=True)
    assert tool.claims(ran) == {"one": (True, "size: 1"), "two": (False, "")}
    assert tool.errors(ran) == ["ZeroDivisionError: division by zero"]


def test_publish_gives_notebooks_and_badges_the_address(pair, tmp_path, monkeypatch):
    course = tmp_path / "notebooks"
    course.mkdir()
    monkeypatch.setattr(tool, "ROOT", course)
    for path in pair:
        path.parent.rename(course / path.parent.name)
    source = "if False:\n    repository = input()\n    print(repository)"
    for path in tool.notebooks():
        edit(path, lambda book: book.cells[2].update(id="colab", source=source))
    readmes = [tmp_path / "README.md", tmp_path / "README.ko.md"]
    for path in readmes:
        path.write_text(f"# Title\n\n{tool.BADGES}\nText\n", encoding="utf-8")

    for owner in ("first", "second"):  # again, with another address
        tool.publish(f"https://github.com/{owner}/course.git")
        for path in tool.notebooks():
            line = f'    repository = "https://github.com/{owner}/course"'
            assert tool.read(path).cells[2].source.splitlines()[1] == line
        for path, language in zip(readmes, ("en", "ko"), strict=True):
            text = path.read_text(encoding="utf-8")
            first = f"notebooks/{language}/00_revolution_of_depth.ipynb"
            assert text.count("[![") == 2
            assert f"/v2/gh/{owner}/course/HEAD?urlpath=lab/tree/{first}" in text
            assert f"/github/{owner}/course/blob/main/{first}" in text


@pytest.mark.parametrize("address", ["", "course", "https://example.org/a/b", "git@github.com:a/b"])
def test_publish_names_the_address_it_cannot_use(address):
    with pytest.raises(ValueError, match=r"it must be https://github\.com/OWNER/NAME"):
        tool.publish(address)


def run_seeds(monkeypatch, *paths):
    monkeypatch.setattr("sys.argv", ["notebooks.py", "seeds", *map(str, paths)])
    return tool.main()


def test_seeds_tells_which_seed_fails_and_leaves_the_environment(pair, monkeypatch, capsys):
    def change(book):
        start = (
            "import os\nfrom seminar.claims import claim\nseed = int(os.environ['SEMINAR_SEED'])"
        )
        sources = {  # a claim that fails ends its own cell only
            "start": start,
            "always": "claim('always', seed in range(5), seed=seed)",
            "but-once": "claim('but on seed 3', seed != 3, seed=seed)",
            "after": "claim('after it', True, seed=seed)",
        }
        book.cells = [v4.new_code_cell(source, id=name) for name, source in sources.items()]

    edit(pair[1], change)
    monkeypatch.setenv("SEMINAR_SEED", "7")
    assert run_seeds(monkeypatch, *pair) == 1
    assert capsys.readouterr().out.strip().split("\n") == [
        "## en/00_x.ipynb",  # the Korean one has the same code
        "",
        "| claim | seed 0 | seed 1 | seed 2 | seed 3 | seed 4 |",
        "|---|---|---|---|---|---|",
        "| always | holds | holds | holds | holds | holds |",
        "| but on seed 3 | holds | holds | holds | FAILS | holds |",
        "| after it | holds | holds | holds | holds | holds |",
        *(  # what a kernel with that seed has measured
            f"- seed {seed}: {statement} [seed: {seed}]"
            for seed in range(5)
            for statement in ("always", "but on seed 3", "after it")
        ),
    ]
    assert os.environ["SEMINAR_SEED"] == "7"


def pretend_to_run(monkeypatch, outputs):
    """Let `execute` give a notebook of one cell with `outputs(seed)`, without a kernel."""

    def execute(path, allow_errors=False, seed=None):
        assert allow_errors  # an error must not end the other seeds
        return v4.new_notebook(cells=[v4.new_code_cell("", outputs=outputs(seed))])

    monkeypatch.delenv("SEMINAR_SEED", raising=False)
    monkeypatch.setattr(tool, "execute", execute)


def claimed(statement, holds=True):
    claim = {"statement": statement, "holds": holds, "measured": ""}
    return v4.new_output("display_data", metadata={"claim": claim})


def test_seeds_is_content_where_every_claim_holds(pair, monkeypatch, capsys):
    pretend_to_run(monkeypatch, lambda seed: [claimed("one"), claimed("two")])
    assert run_seeds(monkeypatch, *pair) == 0
    assert capsys.readouterr().out.count("| holds") == 2 * 5
    assert "SEMINAR_SEED" not in os.environ


@pytest.mark.parametrize("verdicts", [(True, False), (False, True)])
def test_what_is_claimed_twice_must_hold_both_times(verdicts, pair, monkeypatch, capsys):
    pretend_to_run(monkeypatch, lambda seed: [claimed("one", holds) for holds in verdicts])
    assert run_seeds(monkeypatch, pair[1]) == 1
    assert "| one |" + " FAILS |" * 5 in capsys.readouterr().out


@pytest.mark.parametrize("wrong", range(5))
def test_seeds_is_not_content_with_an_error_on_one_seed(pair, wrong, monkeypatch, capsys):
    error = v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    pretend_to_run(monkeypatch, lambda seed: [claimed("one"), *[error] * (seed == wrong)])
    assert run_seeds(monkeypatch, pair[1]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"00_x.ipynb, seed {wrong}: ValueError: no\n\n")
    assert said.count("ValueError") == 1
    assert "| one |" + " holds |" * 5 in said


@pytest.mark.parametrize("wrong", range(5))
def test_seeds_is_not_content_with_a_claim_that_one_seed_does_not_reach(
    pair, wrong, monkeypatch, capsys
):
    pretend_to_run(monkeypatch, lambda seed: [claimed("one"), *[claimed("two")] * (seed != wrong)])
    assert run_seeds(monkeypatch, pair[1]) == 1
    row = [" not reached " if seed == wrong else " holds " for seed in range(5)]
    assert f"| two |{'|'.join(row)}|" in capsys.readouterr().out


def test_seeds_goes_through_every_notebook(pair, tmp_path, monkeypatch, capsys):
    first, second = pair[1], pair[1].with_name("01_y.ipynb")
    second.write_bytes(first.read_bytes())
    ran = []

    def outputs(seed):
        ran.append(seed)
        return [claimed("one", len(ran) > 1)]  # what fails first is not forgotten

    pretend_to_run(monkeypatch, outputs)
    assert run_seeds(monkeypatch) == 1  # all, as no file is named
    assert ran == [*range(5)] * 2
    said = capsys.readouterr().out
    assert said.index("## en/00_x.ipynb") < said.index("FAILS") < said.index("## en/01_y.ipynb")


# --- the command line


def test_run_stores_outputs_without_what_varies(pair, monkeypatch):
    edit(pair[1], lambda book: book.cells[2].update(metadata={"execution": {"started": "now"}}))

    def execute(path):
        book = tool.read(path)
        book.metadata.widgets = {"state": {}}
        book.cells[2].outputs = [
            v4.new_output("display_data", data={tool.WIDGET: {}, "text/plain": "0%"}),
            v4.new_output("stream", name="stdout", text="new\n"),
        ]
        return book

    monkeypatch.setattr(tool, "execute", execute)
    monkeypatch.setattr("sys.argv", ["notebooks.py", "run", str(pair[1])])
    assert tool.main() == 0
    ran = tool.read(pair[1])
    assert [output.text for output in ran.cells[2].outputs] == ["new\n"]
    assert ran.cells[2].metadata == {}
    assert set(ran.metadata) == {"kernelspec", "language_info", "made_by"}
    assert tool.read(pair[0]).cells[2].outputs[0].text == "ko\n"  # not named: left alone


def test_sync_and_reviewed_take_the_files_that_are_named(pair, monkeypatch, capsys):
    edit(pair[0], lambda book: book.cells[0].update(source="# 바뀜"))
    for command, left in (("sync", ["title"]), ("reviewed", [])):
        monkeypatch.setattr("sys.argv", ["notebooks.py", command, str(pair[0])])
        assert tool.main() == 0
        assert tool.stale(*map(tool.read, pair)) == left
    assert "cell title" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sync"], "sync needs the notebook that was edited"),
        (["reviewed"], "reviewed needs the notebook that was edited"),
        (["run", "fr/00_x.ipynb"], "00_x.ipynb is not in notebooks/ko"),
        (["publish"], "publish needs the repository's address"),
        (["publish", "course"], "it must be https://github.com/OWNER/NAME"),
        (["nothing"], "invalid choice"),
    ],
)
def test_a_command_that_cannot_be_followed_says_so(arguments, says, pair, monkeypatch, capsys):
    before = [path.read_bytes() for path in pair]
    monkeypatch.setattr("sys.argv", ["notebooks.py", *arguments])
    with pytest.raises(SystemExit) as left:
        tool.main()
    assert left.value.code == 2
    assert says in capsys.readouterr().err
    assert [path.read_bytes() for path in pair] == before


def test_homework_writes_the_students_versions_of_both_languages(pair, monkeypatch):
    monkeypatch.setattr(generator, "students", lambda language: {"hw1.ipynb": f"in {language}"})
    monkeypatch.setattr("sys.argv", ["homework.py", "students"])
    assert generator.main() == 0
    for path in pair:
        made = path.parent / "homework" / "hw1.ipynb"
        assert made.read_text(encoding="utf-8") == f"in {path.parent.name}"


@pytest.mark.parametrize("language", [None, "en"])
def test_homework_makes_a_course_once(language, pair, tmp_path, monkeypatch, capsys):
    for path in pair:
        source = tmp_path / "solutions" / path.parent.name / "hw1.ipynb"
        source.parent.mkdir(parents=True)
        source.write_bytes(path.read_bytes())
    course = tmp_path / "course"
    monkeypatch.setattr(
        "sys.argv", ["homework.py", "course", str(course), *filter(None, [language])]
    )
    assert generator.main() == 0
    made = course / "source" / "hw1" / "hw1.ipynb"
    assert made.read_bytes() == pair[language == "en"].read_bytes()  # Korean unless told
    text = (course / "nbgrader_config.py").read_text(encoding="utf-8")
    assert f'LANGUAGE = "{language or "ko"}"' in text
    with pytest.raises(SystemExit):
        generator.main()
    assert "give a new folder" in capsys.readouterr().err
