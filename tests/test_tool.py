"""The command that makes the notebooks out of their sources, runs them, and tries their claims."""

import os
import re

import nbformat.v4 as v4
import pytest
from test_notebooks import sources, tool
from test_students import generator

COLAB = "# %% colab\nif False:\n    repository = input()\n    print(repository)\n"
SOURCE = '''# %% title [markdown] lang="ko"
r"""
# 안녕
"""

# %% title [markdown] lang="en"
r"""
# Hello
"""

# %% language
import seminar

seminar.language("ko")

# %% code tags=["nbval-ignore-output"]
print(seminar.language())
'''


@pytest.fixture
def source(tmp_path, monkeypatch):
    """The source of a notebook, in a folder of sources, and built."""
    path = tmp_path / "source" / "00_x.py"
    path.parent.mkdir()
    path.write_text(SOURCE, encoding="utf-8")
    (path.parent / "colab.py").write_text(COLAB, encoding="utf-8")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    tool.build([path])
    return path


def command(monkeypatch, *arguments):
    """What the command line returns."""
    monkeypatch.setattr("sys.argv", ["notebooks.py", *map(str, arguments)])
    return tool.main()


def products(source):
    """The Korean and the English notebook of a source."""
    return [sources.product(source, language) for language in ("ko", "en")]


def edit(source, old, new):
    """Change what stands once in a source."""
    text = source.read_text(encoding="utf-8")
    assert text.count(old) == 1
    source.write_text(text.replace(old, new), encoding="utf-8")


def outputs(path, name="code"):
    """What is stored of the cell `name`."""
    return next(cell for cell in sources.read(path).cells if cell.id == name).outputs


def store(path, text):
    """Let the notebook in `path` have an output, as if it had been run."""
    book = sources.read(path)
    book.cells[-1].outputs = [v4.new_output("stream", name="stdout", text=text)]
    book.cells[-1].execution_count = 3
    sources.write(book, path)


# --- build


def test_build_writes_each_language_with_the_code_of_one_source(source):
    for path, prose in zip(products(source), ("# 안녕", "# Hello"), strict=True):
        title, colab, language, code = sources.read(path).cells
        assert (title.id, title.cell_type, title.source) == ("title", "markdown", prose)
        assert f"# %% {colab.id}\n{colab.source}\n" == COLAB
        assert f'seminar.language("{path.parent.name}")' in language.source
        assert (code.id, code.source) == ("code", "print(seminar.language())")
        assert code.metadata == {"tags": ["nbval-ignore-output"]}


def test_outputs_stay_with_their_code_and_go_with_it(source, monkeypatch):
    for path in products(source):
        store(path, path.parent.name)
    edit(source, "# Hello", "# Hello again")
    assert command(monkeypatch, "build", "00_x") == 0
    for path in products(source):
        assert [output.text for output in outputs(path)] == [path.parent.name]
        assert sources.read(path).cells[-1].execution_count == 3
    assert sources.read(products(source)[1]).cells[0].source == "# Hello again"
    edit(source, "print(seminar.language())", "print(seminar.language(), 2)")
    assert command(monkeypatch, "build") == 0  # all, as none is named
    assert [outputs(path) for path in products(source)] == [[], []]


def test_a_source_with_an_error_changes_no_notebook(source, monkeypatch, capsys):
    before = [path.read_bytes() for path in products(source)]
    (source.parent / "01_y.py").write_text("# %% nothing else\nx = 1\n", encoding="utf-8")
    edit(source, "# Hello", "# Hello again")
    with pytest.raises(SystemExit):
        command(monkeypatch, "build")
    (source.parent / "02_z.py").write_text('# %% text [markdown] lang="ko"\n', encoding="utf-8")
    with pytest.raises(SystemExit):
        command(monkeypatch, "build")
    said = capsys.readouterr().err
    assert "01_y.py" in said
    assert '02_z.py: no text with lang="en" in text' in said
    assert [path.read_bytes() for path in products(source)] == before


def test_what_was_edited_in_a_notebook_is_not_lost(source, monkeypatch, capsys):
    korean = products(source)[0]
    book = sources.read(korean)
    book.cells[0].source += "\n\n새 글"
    sources.write(book, korean)
    before = korean.read_bytes()
    with pytest.raises(SystemExit):
        command(monkeypatch, "build")
    assert "ko/00_x.ipynb was edited; carry what" in capsys.readouterr().err
    assert korean.read_bytes() == before
    korean.unlink()
    edit(source, "# 안녕", "# 안녕\n\n새 글")
    assert command(monkeypatch, "build") == 0
    assert sources.read(korean).cells[0].source == book.cells[0].source


def test_deeper_and_the_homework_have_their_places(source, monkeypatch):
    made = {"deeper": ["{}/deeper/00_x"], "homework": ["solutions/{}/00_x"], "": ["{}/00_x"]}
    monkeypatch.setattr(generator, "for_students", lambda language: {"00_x.ipynb": language})
    for folder in ("deeper", "homework"):
        path = source.parent / folder / source.name
        path.parent.mkdir()
        path.write_text(SOURCE, encoding="utf-8")
    tool.build(sources.paths())
    made["homework"].append("{}/homework/00_x")  # what students get
    wanted = {
        f"{name.format(language)}.ipynb"
        for names in made.values()
        for name in names
        for language in ("ko", "en")
    }
    assert {p.relative_to(sources.ROOT).as_posix() for p in sources.ROOT.rglob("*.ipynb")} == wanted
    assert {sources.language_of(path) for path in sources.lectures()} == {"ko", "en"}
    assert len(sources.lectures()) == 4
    assert len(sources.solutions()) == 2
    for path in sources.ROOT.glob("*/homework/*.ipynb"):
        assert path.read_text(encoding="utf-8") == sources.language_of(path)


# --- what a source may hold, and what is said of one from which no notebook can be built


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('lang="en"\nr"""\n# Hello', 'lang="fr"\nr"""\n# Salut', 'no text with lang="en" in title'),
        ('lang="ko"', 'lang="kr"', 'no text with lang="ko" in title'),
        (' lang="ko"', "", "cell title: prose has a language"),
        ("# %% code", '# %% code lang="ko"', "cell code: prose has a language"),
        ('lang="en"', 'lang="ko"', "cell title: this id stands twice"),
        ("# %% code", "# %% language", "cell language: this id stands twice"),
        ("# %% code", "# %%", "cell 'print(seminar.language())': it needs an id"),
        ("# %% code", "# %% a code", "cell a code: it needs an id"),
        ('# %% title [markdown] lang="ko"', "# 안녕", "it needs an id"),
        ("# %% code", "# %% code [raw]", "cell code: it is raw"),
        ("tags=", "tag=", "cell code: tag: only tags, role and points"),
        ('title [markdown] lang="en"', 'title [markdown] tags=["x"] lang="en"', "have other tags"),
        ("# %% language", "# %% tongue", "there is no cell `language`"),
        ('seminar.language("ko")', "pass", "it sets the language once"),
        ("# %% code", '# %% code role="task"', "the role is 'task'; choose from answer, check"),
        ("# %% code", "# %% code points=3", "the role is None"),
        ("# %% code", '# %% code role="check"', "points=None; what is graded has some"),
        ("# %% code", '# %% code role="answer" points=3', "points=3; what is graded has some"),
    ],
)
def test_what_no_notebook_can_be_built_from_is_named(source, old, new, says):
    edit(source, old, new)
    with pytest.raises(sources.SourceError, match=rf"^00_x\.py.*{re.escape(says)}"):
        [sources.assembled(source, language) for language in sources.LANGUAGES]


def test_all_missing_texts_are_named_at_once(source):
    texts = [f'\n# %% {name} [markdown] lang="en"\nr"""\nText\n"""\n' for name in ("one", "two")]
    source.write_text(SOURCE + "".join(texts), encoding="utf-8")
    assert [cell.id for cell in sources.assembled(source, "en").cells[-2:]] == ["one", "two"]
    with pytest.raises(sources.SourceError, match=r'lang="ko" in one, two$'):
        sources.assembled(source, "ko")


def test_a_third_language_is_one_more_block_for_each_text(source, monkeypatch):
    edit(
        source,
        '# %% title [markdown] lang="en"',
        '# %% title [markdown] lang="de"\nr"""\n# Hallo\n"""\n\n# %% title [markdown] lang="en"',
    )
    assert sources.assembled(source, "en").cells[0].source == "# Hello"  # it may be begun
    monkeypatch.setattr(sources, "LANGUAGES", ("ko", "en", "de"))
    cells = sources.assembled(source, "de").cells
    assert cells[0].source == "# Hallo"
    assert 'seminar.language("de")' in cells[2].source
    assert [sources.language_of(path) for path in sources.lectures()] == ["ko", "en", "de"]


@pytest.mark.parametrize(
    ("metadata", "grade", "solution", "locked"),
    [
        ('role="answer"', False, True, False),
        ('role="check" points=3', True, False, True),
        ('role="by hand" points=3', True, True, False),
    ],
)
def test_a_part_of_the_homework_has_what_nbgrader_needs(source, metadata, grade, solution, locked):
    edit(source, 'tags=["nbval-ignore-output"]', metadata)
    entry = sources.assembled(source, "ko").cells[-1].metadata["nbgrader"]
    assert entry.get("points") == (3 if grade else None)
    assert (entry["grade"], entry["solution"], entry["locked"]) == (grade, solution, locked)
    assert (entry["grade_id"], entry["schema_version"], entry["task"]) == ("code", 3, False)


# --- what a run stores


def test_still_keeps_the_picture_of_a_widget_and_drops_a_progress_bar():
    explorer = v4.new_output(
        "display_data", data={tool.WIDGET: {}, "image/png": "x", "text/plain": "Figure"}
    )
    bar = v4.new_output("display_data", data={tool.WIDGET: {}, "text/plain": "0%"})
    (kept,) = tool.still([bar, explorer])
    assert set(kept.data) == {"image/png", "text/plain"}


def test_claims_and_errors_of_a_run(source):
    claims = "from seminar.claims import claim\nclaim('one', True, size=1)\nclaim('two', False)"
    edit(source, "print(seminar.language())", f"1 / 0\n\n# %% claims\n{claims}")
    tool.build([source])
    ran = tool.execute(products(source)[1], allow_errors=True)
    assert tool.claims(ran) == {"one": (True, "size: 1"), "two": (False, "")}
    assert tool.errors(ran) == ["ZeroDivisionError: division by zero"]


# --- publish


def test_publish_gives_notebooks_and_badges_the_address(source, tmp_path, monkeypatch):
    course = tmp_path / "notebooks"
    course.mkdir()
    source.parent.rename(course / "source")
    monkeypatch.setattr(sources, "ROOT", course)
    readmes = {tmp_path / "README.md": "en", tmp_path / "README.ko.md": "ko"}
    for path in readmes:
        path.write_text(f"# Title\n\n{tool.BADGES}\nText\n", encoding="utf-8")

    for owner in ("first", "second"):  # again, with another address
        tool.publish(f"https://github.com/{owner}/course.git")
        for path in sources.lectures():
            line = f'    repository = "https://github.com/{owner}/course"'
            assert sources.read(path).cells[1].source.splitlines()[1] == line
        for path, language in readmes.items():
            text = path.read_text(encoding="utf-8")
            first = f"notebooks/{language}/00_revolution_of_depth.ipynb"
            assert text.count("[![") == 2
            assert f"/v2/gh/{owner}/course/HEAD?urlpath=lab/tree/{first}" in text
            assert f"/github/{owner}/course/blob/main/{first}" in text


@pytest.mark.parametrize("address", ["", "course", "https://example.org/a/b", "git@github.com:a/b"])
def test_publish_names_the_address_it_cannot_use(address):
    with pytest.raises(ValueError, match=r"it must be https://github\.com/OWNER/NAME"):
        tool.publish(address)


# --- seeds


def test_seeds_tells_which_seed_fails_and_leaves_the_environment(source, monkeypatch, capsys):
    code = """import os
from seminar.claims import claim
seed = int(os.environ['SEMINAR_SEED'])

# %% always
claim('always', seed in range(5), seed=seed)

# %% but-once
claim('but on seed 3', seed != 3, seed=seed)

# %% after
claim('after it', True, seed=seed)"""  # a claim that fails ends its own cell only
    edit(source, "print(seminar.language())", code)
    monkeypatch.setenv("SEMINAR_SEED", "7")
    assert command(monkeypatch, "seeds", "00_x") == 1
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


def test_seeds_is_content_where_every_claim_holds(source, monkeypatch, capsys):
    pretend_to_run(monkeypatch, lambda seed: [claimed("one"), claimed("two")])
    assert command(monkeypatch, "seeds", "00_x") == 0
    assert capsys.readouterr().out.count("| holds") == 2 * 5
    assert "SEMINAR_SEED" not in os.environ


@pytest.mark.parametrize("verdicts", [(True, False), (False, True)])
def test_what_is_claimed_twice_must_hold_both_times(verdicts, source, monkeypatch, capsys):
    pretend_to_run(monkeypatch, lambda seed: [claimed("one", holds) for holds in verdicts])
    assert command(monkeypatch, "seeds", products(source)[1]) == 1
    assert "| one |" + " FAILS |" * 5 in capsys.readouterr().out


@pytest.mark.parametrize("wrong", range(5))
def test_seeds_is_not_content_with_an_error_on_one_seed(source, wrong, monkeypatch, capsys):
    error = v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    pretend_to_run(monkeypatch, lambda seed: [claimed("one"), *[error] * (seed == wrong)])
    assert command(monkeypatch, "seeds", products(source)[1]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"00_x.ipynb, seed {wrong}: ValueError: no\n\n")
    assert said.count("ValueError") == 1
    assert "| one |" + " holds |" * 5 in said


@pytest.mark.parametrize("wrong", range(5))
def test_seeds_is_not_content_with_a_claim_that_one_seed_does_not_reach(
    source, wrong, monkeypatch, capsys
):
    pretend_to_run(monkeypatch, lambda seed: [claimed("one"), *[claimed("two")] * (seed != wrong)])
    assert command(monkeypatch, "seeds", products(source)[1]) == 1
    row = [" not reached " if seed == wrong else " holds " for seed in range(5)]
    assert f"| two |{'|'.join(row)}|" in capsys.readouterr().out


def test_seeds_goes_through_every_notebook(source, monkeypatch, capsys):
    source.with_name("01_y.py").write_bytes(source.read_bytes())
    ran = []

    def outputs(seed):
        ran.append(seed)
        return [claimed("one", len(ran) > 1)]  # what fails first is not forgotten

    pretend_to_run(monkeypatch, outputs)
    assert command(monkeypatch, "seeds") == 1  # all, as no file is named
    assert ran == [*range(5)] * 2
    said = capsys.readouterr().out
    assert said.index("## en/00_x.ipynb") < said.index("FAILS") < said.index("## en/01_y.ipynb")


# --- the command line


def test_run_stores_outputs_without_what_varies(source, monkeypatch):
    korean, english = products(source)
    store(korean, "old\n")

    def execute(path):
        book = sources.read(path)
        book.metadata.widgets = {"state": {}}
        book.cells[-1].metadata["execution"] = {"started": "now"}
        book.cells[-1].outputs = [
            v4.new_output("display_data", data={tool.WIDGET: {}, "text/plain": "0%"}),
            v4.new_output("stream", name="stdout", text="new\n"),
        ]
        return book

    monkeypatch.setattr(tool, "execute", execute)
    edit(source, "# Hello", "# Hello again")
    assert command(monkeypatch, "run", english) == 0
    ran = sources.read(english)
    assert ran.cells[0].source == "# Hello again"  # it is built first
    assert [output.text for output in ran.cells[-1].outputs] == ["new\n"]
    assert ran.cells[-1].metadata == {"tags": ["nbval-ignore-output"]}
    assert set(ran.metadata) == {"kernelspec", "language_info", "made_by"}
    assert outputs(korean)[0].text == "old\n"  # not named: left alone


def test_a_name_means_both_languages_and_a_file_one(source):
    both = [(source, "ko"), (source, "en")]
    for name in ("00_x", "00_x.py", str(source)):
        assert tool.chosen(name) == both
    for pair, path in zip(both, products(source), strict=True):
        assert tool.chosen(str(path)) == [pair]
        assert tool.chosen(os.path.relpath(path)) == [pair]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "fr/00_x.ipynb"], "fr/00_x.ipynb: there is no such source"),
        (["build", "00_y"], "00_y: there is no such source"),
        (["publish"], "publish needs the repository's address"),
        (["publish", "course"], "it must be https://github.com/OWNER/NAME"),
        (["nothing"], "invalid choice"),
    ],
)
def test_a_command_that_cannot_be_followed_says_so(arguments, says, source, monkeypatch, capsys):
    before = [path.read_bytes() for path in products(source)]
    with pytest.raises(SystemExit) as left:
        command(monkeypatch, *arguments)
    assert left.value.code == 2
    assert says in capsys.readouterr().err
    assert [path.read_bytes() for path in products(source)] == before


@pytest.mark.parametrize("language", [None, "en"])
def test_homework_makes_a_course_once(language, source, tmp_path, monkeypatch, capsys):
    path = source.parent / "homework" / "hw1.py"
    path.parent.mkdir()
    source.rename(path)
    for book in sources.solutions():
        book.parent.mkdir(parents=True)
        book.write_text(sources.language_of(book), encoding="utf-8")
    course = tmp_path / "course"
    monkeypatch.setattr(
        "sys.argv", ["homework.py", "course", str(course), *filter(None, [language])]
    )
    assert generator.main() == 0
    made = course / "source" / "hw1" / "hw1.ipynb"
    assert made.read_text(encoding="utf-8") == (language or "ko")  # Korean unless told
    text = (course / "nbgrader_config.py").read_text(encoding="utf-8")
    assert f'LANGUAGE = "{language or "ko"}"' in text
    with pytest.raises(SystemExit):
        generator.main()
    assert "give a new folder" in capsys.readouterr().err
