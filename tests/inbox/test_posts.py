"""All cases under one post: what is counted, drawn and put together, and for whom."""

from datetime import UTC, datetime, timedelta

import pytest

from app.basics.alike import groups_of
from app.database import db
from app.inbox import posts
from app.inbox.posts import Grouping, flow_of
from app.models import Post
from app.people.rights import Act, NotAllowed
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BATH = ("När öppnar badet?", "Hej! När öppnar badet i vår?", "Vilken tid öppnar badet på lördag")


def under_one_post(*texts, every=MINUTE):
    """Residents who each say something under the same post; the post."""
    source = an_account(now=MONDAY)
    take_in(
        source,
        *(said(text, at=MONDAY + n * every, by=f"Invånare {n}") for n, text in enumerate(texts)),
    )
    return db.session.query(Post).one()


def test_a_post_under_which_one_sees_nothing_looks_like_none(app):
    """A handler is refused a post whose cases are another department's, as one that is not there."""
    post = under_one_post("Hål i gatan")
    put_with(cases()[0], "gata-park")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    for post_id in (post.id, 999):
        with pytest.raises(NotAllowed):
            posts.post_for(petra, post_id)
    admin = a_person("administrator", "Ada Min", now=MONDAY)
    assert posts.post_for(admin, post.id) is not None
    with pytest.raises(NotAllowed):
        posts.post_for(admin, post.id, Act.ANSWER)


def test_only_what_one_may_see_is_counted_drawn_and_listed(app):
    """Count, chart, list and likeness are of one's own department's cases alone."""
    post = under_one_post(*BATH, "Råttor på torget")
    for case in cases()[:3]:
        put_with(case, "kultur-fritid")
    put_with(cases()[3], "miljo")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    anna = a_person(now=MONDAY)
    assert posts.how_many(post.id, petra, most=99) == 1
    assert posts.tally(post.id, petra).all == 1
    assert sum(bar.count for bar in posts.flow(post.id, petra).bars) == 1
    for grouping in Grouping:
        groups = posts.listed(post.id, petra, grouping).groups
        assert [row.Case.snippet for group in groups for row in group.rows] == ["Råttor på torget"]
    assert posts.chosen(post.id, petra, [case.id for case in cases()])[0].Case.id == cases()[3].id
    assert posts.how_many(post.id, anna, most=99) == 4
    assert posts.how_many(post.id, anna, most=2) == 3


def test_cases_that_ask_the_same_are_one_group_with_their_commonest_words(app):
    """Three who ask when the bath opens stand together under those words; others stand by themselves."""
    post = under_one_post(*BATH, "Fin bild", "Varför plogas inte Kungsgatan?")
    first, rest = posts.listed(post.id, a_person(now=MONDAY), Grouping.WORDS).groups
    assert [row.Case.snippet for row in first.rows] == list(BATH)
    assert first.key == "när öppnar badet"
    assert len(first.open_ids) == 3
    assert (rest.key, len(rest.rows)) == ("", 2)


def test_one_word_in_common_makes_no_two_questions_alike():
    """When it opens and when it shuts are two questions, though both speak of the bath."""
    assert groups_of(["När öppnar badet?", "När stänger badet?", "Vad kostar badet?"]) == []
    assert groups_of(["", "  ", "?!"]) == []
    assert groups_of([]) == []


def test_every_case_stands_on_one_page_and_only_one(app, monkeypatch):
    """Paged by two, each grouping lists every case once, whatever it is grouped by."""
    monkeypatch.setattr(posts, "A_PAGE", 2)
    post = under_one_post(*BATH, "Fin bild", "Varför plogas inte Kungsgatan?")
    put_with(cases()[1], "miljo")
    put_with(cases()[4], "gata-park")
    anna = a_person(now=MONDAY)
    for grouping in Grouping:
        met, after = [], None
        for _page in range(5):
            page = posts.listed(post.id, anna, grouping, after)
            met += [row.Case.id for group in page.groups for row in group.rows]
            after = page.after
            if after is None:
                break
        assert (grouping, sorted(met)) == (grouping, [case.id for case in cases()])


def test_a_burst_is_told_with_how_many_and_since_when():
    """Thirty-eight comments within two hours are a burst; nine are none, nor are many spread out."""
    quiet = [MONDAY - DAY + n * HOUR for n in range(5)]
    rush = [MONDAY + n * 3 * MINUTE for n in range(38)]
    burst = flow_of(quiet + rush).burst
    assert (burst.count, burst.begins) == (38, MONDAY)
    assert flow_of(rush[:9]).burst is None
    assert flow_of([MONDAY + n * HOUR for n in range(40)]).burst is None


@pytest.mark.parametrize(
    ("span", "step"), [(DAY, "hour"), (20 * DAY, "day"), (200 * DAY, "week"), (900 * DAY, "month")]
)
def test_the_chart_counts_every_comment_in_few_bars(span, step):
    """Whatever the span, the bars together hold every comment, none is missing between, few enough."""
    times = [MONDAY, MONDAY + span / 3, MONDAY + span]
    flow = flow_of(times)
    assert (flow.step, sum(bar.count for bar in flow.bars)) == (step, 3)
    begins = [bar.begins for bar in flow.bars]
    assert begins == sorted(set(begins))
    assert len(begins) <= 54


def test_a_day_in_the_chart_is_stockholms_also_when_the_clock_changes():
    """Half past midnight in Stockholm is the new day, on the days that have 23 and 25 hours too."""
    for night in (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)):
        late = (night + 3 * DAY).replace(hour=22, minute=30)
        bars = flow_of([night, late]).bars
        assert bars[0].count == 1
        assert sum(bar.count for bar in bars) == 2
        assert len({(bar.begins + 6 * HOUR).date() for bar in bars}) == len(bars) >= 4
