"""How a table of numbers is laid out."""

from linreg.inference.table import number, probability, table


def test_a_probability_is_never_zero():
    shown = [probability(p) for p in (0.0, 0.00096, 0.001, 0.0094, 1.0)]
    assert shown == ["<0.001", "<0.001", "0.001", "0.009", "1.000"]


def test_five_digits_of_a_number():
    assert [number(v) for v in (1234567.0, 12.0, 0.0001234567)] == ["1.2346e+06", "12", "0.00012346"]


def test_a_column_is_as_wide_as_its_longest_entry_or_nine():
    lines = table(["a", "name"], {"x": ["1", "2"], "a long title": ["3", "4"], "y": ["5", "12345678901"]})
    assert lines == [
        "             x a long title           y",
        "a            1            3           5",
        "name         2            4 12345678901",
    ]
