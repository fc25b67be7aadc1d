"""The workflow that publishes the site: it proves before it publishes, and may do no more than that."""

import re
from typing import Any

import pytest
import yaml
from project import ROOT


@pytest.fixture
def workflow() -> dict[Any, Any]:
    return yaml.safe_load((ROOT / ".github" / "workflows" / "site.yml").read_text())


def test_every_action_is_pinned_to_a_commit(workflow):
    """A tag can be moved to other code, a commit cannot."""
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)] == []


def test_only_the_job_that_publishes_may_write(workflow):
    assert workflow["permissions"] == {}
    writes = {
        name: {kind for kind, may in job["permissions"].items() if may == "write"}
        for name, job in workflow["jobs"].items()
    }
    assert writes == {"prove": set(), "publish": {"pages", "id-token"}}


def test_nothing_is_published_that_was_not_proved(workflow):
    prove, publish = workflow["jobs"]["prove"], workflow["jobs"]["publish"]
    commands = [step.get("run") for step in prove["steps"]]
    assert commands.index("bash .ci/run") < commands.index("make build")
    assert publish["needs"] == "prove"
