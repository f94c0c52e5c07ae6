"""Keep finished runs in the repository: their logs, and the weights of small networks.

python tools/keep_run.py OUT …                        the logs, to seminar/assets/runs
python tools/keep_run.py OUT … --weights cifar10-jpeg the weights, too, to seminar/assets/weights

The large tensors of the weights are halved to float16 if the held-out error stays within 0.1
percentage points; for that the run's data set must be where it was.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from torch import Tensor

import sources
from seminar import checkpoints, data, runs, train
from seminar.models.trained import fill

ASSETS = sources.ROOT.parent / "seminar" / "assets"
RUNS, WEIGHTS = ASSETS / "runs", ASSETS / "weights"
ALLOWED = 0.001  # of the held-out error


def keep_log(out: Path) -> Path:
    """Copy the log of the finished run in `out`; the new file. SystemExit if it is not finished."""
    log = json.loads((out / runs.LOG).read_text(encoding="utf-8"))
    if not log["final"]:
        raise SystemExit(f"the run in {out} is not at its end: go on with --resume")
    plan = log["plan"]
    where = plan["data"].removeprefix("folder:").rstrip("/").rpartition("/")[2]
    kept = RUNS / f"{plan['model']}-{where}-{plan['recipe']}-{plan['seed']}.json"
    if kept.exists():
        before = json.loads(kept.read_text(encoding="utf-8"))["plan"]
        if before != plan:
            raise SystemExit(f"{kept} is of a run with another plan: {before}; delete it first")
    kept.write_bytes((out / runs.LOG).read_bytes())
    return kept


def keep_weights(out: Path, name: str) -> Path:
    """Write the weights of the run in `out` to `name`/MODEL.safetensors, and the checksums."""
    found = checkpoints.load(out / runs.CHECKPOINT)
    plan = runs.Plan(**found.about["plan"])
    log = json.loads((out / runs.LOG).read_text(encoding="utf-8"))
    loaded = data.load(plan.data, device="cpu", size=plan.size)
    _, held_out = runs.hold_out(loaded.train, plan.held_out)
    model = runs.build(plan, len(loaded.classes), held_out.images.shape[1])
    whole = checkpoints.model_of(found)

    def error(tensors: dict[str, Tensor]) -> float:
        fill(model, tensors, str(out))
        return train.evaluate(model, held_out, plan.precision)[1]

    halved = {key: t.half() if t.dim() > 1 else t for key, t in whole.items()}
    errors = error(whole), error(halved)
    kept = halved if abs(errors[1] - errors[0]) <= ALLOWED else whole
    about: dict[str, Any] = {
        "model": plan.model,
        "options": plan.options,
        **{key: found.about[key] for key in ("classes", "mean", "std")},
        "log": keep_log(out).name,
        **{key: log[key] for key in ("command", "date", "versions", "hardware", "final")},
    }
    path = WEIGHTS / name / f"{plan.model}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoints.save(path, kept, about)
    files = sorted(WEIGHTS.glob("*/*.safetensors"))
    lines = [
        f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.relative_to(WEIGHTS).as_posix()}\n"
        for f in files
    ]
    (WEIGHTS / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")
    print(f"{plan.model}: held-out error {errors[0]:.2%}, in float16 {errors[1]:.2%}")
    return path


def main() -> None:
    """Keep what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", nargs="+", type=Path)
    parser.add_argument("--weights", metavar="NAME")
    given = parser.parse_args()
    for out in given.out:
        print(keep_weights(out, given.weights) if given.weights else keep_log(out))


if __name__ == "__main__":
    main()
