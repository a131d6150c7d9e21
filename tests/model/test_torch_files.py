"""PyTorch files; these tests need the extra `train`."""

import pickle

import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn
from boolrnn.errors import WeightsError
from boolrnn.model import formats

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")


class Net(torch.nn.Module):
    """Embedding -> RNN -> Linear, as people write it."""

    def __init__(self):
        super().__init__()
        self.emb = torch.nn.Embedding(5, 3)
        self.rnn = torch.nn.RNN(3, 8, batch_first=True)
        self.fc = torch.nn.Linear(8, 5)

    def forward(self, symbols):
        return self.fc(self.rnn(self.emb(symbols))[0])


@pytest.mark.parametrize("name", ["w.pt", "w.pth", "pytorch_model.bin"])
@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"epoch": 3, "state_dict": s}])
def test_a_module_is_read_as_it_computes(tmp_path, name, wrap):
    torch.manual_seed(1)
    net = Net()
    torch.save(wrap(net.state_dict()), tmp_path / name)
    source = boolrnn.read_source(tmp_path / name)
    text = text_of(0, 20, 5)
    with torch.no_grad():
        expected = net(torch.from_numpy(text)[None])[0].numpy()
    run = boolrnn.trace(source.weights, text)
    assert boolrnn.logits(source.weights, run.hidden) == pytest.approx(expected, abs=1e-5)
    assert 0 < source.folding < 1e-6


@pytest.mark.parametrize("name", ["w.pt", "w.pth"])
def test_weights_survive_the_round_trip(tmp_path, name):
    weights = random_net(3, 6, 4, outputs=2)
    boolrnn.write_weights(weights, tmp_path / name)
    assert boolrnn.read_weights(tmp_path / name).sha256() == weights.sha256()


def test_other_cells_and_pickles_are_refused(tmp_path):
    path = tmp_path / "w.pt"
    torch.save(torch.nn.LSTM(3, 4).state_dict(), path)
    with pytest.raises(WeightsError, match="recognised an LSTM"):
        boolrnn.read_weights(path)
    torch.save({"nonlinearity": "relu", "state_dict": Net().state_dict()}, path)
    with pytest.raises(WeightsError, match="'relu'"):
        boolrnn.read_weights(path)
    torch.save(Net(), path)  # a pickled module
    with pytest.raises(WeightsError, match="weights_only") as error:
        boolrnn.read_weights(path)
    assert "\n" not in str(error.value)
    for data in (b"", b"nothing", pickle.dumps(np.zeros(3))):
        path.write_bytes(data)
        with pytest.raises(WeightsError, match="no PyTorch state dict"):
            boolrnn.read_weights(path)
    for odd in (
        torch.ones(8, 8).to(torch.float8_e4m3fn),
        torch.eye(8).to_sparse(),
        torch.ones(8, 8).to("meta"),
    ):
        torch.save(Net().state_dict() | {"rnn.weight_hh_l0": odd}, path)
        with pytest.raises(
            WeightsError, match="weight_hh_l0: a tensor of .*expected dense float32|weights_only"
        ):
            boolrnn.read_weights(path)
    for nested in ({"hyper_parameters": {"nonlinearity": "relu"}}, {"config": {"activation": "relu"}}):
        torch.save(nested | {"state_dict": Net().state_dict()}, path)
        with pytest.raises(WeightsError, match="'relu'"):
            boolrnn.read_weights(path)
    state = Net().state_dict()
    for beside in ({"embedding": {"weight": state["emb.weight"]}}, {"table": state["emb.weight"]}):
        torch.save(beside | {"model": state, "optimizer": {"m": torch.ones(3)}}, path)
        with pytest.raises(WeightsError, match="tensors beside model"):
            boolrnn.read_weights(path)
    torch.save({"model": state, "alphabet": torch.tensor([97, 98, 99, 100, 101]), "optimizer": {}}, path)
    assert bytes(boolrnn.read_weights(path).alphabet) == b"abcde"
    torch.save({"epoch": 3, "nothing": {}}, path)
    with pytest.raises(WeightsError, match="no tensors; found: epoch, nothing"):
        boolrnn.read_weights(path)
    torch.save({"net": Net().state_dict(), "alphabet": "abcde"}, path)
    assert bytes(boolrnn.read_weights(path).alphabet) == b"abcde"
    torch.save(torch.zeros(3), path)
    with pytest.raises(WeightsError, match="expected a state dict"):
        boolrnn.read_weights(path)


def test_reading_goes_through_the_lazy_door(tmp_path):
    assert formats._torch_files().__name__ == "boolrnn.model.torch_files"
