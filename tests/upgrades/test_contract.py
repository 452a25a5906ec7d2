"""Settings, options, JSON, files of listeners and what leaves by HTTP: what the last release had is there as it was."""

import agreed
import contract
import pytest


def test_the_contract_is_kept():
    kept = set(agreed.last("contract", ".txt").read_text("utf-8").splitlines())
    assert len(kept) > 1000
    agreed.check("contract", kept - {*contract.lines()}, "keep it, and deprecate it where it is to go")


def test_what_was_agreed_on_passes_for_as_long_as_it_is_so(tmp_path, monkeypatch):
    monkeypatch.setattr(agreed, "HERE", tmp_path)
    (tmp_path / "agreed.toml").write_text('[[contract]]\nwhat = "option --old"\nwhy = "nobody could use it"\n')
    agreed.check("contract", {"option --old"}, "keep it")
    with pytest.raises(AssertionError, match=r"(?s)agreed on, and not so.*\n  option --old"):
        agreed.check("contract", set(), "keep it")
    with pytest.raises(AssertionError, match=r"(?s)keep it \(.*:\n  option --another\n  option --other$"):
        agreed.check("contract", {"option --old", "option --other", "option --another"}, "keep it")
    with pytest.raises(AssertionError, match="keep it"):
        agreed.check("api", {"option --old"}, "keep it")
