"""Run an example at its full size, once a seed.

``python examples/full_size.py plot_mnist_l2.py --seeds 3`` is how. An example runs by
itself at a small size, in seconds. The constants of its size say in a comment what they
are at full size, as in ``n_digits = 6_000  # full size: 60_000``; here they get that
value, and ``seed = 0`` gets each seed. Of each line that an example prints, the
decimals are shown as mean ± standard deviation over the seeds. Lines that differ in
more than numbers are shown for each seed. What each run printed is kept in
``build/examples/NAME.json``.
"""

import argparse
import contextlib
import io
import json
import re
import runpy
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

EXAMPLES = Path(__file__).resolve().parent
SIZE = re.compile(r"^(\w+ = ).+?(?:  # full size: )(.+)$", re.MULTILINE)
SEED = re.compile(r"^seed = 0$", re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])")


def at_full_size(source: str, seed: int) -> str:
    """The source of an example with its sizes and its seed replaced."""
    source = SIZE.sub(r"\1\2", source)
    source, n_seeds = SEED.subn(f"seed = {seed}", source)
    if n_seeds != 1:
        raise ValueError(
            "The example has no line 'seed = 0': there is nothing to repeat it with."
        )
    return source


def run(name: str, seed: int) -> list[str]:
    """Run an example at full size, and return the lines that it printed."""
    path = EXAMPLES / name
    printed = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(printed):
        changed = Path(folder) / name
        changed.write_text(
            at_full_size(path.read_text(encoding="utf-8"), seed), encoding="utf-8"
        )
        runpy.run_path(str(changed), run_name="__main__")
    return printed.getvalue().splitlines()


def combined(runs: list[list[str]]) -> list[str]:
    """The lines of several runs as one: decimals that differ as mean and deviation."""
    shapes = [[NUMBER.sub("#", line) for line in lines] for lines in runs]
    if any(len(lines) != len(runs[0]) for lines in runs):
        return [
            f"seed {seed}: {line}" for seed, lines in enumerate(runs) for line in lines
        ]
    result = []
    for place, line in enumerate(runs[0]):
        if any(shape[place] != shapes[0][place] for shape in shapes):
            result += [
                f"seed {seed}: {lines[place]}" for seed, lines in enumerate(runs)
            ]
            continue
        columns = zip(*(NUMBER.findall(lines[place]) for lines in runs), strict=True)
        texts = iter([_over_seeds(column) for column in columns])
        result.append(NUMBER.sub(lambda _, texts=texts: next(texts), line))
    return result


def _over_seeds(numbers: tuple[str, ...]) -> str:
    """One number if all are equal, mean and deviation of decimals, or all integers."""
    if len(set(numbers)) == 1:
        return numbers[0]
    if not any("." in number or "e" in number for number in numbers):
        return " / ".join(numbers)
    values = [float(number.replace(",", "")) for number in numbers]
    places = max(len(number.partition(".")[2].partition("e")[0]) for number in numbers)
    if any("e" in number for number in numbers):
        return f"{np.mean(values):.4g} ± {np.std(values):.2g}"
    return f"{np.mean(values):.{places}f} ± {np.std(values):.{places}f}"


def main(arguments: list[str] | None = None) -> None:
    """Run one example, print its lines and keep them."""
    parser = argparse.ArgumentParser(
        description="Run an example at its full size, once a seed."
    )
    parser.add_argument(
        "example", help="the name of its file, such as plot_mnist_l2.py"
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=3,
        help="how many times to repeat it, with the seeds from 0",
    )
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds is {options.seeds}, but it must be 1 or more")
    runs, seconds = [], []
    for seed in range(options.seeds):
        start = time.perf_counter()
        runs.append(run(options.example, seed))
        seconds.append(time.perf_counter() - start)
        print(f"seed {seed}: {seconds[-1]:.0f} s", file=sys.stderr)
    print(*combined(runs), sep="\n")
    record = Path("build/examples") / Path(options.example).with_suffix(".json").name
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(
        json.dumps({"printed": runs, "seconds": seconds}, indent=1), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
