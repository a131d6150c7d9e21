"""What fragility shows: sheets of every kind of answer, and the figure of the map."""

import dataclasses
import importlib

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from nets import random_net, text_of

from boolrnn.clauses.fragility import fragility
from boolrnn.errors import OptionError
from boolrnn.report.figures import draw, write_figure
from boolrnn.report.sheets import sheet
from boolrnn.report.terminal import to_csv

ASKED = {
    "map": {},
    "predictions": {"predictions": True},
    "some predictions": {"predictions": True, "positions": "2:9:3", "states": "network"},
    "predicted": {"at": 3},
    "bits": {"at": 3, "steps": 2, "bits": [1, 4]},
    "rank": {"at": 3, "steps": 0, "rank": True},
    "refuted": {"at": 3, "bit": 2, "only": [0], "most": 1},
    "cheapest": {"at": 3, "weights": "margin"},
    "substitutions": {"at": 3, "steps": 3, "edit_symbols": True},
    "near": {"at": 3, "near": 0.5, "within": 2},
    "far": {"at": 3, "near": 1e-30, "within": 1},
}


@pytest.mark.parametrize("asked", ASKED)
def test_every_answer_has_a_sheet(asked):
    for weights in (random_net(2, 9, 4), random_net(3, 9, 4, outputs=4, scale=0.0)):
        found = fragility(weights, text_of(2, 12, 4), **ASKED[asked])
        page = sheet(found)
        assert page.sentence.startswith(found.question)
        said = {"sat": "Yes: ", "unsat": "No.", "unknown": "Unknown."}[found.verdict]
        assert page.sentence[len(found.question) + 1 :].startswith(said)
        assert all(len(row) == len(table.columns) for table in page.tables for row in table.rows)
        assert len(to_csv(page.tables[-1]).splitlines()) == 1 + len(page.tables[-1].rows)


def test_what_is_not_known_is_said():
    found = fragility(random_net(2, 9, 4), text_of(2, 12, 4), at=3)
    open_ = dataclasses.replace(found, verdict="unknown", note="the budget ended", witness_flips=None)
    assert sheet(open_).sentence.endswith("Unknown.")
    assert sheet(open_).warnings == ["the budget ended."]
    unsure = dataclasses.replace(found, proved=False, note="no proof")
    assert sheet(unsure).sentence.endswith(" at most.")
    assert sheet(dataclasses.replace(found, interrupted=True)).warnings[0].startswith("interrupted")


@pytest.mark.parametrize("length", [1, 2, 30, 1300])
def test_the_map_is_drawn(length):
    for weights in (random_net(2, 9, 4), random_net(2, 5, 4, scale=0.0)):
        figure = draw(fragility(weights, text_of(2, length, 4)))
        FigureCanvasAgg(figure).draw()
        assert figure.axes[0].get_title(loc="left")


def test_cells_of_one_flip_are_marked():
    found = fragility(random_net(2, 9, 4), text_of(2, 30, 4))
    images = draw(found).axes[0].get_images()
    marked = np.asarray(images[1].get_array())[..., 3] > 0
    assert (marked == (found.distance[1:] == 1).T).all()


def test_the_map_of_predictions_is_drawn(monkeypatch):
    monkeypatch.setattr(importlib.import_module("boolrnn.report.figures.fragility"), "_BARS", 10)
    for outputs, length, positions in ((4, 30, None), (1, 1, None), (4, 9, "0:0")):
        weights = random_net(2, 9, 4, outputs)
        found = fragility(weights, text_of(2, length, 4), predictions=True, positions=positions)
        figure = draw(found)
        FigureCanvasAgg(figure).draw()
        assert "what it predicts" in figure.axes[0].get_title(loc="left")


def test_bars_are_as_high_as_the_flips():
    found = fragility(random_net(2, 9, 4), text_of(2, 30, 4), predictions=True)
    heights = [bar.get_height() for bar in draw(found).axes[0].patches]
    assert heights == found.prediction_fewest.tolist()
    table = sheet(found).tables[-1]
    assert [row[1] for row in table.rows] == heights
    assert table.rows[3][2] == " ".join(
        f"h{j}" for j in found.prediction_flips[slice(*found.prediction_offsets[3:5])]
    )


def test_only_the_map_is_drawn(tmp_path):
    found = fragility(random_net(2, 9, 4), text_of(2, 12, 4), at=3)
    with pytest.raises(OptionError, match="draws the map only"):
        write_figure(found, tmp_path / "f.svg")
