"""What holds for any shape, chunks, selection and element: arrays of objects are NumPy's."""

from typing import Any

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from zarr_vlen import objects, optional

quick = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
ELEMENTS = {
    "json": (lambda: "json", json_values),
    "bytes": (lambda: "bytes", st.binary(max_size=5)),
    # Zarr-python compares text with the fill value as NumPy does, which leaves out NUL at the end.
    "string": (lambda: "string", text.map(lambda value: value.replace("\0", "0"))),
    "optional json": (lambda: optional("json"), json_values),
    "optional string": (lambda: optional("string"), st.none() | text),
    "optional bytes": (lambda: optional("bytes"), st.none() | st.binary(max_size=5)),
}


COMPRESSORS: list[Any] = [
    None,
    [zarr.codecs.ZstdCodec(level=1)],
    [zarr.codecs.GzipCodec(level=1), zarr.codecs.Crc32cCodec()],
    [zarr.codecs.BloscCodec(cname="lz4", shuffle="noshuffle")],
    [zarr.codecs.Crc32cCodec(), zarr.codecs.ZstdCodec(level=3)],
]


@st.composite
def arrays(draw: st.DrawFn, elements: st.SearchStrategy[Any], shape: tuple[int, ...]) -> Any:
    count = int(np.prod(shape))
    return objects(draw(st.lists(elements, min_size=count, max_size=count)), shape)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[tuple[int, ...], dict[str, Any]]:
    shape = draw(npst.array_shapes(max_dims=3, max_side=5))
    chunks = tuple(draw(st.integers(1, length)) for length in shape)
    options: dict[str, Any] = {"chunks": chunks}
    if draw(st.booleans()):
        options["shards"] = tuple(length * draw(st.integers(1, 2)) for length in chunks)
    if draw(st.booleans()):
        options["compressors"] = draw(st.sampled_from(COMPRESSORS))
    if draw(st.booleans()):
        options["filters"] = [
            zarr.codecs.TransposeCodec(order=tuple(draw(st.permutations(range(len(shape))))))
        ]
        # Zarr-python warns that shards inside of other codecs are slow.
        options.pop("shards", None)
    if draw(st.booleans()):
        options["config"] = {"order": "F", "write_empty_chunks": draw(st.booleans())}
    return shape, options


def same(found: Any, expected: Any) -> None:
    """Compare elements with their types: 0, 0.0, -0.0 and False are four values."""
    assert found.shape == expected.shape
    assert repr(found.tolist()) == repr(expected.tolist())


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("kind", ELEMENTS)
class TestArrays:
    @quick
    @given(data=st.data())
    def test_any_region(self, kind: str, data: st.DataObject) -> None:
        make, elements = ELEMENTS[kind]
        shape, options = data.draw(layouts())
        fill = data.draw(elements)
        z = zarr.create_array({}, shape=shape, dtype=make(), fill_value=fill, **options)
        default = fill if fill is not None or kind != "bytes" else b""
        model = objects([default] * int(np.prod(shape)), shape)
        same(z[...], model)
        for _ in range(data.draw(st.integers(1, 3))):
            region = data.draw(npst.basic_indices(shape, allow_ellipsis=False, max_dims=len(shape)))
            region = region if isinstance(region, tuple) else (region,)
            assume(all(not isinstance(part, slice) or part.step is None or part.step > 0 for part in region))
            target = model[region]
            if isinstance(target, np.ndarray):
                values = data.draw(arrays(elements, target.shape))
                z[region] = values.tolist() if target.ndim and data.draw(st.booleans()) else values
                model[region] = values
            else:
                value = data.draw(elements)
                z[region] = value
                model[region] = value
            same(zarr.open_array(z.store)[...], model)
            found = z[region]
            same(found, model[region] if isinstance(target, np.ndarray) else objects([model[region]], ()))

    @quick
    @given(data=st.data())
    def test_any_places(self, kind: str, data: st.DataObject) -> None:
        make, elements = ELEMENTS[kind]
        shape, options = data.draw(layouts())
        model = data.draw(arrays(elements, shape))
        z = zarr.create_array({}, shape=shape, dtype=make(), **options)
        z[...] = model
        axes = [
            data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True)) for n in shape
        ]
        values = data.draw(arrays(elements, tuple(map(len, axes))))
        z.oindex[tuple(axes)] = values
        model[np.ix_(*axes)] = values
        same(z.oindex[tuple(axes)], model[np.ix_(*axes)])
        count = data.draw(st.integers(1, 4))
        places = data.draw(
            st.lists(
                st.tuples(*(st.integers(0, n - 1) for n in shape)),
                min_size=count,
                max_size=count,
                unique=True,
            )
        )
        coordinates = tuple(map(list, zip(*places, strict=True)))
        values = data.draw(arrays(elements, (count,)))
        z.vindex[coordinates] = values
        model[coordinates] = values
        same(z.vindex[coordinates], model[coordinates])
        mask = data.draw(npst.arrays(bool, shape))
        if mask.any():
            values = data.draw(arrays(elements, (int(mask.sum()),)))
            z.vindex[mask] = values
            model[mask] = values
            same(z.vindex[mask], model[mask])
        same(z[...], model)

    @quick
    @given(data=st.data())
    def test_appending_and_resizing(self, kind: str, data: st.DataObject) -> None:
        make, elements = ELEMENTS[kind]
        shape, options = data.draw(layouts())
        options.pop("filters", None)
        model = data.draw(arrays(elements, shape))
        z = zarr.create_array({}, shape=shape, dtype=make(), **options)
        z[...] = model
        axis = data.draw(st.integers(0, len(shape) - 1))
        more = data.draw(arrays(elements, (*shape[:axis], data.draw(st.integers(1, 4)), *shape[axis + 1 :])))
        z.append(more, axis=axis)
        model = np.concatenate([model, more], axis=axis)
        same(z[...], model)
        smaller = tuple(data.draw(st.integers(1, length)) for length in model.shape)
        z.resize(smaller)
        same(zarr.open_array(z.store)[...], model[tuple(map(slice, smaller))])


NATIVE = "zarr_vlen.pipeline.VlenCodecPipeline"
FUSED = "zarr.core.codec_pipeline.FusedCodecPipeline"


@pytest.mark.parametrize("kind", ELEMENTS)
@quick
@given(data=st.data())
def test_pipelines_read_what_the_other_writes(kind: str, data: st.DataObject) -> None:
    """Each step is done by either pipeline: writing parts, appending, shrinking, and then reading by both."""
    make, elements = ELEMENTS[kind]
    shape, options = data.draw(layouts())
    options.pop("filters", None)
    model = data.draw(arrays(elements, shape))
    z = zarr.create_array({}, shape=shape, dtype=make(), **options)

    def opened() -> Any:
        with zarr.config.set({"codec_pipeline.path": data.draw(st.sampled_from([NATIVE, FUSED]))}):
            return zarr.open_array(z.store)

    opened()[...] = model
    for _ in range(data.draw(st.integers(1, 3))):
        step = data.draw(st.sampled_from(["slices", "places", "mask", "append", "resize"]))
        if step == "slices":
            region = tuple(
                slice(data.draw(st.integers(0, n - 1)), None, data.draw(st.integers(1, 3)))
                for n in model.shape
            )
            model[region] = values = data.draw(arrays(elements, model[region].shape))
            opened()[region] = values
        elif step == "places":
            axes = [
                data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True))
                for n in model.shape
            ]
            model[np.ix_(*axes)] = values = data.draw(arrays(elements, tuple(map(len, axes))))
            opened().oindex[tuple(axes)] = values
        elif step == "mask":
            mask = data.draw(npst.arrays(bool, model.shape))
            if mask.any():
                model[mask] = values = data.draw(arrays(elements, (int(mask.sum()),)))
                opened().vindex[mask] = values
        elif step == "append":
            more = data.draw(arrays(elements, (data.draw(st.integers(1, 3)), *model.shape[1:])))
            opened().append(more)
            model = np.concatenate([model, more])
        else:
            model = model[tuple(slice(data.draw(st.integers(1, n))) for n in model.shape)].copy()
            opened().resize(model.shape)
    for path in (NATIVE, FUSED):
        with zarr.config.set({"codec_pipeline.path": path}):
            found = zarr.open_array(z.store)
            same(found[...], model)
            same(found[::2], model[::2])
            same(
                found.oindex[tuple([n - 1, 0] for n in model.shape)],
                model[np.ix_(*([n - 1, 0] for n in model.shape))],
            )
