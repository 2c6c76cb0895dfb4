"""How numbers look on a page."""

import pytest

from app.web.looks import percent


@pytest.mark.parametrize(
    ("share", "shown"), [(0.0, "0\u00a0%"), (0.784, "78\u00a0%"), (1.0, "100\u00a0%")]
)
def test_a_percentage_stays_on_one_line(share, shown):
    """Between the number and its sign stands a space that no line is broken at."""
    assert percent(share) == shown
