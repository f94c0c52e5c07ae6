"""Write the tables of docs/training.md and docs/training.ko.md: others' errors, our runs, speed.

python tools/table.py    after tools/keep_run.py has kept a run, or published.toml has changed

What stands between the lines `<!-- table: NAME -->` and `<!-- end -->` is written anew.
"""

import json
import re
import statistics
from itertools import groupby
from typing import Any

import benchmark
import sources
from seminar import catalogue, models, records, runs

ROOT = sources.ROOT.parent
DOCS = {"en": ROOT / "docs" / "training.md", "ko": ROOT / "docs" / "training.ko.md"}
LOGS = "../seminar/assets/runs"
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "model": "model",
        "images": "images",
        "errors": "test error %",
        "train": "training error %",
        "held out": "held-out error %",
        "runs": "seeds",
        "length": "steps, epochs",
        "time": "minutes a run",
        "hardware": "hardware",
        "log": "logs",
        "command": "command",
        "differs": "not the paper's",
        "length of": "{steps:,} of {paper:,} steps",
        "copy": "JPEG copy of CIFAR-10",
        "nothing": "–",
        "who": "who",
        "where": "where",
        "what": "what",
    },
    "ko": {
        "model": "모델",
        "images": "이미지",
        "errors": "테스트 오류율(%)",
        "train": "훈련 오류율(%)",
        "held out": "검증 오류율(%)",
        "runs": "시드",
        "length": "스텝, 에폭",
        "time": "실행당 시간(분)",
        "hardware": "하드웨어",
        "log": "로그",
        "command": "명령",
        "differs": "논문과 다른 점",
        "length of": "{paper:,}스텝 대신 {steps:,}스텝",
        "copy": "CIFAR-10의 JPEG 사본",
        "nothing": "–",
        "who": "발표한 사람",
        "where": "출처",
        "what": "내용",
    },
}
COLUMNS = (
    *("model", "errors", "train", "held out", "runs", "differs", "length", "time"),
    *("hardware", "log", "command"),
)


def published(language: str) -> list[list[str]]:
    """A row for each source: its errors on each model, and where it says so."""
    found = records.published()
    before = catalogue.language()
    catalogue.language(language)
    names = [n for n in models.names() if any(n in source["error"] for source in found)]
    words = WORDS[language]
    rows = [[words["who"], *map(short, names), words["what"], words["where"]]]
    for source in found:
        errors = [source["error"].get(name, "") for name in names]
        name, what, where = (catalogue.t(source[key]) for key in ("name", "what", "where"))
        rows.append([name, *errors, what, where])
    catalogue.language(before)
    return rows


def short(name: str) -> str:
    """A model's name as the papers write it."""
    for family, said in (("preact_resnet", "pre-activation ResNet"), ("resnet", "ResNet")):
        name = re.sub(rf"^{family}_cifar", f"{said}-", name)
    return name.replace("plain_cifar", "plain-")


def ours(language: str) -> list[list[str]]:
    """A row for each model, data set and recipe: the errors of its seeds after the last epoch."""
    words = WORDS[language]
    rows = [[words[column] for column in COLUMNS]]
    order = {name: i for i, name in enumerate(models.names())}

    def key(log: dict[str, Any]) -> tuple[Any, ...]:
        plan = log["plan"]
        same = {name: plan[name] for name in plan if name not in ("seed", "threads", "device")}
        return plan["data"], plan["recipe"], log["steps"], order[plan["model"]], str(same)

    kept = records.runs()
    files = {id(log): file for file, log in kept.items()}
    logs = sorted(kept.values(), key=lambda log: (*key(log), log["plan"]["seed"]))
    for _, group in groupby(logs, key):
        found = list(group)
        first = found[0]
        plan, steps = first["plan"], first["steps"]
        seeds = [log["plan"]["seed"] for log in found]
        differs = []
        if plan["recipe"] == "short":
            differs.append("one-cycle")
        if steps != runs.PAPER_STEPS:
            differs.append(words["length of"].format(steps=steps, paper=runs.PAPER_STEPS))
        if plan["data"].endswith("jpeg"):
            differs.append(words["copy"])
        command = first["command"]
        if len(seeds) > 1:
            command = re.sub(r"--seed \d+", f"--seed {{{','.join(map(str, seeds))}}}", command)
        rows.append(
            [
                short(plan["model"]),
                *(percent(found, f"{part}_error") for part in ("test", "train", "held_out")),
                ", ".join(map(str, seeds)),
                "; ".join(differs) or words["nothing"],
                f"{steps:,}, {len(first['epochs'])}",
                spread([log["seconds"] / 60 for log in found], 0),
                "; ".join(dict.fromkeys(said(log) for log in found)),
                " ".join(f"[{log['plan']['seed']}]({LOGS}/{files[id(log)]})" for log in found),
                f"`{command}`",
            ]
        )
    return rows


def said(log: dict[str, Any]) -> str:
    """What a run computed on."""
    return f"{log['hardware']}, {log['plan']['precision']}"


def percent(logs: list[dict[str, Any]], what: str) -> str:
    """The final errors in percent: the mean, and from the lowest to the highest."""
    return spread([100 * log["final"][what] for log in logs], 2)


def spread(values: list[float], digits: int) -> str:
    """The mean of `values`, and their ends if there are several."""
    mean = f"{statistics.mean(values):.{digits}f}"
    if len(values) == 1:
        return mean
    return f"{mean} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def markdown(rows: list[list[str]]) -> str:
    """A table of `rows`, the first of which is its head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def speed(language: str) -> list[list[str]]:
    """What tools/benchmark.py has measured last."""
    found = json.loads(benchmark.SPEED.read_text(encoding="utf-8"))
    ms, rate = found["ms a step"], found["GFLOP/s"]
    if language == "en":
        head = ["network", "ordinary loop", "ours", "times as fast", "of a matrix product's FLOP/s"]
        head += ["measured on"]
        loop = f"{ms['ordinary']} ms a step, {found['workers']} workers"
    else:
        head = [
            "신경망",
            "보통의 학습 루프",
            "이 강좌의 학습 루프",
            "속도(배)",
            "행렬 곱 FLOP/s 대비",
            "측정 환경",
        ]
        loop = f"스텝당 {ms['ordinary']} ms, 워커 {found['workers']}개"
    mine = f"{ms['ours']} ms, {found['precision']}"
    share = (
        f"{found['of the matrix product']:.1%} ({rate['ours']} / {rate['matrix product']} GFLOP/s)"
    )
    where = f"{found['hardware']}; {found['versions']}"
    return [head, [short(found["model"]), loop, mine, str(found["times as fast"]), share, where]]


TABLES = {"published": published, "ours": ours, "speed": speed}


def written(text: str, language: str) -> str:
    """The document `text` with its tables as they are today."""
    for name, rows in TABLES.items():
        found = re.compile(f"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.S)
        table = markdown(rows(language)).replace("\\", r"\\")
        text, number = found.subn(rf"\1\n{table}\n\n\2", text)
        if number != 1:
            raise SystemExit(f"the document has {number} places for the table {name!r}, not one")
    return text


def main() -> None:
    """Write the tables into both documents."""
    for language, path in DOCS.items():
        path.write_text(
            written(path.read_text(encoding="utf-8"), language), encoding="utf-8", newline="\n"
        )


if __name__ == "__main__":
    main()
