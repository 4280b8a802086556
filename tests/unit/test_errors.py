import inspect

import pytest

from adtempo.domain import errors
from adtempo.domain.errors import AdtempoError, BadFile, BadRows, Kind, NotFound, Problem

CATALOGUE = [error for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, AdtempoError)]


def test_the_docstring_is_the_default_message() -> None:
    assert str(NotFound()) == "There is no such thing here."


@pytest.mark.parametrize("error", CATALOGUE, ids=lambda error: error.__name__)
def test_every_error_says_its_kind_and_whether_to_try_again(error: type[AdtempoError]) -> None:
    assert error.kind in Kind
    assert isinstance(error.retryable, bool)
    assert (error.__doc__ or "").splitlines()[0].endswith(".")


def test_a_problem_names_its_place_as_editors_do() -> None:
    assert (
        str(Problem("facts.csv", 7, "spend", "'1e3' is not an amount")) == "facts.csv:7:spend: '1e3' is not an amount"
    )
    assert str(Problem("facts.csv", 0, "", "the file is empty")) == "facts.csv: the file is empty"


def test_bad_rows_list_what_is_wrong_and_what_to_do() -> None:
    error = BadRows([Problem("f.csv", 2, "spend", "is empty")], total=3)
    assert str(error) == (
        "3 problems; nothing was imported. Mend the file, or import the rest with --skip-bad rejects.csv\n"
        "f.csv:2:spend: is empty\n"
        "... and 2 more"
    )
    assert str(BadRows([Problem("f.csv", 2, "spend", "is empty")], total=1)).startswith("1 problem; nothing")
    assert str(BadFile([Problem("f.csv", 2, "spend", "is empty")])) == (
        "1 problem; nothing was written\nf.csv:2:spend: is empty"
    )
