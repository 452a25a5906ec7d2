"""What serializers that belong to no model have in common."""

from typing import Any

from rest_framework import serializers


class EventsSerializer(serializers.Serializer):
    """In the API's description it is `events.NAME`, as those of models are: other plugins have names too."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.Meta = type("Meta", (), {"ref_name": f"events.{cls.__name__.removesuffix('Serializer')}"})
