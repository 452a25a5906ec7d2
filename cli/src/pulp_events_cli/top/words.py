"""Numbers and times as short words."""

from __future__ import annotations

from datetime import datetime


def age(seconds: float) -> str:
    """`5s`, `12m`, `2h5m`, `3d4h`: two units at most.

    >>> [age(each) for each in (0.2, 59, 60, 3600, 7500, 90000, 8640000)]
    ['0s', '59s', '1m', '1h', '2h5m', '1d1h', '100d']
    """
    left = max(0, int(seconds))
    if left < 60:
        return f"{left}s"
    minutes, hours, days = left // 60 % 60, left // 3600 % 24, left // 86400
    if days >= 10:
        return f"{days}d"
    if days:
        return f"{days}d{hours}h" if hours else f"{days}d"
    if hours:
        return f"{hours}h{minutes}m" if minutes else f"{hours}h"
    return f"{minutes}m"


def number(value: float) -> str:
    """At most five characters of a count.

    >>> [number(each) for each in (0, 999, 9999, 10000, 123456, 3000000)]
    ['0', '999', '9999', '10.0k', '123k', '3.0M']
    """
    if value < 10_000:
        return f"{value:.0f}"
    for unit, size in (("k", 1e3), ("M", 1e6), ("G", 1e9)):
        scaled = value / size
        if scaled < 999.5:
            return f"{scaled:.1f}{unit}" if scaled < 99.95 else f"{scaled:.0f}{unit}"
    return f"{value:.0e}"


def rate(per_second: float) -> str:
    """So many a second, or a minute where that is less than one in ten seconds.

    >>> [rate(each) for each in (0, 0.01, 0.5, 12.34, 1234)]
    ['-', '0.6/m', '0.5/s', '12.3/s', '1234/s']
    """
    if per_second <= 0:
        return "-"
    if per_second < 0.1:
        return f"{per_second * 60:.1f}/m"
    return f"{per_second:.1f}/s" if per_second < 99.95 else f"{number(per_second)}/s"


def seconds(value: float | None) -> str:
    """How long something took.

    >>> [seconds(each) for each in (None, 0.004, 0.25, 3.21, 75)]
    ['-', '4ms', '250ms', '3.2s', '1m']
    """
    if value is None:
        return "-"
    if value < 0.9995:
        return f"{value * 1000:.0f}ms"
    return f"{value:.1f}s" if value < 59.95 else age(value)


def percent(part: float) -> str:
    """A part of all; what is not nothing is not shown as 0 %, what is not all not as 100 %.

    >>> [percent(each) for each in (0, 0.001, 0.5, 0.999, 1)]
    ['-', '<1%', '50%', '99%', '100%']
    """
    if part <= 0:
        return "-"
    if part < 0.01:
        return "<1%"
    return f"{int(part * 100)}%"


def clock(moment: datetime) -> str:
    """Local time of day."""
    return moment.astimezone().strftime("%H:%M:%S")
