"""Each operation on both engines against NumPy, at shapes the towers do not reach."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import pytest

from indexer.errors import IndexerError, ModelError
from indexer.models import engine_onnx
from indexer.models.engine import choose_engine
from indexer.models.ops import Engine, Input

CHANCE = np.random.default_rng(7)


def noise(*shape: int) -> np.ndarray:
    return CHANCE.standard_normal(shape).astype(np.float32)


@pytest.fixture(scope="module", params=["onnx", "mlx"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return choose_engine(request.param).engine


def run(
    engine: Engine, pass_: Callable[[Any, Mapping[str, Any]], Any], weights: dict[str, np.ndarray], **inputs: np.ndarray
) -> np.ndarray:
    """Run a pass on inputs whose first axis varies."""
    entries = {name: Input(str(value.dtype), (None, *value.shape[1:])) for name, value in inputs.items()}
    return engine.prepare(pass_, weights, entries)(**inputs)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attend(q: np.ndarray, k: np.ndarray, v: np.ndarray, heads: int, seen: np.ndarray) -> np.ndarray:
    """Attention in NumPy; seen (N, Tq, Tk)."""

    def split(x: np.ndarray) -> np.ndarray:
        return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)

    q, k, v = split(q), split(k), split(v)
    scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[-1])
    scores = np.where(seen[:, None], scores, -np.inf)
    return (softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(len(q), q.shape[2], -1)


@pytest.mark.parametrize(
    ("kind", "formula"),
    [
        ("gelu", lambda x: x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2),
        ("gelu_tanh", lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2),
        ("quick_gelu", lambda x: x / (1 + np.exp(-1.702 * x))),
        ("relu6", lambda x: np.clip(x, 0, 6)),
    ],
)
def test_activations(engine: Engine, kind: str, formula: Callable[[np.ndarray], np.ndarray]) -> None:
    x = np.linspace(-9, 9, 400, dtype=np.float32).reshape(4, 100)
    found = run(engine, lambda ops, i: ops.activate(i["x"], kind), {}, x=x)
    assert np.abs(found - formula(x.astype(np.float64))).max() < 2e-6


def test_attention_of_one_query(engine: Engine) -> None:
    q, k, v = noise(3, 1, 24), noise(3, 7, 24), noise(3, 7, 24)
    found = run(engine, lambda ops, i: ops.attention(i["q"], i["k"], i["v"], heads=3), {}, q=q, k=k, v=v)
    assert np.abs(found - attend(q, k, v, 3, np.ones((3, 1, 7), bool))).max() < 1e-6


def test_attention_adds_its_bias(engine: Engine) -> None:
    q, k, v = (noise(1, 9, 20) for _ in range(3))
    seen = CHANCE.random((1, 9, 9)) < 0.5
    seen |= np.eye(9, dtype=bool)
    bias = np.where(seen, 0, -1e9)[None].astype(np.float32)
    found = run(
        engine,
        lambda ops, i: ops.attention(i["q"], i["k"], i["v"], heads=2, bias=i["bias"]),
        {},
        q=q,
        k=k,
        v=v,
        bias=bias,
    )
    assert np.abs(found - attend(q, k, v, 2, seen)).max() < 1e-6


def test_pick_takes_tokens_of_a_row_in_any_order(engine: Engine) -> None:
    x, index = noise(1, 9, 5), np.array([8, 0, 3, 3], np.int32)
    assert np.array_equal(run(engine, lambda ops, i: ops.pick(i["x"], i["index"]), {}, x=x, index=index), x[0, index])


def test_attention_sees_no_later_token(engine: Engine) -> None:
    q, k, v = (noise(2, 9, 20) for _ in range(3))
    found = run(engine, lambda ops, i: ops.attention(i["q"], i["k"], i["v"], heads=2, causal=True), {}, q=q, k=k, v=v)
    assert np.abs(found - attend(q, k, v, 2, np.tril(np.ones((2, 9, 9), bool)))).max() < 1e-6


def test_attention_sees_no_masked_token(engine: Engine) -> None:
    q, k, v = (noise(3, 6, 16) for _ in range(3))
    mask = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0]], np.int32)
    found = run(
        engine, lambda ops, i: ops.attention(i["q"], i["k"], i["v"], heads=4, mask=i["m"]), {}, q=q, k=k, v=v, m=mask
    )
    assert np.abs(found - attend(q, k, v, 4, np.repeat(mask[:, None] == 1, 6, axis=1))).max() < 1e-6


@pytest.mark.parametrize(
    ("stride", "padding", "groups"), [(1, (0, 0), 1), (2, (0, 1), 1), (2, (1, 2), 6), (1, (2, 2), 3)]
)
def test_convolution(engine: Engine, stride: int, padding: tuple[int, int], groups: int) -> None:
    x, kernel, bias = noise(2, 11, 8, 6), noise(12, 6 // groups, 3, 3), noise(12)
    padded = np.pad(x, [(0, 0), padding, padding, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::stride, ::stride]
    grouped = windows.reshape(*windows.shape[:3], groups, 6 // groups, 3, 3)  # (N, H', W', g, I, 3, 3)
    expected = np.einsum("nhwgixy,goixy->nhwgo", grouped, kernel.reshape(groups, -1, 6 // groups, 3, 3))
    found = run(
        engine,
        lambda ops, i: ops.convolve(i["x"], "c", stride=stride, padding=padding, groups=groups),
        {"c.weight": kernel, "c.bias": bias},
        x=x,
    )
    assert np.abs(found - (expected.reshape(*expected.shape[:3], 12) + bias)).max() < 2e-5


@pytest.mark.parametrize("bias", [True, False])
def test_linear_of_two_and_three_axes(engine: Engine, bias: bool) -> None:
    weights = {"f.weight": noise(5, 8), "f.bias": noise(5)}
    for x in (noise(3, 8), noise(3, 4, 8)):
        found = run(engine, lambda ops, i: ops.linear(i["x"], "f", bias=bias), weights, x=x)
        expected = x @ weights["f.weight"].T + (weights["f.bias"] if bias else 0)
        assert np.abs(found - expected).max() < 1e-5


@pytest.mark.parametrize("stored", [np.float32, np.float16])
def test_embedding_looks_rows_up(engine: Engine, stored: type) -> None:
    table = noise(9, 5).astype(stored)
    ids = np.array([[0, 8, 3], [3, 3, 1]], np.int32)
    assert np.array_equal(
        run(engine, lambda ops, i: ops.embedding(i["ids"], "t"), {"t.weight": table}, ids=ids), table[ids]
    )


def test_layer_norm_mean_softmax_unit(engine: Engine) -> None:
    x, weights = noise(3, 4, 6) * 3, {"n.weight": noise(6), "n.bias": noise(6)}
    center = x - x.mean(-1, keepdims=True)
    normal = center / np.sqrt((center**2).mean(-1, keepdims=True) + 1e-6) * weights["n.weight"] + weights["n.bias"]
    for expected, pass_ in (
        (normal, lambda ops, i: ops.layer_norm(i["x"], "n", epsilon=1e-6)),
        (x.mean((1, 2)), lambda ops, i: ops.mean(i["x"], (1, 2))),
        (softmax(x), lambda ops, i: ops.softmax(i["x"])),
        (x / np.linalg.norm(x, axis=-1, keepdims=True), lambda ops, i: ops.unit(i["x"])),
    ):
        assert np.abs(run(engine, pass_, weights, x=x) - expected).max() < 2e-6


def test_shapes_and_picks(engine: Engine) -> None:
    x, where = noise(3, 4, 6), np.array([3, 0, 2], np.int32)
    first = noise(1, 1, 6)
    for expected, pass_ in (
        (x.reshape(3, 2, 12), lambda ops, i: ops.reshape(i["x"], (0, 2, -1))),
        (x.transpose(0, 2, 1), lambda ops, i: ops.transpose(i["x"], (0, 2, 1))),
        (x[:, 1], lambda ops, i: ops.take(i["x"], 1)),
        (x[np.arange(3), where], lambda ops, i: ops.take(i["x"], i["where"])),
        (
            np.concatenate([np.repeat(first, 3, 0), x], 1),
            lambda ops, i: ops.concatenate([ops.expand_first(ops.constant(first), i["x"]), i["x"]], axis=1),
        ),
        (
            x * 2 + first,
            lambda ops, i: ops.add(ops.multiply(i["x"], ops.constant(np.float32([2]))), ops.constant(first)),
        ),
    ):
        inputs = {"x": x, "where": where} if expected.ndim == 2 else {"x": x}
        assert np.abs(run(engine, pass_, {}, **inputs) - expected).max() < 1e-6


def test_a_missing_or_misshapen_weight_is_named(engine: Engine) -> None:
    def forward(ops: Any, inputs: Mapping[str, Any]) -> Any:
        return ops.linear(inputs["x"], "f")

    with pytest.raises(ModelError, match=r"lack the tensor f\.weight"):
        run(engine, forward, {}, x=noise(2, 4))
    with pytest.raises(ModelError, match=r"f\.weight is 3 x 5, but the configuration asks for any x 4"):
        run(engine, forward, {"f.weight": noise(3, 5), "f.bias": noise(3)}, x=noise(2, 4))
    with pytest.raises(ModelError, match=r"f\.bias is 2"):
        run(engine, forward, {"f.weight": noise(3, 4), "f.bias": noise(2)}, x=noise(2, 4))


def test_shapes_that_cannot_meet_are_one_error(engine: Engine) -> None:
    with pytest.raises(ModelError):
        run(engine, lambda ops, i: ops.add(i["x"], ops.constant(noise(1, 5))), {}, x=noise(2, 4))


def test_int8_is_close_and_for_onnx_only() -> None:
    weights = {"f.weight": noise(32, 64), "f.bias": noise(32)}
    x = noise(4, 64)

    def forward(ops: Any, inputs: Mapping[str, Any]) -> Any:
        return ops.linear(inputs["x"], "f")

    entries = {"x": Input("float32", (None, 64))}
    onnx_engine, mlx_engine = choose_engine("onnx").engine, choose_engine("mlx").engine
    found = onnx_engine.prepare(forward, weights, entries, precision="int8")(x=x)
    error = np.abs(found - (x @ weights["f.weight"].T + weights["f.bias"])).max()
    assert 1e-4 < error < 0.5
    with pytest.raises(ModelError, match="does not run int8"):
        mlx_engine.prepare(forward, weights, entries, precision="int8")


def test_quantised_rows_keep_their_scale() -> None:
    weight = noise(5, 40)
    weight[2] = 0
    values, scale = engine_onnx.quantise_rows(weight)
    assert values.dtype == np.int8
    assert np.abs(values).max(axis=1).tolist() == [127, 127, 0, 127, 127]
    assert (np.abs(values * scale[:, None] - weight) <= scale[:, None] / 2 + 1e-7).all()


def test_recorded_graphs_are_valid_onnx_and_hold_no_weights() -> None:
    recorder = engine_onnx._Recorder({"f.weight": noise(300, 200), "f.bias": noise(300)}, "float32")
    entries = {"x": Input("float32", (None, 200))}
    y = recorder.linear(engine_onnx.Node("x", (None, 200)), "f")
    model = onnx.load_from_string(engine_onnx._model(recorder, entries, recorder.activate(y, "gelu"), {}))
    assert model.ByteSize() < 2000
    for tensor in [tensor for tensor in model.graph.initializer if tensor.data_location == onnx.TensorProto.EXTERNAL]:
        # The checker looks for the file; here the session is handed the numbers.
        model.graph.input.add().CopyFrom(
            onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        )
        model.graph.initializer.remove(tensor)
    onnx.checker.check_model(model, full_check=True)


def test_mlx_refuses_another_thread() -> None:
    program = choose_engine("mlx").engine.prepare(
        lambda ops, i: ops.unit(i["x"]), {}, {"x": Input("float32", (None, 4))}
    )
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            program(x=noise(2, 4))
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert [type(error) for error in caught] == [IndexerError]
    assert "thread that loaded it" in str(caught[0])


def test_mlx_works_in_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Safelight does: one thread loads the model and runs it, others wait for NumPy arrays.

    What MLX keeps for that thread ends with it: on CUDA the process would be aborted at its end, seen on an H100.
    """
    from concurrent.futures import ThreadPoolExecutor

    import mlx.core as mx

    cleared: list[int] = []
    clear_streams = mx.clear_streams
    monkeypatch.setattr(mx, "clear_streams", lambda: (clear_streams(), cleared.append(threading.get_ident())))
    weights, x = {"f.weight": noise(3, 4), "f.bias": noise(3)}, noise(2, 4)

    def load() -> Any:
        entries = {"x": Input("float32", (None, 4))}
        return choose_engine("mlx").engine.prepare(lambda ops, i: ops.linear(i["x"], "f"), weights, entries)

    with ThreadPoolExecutor(1) as owner:
        for _ in range(2):
            program = owner.submit(load).result()
        found = owner.submit(lambda: program(x=x)).result()
        thread = owner.submit(threading.get_ident).result()
        assert cleared == []
    assert cleared == [thread]
    assert np.abs(found - (x @ weights["f.weight"].T + weights["f.bias"])).max() < 1e-5
