"""`health` and `version`."""

from importlib.metadata import version
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from pulp_events_web.context import acting

blueprint = Blueprint("health", __name__, url_prefix="/api/v1", description="The server itself")


class VersionSchema(Schema):
    """Releases."""

    pulp_events = fields.String(required=True)
    pulp_events_web = fields.String(required=True)


@blueprint.route("/version")
class Version(MethodView):
    @blueprint.response(200, VersionSchema)
    def get(self) -> dict[str, Any]:
        """Releases that run"""
        acting().reading  # noqa: B018
        return {"pulp_events": version("pulp-events"), "pulp_events_web": version("pulp-events-web")}
