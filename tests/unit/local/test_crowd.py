"""Requests to the API of the local cloud wait for a place, and all get one."""

import asyncio

from tailor_local.hooks.crowd import PLACES, _waiting


def test_no_more_run_at_once_than_there_are_places_and_all_are_answered() -> None:
    running, most = 0, 0

    async def call(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        if number % 7 == 0:
            raise ValueError
        return number

    async def crowd() -> list[int | BaseException]:
        waits = _waiting(call, asyncio.Semaphore(PLACES))
        calls = (waits(number) for number in range(50))
        return list(await asyncio.gather(*calls, return_exceptions=True))

    answers = asyncio.run(crowd())
    assert most == PLACES < 10  # the functions that a new account may run at once
    assert [answer for answer in answers if isinstance(answer, int)] == [n for n in range(50) if n % 7]
