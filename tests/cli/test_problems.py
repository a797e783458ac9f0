"""How many problems are shown to people."""

from __future__ import annotations

from syndicate.cli.problems import lines_of
from syndicate.errors import Problem


def problems(count: int, message: str, folder: str = "corpus/a", severity: str = "error") -> list[Problem]:
    return [Problem(f"{folder}/{number}.md", number, 1, "date", message, severity) for number in range(1, count + 1)]


def test_three_of_a_kind_are_lines_of_their_own() -> None:
    found = problems(3, "no date")
    assert list(lines_of(found, ["corpus"])) == [str(problem) for problem in found]


def test_more_of_a_kind_are_one_line_with_the_first_places() -> None:
    assert list(lines_of(problems(4, "x", severity="warning"), ["corpus"])) == [
        "4 times: date: x (warning): corpus/a/1.md:1:1, corpus/a/2.md:2:1, corpus/a/3.md:3:1, …"
    ]


def test_values_do_not_make_another_kind() -> None:
    found = [Problem(f"{n}.md", 1, 1, "date", f"expected a date, got 'x{n}'") for n in range(9)]
    (line,) = lines_of(found, ["."])
    assert line.startswith("9 times: date: expected a date, got 'x0', and the like: 0.md:1:1, ")


def test_severity_and_field_make_another_kind() -> None:
    found = [*problems(4, "x"), *problems(4, "x", severity="warning")]
    assert len(list(lines_of(found, ["corpus"]))) == 2


def test_files_without_a_date_in_one_folder_have_a_hint() -> None:
    *_, hint = lines_of([*problems(6, "no date", "corpus/_courses/x"), *problems(3, "no date")], ["corpus"])
    assert hint == '  hint: 6 of them are in _courses/: leave it out with exclude: ["_courses/**"] if it holds no posts'


def test_files_without_a_date_in_many_folders_have_no_hint() -> None:
    found = [one for letter in "abcd" for one in problems(3, "no date", f"corpus/{letter}")]
    assert len(list(lines_of(found, ["corpus"]))) == 1
