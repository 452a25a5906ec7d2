"""A listener's configuration as it is now, with the files and variables that it names: one owner of that fact."""

from __future__ import annotations

import os
import threading
from collections.abc import Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pulp_events.dispatcher.traits import Traits
from pulp_events.errors import EventsError, TransientFailure
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.named_files import files_in
from pulp_events.listeners.notifier_config import complete, secrets_of
from pulp_events.listeners.time_limit import has_timeout, settings_for
from pulp_events.plugins import boundary
from pulp_events.references import references_in
from pulp_events.secrets import Scrubber
from pulp_events.system.clock import Clock
from pulp_events.system.file_version import FileVersions

if TYPE_CHECKING:
    from pulp_events.networks import Networks

HOLDS = 0.4
"""Seconds for which what was seen of the files holds; an attempt is made by what they held at most a second before."""


class Configuration:
    """`generation` changes whenever a channel that was opened before must not be used any more."""

    def __init__(self, listener: Listener, traits: Traits, files: FileVersions, clock: Clock) -> None:
        self._traits = traits
        self._files = files
        self._clock = clock
        self._lock = threading.RLock()
        self._listener = listener
        self._names = self._what_it_names()
        self._seen = self._versions_of_named()
        self._looked = clock.monotonic()
        self._generation = 0
        self._scrubber: Scrubber | None = None

    def use_record(self, listener: Listener) -> bool:
        """The record was written again; True if its configuration differs."""
        with self._lock:
            before, self._listener = self._listener, listener
            changed = listener.notifier_config != before.notifier_config
            if listener.timeout != before.timeout:
                self._generation += 1
            if listener.untrusted != before.untrusted:  # what was opened for one is not for the other
                changed = True
            if changed:
                self._names = self._what_it_names()
                self._seen = self._versions_of_named()
                self._renew()
            return changed

    @property
    def generation(self) -> int:
        """That of now: what is outside the record is looked at too."""
        if self._names and self._clock.monotonic() - self._looked >= HOLDS:
            with self._lock:
                self._looked = self._clock.monotonic()
                if (seen := self._versions_of_named()) != self._seen:
                    self._seen = seen
                    self._renew()
        return self._generation

    def read(self) -> tuple[dict[str, Any], int, Networks | None]:
        """The configuration, completed, its generation, and the networks that hold for it; None for a trusted author's.

        Raises SettingsError, InvalidConfig; TransientFailure for
        what a listener of an untrusted author may not have, whoever put it into the record."""
        generation = self.generation  # first: should anything change while it is read, it is read again
        listener, networks = self._listener, None
        if listener.untrusted:
            networks = self._traits.limits.networks
            try:
                self._traits.limits.refuse_config(self._traits.notifier, listener.notifier_config)
            except EventsError as error:
                raise TransientFailure(f"{listener.author}: {error}") from None
        return complete(self._traits.notifier, listener.notifier_config, self._traits.schema), generation, networks

    def settings(self) -> Mapping[str, Any]:
        """The notifier's section of server.conf, with this listener's own time limit. Raises InvalidConfig."""
        return settings_for(self._traits.notifier, self._traits.settings, self._listener.timeout)

    @property
    def is_kept_here(self) -> bool:
        """True if the notifier is not told the limit, so that only the dispatcher keeps it."""
        return self._listener.timeout is not None and not has_timeout(self._traits.notifier)

    def limit(self, config: Mapping[str, Any], settings: Mapping[str, Any]) -> float:
        """Seconds that one attempt may take. Whatever the notifier does may be raised."""
        if self._listener.timeout is not None and self.is_kept_here:
            return self._listener.timeout
        return boundary.limit_of(self._traits.notifier, config, settings)

    @property
    def scrubber(self) -> Scrubber:
        """Knows the secrets of the configuration and of the notifier's settings."""
        with self._lock:
            if self._scrubber is None:
                self._scrubber = Scrubber(list(self._secrets()))
            return self._scrubber

    def _renew(self) -> None:
        self._generation += 1
        self._scrubber = None

    def _what_it_names(self) -> list[tuple[str, str]]:
        """`($file | $env, name)` of everything outside the record that it is made of."""
        config = self._listener.notifier_config
        if self._listener.untrusted:  # it names nothing, whatever stands in it
            return [("$file", path) for path in self._traits.settings_files]
        named = [("$file", path) for path in files_in(config, self._traits.file_keys)]
        named += [("$file", path) for path in self._traits.settings_files]
        for key in self._traits.secretive_keys & config.keys():
            named += [item for each in references_in(config[key]) for item in each.items() if "$env" in item]
        return named

    def _versions_of_named(self) -> tuple[Hashable, ...]:
        return tuple(
            self._files.of(name, HOLDS) if kind == "$file" else os.environ.get(name) for kind, name in self._names
        )

    def _secrets(self) -> Iterator[Any]:
        if not self._traits.secretive_keys.isdisjoint(self._listener.notifier_config):
            reads = not self._listener.untrusted
            yield from secrets_of(self._traits.schema, self._listener.notifier_config, reads=reads)
        yield from self._traits.settings_secrets
