"""What serializers that belong to no model have in common."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class EventsSerializer(serializers.Serializer):
    """In the API's description it is `events.NAME`, as those of models are: other plugins have names too."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.Meta = type("Meta", (), {"ref_name": f"events.{cls.__name__.removesuffix('Serializer')}"})

    passed_over: frozenset[str] = frozenset()
    """Names that somebody else reads."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuses what there is no field for, as Pulp's serializers of models do."""
        if isinstance(data, Mapping) and (
            unknown := sorted({str(key) for key in data} - set(self.fields) - self.passed_over)
        ):
            raise serializers.ValidationError({key: ["Unexpected field."] for key in unknown})
        return super().to_internal_value(data)
