"""`requirements.txt` and those in `requirements/` are in step with `pyproject.toml`, and this environment with them."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gatehouse.settings import ROOT

LINE = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\$", re.MULTILINE)


STACK = ("dask", "notifications", "s3", "stack", "local")
LOCKS = {"requirements.txt": STACK, "requirements/dev.txt": (*STACK, "boosting", "dev")}


def direct(*extra: str) -> list[Requirement]:
    """The direct dependencies that `pyproject.toml` names, with those of extras, as far as this platform needs them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    texts = [*project["dependencies"], *(text for each in extra for text in extras[each])]
    return [each for each in map(Requirement, texts) if each.marker is None or each.marker.evaluate()]


def optional(extra: str) -> list[Requirement]:
    """What an extra of `pyproject.toml` names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return list(map(Requirement, project["optional-dependencies"][extra]))


def locked(lock: str) -> dict[str, str]:
    """What a lock pins for this Python and platform: name -> version."""
    found = {}
    for name, pinned, marker in LINE.findall((ROOT / lock).read_text()):
        if not marker or Requirement(f"x; {marker}").marker.evaluate():
            found[canonicalize_name(name)] = pinned
    return found


def needed(*extra: str) -> set[str]:
    """Everything that the direct dependencies need here, by what the installed packages declare."""
    waiting, seen = [(each, "") for each in direct(*extra)], set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted in {"", *requirement.extras}:
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                waiting += [(Requirement(text), wanted) for text in requires(name) or []]
    return {name for name, _ in seen}


@pytest.mark.parametrize("lock", LOCKS)
def test_each_direct_dependency_is_locked_at_an_allowed_version(lock):
    """A dependency that is added or tightened in pyproject.toml without `make lock` is found."""
    pins, wanted = locked(lock), direct(*LOCKS[lock])
    wrong = [str(each) for each in wanted if not each.specifier.contains(pins.get(canonicalize_name(each.name), "0"))]
    assert wrong == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_just_what_is_needed(lock):
    """Nothing that is needed is missing from a lock, and nothing in it is left over from a dependency that went."""
    assert needed(*LOCKS[lock]) == set(locked(lock))


@pytest.mark.parametrize("part", ["requirements.txt", "requirements/boosting.txt"])
def test_what_runs_has_the_versions_that_are_tested(part):
    """requirements/dev.txt has every pin of what `make run` and `make install-boosting` install."""
    assert locked(part).items() <= locked("requirements/dev.txt").items()


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_pinned_with_hashes(lock):
    """Every pin carries at least one sha256, so that pip refuses anything else."""
    blocks = re.split(r"^(?=[A-Za-z0-9._-]+==)", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert len(blocks) > 150
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_this_environment_is_the_locked_one():
    """What is installed here has the versions that the lock names."""

    def installed(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return "not installed"

    pins = locked("requirements/dev.txt")
    assert {name: installed(name) for name in pins} == pins


def test_each_direct_dependency_has_its_line_in_the_documents():
    """docs/reference/dependencies.md says of each dependency why it is there."""
    text = (ROOT / "docs" / "reference" / "dependencies.md").read_text().lower()
    assert [
        each.name
        for each in (*direct(*STACK, "boosting", "dev"), *optional("spark"), *optional("docs"))
        if each.name.lower().removeprefix("types-") not in text
        and "stubs" not in each.name
        and not each.name.startswith("types-")
    ] == []


@pytest.mark.parametrize("extra", ["boosting", "spark", "docs"])
def test_an_optional_lock_holds_what_its_extra_allows(extra):
    """The lock of an extra pins what `pyproject.toml` names, each with a hash."""
    text = (ROOT / "requirements" / f"{extra}.txt").read_text()
    pins = {canonicalize_name(name): pinned for name, pinned, _ in LINE.findall(text)}
    for each in optional(extra):
        assert each.specifier.contains(pins[canonicalize_name(each.name)])
    blocks = re.split(r"^(?=[A-Za-z0-9._-]+==)", text, flags=re.MULTILINE)[1:]
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []
