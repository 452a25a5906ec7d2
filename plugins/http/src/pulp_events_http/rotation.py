"""`rotate-secret` and `show-secret`: commands on the signing secret of a listener."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields

from pulp_events.errors import InvalidConfig
from pulp_events.fields import Duration, format_duration
from pulp_events.notifier import Action, Config
from pulp_events.secrets import describe_reference, is_reference
from pulp_events_http.signing_keys import GENERATE, GENERATE_ED25519, PRIVATE, SYMMETRIC, generate, public_key

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener
    from pulp_events.listeners.listeners import Listeners


class RotateOptions(Schema):
    """Options of `rotate-secret`."""

    overlap = Duration(
        load_default=86400.0,
        metadata={"help": "how long the old secret signs too; 0 ends it at once"},
    )
    secret = fields.String(
        load_default=GENERATE,
        metadata={
            "help": f"the new secret; {GENERATE} (the default) makes one of the old one's kind, "
            f"{GENERATE_ED25519} a key pair",
            "secret": True,
        },
    )


def rotate(listeners: Listeners, listener: Listener, options: Config) -> str:
    """Give the listener a new secret; the old one signs beside it for the time of the overlap."""
    old = listener.notifier_config.get("secret")
    new: Any = options.get("secret", GENERATE)
    made = new in (GENERATE, GENERATE_ED25519)
    if made:
        asymmetric = new == GENERATE_ED25519 or (isinstance(old, str) and old.startswith(PRIVATE))
        new = _generate(PRIVATE if asymmetric else SYMMETRIC)
    overlap = float(options.get("overlap", 86400.0))
    change: dict[str, Any] = {"secret": new, "previous_secret": None, "previous_secret_until": None}
    if old is not None and overlap:
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=overlap)
        # A reference stays one: it is read at each opening of a channel, as before.
        change["previous_secret"] = dict(old) if is_reference(old) else old
        change["previous_secret_until"] = until.isoformat()
    listeners.update(listener.id, notifier_config=change)
    lines = [_describe(new) if made else "The new secret was taken."]
    if change["previous_secret_until"]:
        lines.append(f"The old secret signs too for {format_duration(overlap)}, until {until:%Y-%m-%d %H:%M:%S} UTC.")
    return "\n".join(lines)


def show(listeners: Listeners, listener: Listener, options: Config) -> str:
    """What the receiver of the listener's requests needs to check their signatures."""
    secret = listener.notifier_config.get("secret")
    if secret is None:
        raise InvalidConfig(f"listener {listener.id} does not sign; `rotate-secret` gives it a secret")
    return _describe(secret)


def _describe(secret: Any) -> str:
    if is_reference(secret):
        return f"The secret is read from {describe_reference(secret)}."
    if secret.startswith(PRIVATE):
        return f"Public key for the receiver: {public_key(secret)}"
    return f"Secret for the receiver: {secret}"


def _generate(kind: str) -> str:
    try:
        return generate(kind)
    except ValueError as error:
        raise InvalidConfig(f"an ed25519 secret {error}") from None


ACTIONS = (
    Action("rotate-secret", "give a listener a new signing secret, and print it", rotate, RotateOptions),
    Action("show-secret", "print what the receiver needs to check a listener's signatures", show),
)
