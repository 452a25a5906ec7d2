"""`python -m pulp_events_cli`: the same as `pulp-admin`."""

import sys

from pulp_events_cli.main import main

sys.exit(main())
