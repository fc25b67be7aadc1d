"""A slip of the hand in `linreg` is noticed: the command that counts them, and a fixed sample."""

import re
import subprocess
import sys

import pytest
from mutants import mutants
from mutate_code import LEAST, ROOT, TESTS, THREADED, all_modules, choose, equivalents, files_of, stale

SOURCE = '''\
"""A module of its own."""

__all__ = ["clipped"]

LIMIT: float = 0.5


def clipped(values: list[int], low: int = 0) -> list[int]:
    """Each value, but not below `low`."""
    if not values or low is None:
        raise ValueError(f"nothing: {len(values) + 1}")
    kept = [max(v, low) for v in values if v <= LIMIT * 4]
    return kept[:-1]
'''


def changed(source: str) -> set[tuple[str, str]]:
    return {(m.kind, m.after) for m in mutants(source)}


def test_the_kinds_of_change():
    assert changed(SOURCE) == {
        ("constant", "LIMIT: float = 5.0"),
        ("constant", "LIMIT: float = 0.05"),
        ("constant", "def clipped(values: list[int], low: int = 1) -> list[int]:"),
        ("condition", "if False:"),
        ("and, or", "if not values and low is None:"),
        ("sign", "if values or low is None:"),
        ("comparison", "if not values or low is not None:"),
        ("lost statement", "pass"),
        ("min, max", "kept = [min(v, low) for v in values if v <= LIMIT * 4]"),
        ("comparison", "kept = [max(v, low) for v in values if v < LIMIT * 4]"),
        ("comparison", "kept = [max(v, low) for v in values if v > LIMIT * 4]"),
        ("operator", "kept = [max(v, low) for v in values if v <= LIMIT / 4]"),
        ("constant", "kept = [max(v, low) for v in values if v <= LIMIT * 5]"),
        ("constant", "kept = [max(v, low) for v in values if v <= LIMIT * 3]"),
        ("sign", "return kept[:1]"),
        ("constant", "return kept[:-2]"),
        ("lost statement", "return None"),
    }


def test_words_are_not_touched():
    assert not mutants('"""A - b."""\n\n__all__ = ["one"]\n\nimport math\n\nx: int | None\n')


def test_how_many_rows_are_taken_at_a_time_is_not_touched():
    assert not mutants("BLOCK_BYTES = 2 << 20\n\nrows = max(BLOCK_BYTES // 8, 4)\n")
    assert mutants("BLOCKS = 2 << 20\n\nrows = max(BLOCKS // 8, 4)\n")


def test_that_lengths_are_compared_is_not_touched():
    assert {m.after for m in mutants("x = zip(a, b, strict=True)\n")} == {"pass"}


def test_a_change_of_one_module_leaves_the_choice_from_others(tmp_path):
    (tmp_path / "linreg").mkdir()
    for name, text in {"one": "a = b < 3\n" * 9, "other": "c = d + 4\ne = f\n"}.items():
        (tmp_path / "linreg" / f"{name}.py").write_text(text)
    before = {(name, m.after) for name, m in choose(tmp_path, ["one", "other"], 9, 0, each=False)}
    (tmp_path / "linreg" / "one.py").write_text("a = b < 3\n")
    after = {(name, m.after) for name, m in choose(tmp_path, ["one", "other"], 9, 0, each=False)}
    assert {pair for pair in before if pair[0] == "other"} <= after
    assert before != {(name, m.after) for name, m in choose(tmp_path, ["one", "other"], 9, 1, each=False)}


def test_a_change_keeps_the_rest_of_the_text():
    for m in mutants(SOURCE):
        old, new = SOURCE.splitlines(), m.source.splitlines()
        assert len(old) >= len(new)
        assert old[: m.line - 1] == new[: m.line - 1]
        assert old[m.line - 1].strip() == m.before
        assert new[m.line - 1].strip() == m.after != m.before


def test_letters_of_more_than_one_byte_do_not_move_the_place():
    (m,) = (m for m in mutants('x = "Björck, ½, 梯度" + y\n') if m.kind == "operator")
    assert m.after == 'x = "Björck, ½, 梯度" - y'


@pytest.mark.parametrize("module", all_modules())
def test_each_module_has_tests(module):
    assert all((ROOT / name.partition("::")[0]).is_file() for name in files_of(module))


def test_the_modules_that_are_named_exist():
    assert {*TESTS, *THREADED} <= {*all_modules()}


def test_a_known_equivalent_is_not_chosen(monkeypatch):
    module, m = choose(ROOT, ["basics.loss"], 1, seed=0, each=False)[0]
    listed = {(module, m.before, m.after): "none"}
    monkeypatch.setattr("mutate_code.equivalents", lambda: listed)
    chosen = choose(ROOT, ["basics.loss"], 10_000, seed=0, each=False)
    assert chosen
    assert (m.before, m.after) not in {(other.before, other.after) for _, other in chosen}


def test_the_list_of_equivalents_is_read_and_not_stale():
    text = "# why\n\nbasics.loss\n- a < b\n+ a <= b\nNever equal.\n"
    assert equivalents(text) == {("basics.loss", "a < b", "a <= b"): "Never equal."}
    assert not stale()
    assert all(len(reason) > 20 for reason in equivalents().values())


ASK = """
import sys
from pathlib import Path
sys.path.insert(0, "tests")
import mutate_code
from mutants import mutants
mutate_code.NOTICED = Path(sys.argv[1])
source = (mutate_code.ROOT / "linreg/descent/steps.py").read_text()
(m,) = (m for m in mutants(source) if m.after == "return Point(state.theta + lr * slope)")
for test in sys.argv[2:]:
    mutate_code.NOTICED.write_text("\\n".join(("descent.steps", m.before, m.after, test)))
    (outcome,) = mutate_code.run([mutate_code.Task("descent.steps", m, 120)], 1)
    mutate_code.remember([outcome])
    print(outcome.noticed, outcome.by, *mutate_code.noticed_by().values(), sep="|")
"""


def test_the_test_that_noticed_last_is_asked_first_and_not_alone(tmp_path):
    """The list saves time: a test that is gone, or passes, leaves it to all of them."""
    first = ("linreg/descent/steps.py", "tests/test_no_such.py", "tests/package/basics/test_exercise.py")
    command = [sys.executable, "-c", ASK, tmp_path / "noticed.txt", *first]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    told = done.stdout.splitlines()
    assert (len(told), len(set(told))) == (3, 1), done.stdout + done.stderr
    noticed, by, kept = told[0].split("|")
    assert (noticed, kept) == ("True", by)
    assert "descent" in by


def test_a_sample_is_noticed():
    """`make mutate-code` runs forty mutants of each module; here some of all together."""
    program = [sys.executable, ROOT / "tests" / "mutate_code.py", "--total", "40", "--jobs", "2"]
    done = subprocess.run(program, capture_output=True, text=True, cwd=ROOT)
    made, noticed = map(int, re.search(r"^all +(\d+) +(\d+)", done.stdout, re.MULTILINE).groups())
    assert made == 40, done.stdout + done.stderr
    assert noticed >= LEAST * made, done.stdout
