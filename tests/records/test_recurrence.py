"""Recurrence: in words, as an RRULE, and when it comes next."""

from datetime import date

import pytest
from dateutil import rrule
from hypothesis import given
from hypothesis import strategies as st

from crm_web.records.recurrence import EXAMPLES, PATTERN, Frequency, Recurrence, find_next, read_recurrence, read_rule

days = st.dates(date(1950, 1, 1), date(2190, 1, 1))
RULES = {
    "every day": "FREQ=DAILY",
    "Daily": "FREQ=DAILY",
    "Every other  week": "FREQ=WEEKLY;INTERVAL=2",
    "Every 2 weeks on Monday": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
    "every Thu, tues and Mondays": "FREQ=WEEKLY;BYDAY=MO,TU,TH",
    "Every weekday": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "Every 3 months, 4 times": "FREQ=MONTHLY;INTERVAL=3;COUNT=4",
    "Every year until Jan 31, 2030": "FREQ=YEARLY;UNTIL=20300131",
}
NONE = (
    "sometimes", "every", "every 0 days", "every 1000 days", "every month on Monday", "every day, 0 times",
    "every day, 2 times until 2030-01-01", "every week until never", "every monday on friday week",
)  # fmt: skip


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    frequency = draw(st.sampled_from(Frequency))
    weekdays = draw(st.sets(st.integers(0, 6))) if frequency is Frequency.WEEKLY else ()
    until = draw(st.none() | days.filter(lambda day: (day.month, day.day) != (2, 29)))
    count = draw(st.none() | st.integers(1, 999)) if until is None else None
    return Recurrence(frequency, draw(st.integers(1, 999)), tuple(sorted(weekdays)), until, count)


def test_words_are_read() -> None:
    assert {words: read_recurrence(words).rule for words in RULES} == RULES
    for words in (*NONE, ""):
        with pytest.raises(ValueError, match="Enter|Only"):
            read_recurrence(words)
    assert [read_recurrence(words).in_words() for words in EXAMPLES] == list(EXAMPLES)


@given(recurrences())
def test_words_and_rules_say_the_same(recurrence: Recurrence) -> None:
    assert read_recurrence(recurrence.in_words()) == recurrence
    assert read_rule(recurrence.rule) == recurrence
    assert rrule.rrulestr(recurrence.rule, ignoretz=True)


@given(st.from_regex(PATTERN.replace("FREQ=(DAILY|MONTHLY|YEARLY|WEEKLY)", "FREQ=WEEKLY"), fullmatch=True))
def test_every_rule_of_the_pattern_is_read(rule: str) -> None:
    again = read_rule(rule.strip()).rule
    assert read_rule(again).rule == again


def test_other_rules_are_refused() -> None:
    for rule in ("FREQ=HOURLY", "FREQ=DAILY;BYDAY=MO", "FREQ=DAILY;UNTIL=20300230", "RRULE:FREQ=DAILY", "FREQ=DAILY\n"):
        with pytest.raises(ValueError, match="Send a rule"):
            read_rule(rule)


@given(recurrences(), days, st.integers(-10, 400))
def test_the_next_time_is_that_of_the_rule(recurrence: Recurrence, day: date, late: int) -> None:
    since = date.fromordinal(day.toordinal() + late)
    following = find_next(recurrence, day, since=since)
    if following is None:
        assert recurrence.until or recurrence.count or day.year + recurrence.interval > 2199
        return
    found, left = following
    assert found > day and found >= since and (recurrence.until is None or found <= recurrence.until)
    assert (left.count or 0) <= (recurrence.count or 0)
    assert not recurrence.days or found.weekday() in recurrence.days


def test_the_last_time_has_no_next() -> None:
    day = date(2026, 11, 30)
    twice = read_recurrence("Every 2 weeks, 2 times")
    found, left = find_next(twice, day, since=day) or (None, twice)
    assert (found, left.rule) == (date(2026, 12, 14), "FREQ=WEEKLY;INTERVAL=2;COUNT=1")
    assert find_next(left, date(2026, 12, 14), since=day) is None
    assert find_next(read_recurrence("Every week until 2026-12-06"), day, since=day) is None
    assert find_next(read_recurrence("Every month"), date(2026, 1, 31), since=day) == (
        date(2026, 12, 31),
        read_recurrence("Every month"),
    )
