"""Which mail addresses are taken, and in what form they are written."""

from __future__ import annotations

_INTERNAL = ("local", "localhost", "test")
"""Special-use domains (RFC 6761, RFC 6762) for mail inside of a network, which email-validator refuses."""


def normalise(address: str) -> str:
    """The address as it is stored: its domain in lower case and Unicode, its local part as it was given.

    Raises ValueError, with what is wrong, for what is not `local-part@domain` (RFC 5321 §4.1.2). Nothing is looked up.
    """
    return _validate(address)[0]


def envelope_form(address: str) -> str:
    """The address as SMTP carries it: in ASCII, an internationalised domain as IDNA (RFC 5891), wherever that can be.

    A local part beyond ASCII has no such form: the address stays as it is and needs SMTPUTF8 (RFC 6531).
    """
    return address if address.isascii() else _validate(address)[1]


def split_sender(text: str) -> tuple[str, str]:
    """Display name, empty if there is none, and address of `no-reply@your.domain` or `Pulp <no-reply@your.domain>`.

    Raises ValueError for anything else.
    """
    text = text.strip()
    name, bracket, rest = text.rpartition("<")
    if not bracket:
        return "", normalise(text)
    name = name.strip().removeprefix('"').removesuffix('"')
    if not rest.endswith(">") or not name.isprintable() or len(name) > 100:
        raise ValueError("Write an address, or a name and an address: Pulp <no-reply@your.domain>.")
    return name, normalise(rest[:-1])


def _validate(address: str) -> tuple[str, str]:
    from email_validator import EmailNotValidError, validate_email

    # email-validator refuses these domains, and would take them only by changing it for the whole process. So it is
    # shown the address with a public suffix behind it, to which all the other rules apply in the same way.
    suffix = ".com" if address.rpartition("@")[2].rpartition(".")[2].lower() in _INTERNAL else ""
    try:
        valid = validate_email(
            address + suffix,
            allow_smtputf8=True,
            allow_domain_literal=True,
            check_deliverability=False,
            globally_deliverable=False,
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    ascii_form = valid.ascii_email or valid.normalized
    return valid.normalized.removesuffix(suffix), ascii_form.removesuffix(suffix)
