"""The practice town's year: fast, the same from the same seed, and counted as it was planned."""

from datetime import timedelta
from statistics import median_low

from app.basics.clock import to_local
from app.reports.figures import Asked, report_of
from app.reports.periods import Against, Days, Period
from app.reports.practice_plan import plan
from app.reports.practice_year import write_practice_year
from tests.conftest import MONDAY
from tests.factories import a_person

TODAY = MONDAY.date()


def test_the_same_seed_gives_the_same_year():
    """Two plans of one seed are one plan; another seed is another town."""
    one, same, other = (plan(MONDAY, seed=seed, a_week=5, weeks=4) for seed in (1, 1, 2))
    assert one == same != other
    assert [matter.asked_at for matter in one] == sorted(matter.asked_at for matter in one)


def test_the_report_counts_the_year_as_it_was_planned(app):
    """What came, was answered, and how long residents waited, counted anew from the plan alone."""
    karin = a_person("manager", "Karin Ek", now=MONDAY)
    write_practice_year(app.config, now=MONDAY, a_week=30, weeks=5)
    days = Days(TODAY - timedelta(days=27), TODAY - timedelta(days=1))
    asked = Asked(Period.OWN, days, Against.BEFORE, days.moved(timedelta(weeks=4)))
    report = report_of(asked, karin, now=MONDAY, config=app.config)
    inside = [
        one
        for one in plan(MONDAY, a_week=30, weeks=5)
        if days.first <= to_local(one.asked_at).date() <= days.last
    ]
    done = [one for one in inside if one.answered_at is not None and one.answered_at < MONDAY]
    waits = [(one.answered_at - one.asked_at) // timedelta(minutes=1) for one in done]
    counts = report.total.counts
    assert counts["asked"] == len(inside) > 60
    assert counts["answered"] == len(done) == counts["on_time"] + counts["late"]
    assert counts.get("native", 0) == sum(one.native for one in done)
    assert counts["handed_back"] == sum(
        one.handed_back for one in inside if one.moved_at is not None and one.moved_at < MONDAY
    )
    assert report.total.median("waiting") == median_low(waits)
    by_department = {slug: one.counts["asked"] for slug, one in report.departments.items()}
    assert sum(by_department.values()) == len(inside)
    assert sum(report.hours.values()) == len(inside)
    by_week = [one.counts.get("asked", 0) for one in report.weeks.values()]
    assert (len(by_week), sum(by_week)) == (4, len(inside))
