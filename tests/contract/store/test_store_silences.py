"""Silences, on every store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from made import at
from tocsin.core.matchers import Matcher
from tocsin.core.silence import Silence
from tocsin.store.protocol import Store


def silence(silence_id: str = "s1", *, until: float = 60, **changes: Any) -> Silence:
    """Return a silence of "orders" from noon on, for so many minutes."""
    made = Silence(
        id=silence_id,
        matchers=(Matcher(label="pipeline", operator="=~", value=r"ord\..*"),),
        starts_at=at(0),
        ends_at=at(until),
        reason="the warehouse is moved \ud800\0",
        author="ada",
        created_at=at(-1),
    )
    return replace(made, **changes)


def save(store: Store, *silences: Silence) -> None:
    """Save silences in one transaction."""
    with store.writing() as tx:
        for each in silences:
            tx.save_silence(each)


def test_a_silence_comes_back_as_it_was(store: Store) -> None:
    """Every field survives, its conditions and odd characters included; saving it again replaces it."""
    full = silence(matchers=(), ended_by="bob", ended_at=at(5), closed_at=at(6))
    save(store, silence(), silence("s2"), replace(full, id="s2"))
    with store.reading() as tx:
        assert tx.find_silences("s1") == [silence()]
        assert tx.find_silences("s2") == [replace(full, id="s2")]


def test_silences_are_over_when_their_end_or_somebody_says_so(store: Store) -> None:
    """Silences that are not over come with those that end last first; all of them only where they are asked for."""
    pending = silence("4", until=90, starts_at=at(80))
    ended = silence("2", until=60, ended_by="bob", ended_at=at(20))
    save(store, silence("1", until=30), ended, silence("3", until=40), pending)

    def ids(minute: float) -> str:
        with store.reading() as tx:
            return "".join(each.id for each in tx.silences(at(minute)))

    assert [ids(0), ids(20), ids(30), ids(89), ids(90)] == ["4312", "431", "43", "4", ""]
    with store.reading() as tx:
        assert [each.id for each in tx.all_silences(limit=9)] == ["4", "3", "1", "2"]
        assert [each.id for each in tx.all_silences(limit=2)] == ["4", "3"]


def test_a_silence_is_found_by_the_beginning_of_its_id(store: Store) -> None:
    """A prefix finds at most ten silences, those that end last first."""
    save(store, *(silence(f"ab{number:02}", until=number + 1) for number in range(12)), silence("AB"), silence("ac"))
    with store.reading() as tx:
        assert [each.id for each in tx.find_silences("ab")] == [f"ab{number:02}" for number in range(11, 1, -1)]
        assert tx.find_silences("b") == []


def test_an_end_waits_until_it_is_noticed(store: Store) -> None:
    """What has ended is found, longest over first, until its end is marked as noticed."""
    ended = silence("2", until=60, ended_by="bob", ended_at=at(20))
    save(store, silence("1", until=30), ended, silence("3", until=40))

    def ids(minute: float) -> str:
        with store.reading() as tx:
            found = tx.silences_to_close(at(minute))
            assert tx.due(at(minute)).silences is bool(found)
            return "".join(each.id for each in found)

    assert [ids(19), ids(20), ids(39), ids(40)] == ["", "2", "21", "213"]
    save(store, replace(ended, closed_at=at(41)))
    assert ids(41) == "13"
