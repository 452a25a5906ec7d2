"""What the screen is about: which page, which row, what is being asked. It changes with keys only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from pulp_events.outbox.states import State
from pulp_events_cli.top.model import Sort


class Page(StrEnum):
    """What fills the screen."""

    OVERVIEW = "overview"
    LISTENER = "listener"
    DELIVERY = "delivery"
    HELP = "help"


class Ask(StrEnum):
    """What a prompt asks for."""

    MUTE_FOR = "mute for"
    MUTE_REASON = "mute reason"
    DISABLE = "disable"
    RETRY = "retry"
    RETRY_ONE = "retry one"
    FILTER = "filter"

    @property
    def is_choice(self) -> bool:
        """It is answered by a single key."""
        return self in (Ask.RETRY, Ask.RETRY_ONE)


@dataclass(frozen=True)
class Prompt:
    """A question in the line above the keys."""

    ask: Ask
    target: str = ""
    """Id of the listener or delivery that it is about: what is asked is done to that one, whatever moves meanwhile."""
    name: str = ""
    text: str = ""
    """What was typed so far."""
    given: str = ""
    """The answer to the question before."""
    problem: str = ""
    """What is wrong with the answer."""


class Tone(StrEnum):
    """How a message is meant; the style that it has."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True)
class Message:
    """What became of something, until the next key."""

    text: str
    tone: Tone = Tone.GOOD


@dataclass(frozen=True)
class View:
    """Everything that keys change."""

    page: Page = Page.OVERVIEW
    behind: Page = Page.OVERVIEW
    """What the help covers."""
    listener: str | None = None
    """The chosen one, and the one that its page shows."""
    delivery: str | None = None
    sort: Sort = Sort.TROUBLE
    reverse: bool = False
    wanted: str = ""
    """Listeners that are shown have these words."""
    state: State | None = None
    """Deliveries that are shown are in this state."""
    pages: tuple[str, ...] = ()
    """Ids of deliveries, each the last one of a page of the list that was left for the next."""
    scroll: int = 0
    """Lines of a text that are above the screen."""
    deep: bool = False
    """Look for deliveries as far back as there are any."""
    prompt: Prompt | None = None
    message: Message | None = None

    def said(self, text: str, tone: Tone = Tone.GOOD) -> View:
        """The same, with a message."""
        return replace(self, message=Message(text, tone))

    def subject(self) -> tuple[object, ...]:
        """What is to be asked of the store; another one is asked for at once."""
        return self.page, self.behind, self.listener if self.page != Page.OVERVIEW else "", self.delivery, self.state, (
            self.pages
        ), self.deep  # fmt: skip
