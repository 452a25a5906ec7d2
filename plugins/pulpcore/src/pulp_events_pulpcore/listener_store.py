"""`PulpListenerStore`: listener records in Pulp's database."""


class PulpListenerStore:
    """Implements `ListenerStore` by the models in `app`."""

    def __init__(self, keep_history: float) -> None:
        raise NotImplementedError  # helper P3, at once
