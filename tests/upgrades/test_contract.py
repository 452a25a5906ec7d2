"""Settings, options, JSON, files of listeners and what leaves by HTTP: what the last release had is there as it was."""

import agreed
import contract


def test_the_contract_is_kept():
    kept = set(agreed.last("contract", ".txt").read_text("utf-8").splitlines())
    assert len(kept) > 1000
    agreed.check("contract", kept - {*contract.lines()}, "keep it, and deprecate it where it is to go")
