"""A listener as a form.

| file | holds |
|---|---|
| `field.py` | `Field`: one field as it is shown, with what was typed and what is wrong with it |
| `controls.py` | from a marshmallow field to a control, and from what was typed to a value of JSON |
| `wording.py` | what is said of a field, whoever wrote its help |
| `configuration.py` | the fields of a notifier's schema, anybody's |
| `carried.py` | what it carries from page to page besides what is typed |
| `attributes.py` | the fields of a listener's own attributes |
| `listener_form.py` | both together: shown, read, stored; and what another person changed meanwhile |
"""
