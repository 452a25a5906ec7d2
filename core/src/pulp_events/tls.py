"""TLS for notifiers: a context of what administrators name, with a clear error for a file that cannot be used."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from pulp_events.errors import TransientFailure

_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
"""Names under which OpenSSL looks for certificates in a folder."""


def client_context(
    ca_path: str | None = None, cert: str | None = None, key: str | None = None, *, verify: bool = True
) -> ssl.SSLContext:
    """A context that verifies the certificate and host name and requires TLS 1.2 or newer.

    `ca_path`: file (PEM) or folder (as of `openssl rehash`) of trusted certificate authorities, instead of the
    system's. `cert`, `key`: files (PEM) of the client certificate, with its intermediate certificates, and of its key,
    which may be in the same file. `verify`: False encrypts but accepts any certificate.

    Raises TransientFailure if a file cannot be used: an administrator can fix it.
    """
    is_folder = ca_path is not None and Path(ca_path).is_dir()
    try:
        context = ssl.create_default_context(
            cafile=None if is_folder else ca_path, capath=ca_path if is_folder else None
        )
    except OSError as error:  # ssl.SSLError, for a file that is no certificate, is one too
        raise ca_unusable(str(ca_path), error) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert is not None:
        _load_certificate(context, cert, key)
    return context


def ca_fault(path: str) -> str:
    """Why nothing can be verified with the authorities in `path`, for a warning; empty if something can.

    Beside what `client_context` refuses that is a folder that OpenSSL finds no certificate in.
    """
    try:
        client_context(path)
        if not Path(path).is_dir() or any(_HASHED.fullmatch(each.name) for each in Path(path).iterdir()):
            return ""
    except TransientFailure as error:
        return str(error)
    except OSError as error:
        return str(ca_unusable(path, error))
    return f"the CA certificates in {path} cannot be used: no file there has a name as `openssl rehash` gives it"


def ca_unusable(path: str, error: OSError) -> TransientFailure:
    """What to raise where the authorities cannot be read, or are none."""
    reason = error.strerror if not isinstance(error, ssl.SSLError) else "it holds no CA certificates in PEM form"
    return TransientFailure(f"the CA certificates in {path} cannot be used: {reason}")


def certificate_unusable(cert: str, key: str | None, error: OSError | ValueError) -> TransientFailure:
    """What to raise where the client certificate, or its key, cannot be read, or is none."""
    if isinstance(error, ssl.SSLError):
        reason = "the key does not match it" if error.reason == "KEY_VALUES_MISMATCH" else "not in PEM form"
    elif isinstance(error, OSError):
        reason = error.strerror or "cannot be read"
    else:
        reason = str(error)
    named = cert if key is None else f"{cert} with the key {key}"
    return TransientFailure(f"the client certificate {named} cannot be used: {reason}")


def _load_certificate(context: ssl.SSLContext, cert: str, key: str | None) -> None:
    def refuse() -> str:  # without this OpenSSL would ask on the terminal
        raise ValueError("the key is encrypted; store it without a passphrase, readable by the worker only")

    try:
        context.load_cert_chain(cert, key, password=refuse)
    except (OSError, ValueError) as error:
        raise certificate_unusable(cert, key, error) from error
