"""The configuration of a course: `tools/homework.py course` puts it beside its folders."""

from nbgrader import preprocessors

LANGUAGE = "ko"


class Deduplicate(preprocessors.DeduplicateIds):
    """The last of a copied cell counts, and nobody's cell stops the grading of all.

    nbgrader 0.9.6 leaves the other copies an empty entry, and an entry that is not of its format
    ends the whole run: such entries go. `tools/homework.py inspect` names these cells.
    """

    def preprocess_cell(self, cell, resources, cell_index):
        """Without an entry that nbgrader would not understand."""
        entry = cell.metadata.get("nbgrader", {})
        sound = isinstance(entry, dict) and entry.get("schema_version") == 3
        if sound and {"grade_id", "grade", "solution", "locked"} <= set(entry):
            cell, resources = super().preprocess_cell(cell, resources, cell_index)
        else:
            cell.metadata["nbgrader"] = {}
        if not cell.metadata["nbgrader"]:
            del cell.metadata["nbgrader"]
        return cell, resources


c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.CourseDirectory.course_id = "seminar"
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise homework.NotSolved"}
c.ClearSolutions.text_stub = {
    "ko": "여기에 답을 쓰세요.",
    "en": "Write your answer here.",
}[LANGUAGE]
c.Execute.timeout = 120  # seconds for a cell
c.Autograde.sanitize_preprocessors = [
    preprocessors.ClearOutput,
    Deduplicate,
    preprocessors.OverwriteKernelspec,
    preprocessors.OverwriteCells,
    preprocessors.CheckCellMetadata,
]
c.SingleNotebookExporter.exclude_input_prompt = True
