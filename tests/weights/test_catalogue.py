"""The catalogue that is shipped, and what `auto` picks from it."""

from __future__ import annotations

import pytest

from punie_acp.weights.catalogue import choose_model, find_model, load_catalogue
from punie_acp.weights.errors import WeightsError
from punie_acp.weights.sources import DEVICES, HOLDINGS, HubFile, HubRepository, IndexWheels

GB = 10**9


@pytest.mark.parametrize(
    ("memory", "holding", "name"),
    [
        (3 * GB, "cpu", "qwen2.5-coder-0.5b"),
        (4 * GB, "cpu", "qwen2.5-coder-1.5b"),
        (4 * GB, "cpu-float32", "qwen2.5-coder-0.5b"),
        (8 * GB, "cpu-float32", "qwen2.5-coder-1.5b"),
        (25 * GB, "cpu", "qwen2.5-coder-1.5b"),
        (256 * GB, "cpu", "qwen2.5-coder-1.5b"),  # larger ones fit, but a CPU is too slow for them
        (8 * GB, "metal", "qwen2.5-coder-1.5b"),
        (16 * GB, "metal", "qwen2.5-coder-7b"),
        (34 * GB, "metal", "qwen3-coder-30b-a3b"),
        (24 * GB, "cuda", "qwen3-coder-30b-a3b"),
        (6 * GB, "cuda", "qwen2.5-coder-1.5b"),
    ],
)
def test_auto_picks_by_memory_and_how_it_holds_weights(memory, holding, name):
    assert choose_model(memory, holding).name == name


def test_what_auto_picks_fits_the_memory_it_was_picked_for():
    for model in load_catalogue():
        for holding, least in model.min_memory.items():
            if least:
                assert model.memory_bytes[holding] <= least * 1.05, model.name


def test_every_model_can_be_had_on_every_device_and_has_what_a_table_shows():
    for model in load_catalogue():
        assert set(model.memory_bytes) == set(HOLDINGS)
        assert model.title
        assert model.license
        assert model.dialect == ("xml" if model.name.startswith("qwen3-coder") else "fence")
        for device in DEVICES:
            assert model.sources_for(device), (model.name, device)


def test_both_ways_to_a_gguf_name_the_same_bytes_and_a_cpu_needs_no_hub():
    for name, parts in (("qwen2.5-coder-1.5b", 22), ("qwen2.5-coder-0.5b", 6)):
        model = find_model(name, load_catalogue())
        index, hub = model.sources_for("cpu")
        assert isinstance(index, IndexWheels)
        assert isinstance(hub, HubFile)
        assert len(index.packages) == parts
        assert index.packages[-1].endswith(f"part{parts}")
        assert (index.bytes, index.sha256) == (hub.bytes, hub.sha256)
        assert isinstance(model.sources_for("metal")[0], HubRepository)


def test_names_are_found_whatever_their_case_and_misspelt_ones_are_answered_with_near_ones():
    assert find_model("Qwen3-Coder-30B-A3B", load_catalogue()).family == "qwen3_moe"
    with pytest.raises(
        WeightsError, match=r"No model called 'qwen2.5-coder-15b' is known; there are: qwen2\.5-coder-1\.5b"
    ):
        find_model("qwen2.5-coder-15b", load_catalogue())
