"""What the API takes and answers, as marshmallow schemas, from which the OpenAPI document is made."""
