"""What the channels of all transports have in common: a message for each delivery, or one for those of a window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import groupby

from pulp_events import Channel, Delivery, TransientFailure
from pulp_events.errors import DeliveryFailure
from pulp_events.notifier import Config, Settlement
from pulp_events_email.addresses import envelope_form
from pulp_events_email.message import FULL, SHORTEST, Composer
from pulp_events_email.settings import DISABLED


class Letter:
    """A message for one recipient, made when it is first asked for.

    That is for its size, or while the server answers MAIL.
    """

    LEAST = 64 * 1024
    """Octets of a message apart from its reports, at most."""

    GROWTH = 10
    """Times the reports that a message may be: as text, as HTML with its escapes, and as an attachment."""

    def __init__(self, composer: Composer, deliveries: Sequence[Delivery], digest: bool) -> None:
        self.recipient = envelope_form(deliveries[0].target)
        self._composer = composer
        self._deliveries = deliveries
        self._digest = digest
        self._reports = sum(len(one.report) for one in deliveries)
        self._form = FULL

    @cached_property
    def octets(self) -> bytes:
        """As it goes over the wire."""
        return self._compose(self._form)

    def fit(self, largest: float) -> None:
        """Leave out what must be for a message of at most `largest` octets; the last form may still be more."""
        if self.LEAST + self.GROWTH * self._reports <= largest:
            return  # without making it now
        while len(self.octets) > largest and self.shorten():
            pass

    def shorten(self) -> bool:
        """Leave something out: the server takes no message so large. False if there is no shorter form."""
        while self._form < SHORTEST:
            self._form += 1
            shorter = self._compose(self._form)
            if len(shorter) < len(self.octets):
                self.octets = shorter
                return True
        return False

    def make(self) -> None:
        """Make it now."""
        _ = self.octets

    def _compose(self, form: int) -> bytes:
        if self._digest:
            return self._composer.compose_digest(self._deliveries, self.recipient, form)
        return self._composer.compose(self._deliveries[0], self.recipient, form)


class MailChannel(Channel):
    """Subclasses override `post`."""

    def __init__(self, config: Config, settings: Config) -> None:
        self._config = config
        self._settings = settings
        self._digests = "digest" in config
        if self._digests:
            self.batch_size = 2  # more than one: `send_batch` is what is called, with however many a window has

    def open(self) -> None:
        """Prepare what all messages have in common. Raises TransientFailure while email is disabled."""
        if not self._settings["enabled"]:
            raise TransientFailure(DISABLED)
        self._composer = Composer(self._config, self._settings)

    def post(self, letter: Letter) -> None:
        """Send it; returns when it was taken. Raises PermanentFailure, TransientFailure or TimedOut."""
        raise NotImplementedError

    def send(self, delivery: Delivery) -> None:
        """Send the report to `delivery.target`; returns when the server took the message. Raises what `post` does."""
        self.post(Letter(self._composer, [delivery], self._digests))

    def send_batch(self, deliveries: Sequence[Delivery]) -> Iterable[Settlement]:
        """Send one message with the reports of all of them, or of those to each target; without digests one of each."""
        if not self._digests:
            yield from super().send_batch(deliveries)
            return
        for _, group in groupby(deliveries, key=lambda delivery: delivery.target):
            together = list(group)
            failure: DeliveryFailure | None = None
            try:
                self.post(Letter(self._composer, together, digest=True))
            except DeliveryFailure as error:
                failure = error
            for delivery in together:
                yield delivery, failure
