"""The walk from one release to the next, ended in every way there is: a sample of what scripts/crash tries. Old or new,
whole, and the next start finishes the job with no hand."""
import pathlib
import sys

import pytest

from harness import programs

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "lib"))

import crash  # noqa: E402

TASKS = tuple(crash.TASKS)


@pytest.fixture(name="ground", scope="module")
def make_ground():
    with crash.Ground(programs.BIN / "crash_walk", workers=2) as ground:
        yield ground


def all_well(count, at_least):
    assert (count.torn, count.unfinished) == (0, 0), "\n".join(count.faults)
    assert count.tried >= at_least


def test_killed_at_any_call_it_leaves_the_old_or_the_new_release_and_goes_on(ground):
    all_well(crash.kill_points(ground, TASKS, sample=24), at_least=20)


def test_whichever_call_fails_it_leaves_the_old_or_the_new_release_and_goes_on(ground):
    all_well(crash.io_faults(ground, TASKS, sample=30), at_least=15)


def test_whatever_a_power_cut_loses_or_reorders_of_what_was_not_synced(ground):
    all_well(crash.model_states(ground, TASKS, most=60), at_least=150)


def test_states_of_a_disk_that_syncs_nothing_are_torn(ground):
    """Without this, a model that loses nothing would pass."""
    assert crash.model_states(ground, ["update"], most=100, deaf=True).torn > 0


@pytest.mark.networks
@pytest.mark.parametrize("name", crash.FILE_SYSTEMS)
def test_a_power_cut_on_a_real_file_system_leaves_the_old_or_the_new_release(ground, name):
    if why_not := crash.why_no_cuts(ground):
        pytest.skip(why_not)
    all_well(crash.power_cuts(ground, name, most=12), at_least=12)
    assert crash.power_cuts(ground, name, most=15, deaf=True).torn > 0, "the power was not really cut"


def test_a_state_file_that_comes_back_changed_or_cut_off_is_found_out(ground):
    all_well(crash.corruptions(ground, most=80), at_least=150)
